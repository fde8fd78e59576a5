"""One world's luck: draws of what collaborations bring, around the mechanisms' expectations.

All luck has mean one, so that the expectations stay what the mechanisms say.
"""

from __future__ import annotations

import numpy as np

from training.market.actors import Actors
from training.market.mechanisms import ADS_CONVERSION, Terms, expect

VIEW_LUCK = {"live": 0.50, "video": 0.85}  # standard deviation of log views
VIRAL_CHANCE, VIRAL_LIFT = 0.03, 6.0  # of a video
BUY_LUCK, UNIT_LUCK = 0.35, 0.10
REFUND_PRECISION = 30.0  # of the beta distribution of a collaboration's refund share


def draw(
    actors: Actors,
    creators: np.ndarray,
    products: np.ndarray,
    days: np.ndarray,
    live: np.ndarray,
    offer: Terms,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draw one world's outcomes for pairs (1-d arrays of one length).

    Outcomes of collaborations are drawn for all rows, also for those that are not accepted; the
    log keeps them only where `accepted` and `fulfilled` hold.

    Parameters
    ----------
    days : int array, days since 1970
    live : bool array, live session (True) or video

    """
    mean = expect(actors, creators, products, days, live, offer)
    n = len(mean.accept)
    seen = _view_luck(live, rng)
    bought = _mean_one(BUY_LUCK, n, rng)
    fan_views, public_views = mean.fan_views * seen, mean.public_views * seen
    ads_views = mean.ads_views * _mean_one(0.3, n, rng)
    public = (public_views + ADS_CONVERSION * ads_views) * mean.public_conversion
    fan_orders = rng.poisson(fan_views * mean.fan_conversion * bought)
    orders = fan_orders + rng.poisson(public * bought)
    unit_value = mean.unit_value * _mean_one(UNIT_LUCK, n, rng)
    share = rng.beta(
        REFUND_PRECISION * mean.refund_share, REFUND_PRECISION * (1 - mean.refund_share)
    )
    refunded_orders = rng.binomial(orders, share)
    impressions = np.maximum(np.rint(fan_views + public_views + ads_views), orders)
    return {
        "accepted": rng.random(n) < mean.accept,
        "fulfilled": rng.random(n) < mean.fulfil,
        "impressions": impressions,
        "fan_views": fan_views,
        "clicks": np.minimum(orders + rng.poisson(0.05 * impressions), impressions),
        "orders": orders,
        "fan_orders": fan_orders,
        "gmv": orders * unit_value,
        "fan_gmv": fan_orders * unit_value,
        "refunded_gmv": refunded_orders * unit_value,
        "return_cost": refunded_orders * mean.unit_return_cost,
    }


def _mean_one(spread: float | np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Lognormal luck with mean one."""
    return np.exp(spread * rng.standard_normal(count) - np.square(spread) / 2)


def _view_luck(live: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Luck with views, mean one: heavier for videos, a few of which go viral."""
    luck = _mean_one(np.where(live, VIEW_LUCK["live"], VIEW_LUCK["video"]), len(live), rng)
    viral = np.where(rng.random(len(live)) < VIRAL_CHANCE, VIRAL_LIFT, 1.0)
    return luck * np.where(live, 1.0, viral / (1 + VIRAL_CHANCE * (VIRAL_LIFT - 1)))
