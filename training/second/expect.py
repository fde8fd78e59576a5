"""What inviting a creator is expected to bring, and whether the creator says yes and keeps it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from training.second.actors import Actors
from training.second.crowd import crowd
from training.second.demand import VIDEO_MOOD, Offer, scene, segments, spent
from training.second.stocks import State

GUESS_SPREAD = 0.55
REPUTATION_PRICE = 0.8  # of a hundred people's time, by lacking quality


@dataclass(frozen=True)
class Expected:
    """Expectations given that the collaboration is fulfilled; `accept` and `fulfil` are chances."""

    accept: np.ndarray
    fulfil: np.ndarray
    gmv: np.ndarray
    refunded: np.ndarray
    works: np.ndarray


def expect(
    actors: Actors,
    state: State,
    creators: np.ndarray,
    products: np.ndarray,
    day: np.ndarray,
    live: np.ndarray,
    offer: Offer,
) -> Expected:
    """Return what inviting these creators for these products is expected to bring."""
    here = scene(actors, state, creators, products, day, live, offer)
    gmv = impulsive = 0.0
    for wishes in segments(actors, state, creators, products, day, here):
        wish = wishes.fans + wishes.passers + wishes.impulse
        money = spent(wish, wishes.purse, here.live)
        gmv = gmv + money
        impulsive = impulsive + money * (wishes.impulse / np.maximum(wish, 1e-12))
    refunded = here.considered_refunds * (gmv - impulsive) + here.impulse_refunds * impulsive
    works = np.where(
        live, actors.creators.goes_live[creators], actors.creators.makes_videos[creators]
    )
    shape = np.shape(gmv)
    return Expected(
        accept=_accept(actors, creators, products, day, live, offer, gmv - refunded),
        fulfil=np.broadcast_to(_fulfil(actors, state, creators), shape),
        gmv=gmv,
        refunded=refunded,
        works=np.broadcast_to(works, shape),
    )


def _accept(
    actors: Actors,
    creators: np.ndarray,
    products: np.ndarray,
    day: np.ndarray,
    live: np.ndarray,
    offer: Offer,
    settled: np.ndarray,
) -> np.ndarray:
    """Accept if what it brings, guessed with an error, is more than one's time is worth.

    Nobody looks at less than half of the least commission, fees or not.
    """
    people, goods = actors.creators, actors.products
    rate = _or(offer.commission_rate, goods.commission[products])
    asked = np.where(live, people.live_fee[creators], people.video_fee[creators])
    fee = _or(offer.slot_fee, asked)
    crowd_size = sum(crowd(actors, creators, day, live))
    hundreds = crowd_size / 100 * np.where(live, 1.0, VIDEO_MOOD)
    worth = people.pickiness[creators] * hundreds + np.where(live, 20.0, 60.0)
    shame = np.maximum(-goods.quality[products], 0) * REPUTATION_PRICE * worth
    rewarded = rate * (1 + np.asarray(offer.subsidy_rate))
    surplus = rewarded * settled + fee - 0.9 * np.nan_to_num(asked) - worth - shame
    chance = ndtr(surplus / (GUESS_SPREAD * worth + 0.15 * np.nan_to_num(asked)))
    looks = rewarded >= 0.5 * people.min_commission[creators]
    return np.where(looks, 0.03 + 0.92 * chance, 0.01)


def _fulfil(actors: Actors, state: State, creators: np.ndarray) -> np.ndarray:
    """Who has promised more than the week holds lets some promises fall."""
    people = actors.creators
    promised = 1 + people.outside[creators] + state.backlog[creators]
    return people.reliability[creators] * np.minimum(1, people.capacity[creators] / promised)


def _or(given: np.ndarray | float | None, usual: np.ndarray) -> np.ndarray:
    if given is None:
        return usual
    return np.where(np.isnan(given), usual, given)
