"""A small random market with a plain structure, large enough to train on in a blink.

Large creators and creators of the product's category sell more, creators accept when the commission
is well above what they ask, and every optional column and table is there, with some nulls.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

CATEGORIES = ("食品", "美妆", "家居")
KINDS = ("坚果", "口红", "灯具", "零食")
CITIES = ("成都", "杭州", "北京")
FIRST_DAY = np.datetime64("2026-01-05")
DAYS = 300
STATS_WEEKS = 40


def small_market(
    creators: int = 90, products: int = 24, collaborations: int = 900, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Return contract tables of a market between January and November 2026."""
    draw = np.random.default_rng(seed)
    people, goods = _creators(creators, draw), _products(products, draw)
    return {
        "catalog": pd.DataFrame({"name": ["small market"], "currency": ["CNY"]}),
        "creators": people,
        "creator_stats": _statistics(people, draw),
        "merchants": _merchants(draw),
        "products": goods,
        "collaborations": _collaborations(people, goods, collaborations, draw),
    }


def _creators(count: int, draw: np.random.Generator) -> pd.DataFrame:
    followers = np.round(np.exp(draw.normal(10, 1.8, count)))
    large = followers > np.quantile(followers, 0.6)
    category = draw.choice(CATEGORIES, count)
    aged = draw.dirichlet((3, 3, 2), count)
    frame = pd.DataFrame(
        {
            "creator_id": [f"c{i:04d}" for i in range(count)],
            "name": [f"达人{i}" for i in range(count)],
            "profile_text": [f"{word} 测评 分享 好物" for word in category],
            "category": category,
            "city": draw.choice(CITIES, count),
            "mcn_id": draw.choice(["n1", "n2"], count),
            "joined_on": FIRST_DAY - draw.integers(20, 700, count).astype("timedelta64[D]"),
            "live_slot_fee": np.where(large, np.round(followers / 50), 0.0),
            "video_slot_fee": np.where(large, np.round(followers / 90), 0.0),
            "min_commission_rate": draw.choice([0.05, 0.1, 0.15, 0.25], count),
            "weekly_capacity": draw.integers(2, 12, count).astype(float),
            "opted_out": draw.random(count) < 0.05,
            "reputation": np.round(draw.uniform(2, 5, count), 1),
            "audience_female": draw.random(count),
            "audience_18_24": aged[:, 0],
            "audience_25_34": aged[:, 1],
            "audience_35_plus": aged[:, 2],
            "audience_tier1": draw.random(count),
            "follower_count": followers,
            "fan_group_size": np.round(followers * draw.uniform(0, 0.2, count)),
            "live_viewers": np.round(followers**0.8),
            "video_views": np.round(followers**0.9),
            "engagement_rate": draw.uniform(0.01, 0.1, count),
            "live_sessions": draw.integers(0, 6, count).astype(float),
            "videos": draw.integers(0, 9, count).astype(float),
        }
    )
    frame.loc[frame.index % 7 == 3, ["live_slot_fee", "min_commission_rate", "city"]] = None
    frame.loc[frame.index % 5 == 2, ["weekly_capacity", "mcn_id", "reputation"]] = None
    return frame


def _statistics(people: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """Return every second creator's statistics, a row every other week."""
    some = people[people.index % 2 == 0]
    weeks = FIRST_DAY + 7 * np.arange(0, STATS_WEEKS, 2)
    rows = some.loc[some.index.repeat(len(weeks))].reset_index(drop=True)
    grown = np.round(rows["follower_count"] * draw.uniform(0.7, 1.0, len(rows)))
    columns = [
        *("fan_group_size", "live_viewers", "video_views"),
        *("engagement_rate", "live_sessions", "videos"),
    ]
    frame = rows[["creator_id", *columns]].assign(
        week=np.tile(weeks, len(some)), follower_count=grown
    )
    frame.loc[frame.index % 11 == 0, "live_viewers"] = None
    return frame


def _merchants(draw: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "merchant_id": ["m0", "m1", "m2", "m3"],
            "name": ["铺子甲", "铺子乙", "铺子丙", "铺子丁"],
            "city": ["成都", "杭州", "北京", None],
            "rating": np.round(draw.uniform(3, 5, 4), 1),
        }
    )


def _products(count: int, draw: np.random.Generator) -> pd.DataFrame:
    top = draw.choice(CATEGORIES, count)
    kind = draw.choice(KINDS, count)
    scene = np.array(["shop", "shop", "shop", "service", "shop", "local"])[np.arange(count) % 6]
    frame = pd.DataFrame(
        {
            "product_id": [f"p{i:03d}" for i in range(count)],
            "merchant_id": [f"m{i % 5}" for i in range(count)],
            "title": [f"{a} {b} 第{i}款" for i, (a, b) in enumerate(zip(top, kind, strict=True))],
            "category": [f"{a}/{b}" for a, b in zip(top, kind, strict=True)],
            "price": np.round(np.exp(draw.normal(4, 0.8, count)), 2),
            "commission_rate": draw.choice([0.1, 0.15, 0.2, 0.3], count),
            "description": [f"{b} 正品 包邮" for b in kind],
            "brand": draw.choice(["甲牌", "乙牌"], count),
            "margin_rate": np.round(draw.uniform(0.3, 0.7, count), 2),
            "service_fee_rate": draw.choice([0.0, 0.02, 0.05], count),
            "sample_cost": np.round(draw.uniform(0, 60, count), 2),
            "scene": scene,
            "city": np.where(scene == "local", "成都", None),
            "listed_on": FIRST_DAY - draw.integers(-100, 200, count).astype("timedelta64[D]"),
            "buyer_female": draw.random(count),
        }
    )
    frame.loc[frame.index % 6 == 1, ["sample_cost", "margin_rate", "description"]] = None
    return frame


def _collaborations(
    people: pd.DataFrame, goods: pd.DataFrame, count: int, draw: np.random.Generator
) -> pd.DataFrame:
    """Return invitations and what came of them, as known on the last day of the market."""
    who, what = draw.integers(len(people), size=count), draw.integers(len(goods), size=count)
    creator, product = people.iloc[who].reset_index(), goods.iloc[what].reset_index()
    live = draw.random(count) < 0.5
    invited = FIRST_DAY + draw.integers(0, DAYS, count)
    answer_days, publish_days = draw.integers(1, 12, count), draw.integers(3, 20, count)
    settle_days = publish_days + draw.integers(10, 30, count)
    last = FIRST_DAY + DAYS
    generous = product["commission_rate"] - creator["min_commission_rate"].fillna(0.05)
    accepts = draw.random(count) < 1 / (1 + np.exp(-(0.8 + 8 * generous)))
    publishes = draw.random(count) < 0.85
    answered = invited + answer_days < last
    ended = answered & accepts & (invited + answer_days + settle_days < last)
    status = np.where(answered, np.where(accepts, "accepted", "declined"), "invited")
    status = np.where(ended, np.where(publishes, "fulfilled", "failed"), status)
    responded = np.where(answered, invited + answer_days, np.datetime64("NaT"))
    published = ended & publishes
    settled = np.where(ended, invited + answer_days + settle_days, np.datetime64("NaT"))

    same = (creator["category"] == product["category"].str.split("/").str[0]).to_numpy()
    impressions = np.round(creator["follower_count"] ** 0.8 * np.exp(draw.normal(0, 0.5, count)))
    orders = np.round(impressions * np.where(same, 0.05, 0.02) * draw.uniform(0.5, 1.5, count))
    gmv = np.round(orders * product["price"], 2)
    refunded = np.round(gmv * draw.uniform(0, 0.4, count), 2)
    fee = np.where(live, creator["live_slot_fee"], creator["video_slot_fee"])

    def seen(values: object) -> np.ndarray:
        return np.where(published, np.asarray(values, dtype=float), np.nan)

    frame = pd.DataFrame(
        {
            "collaboration_id": [f"k{i:05d}" for i in range(count)],
            "creator_id": creator["creator_id"],
            "product_id": product["product_id"],
            "invited_on": invited,
            "status": status,
            "responded_on": responded,
            "published_on": np.where(
                published, invited + answer_days + publish_days, np.datetime64("NaT")
            ),
            "settled_on": settled,
            "gmv": seen(gmv),
            "channel": np.where(live, "live", "video"),
            "commission_rate": product["commission_rate"],
            "service_fee_rate": product["service_fee_rate"],
            "slot_fee": fee,
            "sample_cost": product["sample_cost"],
            "ads_cost": seen(0.0),
            "subsidy": seen(0.0),
            "return_cost": seen(np.round(refunded * 0.1, 2)),
            "impressions": seen(impressions),
            "clicks": seen(np.round(impressions * 0.1)),
            "orders": seen(orders),
            "refunded_gmv": seen(refunded),
            "fan_gmv": seen(np.round(gmv * 0.4, 2)),
            "repeat_orders": seen(np.round(orders * 0.2)),
            "content_text": np.where(published, product["title"], None),
        }
    )
    frame.loc[frame.index % 9 == 4, ["impressions", "fan_gmv"]] = None
    frame.loc[frame.index % 13 == 5, ["responded_on", "slot_fee"]] = None
    return frame
