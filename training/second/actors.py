"""Who the creators, merchants and products of the second market are, hidden facts included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Creators:
    """Every creator; one row each, in the order of the ids. Audiences are those of the last day."""

    category: np.ndarray  # declared
    kind: np.ndarray
    place: np.ndarray  # (creators, 2) on the map of ways of life
    width: np.ndarray  # how far around that place an audience's interest goes
    followers: np.ndarray  # on the last day, bought ones included
    bought_share: np.ndarray
    growth: np.ndarray  # of log followers, a year
    joined: np.ndarray  # days since 1970
    activity: np.ndarray  # of fans
    live_buzz: np.ndarray  # what brings passers
    video_buzz: np.ndarray
    goes_live: np.ndarray
    makes_videos: np.ndarray
    trust: np.ndarray  # before any deal
    hype: np.ndarray  # how much more is promised than the goods hold
    female: np.ndarray
    ages: np.ndarray  # (creators, 3)
    tier1: np.ndarray
    lavish: np.ndarray  # share of the audience that does not count pennies; never exported
    drift: np.ndarray  # (creators, 4) a year, on logits: female, age, tier 1, lavish
    city: np.ndarray
    local_share: np.ndarray
    mcn: np.ndarray  # -1: none
    reliability: np.ndarray  # P(fulfil) of one who has time
    capacity: np.ndarray  # collaborations a week
    outside: np.ndarray  # work for others, collaborations a week
    pickiness: np.ndarray  # what a hundred people's time must bring, yuan
    quickness: np.ndarray  # mean days to answer
    live_fee: np.ndarray  # asked; 0 free; NaN: does not go live
    video_fee: np.ndarray
    min_commission: np.ndarray
    opted_out: np.ndarray


@dataclass(frozen=True)
class Merchants:
    """Who owns the products."""

    category: np.ndarray
    city: np.ndarray
    quality: np.ndarray
    pull: np.ndarray  # how much they invite


@dataclass(frozen=True)
class Products:
    """Every product; one row each, in the order of the ids."""

    category: np.ndarray
    kind: np.ndarray
    merchant: np.ndarray
    place: np.ndarray  # (products, 2)
    price: np.ndarray
    quality: np.ndarray
    female: np.ndarray
    ages: np.ndarray  # (products, 3)
    city: np.ndarray  # of a place; -1 otherwise
    commission: np.ndarray
    margin: np.ndarray
    service_fee: np.ndarray
    sample_cost: np.ndarray
    listed: np.ndarray  # days since 1970
    pull: np.ndarray  # 0: has never been offered to anybody


@dataclass(frozen=True)
class Actors:
    """Everybody, and the walk of tastes."""

    creators: Creators
    products: Products
    tastes: np.ndarray  # (weeks, TASTE_GROUPS, categories) log need
    first_week: int
    last_day: int


def logistic(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def logit(share: np.ndarray) -> np.ndarray:
    """Undo `logistic`."""
    return np.log(share / (1 - share))
