"""One world's luck, around the expectations of `demand`."""

from __future__ import annotations

import numpy as np

from training.second.actors import Actors
from training.second.crowd import crowd
from training.second.demand import AD_PRICE, LUCK_SHAPE, Offer, scene, segments
from training.second.expect import expect
from training.second.goods import figures
from training.second.stocks import State

REFUND_PRECISION = 25.0  # of the beta law of a collaboration's refunded share
DISCOUNT = 0.10  # prices of the day, around the product's


def draw(
    actors: Actors,
    state: State,
    creators: np.ndarray,
    products: np.ndarray,
    day: np.ndarray,
    live: np.ndarray,
    offer: Offer,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draw what becomes of invitations (1-d arrays of one length).

    Outcomes are drawn for all rows, also where `accepted` or `fulfilled` is False.
    """
    n = len(creators)
    here = scene(actors, state, creators, products, day, live, offer)
    mean = expect(actors, state, creators, products, day, live, offer)
    shape = np.where(live, LUCK_SHAPE[True], LUCK_SHAPE[False])
    luck = rng.gamma(shape) / shape
    money = np.zeros((3, n))  # of fans, of passers, on impulse
    for wishes in segments(actors, state, creators, products, day, here):
        routes = np.stack((wishes.fans, wishes.passers, wishes.impulse))
        money += routes * np.minimum(luck, wishes.purse / np.maximum(routes.sum(axis=0), 1e-12))
    fan_orders, passer_orders, impulse_orders = rng.poisson(money / actors.products.price[products])
    orders = fan_orders + passer_orders + impulse_orders
    value = actors.products.price[products] * rng.uniform(1 - DISCOUNT, 1 + DISCOUNT, n)
    refunds = _returned(fan_orders + passer_orders, here.considered_refunds, rng)
    refunds = refunds + _returned(impulse_orders, here.impulse_refunds, rng)
    category = actors.products.category[products]
    wear = figures("wear_share")[category] * actors.products.price[products]
    watching = sum(crowd(actors, creators, day, live)) + np.asarray(offer.ads_cost) / AD_PRICE
    views = np.rint(watching * luck * np.exp(0.2 * rng.standard_normal(n) - 0.02))
    views = np.maximum(views, orders)
    return {
        "accepted": rng.random(n) < mean.accept,
        "fulfilled": rng.random(n) < mean.fulfil,
        "impressions": views,
        "clicks": np.minimum(orders + rng.poisson(0.04 * views), views),
        "orders": orders,
        "gmv": orders * value,
        "fan_gmv": fan_orders * value,
        "refunded_gmv": refunds * value,
        "return_cost": refunds * (figures("parcel_cost")[category] + wear),
    }


def _returned(orders: np.ndarray, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    share = np.broadcast_to(share, orders.shape)
    drawn = rng.beta(REFUND_PRECISION * share, REFUND_PRECISION * (1 - share))
    return rng.binomial(orders, drawn)
