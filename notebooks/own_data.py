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
# # Bring your own data
#
# From exports as a shop's back end writes them, with its own names and units, to a bundle that
# answers. `RAW` is a folder with three CSV files; where there is none, the first cell writes one
# out of the sample market, so that every step below can be seen. Change the names and units to
# yours.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from matching.catalog import Catalog
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
    pd.DataFrame(
        {
            "达人ID": sample.creators["creator_id"],
            "昵称": sample.creators["name"],
            "类目": sample.creators["category"],
            "粉丝数(万)": (sample.creators["creator_id"].map(newest) / 10_000).round(2),
        }
    ).to_csv(f"{RAW}/daren.csv", index=False)
    pd.DataFrame(
        {
            "商品ID": sample.products["product_id"],
            "店铺ID": sample.products["merchant_id"],
            "标题": sample.products["title"],
            "类目": sample.products["category"].str.replace("/", ">"),
            "价格(分)": (sample.products["price"] * 100).round(),
            "佣金率": (sample.products["commission_rate"] * 100).round(1).astype(str) + "%",
            "上架": sample.products["listed_on"].dt.strftime("%Y/%m/%d"),
        }
    ).to_csv(f"{RAW}/shangpin.csv", index=False)
    log = sample.collaborations
    pd.DataFrame(
        {
            "单号": log["collaboration_id"],
            "达人ID": log["creator_id"],
            "商品ID": log["product_id"],
            "邀约日": log["invited_on"].dt.strftime("%Y/%m/%d"),
            "结算日": log["settled_on"].dt.strftime("%Y/%m/%d"),
            "状态": log["status"]
            .astype(object)
            .map(
                {
                    "invited": "待回复",
                    "declined": "已拒绝",
                    "accepted": "已接受",
                    "failed": "未履约",
                    "fulfilled": "已完成",
                }
            ),
            "成交额(分)": (log["gmv"] * 100).round(),
            "退款额(分)": (log["refunded_gmv"] * 100).round(),
            "播放": log["impressions"],
        }
    ).to_csv(f"{RAW}/hezuo.csv", index=False)
raw = {path.stem: pd.read_csv(path, dtype=str) for path in sorted(Path(RAW).glob("*.csv"))}
raw["hezuo"].head(3)

# %% [markdown]
# ## Names and units
#
# Read every column as text: a 19-digit id would lose its end as a number. Then give each its name
# of the [data dictionary](../data/sample/README.md), money in whole yuan, rates as fractions,
# days as days. What you do not have may be left out.

# %%
creators = raw["daren"].rename(columns={"达人ID": "creator_id", "昵称": "name", "类目": "category"})
creators["follower_count"] = pd.to_numeric(creators.pop("粉丝数(万)")) * 10_000

products = raw["shangpin"].rename(
    columns={"商品ID": "product_id", "店铺ID": "merchant_id", "标题": "title"}
)
products["category"] = products.pop("类目").str.replace(">", "/")
products["price"] = pd.to_numeric(products.pop("价格(分)")) / 100
products["commission_rate"] = pd.to_numeric(products.pop("佣金率").str.rstrip("%")) / 100
products["listed_on"] = pd.to_datetime(products.pop("上架"), format="%Y/%m/%d")

log = raw["hezuo"].rename(
    columns={"单号": "collaboration_id", "达人ID": "creator_id", "商品ID": "product_id"}
)
log["invited_on"] = pd.to_datetime(log.pop("邀约日"), format="%Y/%m/%d")
log["settled_on"] = pd.to_datetime(log.pop("结算日"), format="%Y/%m/%d")
log["status"] = log.pop("状态").map(
    {
        "待回复": "invited",
        "已拒绝": "declined",
        "已接受": "accepted",
        "未履约": "failed",
        "已完成": "fulfilled",
    }
)
log["gmv"] = pd.to_numeric(log.pop("成交额(分)")) / 100
log["refunded_gmv"] = pd.to_numeric(log.pop("退款额(分)")) / 100
log["impressions"] = pd.to_numeric(log.pop("播放"))

# %% [markdown]
# ## Check
#
# Whatever is wrong is said at once, with table, column, count and first rows. Keep the tables as
# a folder, and every command works on it: `catalog.save(FOLDER)`.

# %%
catalog = Catalog.from_tables({"creators": creators, "products": products, "collaborations": log})
print(f"{len(catalog.creators):,} creators, {len(catalog.products):,} products, ", end="")
print(f"{len(catalog.collaborations):,} collaborations until {catalog.newest_day()}")
print("\n".join(f"warning: {warning}" for warning in catalog.warnings))

# %% [markdown]
# A unit that is wrong shows here: prices, commissions and sales should be those that you know.

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.2))
left.hist(catalog.products["price"], bins=40)
left.set(xlabel=f"price ({catalog.currency})", ylabel="products")
middle.hist(catalog.products["commission_rate"], bins=40)
middle.set(xlabel="commission rate (fraction)", ylabel="products")
right.hist(catalog.collaborations["gmv"].dropna(), bins=40, log=True)
right.set(xlabel=f"gross sales of a collaboration ({catalog.currency})", ylabel="collaborations")
plt.show()

# %% [markdown]
# ## Train, ask, keep

# %%
trained = train(catalog, config)
path = trained.save(BUNDLES)
matcher = trained.matcher()
result = matcher.match(catalog.products["product_id"].iloc[0], k=10)
print(path)
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
