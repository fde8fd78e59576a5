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
# # Tune the configuration
#
# Optuna searches over how the heads are grown and how fast the past fades. Each trial is judged
# by time-split cross-validation: fitted on what was known before a fold of four weeks, judged on
# what became known in it. The newest weeks are left out: on those the gate judges what the search
# found. Trials are kept in `STORAGE` as they finish: run this again, after a crash or tomorrow, and
# the search goes on. A trial takes seconds; sixty say something. `CONFIG` may name a TOML file of
# the configuration to begin from.

# %%
import json
import os
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import MaxNLocator, NullLocator

from matching.catalog import Catalog
from training import TrainConfig
from training.cells import COMPARED
from training.tuning import CHOICES, TimeSplits, best_config, finished, gains, measures, tune

DATA = os.environ.get("MATCHING_DATA", "../data/sample")
STORAGE = Path(os.environ.get("MATCHING_TUNING", "../tuning.sqlite"))
TRIALS = int(os.environ.get("MATCHING_TRIALS", "60"))
FOLDS = int(os.environ.get("MATCHING_FOLDS", "3"))
CONFIG = os.environ.get("MATCHING_CONFIG")
config = TrainConfig.load(Path(CONFIG)) if CONFIG else TrainConfig()

# %%
splits = TimeSplits.build(Catalog.load(DATA), config, folds=FOLDS)
print("folds begin on", *splits.days[:-1], "and the last ends on", splits.days[-1])

# %%
study = tune(splits, STORAGE, TRIALS)
trials = pd.DataFrame(
    [{**trial.params, "sum of the measures": trial.value} for trial in finished(study)]
)
print(f"{len(trials)} trials; the first is the default configuration")
trials.tail()

# %% [markdown]
# ## 1. Did the search find anything?
#
# Each point is a trial: how far it is above the default, with the 90 % interval of the difference.
# Both were judged on the same rows with the same draws of creators, so that common luck cancels.
# The best of sixty is lucky as well: keep the default unless a whole group lies clearly above 0.

# %%
names = measures(study)
figure, all_axes = plt.subplots(
    1, len(names), figsize=(4.5 * len(names), 3.6), squeeze=False, layout="constrained"
)
for axes, name in zip(all_axes[0], names, strict=True):
    told = pd.DataFrame(gains(study, name))
    ends = [told["value"] - told["low"], told["high"] - told["value"]]
    axes.errorbar(range(1, len(told) + 1), told["value"], ends, fmt="o", markersize=3, linewidth=1)
    axes.axhline(0, color="grey", linestyle="--", label="default")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="trial", ylabel="difference from the default, 90 %", title=COMPARED[name])
    axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 2. Which choices matter?
#
# The red point is the default.

# %%
figure, all_axes = plt.subplots(2, 4, figsize=(12, 5.5), sharey=True, layout="constrained")
for axes, name in zip(all_axes.flat, CHOICES, strict=True):
    axes.scatter(trials[name], trials["sum of the measures"], s=12)
    axes.scatter(trials[name][:1], trials["sum of the measures"][:1], s=30, color="tab:red")
    least, most = CHOICES[name]
    axes.set(xscale="log", xlabel=name.replace("_", " "), xlim=(0.85 * least, most / 0.85))
    ticks = [least, float(f"{(least * most) ** 0.5:.1g}"), most]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
for axes in all_axes[:, 0]:
    axes.set(ylabel="sum of the measures")
plt.show()

# %% [markdown]
# ## The best, as TOML
#
# All that is not as usual, also what was not searched. Put it into a file and train with `matching
# train DATA --out BUNDLES --config FILE`; the gate judges it once more, on the newest weeks, before
# it is promoted.

# %%
best = best_config(study, splits.config)
usual = asdict(TrainConfig())
chosen = {name: value for name, value in asdict(best).items() if value != usual[name]}
print("\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items()) or "# as usual")
