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
# what became known in it. Trials are kept in `STORAGE` as they finish: run this again, after a
# crash or tomorrow, and the search goes on. A trial takes seconds; sixty say something.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from matching.catalog import Catalog
from training import TrainConfig
from training.tuning import CHOICES, TimeSplits, best_config, tune

DATA = os.environ.get("MATCHING_DATA", "../data/sample")
STORAGE = Path(os.environ.get("MATCHING_TUNING", "../tuning.sqlite"))
TRIALS = int(os.environ.get("MATCHING_TRIALS", "60"))
FOLDS = int(os.environ.get("MATCHING_FOLDS", "3"))

# %%
splits = TimeSplits.build(Catalog.load(DATA), TrainConfig(), folds=FOLDS)
print("folds begin on", *splits.days[:-1], "and the last ends on", splits.days[-1])

# %%
study = tune(splits, STORAGE, TRIALS)
trials = study.trials_dataframe(attrs=("number", "value", "params", "user_attrs", "state"))
trials = trials[trials["state"] == "COMPLETE"].drop(columns="state").reset_index(drop=True)
print(f"{len(trials)} trials; the first is the default configuration")
trials.drop(columns=[name for name in trials if name.startswith("user_")]).tail()

# %% [markdown]
# ## 1. Did the search find anything?
#
# Each point is a trial, each bar its standard error. Where they overlap, the best of many trials
# is luck: keep the default.

# %%
outcomes = [name.removeprefix("user_attrs_") for name in trials if name.startswith("user_attrs_")]
figure, all_axes = plt.subplots(1, len(outcomes), figsize=(4.5 * len(outcomes), 3.6), squeeze=False)
for axes, outcome in zip(all_axes[0], outcomes, strict=True):
    told = pd.DataFrame(trials[f"user_attrs_{outcome}"].tolist())
    axes.errorbar(trials["number"], told["value"], told["standard_error"], fmt="o", markersize=3)
    axes.axhline(told["value"].iloc[0], color="grey", linestyle="--", label="default")
    measure = "Spearman" if outcome == "sales" else "AUC"
    axes.set(xlabel="trial", ylabel=f"{measure} ± standard error", title=outcome)
    axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 2. Which choices matter?

# %%
figure, all_axes = plt.subplots(2, 4, figsize=(12, 5), sharey=True, layout="constrained")
for axes, name in zip(all_axes.flat, CHOICES, strict=True):
    axes.scatter(trials[f"params_{name}"], trials["value"], s=12)
    axes.set(xscale="log", xlabel=name)
for axes in all_axes[:, 0]:
    axes.set(ylabel="sum of the measures")
plt.show()

# %% [markdown]
# ## The best, as TOML
#
# Put it into a file and train with `matching train DATA --out BUNDLES --config FILE`; the gate
# judges it once more, on the newest weeks, before it is promoted.

# %%
best = best_config(study, splits.config)
print("\n".join(f"{name} = {getattr(best, name):.4g}" for name in CHOICES))
