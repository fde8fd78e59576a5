"""What exports show of the actors: contract tables with text, noise, rounding and some gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.market import text
from training.market.actors import Creators, Merchants, Products
from training.market.categories import CATEGORIES, CATEGORY_OF_SUB, CITIES, SUB_CATEGORIES
from training.market.mechanisms import VIEWS_PER_FOLLOWERS, follower_growth

MOST_STATS_ROWS = 12_000_000  # weekly rows beyond this are thinned to every second, third … week
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


def names(column: text.Column) -> pd.Series:
    """Return an Arrow text column as a pandas one, without copying it row by row."""
    return pd.Series(_TEXT.__from_arrow__(column))


def dates(days: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """Return days since 1970 as datetime64[s]; NaT where not known."""
    stamps = np.asarray(days).astype("datetime64[D]")
    if known is not None:
        stamps[~known] = np.datetime64("NaT")
    return stamps.astype("datetime64[s]")


def money(values: np.ndarray) -> np.ndarray:
    """Round to the cent."""
    return np.round(values, 2)


def rates(values: np.ndarray) -> np.ndarray:
    """Round a rate to four decimals and keep it within [0, 1]."""
    return np.round(np.clip(values.astype(np.float64), 0, 1), 4)


def gaps(count: int, missing_share: float, rng: np.random.Generator) -> np.ndarray:
    """Return which rows of an optional column are there (True) as in an export with gaps."""
    return rng.random(count) >= missing_share


def creators_table(creators: Creators, rng: np.random.Generator) -> pd.DataFrame:
    """What is public about creators, and their asked fees and least commission."""
    n = len(creators.category)

    def seen(values: np.ndarray, missing_share: float = 0.03) -> np.ndarray:
        return np.where(gaps(n, missing_share, rng), values, np.nan)

    quality = 4.3 + 0.18 * creators.reliability - 0.2 * creators.refund_lean
    quality = quality + 0.10 * creators.skill + 0.2 * rng.standard_normal(n)
    female = creators.audience_female + 0.02 * rng.standard_normal(n)
    capacity = 2 + rng.poisson(2 + 6 * (1 - creators.busyness) + creators.followers**0.15)
    return pd.DataFrame(
        {
            "creator_id": names(text.ids("c", n, 7)),
            "name": names(text.creator_names(creators, rng)),
            "profile_text": names(
                text.where(gaps(n, 0.02, rng), text.profile_texts(creators, rng))
            ),
            "category": names(
                text.take(tuple(category.name for category in CATEGORIES), creators.category)
            ),
            "city": names(text.where(gaps(n, 0.03, rng), text.take(CITIES, creators.city))),
            "mcn_id": names(_mcn_ids(creators.mcn)),
            "joined_on": dates(creators.joined, gaps(n, 0.01, rng)),
            "live_slot_fee": creators.live_fee,
            "video_slot_fee": creators.video_fee,
            "min_commission_rate": seen(creators.min_commission),
            "weekly_capacity": seen(capacity.astype(float), 0.12),
            "opted_out": creators.opted_out,
            "reputation": np.round(np.clip(seen(quality), 1, 5), 1),
            "audience_female": rates(seen(female)),
            **_audience_ages(creators, rng),
            "audience_tier1": rates(seen(creators.audience_tier1 + 0.02 * rng.standard_normal(n))),
        }
    )


def _mcn_ids(mcn: np.ndarray) -> text.Column:
    count = int(mcn.max()) + 1 if len(mcn) else 0
    known = text.ids("mcn", max(count, 1), 4)
    return text.where(mcn >= 0, known.take(np.maximum(mcn, 0)))


def _audience_ages(creators: Creators, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Ages are published together or not at all, and they still sum to at most one."""
    there = gaps(len(creators.category), 0.03, rng)
    columns = ("audience_18_24", "audience_25_34", "audience_35_plus")
    return {
        column: np.where(there, np.floor(creators.audience_age[:, k] * 1000) / 1000, np.nan)
        for k, column in enumerate(columns)
    }


def merchants_table(
    merchants: Merchants, brand: text.Column, rng: np.random.Generator
) -> pd.DataFrame:
    """What is public about merchants."""
    n = len(merchants.category)
    return pd.DataFrame(
        {
            "merchant_id": names(text.ids("m", n, 4)),
            "name": names(text.merchant_names(merchants, brand, rng)),
            "city": names(text.take(CITIES, merchants.city)),
            "rating": np.round(np.where(gaps(n, 0.02, rng), merchants.rating, np.nan), 2),
        }
    )


def products_table(
    products: Products, merchants: Merchants, brand: text.Column, rng: np.random.Generator
) -> pd.DataFrame:
    """What merchants enter about their products; never their true appeal."""
    n = len(products.category)

    def seen(values: np.ndarray, missing_share: float = 0.03) -> np.ndarray:
        return np.where(gaps(n, missing_share, rng), values, np.nan)

    paths = tuple(
        f"{CATEGORIES[c].name}/{sub.name}"
        for c, sub in zip(CATEGORY_OF_SUB, SUB_CATEGORIES, strict=True)
    )
    scenes = tuple(category.scene for category in CATEGORIES)
    own = text.where(gaps(n, 0.25, rng), brand.take(products.merchant))
    noun = text.nouns(products.sub, rng)
    merchant_ids = text.ids("m", len(merchants.category), 4)
    buyers = products.buyer_female + 0.03 * rng.standard_normal(n)
    return pd.DataFrame(
        {
            "product_id": names(text.ids("p", n, 6)),
            "merchant_id": names(merchant_ids.take(products.merchant)),
            "title": names(text.product_titles(products, own, noun, rng)),
            "category": names(text.take(paths, products.sub)),
            "price": products.price,
            "commission_rate": products.commission,
            "description": names(
                text.where(gaps(n, 0.10, rng), text.descriptions(products, noun, rng))
            ),
            "brand": names(own),
            "margin_rate": seen(products.margin, 0.08),
            "service_fee_rate": products.service_fee,
            "sample_cost": seen(products.sample_cost),
            "scene": names(text.take(scenes, products.category)),
            "city": names(text.take(CITIES, products.city)),
            "listed_on": dates(products.listed),
            "buyer_female": np.round(np.clip(seen(buyers, 0.10), 0, 1), 2),
        }
    )


def stats_table(
    creators: Creators, first_day: int, last_day: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Weekly statistics of every creator who had joined by then, up to the last Monday.

    Weeks are thinned evenly where all of them would exceed `MOST_STATS_ROWS`.
    """
    n = len(creators.category)
    last_monday = last_day - (last_day + 3) % 7  # day 0 was a Thursday
    first_monday = first_day - (first_day + 3) % 7
    weeks = np.arange(last_monday, first_monday - 1, -7)
    step = -(-len(weeks) * n // MOST_STATS_ROWS)
    weeks = weeks[::step][::-1]
    there = creators.joined[:, None] < weeks[None, :]
    rows, column = np.nonzero(there)
    rows = rows.astype(np.int32)
    table = _statistics(creators, rows, weeks[column].astype(np.int32), last_day, rng)
    return pd.DataFrame(
        {
            "creator_id": names(text.ids("c", n, 7).take(rows)),
            "week": dates(weeks[column]),
            **table,
        }
    )


def _statistics(
    creators: Creators, rows: np.ndarray, day: np.ndarray, last_day: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    n = len(rows)
    grown = follower_growth(creators, rows, day, last_day)
    wider = grown**VIEWS_PER_FOLLOWERS
    followers = creators.followers[rows] * grown
    real = followers * (1 - creators.bought_share[rows])
    fans = (
        0.10 * real * creators.live_fan_share[rows] * (0.2 + 1.6 * creators.video_fan_share[rows])
    )
    load = creators.busyness[rows]
    live, video = ~np.isnan(creators.live_reach[rows]), ~np.isnan(creators.video_reach[rows])
    # Views per follower, likes per view: what bought followers do not give.
    keen = 0.035 * (1 - 0.5 * creators.bought_share) * np.exp(0.15 * creators.skill)
    keen = keen * np.exp(0.25 * rng.standard_normal(len(keen)))

    def noisy(values: np.ndarray, spread: float) -> np.ndarray:
        return values * np.exp(spread * rng.standard_normal(n, dtype=np.float32))

    return {
        "follower_count": _three_digits(followers),
        "fan_group_size": _three_digits(fans),
        "live_viewers": _three_digits(noisy(np.exp(creators.live_reach[rows]) * wider, 0.15)),
        "video_views": _three_digits(noisy(np.exp(creators.video_reach[rows]) * wider, 0.25)),
        "engagement_rate": np.round(np.clip(noisy(keen[rows], 0.15), 0, 1), 3),
        "live_sessions": np.where(live, rng.poisson(1 + 6 * load), 0).astype(float),
        "videos": np.where(video, rng.poisson(1 + 7 * load), 0).astype(float),
    }


def _three_digits(values: np.ndarray) -> np.ndarray:
    """Round to three significant digits, as public pages show counts; NaN stays."""
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(np.maximum(values, 1)))
    unit = 10.0 ** np.maximum(magnitude - 2, 0)
    return np.rint(values / unit) * unit
