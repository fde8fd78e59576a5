# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Retrain, look, compare
#
# Load a catalog, train on what was known eight weeks before its end, look at how the predictions
# fare on the weeks after, and compare with the bundle that serves. To use your own data, change
# `DATA`; to use your own bundles, change `BUNDLES`.

# %%
import os
from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from matching import bundle
from matching.catalog import Catalog
from matching.matcher import Matcher
from training.config import TrainConfig
from training.later import later_outcomes
from training.logged import judge_later
from training.run import train

DATA = os.environ.get("MATCHING_DATA", "../data/sample")
BUNDLES = Path(os.environ.get("MATCHING_BUNDLES", "../bundles"))

# %% [markdown]
# ## The catalog

# %%
catalog = Catalog.load(DATA)
as_of = catalog.newest_day() - timedelta(days=56)
sizes = {
    "creators": len(catalog.creators),
    "products": len(catalog.products),
    "collaborations": len(catalog.collaborations),
}
pd.Series({**sizes, "newest day": catalog.newest_day(), "train as of": as_of}, name=catalog.name)

# %% [markdown]
# ## Train on what was known at that date
#
# Nothing after `as_of` is seen, so that the weeks after it can judge.

# %%
trained = train(catalog, TrainConfig(), as_of)
pd.DataFrame(trained.about["heads"]).T

# %% [markdown]
# ## Judge on the weeks after
#
# Read what is predicted beside followers alone, which need no model: the gain has a 90 % interval.

# %%
fresh = trained.matcher()
later = later_outcomes(fresh, catalog)
judgement = judge_later(fresh, later)["all"]
told = {
    (measure, who): figure
    for measure, by in judgement["ranking"].items()
    for who, figure in by.items()
}
pd.DataFrame(told).T[["value", "standard_error", "low", "high", "rows"]]

# %% [markdown]
# ### 1. Are the predicted sales the right size?
#
# Each point is a tenth of the published collaborations, by predicted size; on the line, what came
# is what was promised.

# %%
currency = catalog.currency
published = later[later["settled_gmv"].notna()]
tenth = pd.qcut(published["published_gmv"], 10, duplicates="drop", labels=False)
means = published.groupby(tenth)[["published_gmv", "settled_gmv"]].mean()
figure, axes = plt.subplots(figsize=(5, 5))
axes.plot(means["published_gmv"], means["settled_gmv"], "o-")
ends = [means.to_numpy().min(), means.to_numpy().max()]
axes.plot(ends, ends, "--", color="grey")
axes.set(xscale="log", yscale="log", title="Settled sales of published collaborations, by tenth")
axes.set(xlabel=f"predicted mean ({currency})", ylabel=f"actual mean ({currency})")
plt.show()

# %% [markdown]
# ### 2. Does the interval hold for small and large predictions?

# %%
figure, axes = plt.subplots(figsize=(6, 3.5))
coverage = [fifth["value"] for fifth in judgement["interval"]["fifths"]]
axes.bar(range(1, len(coverage) + 1), coverage, color="tab:blue")
axes.axhline(judgement["interval"]["level"], linestyle="--", color="grey")
axes.set(ylim=(0, 1), xlabel="fifth by predicted size (1 = smallest)", ylabel="share inside")
level, cases = judgement["interval"]["level"], judgement["interval"]["cases"]
axes.set(title=f"{level:.0%} interval on {cases:,} later outcomes")
plt.show()

# %% [markdown]
# ## Compare with the bundle that serves
#
# The same products asked of both. Where no bundle has been promoted yet, one trained four weeks
# earlier stands in for it.

# %%
if (BUNDLES / bundle.PROMOTED).exists():
    serving = Matcher.load(bundle.promoted(BUNDLES))
else:
    serving = train(catalog, TrainConfig(), as_of - timedelta(days=28)).matcher()
known = {product["product_id"] for product in serving.products(limit=10_000)}
asked = [p["product_id"] for p in fresh.products(limit=10_000) if p["product_id"] in known]
asked = asked[:: max(1, len(asked) // 40)]
answers = []
for product_id in asked:
    mine, theirs = (m.match(product_id, k=20, explain=False).creators for m in (fresh, serving))
    both = {c["creator_id"]: c["predicted"]["roi"] for c in theirs}
    answers += [
        (product_id, c["creator_id"], c["predicted"]["roi"], both.get(c["creator_id"]))
        for c in mine
    ]
lists = pd.DataFrame(answers, columns=["product", "creator", "fresh_roi", "serving_roi"])
shared = lists["serving_roi"].notna()
print(f"serving: {serving.version} as of {serving.as_of}; fresh as of {fresh.as_of}")
print(f"{shared.mean():.0%} of the creators in the fresh top 20 are in the serving top 20")

# %% [markdown]
# ### 3. Do they promise the same?

# %%
figure, axes = plt.subplots(figsize=(5, 5))
agreed = lists[shared & lists["fresh_roi"].notna()]
axes.scatter(agreed["serving_roi"], agreed["fresh_roi"], s=8, alpha=0.6)
ends = np.array([agreed[["fresh_roi", "serving_roi"]].min().min(), agreed["fresh_roi"].max()])
axes.plot(ends, ends, "--", color="grey")
axes.set(xlabel="ROI promised by the serving bundle", ylabel="ROI promised by the fresh one")
axes.set(title=f"{len(agreed)} creators in both lists", xscale="log", yscale="log")
plt.show()

# %% [markdown]
# ## Ship it
#
# `trained.save(BUNDLES)` writes a new version; `matching bundles promote BUNDLES VERSION` lets it
# serve. Train on everything first: leave out `as_of`.
