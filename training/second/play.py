"""The log: whom past merchants invited, week by week, and what it left behind.

Past merchants chose by popularity within the category, or came back to whom they knew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.second.crowd import traffic
from training.second.demand import Offer
from training.second.goods import CATEGORIES, figures, kind_figures
from training.second.luck import draw
from training.second.stocks import Past, week_of
from training.second.truth import Truth

LAPSE_DAYS = 14  # an invitation without an answer counts as declined then
AGAIN, WITHIN_CATEGORY, FAMOUS = 0.10, 0.70, 0.12  # the rest are chosen by no rule at all
NEIGHBOURS = 0.65  # of a place's invitations
TRIES = 20  # until somebody who has joined is found; then it is creator 0
SESSION_TIRES, VIDEO_TIRES = 1.0, 0.5
GRATITUDE, ANGER = 0.22, 0.8  # trust won by a good deal, lost by what comes back

INVITED, DECLINED, ACCEPTED, FAILED, FULFILLED = range(5)


@dataclass(frozen=True)
class Played:
    """Invitations sorted by day and all that came of them; arrays of one length."""

    creator: np.ndarray
    product: np.ndarray
    day: np.ndarray  # since 1970
    live: np.ndarray
    offer: Offer
    world: dict[str, np.ndarray]
    status: np.ndarray  # in the end, were time endless
    responded: np.ndarray
    published: np.ndarray
    settled: np.ndarray


def play(truth: Truth, count: int, first_day: int, rng: np.random.Generator) -> tuple[Played, Past]:
    """Let merchants invite `count` times and let it happen, each week on what came before."""
    product, day = _occasions(truth, count, first_day, rng)
    fame = truth.creators.followers**0.45 * np.exp(0.5 * rng.standard_normal(_creators(truth)))
    weeks = week_of(day)
    edges = np.flatnonzero(np.diff(weeks)) + 1
    parts: list[Played] = []
    past = Past.none()
    for rows in np.split(np.arange(count), edges):
        now = Truth(*_actors(truth), past)
        creator = _invited(now, product[rows], day[rows], fame, parts, rng)
        played = _week(now, creator, product[rows], day[rows], rng)
        parts.append(played)
        past = _remember(now, past, played)
    return _joined(parts), past


def _creators(truth: Truth) -> int:
    return len(truth.creators.category)


def _actors(truth: Truth) -> tuple:
    return truth.creators, truth.products, truth.tastes, truth.first_week, truth.last_day


def _occasions(
    truth: Truth, count: int, first_day: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw which product is offered on which day; more as the year goes on."""
    start = np.maximum(first_day, truth.products.listed + 1)
    days = np.maximum(truth.last_day + 1 - start, 0)
    weight = truth.products.pull * days**0.8
    product = rng.choice(len(weight), count, p=weight / weight.sum())
    day = start[product] + (days[product] * rng.random(count) ** 0.85).astype(int)
    order = np.argsort(day, kind="stable")
    return product[order], day[order]


def _invited(
    truth: Truth,
    product: np.ndarray,
    day: np.ndarray,
    fame: np.ndarray,
    before: list[Played],
    rng: np.random.Generator,
) -> np.ndarray:
    people, goods = truth.creators, truth.products
    way = rng.random(len(product))
    known = _again(truth, product, int(day[0]), before, rng)
    again = (way < AGAIN) & (known >= 0)
    near = (goods.city[product] >= 0) & (rng.random(len(product)) < NEIGHBOURS)
    chosen = np.where(again, known, -1)
    for _ in range(TRIES):
        open_rows = np.flatnonzero(chosen < 0)
        if not len(open_rows):
            break
        rank = np.where(way[open_rows] < AGAIN, 0.0, way[open_rows] - AGAIN)
        kind = np.where(rank < WITHIN_CATEGORY, 0, np.where(rank < WITHIN_CATEGORY + FAMOUS, 1, 2))
        picked = np.empty(len(open_rows), dtype=int)
        picked[kind == 1] = _pick(fame, (kind == 1).sum(), rng)
        picked[kind == 2] = rng.integers(0, len(fame), (kind == 2).sum())
        for c in range(len(CATEGORIES)):
            here = (kind == 0) & (goods.category[product[open_rows]] == c)
            picked[here] = _pick(fame * (people.category == c), here.sum(), rng)
        for city in np.unique(goods.city[product[open_rows[near[open_rows]]]]):
            here = near[open_rows] & (goods.city[product[open_rows]] == city)
            picked[here] = _pick(fame * (people.city == city), here.sum(), rng)
        there = people.joined[picked] < day[open_rows]
        chosen[open_rows[there]] = picked[there]
    return np.maximum(chosen, 0)


def _pick(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw rows by weight; any row where nobody has any."""
    edges = np.cumsum(weight)
    if edges[-1] == 0:
        return rng.integers(0, len(weight), count)
    return np.searchsorted(edges, rng.random(count) * edges[-1], "right")


def _again(
    truth: Truth, product: np.ndarray, today: int, before: list[Played], rng: np.random.Generator
) -> np.ndarray:
    """Return a creator who has published for the same merchant, -1 where there is none."""
    merchant = truth.products.merchant
    done = [
        (merchant[part.product[rows]], part.creator[rows])
        for part in before
        for rows in (np.flatnonzero((part.status == FULFILLED) & (part.published < today)),)
    ]
    if not done:
        return np.full(len(product), -1)
    owner, creator = (np.concatenate(column) for column in zip(*done, strict=True))
    order = np.argsort(owner, kind="stable")
    owner, creator = owner[order], creator[order]
    low, high = (np.searchsorted(owner, merchant[product], side) for side in ("left", "right"))
    if not len(owner):
        return np.full(len(product), -1)
    place = low + (rng.random(len(product)) * (high - low)).astype(int)
    return np.where(high > low, creator[np.minimum(place, len(creator) - 1)], -1)


def _week(
    truth: Truth,
    creator: np.ndarray,
    product: np.ndarray,
    day: np.ndarray,
    rng: np.random.Generator,
) -> Played:
    people = truth.creators
    # Who works in both ways is asked for either, as the platform's traffic goes.
    coin = rng.random(len(creator)) < traffic(truth, day, np.True_) / 2
    live = people.goes_live[creator] & (~people.makes_videos[creator] | coin)
    offer = _offers(truth, creator, product, live, rng)
    state = truth.state(int(week_of(day[0])))
    world = draw(truth, state, creator, product, day, live, offer, rng)
    n = len(creator)
    accepted = world["accepted"]
    delay = 1 + rng.exponential(people.quickness[creator]).astype(int)
    silent = rng.random(n) < 0.35
    delay = np.where(accepted | ~silent, np.minimum(delay, LAPSE_DAYS - 1), LAPSE_DAYS)
    responded = day + delay
    published = responded + 2 + rng.gamma(2.0, np.where(live, 3.5, 5.0)).astype(int)
    settled = published + rng.integers(9, 24, n)
    given_up = responded + rng.integers(24, 40, n)
    status = np.where(accepted, np.where(world["fulfilled"], FULFILLED, FAILED), DECLINED)
    settled = np.where(status == FULFILLED, settled, given_up)
    return Played(creator, product, day, live, offer, world, status, responded, published, settled)


def _offers(
    truth: Truth,
    creator: np.ndarray,
    product: np.ndarray,
    live: np.ndarray,
    rng: np.random.Generator,
) -> Offer:
    """Merchants haggle over fees, sweeten commissions, buy views; the platform doubles some."""
    n = len(creator)
    goods, people = truth.products, truth.creators
    sweet = np.where(rng.random(n) < 0.15, rng.uniform(0.02, 0.10, n), 0.0)
    rate = goods.commission[product] + sweet + 0.01 * rng.standard_normal(n)
    asked = np.where(live, people.live_fee[creator], people.video_fee[creator])
    ads = np.where(rng.random(n) < 0.06, 300 * np.exp(0.8 * rng.standard_normal(n)), 0.0)
    return Offer(
        commission_rate=np.clip(np.round(rate, 2), 0.01, 0.5),
        slot_fee=np.round(asked * rng.triangular(0.6, 1.0, 1.05, n), -1),
        ads_cost=np.round(ads, 2),
        subsidy_rate=np.where(rng.random(n) < 0.05, 1.0, 0.0),
    )


def _remember(truth: Truth, past: Past, played: Played) -> Past:
    """Add to the stocks what this week's invitations will do, on the week of doing it."""
    goods = truth.products
    promised = played.status >= FAILED
    done = (played.status == FULFILLED) & (played.published <= truth.last_day)
    creator, product, live = (a[done] for a in (played.creator, played.product, played.live))
    week = week_of(played.published[done])
    category = goods.category[product]
    cheap = goods.quality[product] - np.log(
        goods.price[product] / kind_figures("price")[goods.kind[product]]
    )
    gmv, refunded = played.world["gmv"][done], played.world["refunded_gmv"][done]
    usual = np.where(live, figures("refund_live")[category], figures("refund_video")[category])
    anger = np.maximum(refunded / np.maximum(gmv, 1) - 1.2 * usual, 0)
    return Past(
        past.tiredness.add(
            creator * len(CATEGORIES) + category,
            week,
            np.where(live, SESSION_TIRES, VIDEO_TIRES),
        ),
        past.trust.add(creator, week, GRATITUDE * np.tanh(1.5 * cheap) - ANGER * anger),
        past.backlog.add(
            played.creator[promised],
            week_of(played.day[promised]),
            np.ones(promised.sum()),
        ),
    )


def _joined(parts: list[Played]) -> Played:
    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    def of_offer(name: str) -> np.ndarray:
        return np.concatenate([np.asarray(getattr(part.offer, name)) for part in parts])

    terms = ("commission_rate", "slot_fee", "ads_cost", "subsidy_rate")
    return Played(
        *(column(name) for name in ("creator", "product", "day", "live")),
        Offer(*(of_offer(name) for name in terms)),
        {name: np.concatenate([part.world[name] for part in parts]) for name in parts[0].world},
        *(column(name) for name in ("status", "responded", "published", "settled")),
    )
