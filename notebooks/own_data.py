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
# # Bring your own data
#
# From exports as a shop's back end writes them, with its own names and units, to a bundle that
# answers. `RAW` is a folder of exports; where there is none, the second cell writes one out of the
# sample market, so that every step below can be seen. Change the mapping to yours:
# [docs/importing.md](../docs/importing.md) tells all that it can say.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import EngFormatter

from matching.catalog import Catalog
from matching.importing.run import import_catalog
from training import TrainConfig, evaluate, train

DATA = os.environ.get("MATCHING_DATA", "../data/sample")
BUNDLES = Path(os.environ.get("MATCHING_BUNDLES", "../bundles"))
CONFIG = os.environ.get("MATCHING_CONFIG")
REAL = Path(os.environ.get("MATCHING_REAL", "../../shared/real/tiktokshop-vn"))
RAW = os.environ.get("MATCHING_RAW")
config = TrainConfig.load(Path(CONFIG)) if CONFIG else TrainConfig()

# %%
if RAW is None:
    RAW = tempfile.mkdtemp()
    sample = Catalog.load(DATA)
    newest = sample.creator_stats.sort_values("week").groupby("creator_id")["follower_count"].last()
    followers = (sample.creators["creator_id"].map(newest) / 10_000).map("{:.2f}万".format)
    pd.DataFrame(
        {
            "达人ID": sample.creators["creator_id"],
            "昵称": sample.creators["name"],
            "类目": sample.creators["category"],
            "粉丝数": followers.where(followers != "nan万", "--"),
        }
    ).to_csv(f"{RAW}/达人.csv", index=False)
    pd.DataFrame(
        {
            "商品ID": sample.products["product_id"],
            "店铺ID": sample.products["merchant_id"],
            "标题": sample.products["title"],
            "类目": sample.products["category"],
            "价格(分)": (sample.products["price"] * 100).round(),
            "佣金率": (sample.products["commission_rate"] * 100).round(1).astype(str) + "%",
            "上架": sample.products["listed_on"].dt.strftime("%Y/%m/%d"),
        }
    ).to_csv(f"{RAW}/商品.csv", index=False)
    log = sample.collaborations
    words = {
        "invited": "待回复",
        "declined": "已拒绝",
        "accepted": "已接受",
        "failed": "未履约",
        "fulfilled": "已完成",
    }
    pd.DataFrame(
        {
            "单号": log["collaboration_id"],
            "达人ID": log["creator_id"],
            "商品ID": log["product_id"],
            "邀约日": log["invited_on"].dt.strftime("%Y/%m/%d"),
            "结算日": log["settled_on"].dt.strftime("%Y/%m/%d"),
            "状态": log["status"].astype(object).map(words),
            "成交额(分)": (log["gmv"] * 100).round(),
            "退款额(分)": (log["refunded_gmv"] * 100).round(),
            "播放": log["impressions"],
        }
    ).to_csv(f"{RAW}/合作.csv", index=False)
for path in sorted(Path(RAW).iterdir()):
    print(path.name, *path.read_text(encoding="utf-8").splitlines()[:3], sep="\n    ")

# %% [markdown]
# ## Names and units
#
# A mapping gives each column its name of the [data dictionary](../data/sample/README.md) and says
# in what it is counted. Numbers such as `3.60万` and `20%`, and days such as `2026/3/2`, are
# understood by themselves. What you do not have may be left out.

# %%
MAPPING = """
currency = "CNY"
empty = ["--"]

[creators]
from = "达人.csv"
[creators.columns]
creator_id = "达人ID"
name = "昵称"
category = "类目"
follower_count = "粉丝数"

[products]
from = "商品.csv"
[products.columns]
product_id = "商品ID"
merchant_id = "店铺ID"
title = "标题"
category = "类目"
price = { column = "价格(分)", unit = "分" }
commission_rate = "佣金率"
listed_on = "上架"

[collaborations]
from = "合作.csv"
[collaborations.columns]
collaboration_id = "单号"
creator_id = "达人ID"
product_id = "商品ID"
invited_on = "邀约日"
settled_on = "结算日"
gmv = { column = "成交额(分)", unit = "分" }
refunded_gmv = { column = "退款额(分)", unit = "分" }
impressions = "播放"
[collaborations.columns.status]
column = "状态"
words."待回复" = "invited"
words."已拒绝" = "declined"
words."已接受" = "accepted"
words."未履约" = "failed"
words."已完成" = "fulfilled"
"""

# %% [markdown]
# ## Import and check
#
# Whatever is wrong is said at once, with file, column, count and first rows, and nothing is
# written. The folder that comes of it is one that every command works on; `matching import` does
# the same from a terminal.

# %%
work = Path(tempfile.mkdtemp())
(work / "mapping.toml").write_text(MAPPING, encoding="utf-8")
catalog, unused = import_catalog(work / "mapping.toml", RAW, work / "mydata")
print(f"{len(catalog.creators):,} creators, {len(catalog.products):,} products, ", end="")
print(f"{len(catalog.collaborations):,} collaborations until {catalog.newest_day()}")
print("\n".join([*(f"not used: {told}" for told in unused), *map(str, catalog.warnings)]))

# %% [markdown]
# A unit that is wrong shows here: prices, commissions and sales should be those that you know.

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.2), layout="constrained")
left.hist(catalog.products["price"], bins=40)
left.set(xlabel=f"price ({catalog.currency})", ylabel="products")
middle.hist(catalog.products["commission_rate"], bins=40)
middle.set(xlabel="commission rate (fraction)", ylabel="products")
right.hist(catalog.collaborations["gmv"].dropna(), bins=40, log=True)
right.set(xlabel=f"gross sales of a collaboration ({catalog.currency})", ylabel="collaborations")
right.xaxis.set_major_formatter(EngFormatter(sep=""))
plt.show()

# %% [markdown]
# ## Train, ask, keep

# %%
trained = train(catalog, config)
print(trained.save(BUNDLES))

# %%
result = trained.matcher().match(catalog.products["product_id"].iloc[0], k=10)
result

# %% [markdown]
# ## A real shop
#
# One shop's four months, where it is present beside the project: trained on what was known on 11
# April 2025, judged on the videos after. Nothing of it is kept in the project.

# %%
if REAL.is_dir():
    shop = Catalog.load(REAL)
    as_of = pd.Timestamp("2025-04-11").date()
    judged = evaluate(train(shop, config, as_of), shop)
    sold = judged["later"]["all"]["ranking"]["sold"]
    for who, found in sold.items():
        print(
            f"{who}: {found['value']:+.3f}, 90 % interval {found['low']:.3f} to {found['high']:.3f}"
        )
    print("\n".join(judged["findings"]["good"] + judged["findings"]["bad"]))
else:
    print(f"there is no {REAL}")
