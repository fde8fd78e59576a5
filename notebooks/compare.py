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
# # Compare two bundles and promote one
#
# The newest bundle of a folder against the one that serves: what differs, both judged on the same
# weeks, what the gate says, and then the promotion. To use your own, change `DATA` and `BUNDLES`;
# `CONFIG` may name a TOML file of choices. What the folder lacks is trained here: one to serve, and
# one with deeper trees to hold against it.

# %%
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown
from matplotlib.ticker import LogLocator, NullLocator

from matching import bundle, gate
from matching.catalog import Catalog
from matching.errors import GateError
from matching.matcher import Matcher
from training import TrainConfig, train
from training.against import Comparison, describe_change
from training.cells import COMPARED
from training.changetables import changes
from training.config import as_trained
from training.findings import compared
from training.later import later_outcomes

DATA = os.environ.get("MATCHING_DATA", "../data/sample")
BUNDLES = Path(os.environ.get("MATCHING_BUNDLES", "../bundles"))
CONFIG = os.environ.get("MATCHING_CONFIG")

# %%
catalog = Catalog.load(DATA)
if not bundle.has_promoted(BUNDLES):
    config = TrainConfig.load(Path(CONFIG)) if CONFIG else TrainConfig()
    gate.promote(BUNDLES, train(catalog, config).save(BUNDLES).name)
serving = bundle.read_manifest(bundle.promoted(BUNDLES))
if bundle.versions(BUNDLES)[-1]["version"] == serving["version"]:
    other = as_trained(serving)
    train(catalog, replace(other, depth=other.depth + 1), promoted=serving).save(BUNDLES)
versions = pd.DataFrame(bundle.versions(BUNDLES))[["version", "as_of", "created_at", "promoted"]]
versions

# %% [markdown]
# The candidate is the newest; where that one serves, another configuration was trained just now.

# %%
newest = versions["version"].iloc[-1]
candidate = bundle.read_manifest(BUNDLES / newest)
print(f"{newest} as of {candidate['as_of']}")
print(f"against {serving['version']} as of {serving['as_of']}")

# %% [markdown]
# ## What changed
#
# Judging takes weeks that neither has seen. Where both bundles leave eight of them, they are judged
# themselves; else the two configurations are trained again as of eight weeks before the end, each
# with the features that it had. One that `tune` found was chosen by the first four of these weeks:
# of it, only what the gate says below is of weeks that it has not seen.

# %%
eight_weeks_ago = catalog.newest_day() - timedelta(days=56)
mine, theirs = Matcher.load(BUNDLES / newest), Matcher.load(BUNDLES / serving["version"])
judged = [mine, theirs]
if max(mine.as_of, theirs.as_of) > eight_weeks_ago:
    choices = [replace(as_trained(manifest), gate_days=0) for manifest in (candidate, serving)]
    judged = [train(catalog, config, eight_weeks_ago).matcher() for config in choices]
asking = Comparison(*judged, catalog, later_outcomes(judged[0], catalog))
against = {**describe_change(candidate, serving), **asking.figures()}
clear = [sentence for _, sentence in compared(against)] or ["No measure is clearly other."]
Markdown("\n".join(f"- {sentence}" for sentence in [*changes(against), *clear]))

# %% [markdown]
# ## 1. Both on the same weeks
#
# Each line is the candidate's figure less the serving one's, paired by invitation, with its 90 %
# interval: one that touches the dashed line says nothing. Of a calibration error less is better, of
# everything else more; green is the side where the candidate is better.

# %%
measured = {
    name: found["change"]
    for name, found in against["measures"].items()
    if found["change"]["low"] is not None and name != "sales_ratio"
}
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for place, change in enumerate(measured.values()):
    axes.plot([change["low"], change["high"]], [place, place], color="tab:blue")
    axes.plot(change["value"], place, "o", color="tab:blue")
reach = 1.1 * max(abs(change[end]) for change in measured.values() for end in ("low", "high"))
reach = reach or 0.01
for place, name in enumerate(measured):
    better = (-reach, 0) if name.endswith("_error") else (0, reach)
    axes.fill_betweenx([place - 0.4, place + 0.4], *better, color="tab:green", alpha=0.1)
told = [f"{COMPARED[n]} ({'less' if n.endswith('_error') else 'more'} is better)" for n in measured]
axes.set_yticks(range(len(measured)), told)
axes.invert_yaxis()
axes.axvline(0, color="grey", linestyle="--")
axes.set(xlim=(-reach, reach), xlabel="change, 90 % interval; green: the candidate is better")
axes.set(title=f"{against['rows']:,} invitations since {max(m.as_of for m in judged)}")
plt.show()

# %% [markdown]
# ## 2. Do they promise the same?
#
# The first twenty creators of the candidate for forty products, and what each bundle promises.

# %%
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
figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
axes.scatter(promised["roi_serving"], promised["roi_candidate"], s=8, alpha=0.6)
ends = promised[["roi_serving", "roi_candidate"]].agg(["min", "max"]).to_numpy()
axes.plot([ends.min(), ends.max()], [ends.min(), ends.max()], "--", color="grey")
axes.set(xlabel="ROI promised by the serving bundle", ylabel="ROI promised by the candidate")
axes.set(title=f"{len(promised)} creators on both lists", xscale="log", yscale="log")
for axis in (axes.xaxis, axes.yaxis):
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())
plt.show()

# %% [markdown]
# ## 3. The gate
#
# Manifests only: what each configuration reached on the four weeks before its date. A clear loss
# is refused with its figures; `force=True` promotes it all the same and is recorded.

# %%
verdict = gate.judge(candidate, serving)
print("\n".join(gate.tell(candidate.get("gate"))))
print("\n".join(verdict.losses) or "no clear loss")
print("\n".join(verdict.notes))

# %% [markdown]
# ## Promote it
#
# The service follows within two seconds; `matching bundles rollback` takes it back.

# %%
try:
    gate.promote(BUNDLES, newest)
except GateError as refused:
    print(refused)
print(f"serving now: {bundle.promoted(BUNDLES).name}")
