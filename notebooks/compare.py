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
# # Compare two bundles and promote one
#
# The newest bundle of a folder against the one that serves: what differs, both judged on the same
# later weeks, what the gate says, and then the promotion. To use your own, change `DATA` and
# `BUNDLES`.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown

from matching import bundle, gate
from matching.catalog import Catalog
from matching.matcher import Matcher
from training.changetables import changes
from training.evaluate import Asked, evaluate

DATA = os.environ.get("MATCHING_DATA", "../data/sample")
BUNDLES = Path(os.environ.get("MATCHING_BUNDLES", "../bundles"))

# %%
versions = pd.DataFrame(bundle.versions(BUNDLES))[["version", "as_of", "created_at", "promoted"]]
versions

# %% [markdown]
# The candidate is the newest that does not serve. It can be judged on what came after its date,
# so train it as of some weeks ago (`matching train DATA --out BUNDLES --as-of DATE`); one that
# was trained to the last day shows its choices, its lists and what the gate measured.

# %%
serving = bundle.promoted(BUNDLES)
others = versions.loc[~versions["promoted"], "version"]
candidate = BUNDLES / others.iloc[-1]
catalog = Catalog.load(DATA)
report = evaluate(candidate, catalog, asked=Asked(against=serving))
against = report["against"]
print(f"{candidate.name} as of {report['as_of']} against {serving.name} as of {against['as_of']}")

# %% [markdown]
# ## What changed

# %%
Markdown("\n".join(f"- {sentence}" for sentence in changes(against)))

# %% [markdown]
# ## 1. Both on the same weeks
#
# Each line is the candidate's figure less the serving one's, paired by invitation, with its 90 %
# interval: right of 0 is better, but for a calibration error.

# %%
measured = {
    name: found["change"]
    for name, found in against["measures"].items()
    if found["change"]["low"] is not None and name != "sales_ratio"
}
figure, axes = plt.subplots(figsize=(7, 4))
for place, change in enumerate(measured.values()):
    axes.plot([change["low"], change["high"]], [place, place], color="tab:blue")
    axes.plot(change["value"], place, "o", color="tab:blue")
axes.set_yticks(range(len(measured)), list(measured))
axes.invert_yaxis()
axes.axvline(0, color="grey", linestyle="--")
axes.set(xlabel="change (share or correlation), 90 % interval")
axes.set(title=f"{against['rows']:,} invitations after both dates")
plt.show()

# %% [markdown]
# ## 2. Do they promise the same?
#
# The first twenty creators of the candidate for forty products, and what each bundle promises.

# %%
mine, theirs = Matcher.load(candidate), Matcher.load(serving)
known = {product["product_id"] for product in theirs.products(limit=10_000)}
asked = [p["product_id"] for p in mine.products(limit=10_000) if p["product_id"] in known]
promised = pd.concat(
    mine.match(product_id, k=20, explain=False)
    .to_frame()
    .merge(
        theirs.match(product_id, k=20, explain=False).to_frame(),
        on="creator_id",
        suffixes=("_candidate", "_serving"),
    )
    for product_id in asked[:: max(1, len(asked) // 40)]
)
figure, axes = plt.subplots(figsize=(5, 5))
axes.scatter(promised["roi_serving"], promised["roi_candidate"], s=8, alpha=0.6)
ends = promised[["roi_serving", "roi_candidate"]].agg(["min", "max"]).to_numpy()
axes.plot([ends.min(), ends.max()], [ends.min(), ends.max()], "--", color="grey")
axes.set(xlabel="ROI promised by the serving bundle", ylabel="ROI promised by the candidate")
axes.set(title=f"{len(promised)} creators on both lists", xscale="log", yscale="log")
plt.show()

# %% [markdown]
# ## 3. The gate
#
# Manifests only: what each configuration reached on the four weeks before its date. A clear loss
# is refused with its figures; `force=True` promotes it all the same and is recorded.

# %%
verdict = gate.judge(bundle.read_manifest(candidate), bundle.read_manifest(serving))
print("\n".join(verdict.losses) or "no clear loss")
print("\n".join(verdict.notes))

# %% [markdown]
# ## Promote it
#
# The service follows within two seconds; `matching bundles rollback` takes it back.

# %%
gate.promote(BUNDLES, candidate.name)
print(f"serving now: {bundle.promoted(BUNDLES).name}")
