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
# # Look at a catalog
#
# What is in it, what is missing, and whether it looks like the market that you know. To use your
# own data, change `DATA` to a folder or a database's address (`matching check DATA` names every
# fault).

# %%
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from matching import columns
from matching.catalog import Catalog

DATA = os.environ.get("MATCHING_DATA", "../data/sample")

# %%
catalog = Catalog.load(DATA)
log, currency = catalog.collaborations, catalog.currency
sizes = {table.name: len(getattr(catalog, table.name, ())) for table in columns.TABLES[1:-1]}
for warning in catalog.warnings:
    print(f"warning: {warning}")
pd.Series({**sizes, "newest day": catalog.newest_day()}, name=catalog.name)

# %% [markdown]
# ## What is missing
#
# Columns that are not there, and how much of those that are there is empty. Nothing of this is an
# error; predictions say what they could not know.

# %%
holes = [
    (table.name, name, 1.0 if not catalog.has(table.name, name) else frame[name].isna().mean())
    for table in (columns.CREATORS, columns.PRODUCTS, columns.COLLABORATIONS)
    for frame in [getattr(catalog, table.name)]
    for name in table.names
    if name not in table.key
]
holes = pd.DataFrame(holes, columns=["table", "column", "empty"]).query("empty > 0")
holes.sort_values("empty", ascending=False).style.format({"empty": "{:.0%}"}).hide()

# %% [markdown]
# Columns without a date count as always known. If one of them holds today's value of something
# that changes, models see the future in it:

# %%
print(", ".join(catalog.undated_columns()))

# %% [markdown]
# ## 1. What became of invitations
#
# The newest weeks are still open. A week that breaks the pattern is worth a question.

# %%
week = log["invited_on"].dt.to_period("W").dt.start_time
by_week = log.groupby([week, "status"]).size().unstack(fill_value=0)
by_week = by_week[[status for status in columns.STATUSES if status in by_week]]
figure, axes = plt.subplots(figsize=(9, 3.6))
axes.stackplot(by_week.index, by_week.to_numpy().T, labels=list(by_week))
axes.set(xlabel="week of the invitation", ylabel="invitations", title="Invitations by status")
axes.legend(loc="upper left", ncols=len(by_week.columns), frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# ## 2. How unequal sales are
#
# A few collaborations bring most of the money, so a mean over few of them says little.

# %%
published = log[log["status"] == "fulfilled"]
refunded = published["refunded_gmv"].fillna(0) if "refunded_gmv" in published else 0.0
settled = (published["gmv"] - refunded).sort_values(ascending=False)
share = settled.cumsum() / settled.sum()
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
left.hist(np.log10(settled[settled > 0]), bins=40)
left.set(xlabel=f"settled sales of one collaboration (log10 {currency})", ylabel="collaborations")
right.plot(np.arange(1, len(share) + 1) / len(share), share)
right.set(xlabel="share of collaborations, best first", ylabel="share of settled sales")
right.axvline(0.1, color="grey", linestyle="--")
tenth = share.iloc[max(0, len(share) // 10 - 1)]
figure.suptitle(f"The best tenth holds {tenth:.0%} of settled sales")
plt.show()

# %% [markdown]
# ## 3. Who sells what
#
# Creators' categories against products' categories: the diagonal is where merchants look, and
# what lies beside it was hardly tried.

# %%
whose = catalog.creators.set_index("creator_id")
what = catalog.products.set_index("product_id")["category"].str.split("/").str[0]
asked = pd.crosstab(
    log["creator_id"].map(whose["category"]).fillna("unknown").to_numpy(),
    log["product_id"].map(what).to_numpy(),
)
plt.rcParams["font.sans-serif"] = ["Noto Sans CJK SC", "Noto Sans CJK JP", "DejaVu Sans"]
figure, axes = plt.subplots(figsize=(6, 5))
drawn = axes.imshow(np.log10(asked + 1), cmap="viridis")
axes.set_xticks(range(len(asked.columns)), list(asked.columns), rotation=45, ha="right")
axes.set_yticks(range(len(asked)), list(asked.index))
axes.set(xlabel="category of the product", ylabel="category of the creator", title="Invitations")
figure.colorbar(drawn, label="log10(1 + invitations)")
plt.show()

# %% [markdown]
# ## 4. Does size sell?
#
# Each point is a twentieth of the published collaborations, by the creator's followers today.

# %%
followers = catalog.creators.set_index("creator_id").get("follower_count")
if len(catalog.creator_stats) and "follower_count" in catalog.creator_stats:
    followers = (
        catalog.creator_stats.sort_values("week").groupby("creator_id")["follower_count"].last()
    )
pairs = pd.DataFrame({"followers": published["creator_id"].map(followers), "sales": settled})
pairs = pairs[(pairs["followers"] > 0) & pairs["sales"].notna()]
part = pd.qcut(pairs["followers"], 20, duplicates="drop", labels=False)
means = pairs.groupby(part).agg(followers=("followers", "median"), sales=("sales", "mean"))
figure, axes = plt.subplots(figsize=(6, 4))
axes.plot(means["followers"], means["sales"], "o-")
axes.set(xscale="log", yscale="log", xlabel="followers (median of the part)")
axes.set(ylabel=f"mean settled sales ({currency})", title="Published collaborations by followers")
plt.show()
