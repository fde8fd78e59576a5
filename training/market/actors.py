"""What the creators, merchants and products of a market really are, hidden facts included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STYLE_COUNT = 8  # directions of taste
TALENT_COUNT = 3  # sub-categories, anywhere, that a creator sells well beyond the declared one


@dataclass(frozen=True)
class Creators:
    """What every creator really is; one row a creator, in the order of the ids."""

    category: np.ndarray  # declared
    sub: np.ndarray  # main sub-category, inside the declared category
    talents: np.ndarray  # (creators, TALENT_COUNT) sub-categories
    talent_strength: np.ndarray  # (creators, TALENT_COUNT)
    taste: np.ndarray  # (creators, STYLE_COUNT)
    followers: np.ndarray  # visible on the last day, if long on the platform
    bought_share: np.ndarray  # of the visible followers
    growth: np.ndarray  # of log followers, a week
    joined: np.ndarray  # days since 1970
    live_reach: np.ndarray  # log mean viewers of a session; NaN: does not go live
    video_reach: np.ndarray  # log mean views of a video; NaN: makes none
    live_fan_share: np.ndarray  # of viewers
    video_fan_share: np.ndarray
    fan_lift: np.ndarray  # fans' conversion by that of other viewers
    skill: np.ndarray  # log conversion
    price_slope: np.ndarray  # by which log conversion falls per log price
    refund_lean: np.ndarray  # logit refund share
    reliability: np.ndarray  # logit P(fulfil)
    eagerness: np.ndarray  # logit P(accept)
    busyness: np.ndarray  # share of the calendar that is full
    quickness: np.ndarray  # mean days to answer
    audience_female: np.ndarray
    audience_age: np.ndarray  # (creators, 3)
    audience_tier1: np.ndarray
    city: np.ndarray
    local_share: np.ndarray  # of the audience, living in the creator's city
    mcn: np.ndarray  # -1: none
    live_fee: np.ndarray  # asked; 0 free; NaN: does not go live
    video_fee: np.ndarray
    min_commission: np.ndarray
    opted_out: np.ndarray


@dataclass(frozen=True)
class Merchants:
    """Who owns the products; one row a merchant."""

    category: np.ndarray
    city: np.ndarray
    rating: np.ndarray


@dataclass(frozen=True)
class Products:
    """What every product really is; one row a product, in the order of the ids."""

    category: np.ndarray
    sub: np.ndarray
    merchant: np.ndarray
    taste: np.ndarray  # (products, STYLE_COUNT)
    price: np.ndarray
    appeal: np.ndarray  # log conversion
    refund_lean: np.ndarray  # logit refund share
    buyer_female: np.ndarray
    buyer_age: np.ndarray  # (products, 3)
    city: np.ndarray  # of a local product; -1 otherwise
    rating: np.ndarray  # of its merchant
    return_cost: np.ndarray  # yuan per returned order
    commission: np.ndarray
    margin: np.ndarray
    service_fee: np.ndarray
    sample_cost: np.ndarray
    listed: np.ndarray  # days since 1970
    pull: np.ndarray  # how much its merchant invites; 0: has never invited anybody


@dataclass(frozen=True)
class Actors:
    """The whole market on its last day (days since 1970), which `Creators.followers` is of."""

    creators: Creators
    products: Products
    last_day: int


def logistic(logit: np.ndarray) -> np.ndarray:
    """Return the probability of a logit."""
    return 1.0 / (1.0 + np.exp(-logit))


def newcomer_rise(days: np.ndarray) -> np.ndarray:
    """Return the share of its followers that a creator has so many days after joining."""
    return 1 - np.exp(-(np.maximum(days, 0) + 25) / 150)
