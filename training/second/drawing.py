"""Draws the creators, merchants and products of the second market, and the walk of tastes."""

from __future__ import annotations

import numpy as np

from training.second.actors import Creators, Merchants, Products, logistic, logit
from training.second.goods import (
    CATEGORIES,
    CATEGORY_OF_KIND,
    CITIES,
    KINDS,
    PLATFORM_LAVISH,
    TASTE_GROUPS,
    TIER_ONE,
    figures,
    kind_figures,
)

SMALLEST, TAIL, LARGEST = 4_000, 0.95, 3e7  # followers: a Pareto law
TASTE_STEP = 0.05  # weekly standard deviation of log need


def draw_map(rng: np.random.Generator) -> np.ndarray:
    """Place each kind of goods on the map of ways of life, around its category; (kinds, 2)."""
    angle = 2 * np.pi * rng.permutation(len(CATEGORIES)) / len(CATEGORIES)
    centre = np.stack((np.cos(angle), np.sin(angle)), axis=1)
    return centre[CATEGORY_OF_KIND] + 0.45 * rng.standard_normal((len(KINDS), 2))


def draw_tastes(weeks: int, rng: np.random.Generator) -> np.ndarray:
    """Let the popularity of categories walk, in part for all groups of buyers together."""
    together = rng.standard_normal((weeks, 1, len(CATEGORIES)))
    apart = rng.standard_normal((weeks, TASTE_GROUPS, len(CATEGORIES)))
    steps = TASTE_STEP * (0.7 * together + 0.7 * apart)
    steps[0] *= 4
    return np.cumsum(steps, axis=0)


def _kinds(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw kinds of goods by their category's weight."""
    size = np.bincount(CATEGORY_OF_KIND)
    weight = (figures("weight") / size)[CATEGORY_OF_KIND]
    return rng.choice(len(KINDS), count, p=weight / weight.sum())


def _ages(centre: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    parts = centre * np.exp(spread * rng.standard_normal(centre.shape))
    return parts / parts.sum(axis=1, keepdims=True)


def draw_creators(
    count: int, kinds: np.ndarray, first_day: int, last_day: int, rng: np.random.Generator
) -> Creators:
    """Draw `count` creators around the `kinds` (kinds, 2) on the map."""
    normal = rng.standard_normal
    kind = _kinds(count, rng)
    followers = np.minimum(SMALLEST * rng.random(count) ** (-1 / TAIL), LARGEST)
    # Every fifth has bought a good part of the followers.
    bought = np.where(rng.random(count) < 0.2, rng.uniform(0.15, 0.65, count), 0.02)
    joined = first_day - 40 - rng.exponential(600, count).astype(int)
    late = rng.random(count) < 0.10
    joined[late] = rng.integers(first_day, max(first_day + 1, last_day - 10), late.sum())
    joined[0] = first_day - 365  # somebody was there before the first invitation
    form = rng.choice(3, count, p=(0.20, 0.25, 0.55))  # live only, videos only, both
    city = rng.choice(len(CITIES), count)
    ages = np.array([entry.ages for entry in KINDS])[kind]
    size = np.log10(followers / SMALLEST)
    capacity = 2 + rng.poisson(2 + 1.5 * size)
    fees = _fees(followers, rng)
    lowest = _of_category(kind, "commission")[:, 0]
    return Creators(
        category=CATEGORY_OF_KIND[kind],
        kind=kind,
        place=kinds[kind] + 0.40 * normal((count, 2)),
        width=1.1 * np.exp(0.35 * normal(count)),
        followers=followers,
        bought_share=bought,
        growth=np.where(late, 1.2, 0.2) + 0.35 * normal(count),
        joined=joined,
        activity=np.exp(0.45 * normal(count)),
        live_buzz=np.exp(0.7 * normal(count)),
        video_buzz=np.exp(0.8 * normal(count)),
        goes_live=form != 1,
        makes_videos=form != 0,
        trust=0.5 * normal(count),
        hype=0.45 * normal(count),
        female=logistic(0.8 * logit(kind_figures("female")[kind]) + 0.7 * normal(count)),
        ages=_ages(ages, 0.5, rng),
        tier1=logistic(-1.7 + 0.9 * (city < TIER_ONE) + 0.5 * normal(count)),
        lavish=logistic(logit(np.array(PLATFORM_LAVISH)) + 1.1 * normal(count)),
        drift=np.array([0.35, 0.45, 0.35, 0.5]) * normal((count, 4)),
        city=city,
        local_share=np.clip(rng.beta(2, 2.5, count) * 1.1 ** (-3 * size), 0.02, 0.95),
        mcn=np.where(
            rng.random(count) < 0.15 + 0.15 * size, rng.integers(0, count // 60 + 1, count), -1
        ),
        reliability=rng.beta(11, 1.3, count),
        capacity=capacity,
        outside=capacity * rng.beta(2.5, 2.2, count),
        pickiness=6.5 * np.exp(0.5 * normal(count)),
        quickness=rng.gamma(3, 1.0, count) + 0.3,
        live_fee=np.where(form != 1, fees[0], np.nan),
        video_fee=np.where(form != 0, fees[1], np.nan),
        min_commission=np.round(np.clip(lowest + 0.05 * normal(count) - 0.02, 0, 0.4), 2),
        opted_out=(rng.random(count) < 0.02) & (np.arange(count) > 0),
    )


def _of_category(kind: np.ndarray, name: str) -> np.ndarray:
    """Return a figure of the category of each kind."""
    return figures(name)[CATEGORY_OF_KIND[kind]]


def _fees(followers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A little less than a hundredth of the visible followers; most small creators ask for none."""
    n = len(followers)
    asks = rng.random(n) < logistic(1.6 * np.log(followers / 50_000))
    fee = 0.03 * followers**0.9 * np.exp(0.6 * rng.standard_normal(n)) * asks
    return np.round(np.stack((fee, 0.7 * fee * rng.uniform(0.7, 1.3, n))), -1)


def draw_merchants(count: int, rng: np.random.Generator) -> Merchants:
    """Draw merchants; each sells in one category, and few of them are still of all categories."""
    point = (rng.permutation(count) + rng.random(count)) / count
    return Merchants(
        category=np.searchsorted(np.cumsum(figures("weight"))[:-1], point, "right"),
        city=rng.choice(len(CITIES), count),
        quality=0.3 * rng.standard_normal(count),
        pull=rng.pareto(1.5, count) + 0.3,
    )


def draw_products(
    count: int,
    merchants: Merchants,
    kinds: np.ndarray,
    first_day: int,
    last_day: int,
    rng: np.random.Generator,
) -> Products:
    """Draw `count` products of these merchants around the `kinds` (kinds, 2) on the map."""
    merchant = rng.integers(0, len(merchants.category), count)
    category = merchants.category[merchant]
    first = np.searchsorted(CATEGORY_OF_KIND, category)
    size = np.bincount(CATEGORY_OF_KIND)[category]
    kind = first + (rng.random(count) * size).astype(int)
    quality = merchants.quality[merchant] + 0.4 * rng.standard_normal(count)
    price = kind_figures("price")[kind] * np.exp(0.15 * quality + 0.5 * rng.standard_normal(count))
    price = np.round(np.maximum(price, 6)) - 0.1
    is_place = np.array([entry.scene == "local" for entry in CATEGORIES])[category]
    is_goods = np.array([entry.scene == "shop" for entry in CATEGORIES])[category]
    low, high = figures("commission")[category].T
    least, most = figures("margin")[category].T
    listed = first_day - rng.exponential(250, count).astype(int) - 1
    late = rng.random(count) < 0.30
    listed[late] = rng.integers(first_day, last_day, late.sum())
    listed[0] = first_day - 30  # something was on sale before the first invitation
    pull = merchants.pull[merchant] * rng.gamma(1.0, 1.0, count) * (rng.random(count) > 0.06)
    pull[0] += 0.1
    fee = np.where(rng.random(count) < 0.5, 0.0, rng.choice((0.01, 0.02, 0.03, 0.05), count))
    return Products(
        category=category,
        kind=kind,
        merchant=merchant,
        place=kinds[kind] + 0.25 * rng.standard_normal((count, 2)),
        price=price,
        quality=quality,
        female=logistic(logit(kind_figures("female")[kind]) + 0.35 * rng.standard_normal(count)),
        ages=_ages(np.array([entry.ages for entry in KINDS])[kind], 0.2, rng),
        city=np.where(is_place, merchants.city[merchant], -1),
        commission=np.round(rng.uniform(low, high), 2),
        margin=np.round(rng.uniform(least, most), 2),
        service_fee=fee,
        sample_cost=np.round(np.where(is_goods, 8 + 0.5 * price, 0.6 * price), 2),
        listed=listed,
        pull=pull,
    )
