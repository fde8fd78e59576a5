"""The log: whom past merchants invited, on what terms, and what came of it.

Past merchants chose by popularity within the category, with some noise: that is the selection
bias of every table of collaborations. Neighbours were preferred for local products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.market import text
from training.market.actors import Creators
from training.market.categories import CITIES, figures
from training.market.luck import draw
from training.market.mechanisms import Terms
from training.market.tables import dates, gaps, money, names, rates
from training.market.truth import Truth

CHUNK = 500_000  # collaborations drawn at once: bounds the memory, part of what a seed means
LAPSE_DAYS = 14  # an invitation without an answer counts as declined then
WITHIN_CATEGORY, ANYWHERE = 0.74, 0.17  # the rest are chosen by no rule at all
NEIGHBOUR = 0.6  # of a local product's invitations

STATUS = ("invited", "declined", "accepted", "failed", "fulfilled")
_INVITED, _DECLINED, _ACCEPTED, _FAILED, _FULFILLED = range(len(STATUS))


@dataclass(frozen=True)
class Invitations:
    """Whom past merchants invited; arrays of one length, sorted by day."""

    creator: np.ndarray
    product: np.ndarray
    day: np.ndarray  # since 1970
    live: np.ndarray


class _Pools:
    """Creators grouped by a key, to be drawn within a group in proportion to a weight."""

    def __init__(self, keys: np.ndarray, weights: np.ndarray, key_count: int) -> None:
        self.order = np.argsort(keys, kind="stable")
        self.edges = np.concatenate([[0.0], np.cumsum(weights[self.order])])
        self.bounds = np.searchsorted(keys[self.order], np.arange(key_count + 1))

    def empty(self, keys: np.ndarray) -> np.ndarray:
        return self.bounds[keys] == self.bounds[keys + 1]

    def pick(self, keys: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        low, high = self.edges[self.bounds[keys]], self.edges[self.bounds[keys + 1]]
        place = np.searchsorted(self.edges, low + rng.random(len(keys)) * (high - low), "right") - 1
        last = np.maximum(self.bounds[keys + 1] - 1, self.bounds[keys])
        return self.order[np.clip(place, self.bounds[keys], last)]


def invite(truth: Truth, count: int, first_day: int, rng: np.random.Generator) -> Invitations:
    """Let past merchants invite `count` times from `first_day` to the truth's last day."""
    products = truth.products
    start = np.maximum(first_day, products.listed.astype(np.int64) + 1)
    span = truth.last_day + 1 - start
    edges = np.cumsum(products.pull * np.maximum(span, 0))
    product = np.searchsorted(edges, rng.random(count) * edges[-1], "right")
    product = np.minimum(product, len(edges) - 1)
    # Business grows: later days see more invitations.
    day = start[product] + (span[product] * rng.random(count) ** 0.8).astype(np.int64)
    order = np.argsort(day, kind="stable")
    product, day = product[order].astype(np.int32), day[order].astype(np.int32)
    creator = _invited_creators(truth, product, day, rng)
    return Invitations(creator, product, day, _channels(truth, creator, product, rng))


def _invited_creators(
    truth: Truth, product: np.ndarray, day: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    creators, products = truth.creators, truth.products
    n = len(creators.category)
    fame = np.sqrt(creators.followers) * np.exp(0.5 * rng.standard_normal(n))
    nowhere = np.zeros(n, dtype=np.int64)
    in_category = _Pools(creators.category, fame, len(figures("weight")))
    in_city = _Pools(creators.city, fame, len(CITIES))
    anywhere, at_random = _Pools(nowhere, fame, 1), _Pools(nowhere, np.ones(n), 1)

    chosen = np.empty(len(product), dtype=np.int32)
    open_rows = np.arange(len(product))
    while len(open_rows):
        goods = products.category[product[open_rows]].astype(np.int64)
        place = products.city[product[open_rows]].astype(np.int64)
        way = rng.random(len(open_rows))
        near = (place >= 0) & (rng.random(len(open_rows)) < NEIGHBOUR)
        near &= ~in_city.empty(np.maximum(place, 0))
        same = ~near & (way < WITHIN_CATEGORY) & ~in_category.empty(goods)
        famous = ~near & ~same & (way < WITHIN_CATEGORY + ANYWHERE)
        other = ~near & ~same & ~famous
        picked = np.empty(len(open_rows), dtype=np.int32)
        for rows, pools, keys in (
            (near, in_city, place),
            (same, in_category, goods),
            (famous, anywhere, np.zeros_like(goods)),
            (other, at_random, np.zeros_like(goods)),
        ):
            picked[rows] = pools.pick(keys[rows], rng)
        chosen[open_rows] = picked
        # Nobody is invited before joining: choose again. Creator 0 was always there.
        open_rows = open_rows[creators.joined[picked] >= day[open_rows]]
    return chosen


def _channels(
    truth: Truth, creator: np.ndarray, product: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A creator who works in both channels is asked for the one that suits the goods."""
    creators = truth.creators
    goes_live = ~np.isnan(creators.live_reach[creator])
    makes_videos = ~np.isnan(creators.video_reach[creator])
    prefers = rng.random(len(creator)) < figures("live_share")[truth.products.category[product]]
    return goes_live & (~makes_videos | prefers)


def write(truth: Truth, invitations: Invitations, rng: np.random.Generator) -> pd.DataFrame:
    """Play the invitations and write the table of collaborations, as known on the last day."""
    count = len(invitations.creator)
    parts = [
        _write_chunk(truth, invitations, slice(first, first + CHUNK), rng)
        for first in range(0, count, CHUNK)
    ]
    log = pd.concat(parts, ignore_index=True)
    log.insert(0, "collaboration_id", names(text.ids("k", count, 8)))
    return log


def _write_chunk(
    truth: Truth, invitations: Invitations, rows: slice, rng: np.random.Generator
) -> pd.DataFrame:
    c, p = invitations.creator[rows], invitations.product[rows]
    day, live = invitations.day[rows], invitations.live[rows]
    offer = _offers(truth, c, p, live, rng)
    world = draw(truth, c, p, day, live, offer, rng)
    status, responded, published, settled = _progress(truth.creators, c, day, world, rng)
    late = responded > truth.last_day
    status[late] = _INVITED
    unsettled = (settled > truth.last_day) & (status >= _ACCEPTED)
    status[unsettled & ~late] = _ACCEPTED
    accepted, done = status >= _ACCEPTED, status == _FULFILLED

    n = len(c)
    commission = np.asarray(offer.commission_rate)
    settled_gmv = world["gmv"] - world["refunded_gmv"]
    products = truth.products
    subsidy = np.asarray(offer.subsidy_rate) * commission * settled_gmv
    fans = np.where(live, truth.creators.live_fan_share[c], truth.creators.video_fan_share[c])
    again = figures("repeat_share")[products.category[p]] * fans
    repeat = rng.binomial(world["orders"], np.clip(again + 0.04, 0, 1))
    known = {name: np.where(done, values, np.nan) for name, values in world.items()}
    return pd.DataFrame(
        {
            "creator_id": names(text.ids("c", len(truth.creators.category), 7).take(c)),
            "product_id": names(text.ids("p", len(products.category), 6).take(p)),
            "invited_on": dates(day),
            "status": names(text.take(STATUS, status)),
            "responded_on": dates(responded, status > _INVITED),
            "published_on": dates(published, done),
            "settled_on": dates(settled, status >= _FAILED),
            "gmv": money(known["gmv"]),
            "channel": names(text.take(("video", "live"), live.astype(int))),
            "commission_rate": rates(commission),
            "service_fee_rate": products.service_fee[p],
            "slot_fee": money(np.asarray(offer.slot_fee)),
            "sample_cost": money(
                np.where(accepted & gaps(n, 0.04, rng), products.sample_cost[p], np.nan)
            ),
            "ads_cost": money(np.where(done, offer.ads_cost, np.nan)),
            "subsidy": money(np.where(done, subsidy, np.nan)),
            "return_cost": money(np.where(gaps(n, 0.04, rng), known["return_cost"], np.nan)),
            "impressions": np.where(gaps(n, 0.03, rng), known["impressions"], np.nan),
            "clicks": np.where(gaps(n, 0.03, rng), known["clicks"], np.nan),
            "orders": known["orders"],
            "refunded_gmv": np.minimum(
                money(np.where(gaps(n, 0.015, rng), known["refunded_gmv"], np.nan)),
                money(known["gmv"]),
            ),
            "fan_gmv": np.minimum(
                money(np.where(gaps(n, 0.05, rng), known["fan_gmv"], np.nan)), money(known["gmv"])
            ),
            "repeat_orders": np.where(done & gaps(n, 0.05, rng), repeat, np.nan),
            "content_text": names(
                text.where(
                    done & gaps(n, 0.05, rng),
                    text.content_texts(products.sub[p], products.category[p], live, rng),
                )
            ),
        }
    )


def _offers(
    truth: Truth, c: np.ndarray, p: np.ndarray, live: np.ndarray, rng: np.random.Generator
) -> Terms:
    """Terms move around the product's: haggled commissions and fees, ads, campaigns' subsidies."""
    n = len(c)
    rate = truth.products.commission[p] + 0.015 * rng.standard_normal(n)
    sweetened = rng.random(n) < 0.12
    rate = rate * np.where(sweetened, rng.uniform(1.15, 1.6, n), 1.0)
    asked = np.where(live, truth.creators.live_fee[c], truth.creators.video_fee[c])
    paid = asked * rng.uniform(0.8, 1.05, n) * (rng.random(n) > 0.12)
    ads = np.where(rng.random(n) < 0.07, rng.lognormal(np.log(600), 0.8, n), 0.0)
    subsidy_rate = np.where(rng.random(n) < 0.06, rng.uniform(0.3, 1.0, n), 0.0)
    return Terms(
        commission_rate=np.clip(np.round(rate, 2), 0.01, 0.5),
        slot_fee=np.round(paid, -1),
        ads_cost=np.round(ads, 2),
        subsidy_rate=np.round(subsidy_rate, 2),
    )


def _progress(
    creators: Creators,
    c: np.ndarray,
    day: np.ndarray,
    world: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Status in the end, and the days of answer, publication and settlement, were time endless."""
    n = len(c)
    delay = 1 + rng.exponential(creators.quickness[c]).astype(np.int64)
    silent = rng.random(n) < 0.30
    delay = np.where(world["accepted"] | ~silent, np.minimum(delay, LAPSE_DAYS - 1), LAPSE_DAYS)
    responded = day + delay
    published = responded + 3 + rng.gamma(2.0, 4.0, n).astype(np.int64)
    settled = published + rng.integers(10, 26, n)
    given_up = responded + rng.integers(25, 41, n)
    status = np.where(
        world["accepted"], np.where(world["fulfilled"], _FULFILLED, _FAILED), _DECLINED
    )
    return status, responded, published, np.where(status == _FULFILLED, settled, given_up)
