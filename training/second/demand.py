"""What happens when a creator puts a product before a crowd.

Every segment of the crowd wants to spend money by three routes: fans who are interested or simply
trust, passers who are interested, passers who buy something cheap on impulse. How far the crowd
is in the mood is luck, L, of a gamma law with mean one; the segment spends min(purse, L · wish).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from training.second.actors import Actors
from training.second.crowd import audience, crowd, interest, nearby, trust_of
from training.second.goods import (
    AGE,
    CEILING,
    FEMALE,
    INCOME,
    LAVISH,
    PLATFORM_AGES,
    PLATFORM_FEMALE,
    PLATFORM_LAVISH,
    PLATFORM_TIER1,
    SEGMENTS,
    TASTE_GROUP,
    TIER,
    figures,
    kind_figures,
)
from training.second.stocks import State

LUCK_SHAPE = {True: 4, False: 1}  # of the gamma law, live and video: a video's luck is wilder
FAN_EAGERNESS, TRUST_EAGERNESS = 2.0, 0.5  # fans by passers, before blind trust; by their trust
BLIND_TRUST = 0.05  # what fans want, whatever it is, by what the keenest want
STEEP, STEEP_IMPULSE = 3.0, 5.0  # how sharply buyers stop at their ceilings
IMPULSE_CEILING = 42.0  # yuan
IMPULSE = {True: 0.007, False: 0.003}  # of passers
VIDEO_MOOD, VIDEO_PURSE = 0.30, 0.35  # less is bought while watching videos
TIRED = 0.22  # of the purse, by a session of the week before
LEAST_PURSE = 0.15
TRUST_CEILING = 0.25
AD_PRICE = 0.12  # yuan a view
FESTIVALS = (169, 315)  # 618 and 双11
FESTIVAL_PURSE = 0.7
IMPULSE_REFUNDS, HYPE_REFUNDS, MOST_REFUNDED = 1.5, 0.35, 0.92


@dataclass(frozen=True)
class Offer:
    """What a creator is offered; NaN or None: the product's commission and the creator's fee."""

    commission_rate: np.ndarray | float | None = None
    slot_fee: np.ndarray | float | None = None
    ads_cost: np.ndarray | float = 0.0
    subsidy_rate: np.ndarray | float = 0.0


@dataclass(frozen=True)
class Scene:
    """A crowd and an offer before it, without the segments; arrays that broadcast."""

    live: np.ndarray
    fans: np.ndarray  # people
    passers: np.ndarray
    purses: np.ndarray  # people whose purses can be reached
    trust: np.ndarray  # -1 to 1
    interest: np.ndarray
    considered_refunds: np.ndarray  # share of money
    impulse_refunds: np.ndarray


@dataclass(frozen=True)
class Wishes:
    """What one segment would like to spend by each route, and its purse; yuan."""

    fans: np.ndarray
    passers: np.ndarray
    impulse: np.ndarray
    purse: np.ndarray


def scene(
    actors: Actors,
    state: State,
    creators: np.ndarray,
    products: np.ndarray,
    day: np.ndarray,
    live: np.ndarray,
    offer: Offer,
) -> Scene:
    """Gather the crowd, its interest in the goods, and how it will feel about them later."""
    people, goods = actors.creators, actors.products
    fans, passers = crowd(actors, creators, day, live)
    near = nearby(actors, creators, products)
    bought = np.asarray(offer.ads_cost) / AD_PRICE
    category = goods.category[products]
    tired = np.maximum(1 - TIRED * state.tiredness[creators, category], LEAST_PURSE)
    # The same people come again: the larger the crowd, the fewer the purses in it.
    purses = (1.2 * (fans + passers) ** 0.93 * tired + bought) * near
    disappointment = np.maximum(people.hype[creators] - goods.quality[products], 0)
    base = np.where(live, figures("refund_live")[category], figures("refund_video")[category])
    considered = np.minimum(base * (1.0 + HYPE_REFUNDS * disappointment), MOST_REFUNDED)
    return Scene(
        live=np.asarray(live),
        fans=fans * near,
        passers=(passers + bought) * near,
        purses=purses * np.where(live, 1.0, VIDEO_PURSE),
        trust=trust_of(actors, state, creators),
        interest=interest(actors, creators, products),
        considered_refunds=considered,
        impulse_refunds=np.minimum(IMPULSE_REFUNDS * considered, MOST_REFUNDED),
    )


def segments(
    actors: Actors,
    state: State,
    creators: np.ndarray,
    products: np.ndarray,
    day: np.ndarray,
    here: Scene,
) -> Iterator[Wishes]:
    """Yield the wishes of one segment after the other, as arrays that broadcast."""
    goods = actors.products
    price, category = goods.price[products], goods.category[products]
    female, ages, tier1, lavish = audience(actors, creators, day)
    usual = kind_figures("price")[goods.kind[products]] * np.exp(0.5 * goods.quality[products])
    dear = (price / usual) ** STEEP
    patience = np.exp(-STEEP * TRUST_CEILING * here.trust)
    mood = np.where(here.live, 1.0, VIDEO_MOOD)
    eagerness = (FAN_EAGERNESS + TRUST_EAGERNESS * here.trust) * mood * here.fans
    keen = here.interest + BLIND_TRUST * (1 + here.trust)
    cheap = (price / IMPULSE_CEILING) ** STEEP_IMPULSE
    impulse = price * np.where(here.live, IMPULSE[True], IMPULSE[False])
    wanted = price * figures("need")[category]
    budget = here.purses * figures("budget")[category] * _festival(day)
    taste = np.exp(actors.tastes[_taste_row(actors, state.week)])
    buyer_female, buyer_ages = goods.female[products], goods.ages[products]
    curious = mood * here.passers * here.interest
    fans_share = here.fans / np.maximum(here.fans + here.passers, 1e-9)
    for s in range(SEGMENTS):
        share = (female if FEMALE[s] else 1 - female) * ages[AGE[s]]
        share = share * (tier1 if TIER[s] else 1 - tier1) * (lavish if LAVISH[s] else 1 - lavish)
        suits = 2 * (buyer_female if FEMALE[s] else 1 - buyer_female)
        suits = suits * 3 * buyer_ages[..., AGE[s]]
        wish = wanted * suits * taste[TASTE_GROUP[s]][category]
        too_dear = dear / CEILING[s] ** STEEP
        passing = PASSING[s] * (wish / (1 + too_dear))
        buys_cheap = PASSING[s] * impulse / (1 + cheap / CEILING[s] ** STEEP_IMPULSE)
        holders = PASSING[s] + fans_share * (share - PASSING[s])
        yield Wishes(
            fans=(eagerness * share) * keen * wish / (1 + too_dear * patience),
            passers=curious * passing,
            impulse=here.passers * buys_cheap,
            purse=budget * holders * INCOME[s] * np.sqrt(suits),
        )


def _platform() -> np.ndarray:
    """Share of each segment among passers."""
    share = np.where(FEMALE, PLATFORM_FEMALE, 1 - PLATFORM_FEMALE) * np.array(PLATFORM_AGES)[AGE]
    share = share * np.where(TIER, PLATFORM_TIER1, 1 - PLATFORM_TIER1)
    return share * np.where(LAVISH, PLATFORM_LAVISH, 1 - PLATFORM_LAVISH)


PASSING = _platform()


def _taste_row(actors: Actors, week: int) -> int:
    """Tastes stand still before the first week and after the last."""
    return int(np.clip(week - actors.first_week, 0, len(actors.tastes) - 1))


def _festival(day: np.ndarray) -> np.ndarray:
    """Purses open around the two shopping festivals."""
    in_year = np.asarray(day) % 365.25  # close enough to the day of the year
    distance = np.min([np.abs(in_year - peak) for peak in FESTIVALS], axis=0)
    return 1 + FESTIVAL_PURSE * np.clip(1 - distance / 9, 0, 1)


def spent(wish: np.ndarray, purse: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Return E[min(purse, L · wish)] for the gamma luck L, in closed form.

    The integral of the gamma law's survival function from 0 to purse / wish, for whole shapes.
    """
    shape = np.where(live, LUCK_SHAPE[True], LUCK_SHAPE[False])
    x = np.minimum(shape * (purse / np.maximum(wish, 1e-12)), 80.0)
    if not np.any(live):
        return wish * -np.expm1(-x)
    series = 1 + np.where(live, 1.0, 0.0) * (x * (0.75 + x * (0.25 + x / 24)))
    return wish * (1 - np.exp(-x) * series)
