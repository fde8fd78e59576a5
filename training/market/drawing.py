"""Draws the creators, merchants and products of a market."""

from __future__ import annotations

import numpy as np

from training.market.actors import (
    STYLE_COUNT,
    TALENT_COUNT,
    Creators,
    Merchants,
    Products,
    logistic,
    newcomer_rise,
)
from training.market.categories import (
    CATEGORIES,
    CATEGORY_OF_SUB,
    CITY_SHARE,
    FIRST_SUB,
    LOCAL,
    SUB_CATEGORIES,
    TIER_ONE,
    figures,
    sub_figures,
)


def choose(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """Choose a column for each row of `weights` (rows, choices), which need not sum to one."""
    edges = np.cumsum(weights, axis=1)
    point = rng.random(len(weights)) * edges[:, -1]
    return np.minimum((edges < point[:, None]).sum(axis=1), weights.shape[1] - 1)


def shares(rng: np.random.Generator, centre: np.ndarray, spread: float) -> np.ndarray:
    """Draw rows of shares that sum to one around `centre` (rows, parts)."""
    parts = centre * np.exp(spread * rng.standard_normal(centre.shape))
    return parts / parts.sum(axis=1, keepdims=True)


def draw_space(rng: np.random.Generator) -> np.ndarray:
    """Place each sub-category in the space of tastes, near its category; (subs, STYLE_COUNT)."""
    category = 0.30 * rng.standard_normal((len(CATEGORIES), STYLE_COUNT))
    own = 0.25 * rng.standard_normal((len(SUB_CATEGORIES), STYLE_COUNT))
    return category[CATEGORY_OF_SUB] + own


def draw_creators(
    count: int, space: np.ndarray, first_day: int, last_day: int, rng: np.random.Generator
) -> Creators:
    """Draw `count` creators for a market whose log runs over these days (since 1970)."""
    taste = 0.55 * rng.standard_normal((count, STYLE_COUNT))
    category, sub = _specialities(taste, space, rng)
    talent_strength = np.minimum(rng.gamma(2.0, 0.42, (count, TALENT_COUNT)), 2.5)

    joined = first_day - 60 - rng.exponential(500, count).astype(int)
    newcomer = rng.random(count) < 0.12
    joined[newcomer] = rng.integers(first_day, last_day - 3, newcomer.sum())
    joined[0] = first_day - 400  # somebody was there before the first invitation

    charisma = rng.standard_normal(count)
    skill = 0.65 * rng.standard_normal(count) + 0.10 * charisma
    log_followers = np.log(18_000) + 1.65 * rng.standard_normal(count) + 0.25 * charisma
    followers = np.minimum(np.exp(log_followers), 60e6)
    cheats = rng.random(count) < 0.14
    bought_share = np.where(cheats, rng.beta(2.5, 2.5, count), rng.beta(1, 40, count))
    log_real = np.log(followers * (1 - bought_share))

    live = rng.random(count) < 0.78
    video = ~live | (rng.random(count) < 0.80)
    live_reach = 1.35 + 0.62 * log_real + 0.30 * charisma + 0.55 * rng.standard_normal(count)
    video_reach = 1.75 + 0.63 * log_real + 0.30 * charisma + 0.65 * rng.standard_normal(count)
    warmth = rng.standard_normal(count)

    mcn = _mcns(log_followers, count, rng)
    mcn_effect = 0.35 * rng.standard_normal(max(int(mcn.max()) + 1, 1))[mcn] * (mcn >= 0)
    size = log_followers - np.log(18_000)
    present = followers * newcomer_rise(last_day - joined)
    busyness = logistic(-0.4 + 0.30 * size + 0.8 * rng.standard_normal(count))
    city = rng.choice(len(CITY_SHARE), count, p=CITY_SHARE)
    local = LOCAL[category]
    local_share = logistic(
        np.where(local, 0.4, -2.2) - 0.15 * size + 0.7 * rng.standard_normal(count)
    )
    tier1 = logistic(
        -0.9 + 0.8 * (city < TIER_ONE) + 0.5 * taste[:, 5] + 0.6 * rng.standard_normal(count)
    )
    commission_low = figures("commission")[category, 0]
    return Creators(
        category=category,
        sub=sub,
        talents=rng.integers(0, len(SUB_CATEGORIES), (count, TALENT_COUNT)).astype(np.int16),
        talent_strength=talent_strength.astype(np.float32),
        taste=taste.astype(np.float32),
        followers=followers,
        bought_share=bought_share.astype(np.float32),
        growth=(0.002 + 0.006 * rng.standard_normal(count)).astype(np.float32),
        joined=joined.astype(np.int32),
        live_reach=np.where(live, live_reach, np.nan).astype(np.float32),
        video_reach=np.where(video, video_reach, np.nan).astype(np.float32),
        live_fan_share=logistic(-1.0 + 0.8 * warmth + 0.4 * rng.standard_normal(count)),
        video_fan_share=logistic(-1.8 + 0.8 * warmth + 0.4 * rng.standard_normal(count)),
        fan_lift=rng.uniform(2.0, 3.0, count),
        skill=skill.astype(np.float32),
        price_slope=np.clip(
            0.75 - 0.6 * (tier1 - 0.35) + 0.18 * rng.standard_normal(count), 0.15, 1.4
        ),
        refund_lean=(0.30 * rng.standard_normal(count)).astype(np.float32),
        reliability=(0.85 * rng.standard_normal(count) + 0.30 * (mcn >= 0)).astype(np.float32),
        eagerness=(0.70 * rng.standard_normal(count) + mcn_effect - 0.10 * size).astype(np.float32),
        busyness=busyness.astype(np.float32),
        quickness=(0.6 + rng.gamma(2.0, 1.2, count)).astype(np.float32),
        audience_female=_audience_female(category, sub, rng),
        audience_age=shares(rng, figures("buyer_age")[category], 0.45),
        audience_tier1=tier1,
        city=city.astype(np.int8),
        local_share=local_share.astype(np.float32),
        mcn=mcn,
        live_fee=np.where(live, _slot_fees(present, 1.15, rng), np.nan),
        video_fee=np.where(video, _slot_fees(present, 0.85, rng), np.nan),
        min_commission=np.round(commission_low * rng.uniform(0.4, 1.1, count), 2),
        opted_out=rng.random(count) < 0.015,
    )


def _specialities(
    taste: np.ndarray, space: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Creators declare, and mostly make, what lies near their taste."""
    centres = np.array([space[c == CATEGORY_OF_SUB].mean(axis=0) for c in range(len(CATEGORIES))])
    category = choose(rng, figures("weight") * np.exp(1.0 * taste @ centres.T))
    inside = category[:, None] == CATEGORY_OF_SUB
    sub = choose(rng, inside * np.exp(1.5 * taste @ space.T))
    return category.astype(np.int8), sub.astype(np.int16)


def _audience_female(category: np.ndarray, sub: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An audience looks like the buyers of what the creator shows, give or take a lot."""
    buyers = sub_figures("buyer_female")[sub]
    return logistic(0.75 * np.log(buyers / (1 - buyers)) + 0.8 * rng.standard_normal(len(category)))


def _mcns(log_followers: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Give about a third of the creators, the larger ones more often, to MCNs of uneven size."""
    mcn_count = max(2, round(count**0.62 / 3))
    weights = 1 / np.arange(2, mcn_count + 2)
    signed = rng.random(count) < logistic(-1.0 + 0.45 * (log_followers - np.log(18_000)))
    mcn = rng.choice(mcn_count, count, p=weights / weights.sum())
    return np.where(signed, mcn, -1).astype(np.int32)


def _slot_fees(followers: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Ask slot fees by visible followers, bought ones included; the small ask for none."""
    charges = rng.random(len(followers)) < logistic(1.8 * np.log(followers / 70_000))
    noise = np.exp(0.6 * rng.standard_normal(len(followers)))
    fee = 0.020 * level * followers**0.95 * noise
    return np.where(charges, np.maximum(np.round(fee, -2), 100), 0.0)


def draw_merchants(count: int, rng: np.random.Generator) -> Merchants:
    """Draw `count` merchants, each at home in one category."""
    # Evenly spaced points keep every category present in small markets.
    edges = np.cumsum(figures("weight"))
    points = (np.arange(count) + rng.random(count)) / count * edges[-1]
    category = rng.permutation(np.searchsorted(edges, points, "right").clip(max=len(edges) - 1))
    return Merchants(
        category=category.astype(np.int8),
        city=rng.choice(len(CITY_SHARE), count, p=CITY_SHARE).astype(np.int8),
        rating=np.clip(4.55 + 0.28 * rng.standard_normal(count), 2.5, 5.0),
    )


def draw_products(
    count: int,
    merchants: Merchants,
    space: np.ndarray,
    first_day: int,
    last_day: int,
    rng: np.random.Generator,
) -> Products:
    """Draw `count` products of these merchants; a few are listed late or never promoted."""
    merchant_count = len(merchants.category)
    weights = rng.lognormal(0, 0.7, merchant_count)
    merchant = rng.choice(merchant_count, count, p=weights / weights.sum())
    category = merchants.category[merchant].astype(np.int64)
    astray = rng.random(count) < 0.12
    shop = figures("weight")
    category[astray] = rng.choice(len(CATEGORIES), astray.sum(), p=shop / shop.sum())
    sub_counts = np.bincount(CATEGORY_OF_SUB)
    sub = FIRST_SUB[category] + (rng.random(count) * sub_counts[category]).astype(int)

    price = sub_figures("price")[sub] * np.exp(0.50 * rng.standard_normal(count))
    price = np.where(price > 30, np.ceil(price) - 0.1, np.round(price, 1) + 0.9)
    low, high = figures("commission")[category].T
    margin_low, margin_high = figures("margin")[category].T
    margin = rng.uniform(margin_low, margin_high)
    buyers = sub_figures("buyer_female")[sub]
    listed = first_day - 30 - rng.exponential(200, count).astype(int)
    new = rng.random(count) < 0.40
    listed[new] = rng.integers(first_day, last_day - 1, new.sum())
    pull = rng.lognormal(0, 0.9, count) * (rng.random(count) > 0.05)
    pull[0] = max(pull[0], 1.0)  # somebody has invited
    city = np.where(LOCAL[category], merchants.city[merchant], -1)
    rating = merchants.rating[merchant]
    parcel, wear = figures("parcel_cost")[category], figures("wear_share")[category]
    served = np.array([c.scene != "shop" for c in CATEGORIES])[category]
    # Samples are one to three units at cost and their postage; a trial lesson costs less.
    units = np.where(served, 0.5, rng.integers(1, 4, count))
    sample_cost = np.where(served, 5, 8) + units * price * (1 - margin)
    return Products(
        category=category.astype(np.int8),
        sub=sub.astype(np.int16),
        merchant=merchant.astype(np.int32),
        taste=(space[sub] + 0.25 * rng.standard_normal((count, STYLE_COUNT))).astype(np.float32),
        price=np.round(price, 2),
        appeal=(0.65 * rng.standard_normal(count)).astype(np.float32),
        refund_lean=(0.30 * rng.standard_normal(count) - 0.3 * (rating - 4.55)).astype(np.float32),
        buyer_female=logistic(np.log(buyers / (1 - buyers)) + 0.35 * rng.standard_normal(count)),
        buyer_age=shares(rng, figures("buyer_age")[category], 0.35),
        city=city.astype(np.int8),
        rating=rating,
        return_cost=parcel + wear * price,
        commission=np.round(rng.uniform(low, high), 2),
        margin=np.round(margin, 3),
        service_fee=np.where(rng.random(count) < 0.45, rng.integers(1, 6, count) / 100, 0.0),
        sample_cost=np.round(sample_cost, 2),
        listed=listed.astype(np.int32),
        pull=pull,
    )
