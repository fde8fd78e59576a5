# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train and judge
#
# Load a catalog, train on what was known eight weeks before its end, and look at how the
# predictions fare on the weeks after; then train on everything and let that serve. To use your own
# data, change `DATA`; to use your own bundles, change `BUNDLES`; `CONFIG` may name a TOML file of
# choices.

# %%
import os
from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from matching import bundle, gate
from matching.catalog import Catalog
from matching.errors import GateError
from training import TrainConfig, evaluate, train
from training.later import later_outcomes
from training.logged import judge_later

DATA = os.environ.get("MATCHING_DATA", "../data/sample")
BUNDLES = Path(os.environ.get("MATCHING_BUNDLES", "../bundles"))
CONFIG = os.environ.get("MATCHING_CONFIG")

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
config = TrainConfig.load(Path(CONFIG)) if CONFIG else TrainConfig()
trained = train(catalog, config, as_of)
pd.DataFrame(trained.about["heads"]).T

# %% [markdown]
# ## Judge on the weeks after
#
# Read what is predicted beside followers alone, which need no model: the gain has a 90 %
# interval.

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
# ## The whole report
#
# What is good, what is bad and what moved, in sentences; `matching evaluate` writes the same as
# `report.html`.

# %%
report = evaluate(trained, catalog)
report

# %% [markdown]
# ## Ship it
#
# What was judged has not seen the newest weeks; what serves should: the same configuration is
# trained on everything. Training it beside the one that serves lets the gate compare both on the
# same four weeks. It is promoted unless it clearly loses there; the service follows within two
# seconds. [compare](compare.ipynb) shows what another configuration would change.

# %%
serving = bundle.read_manifest(bundle.promoted(BUNDLES)) if bundle.has_promoted(BUNDLES) else None
shipped = train(catalog, config, promoted=serving)
version = shipped.save(BUNDLES).name
try:
    gate.promote(BUNDLES, version)
except GateError as refused:
    print(refused)
print(f"serving now: {bundle.promoted(BUNDLES).name}")
shipped
