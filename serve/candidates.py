"""Candidates when creators cannot serve everybody: a product's best in every tier of demand.

The few hundred nearest creators of one product are much the same as those of every other, and
together cannot serve a small part of them. So creators are put into tiers by how much all products
want them, each tier with as much capacity as all above it, and every product looks for its nearest
in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from matching.eligibility import eligible
from matching.history import EPOCH
from matching.matcher import NO_FILTERS, Asked, Matcher
from matching.models.encoder import without_level
from matching.scoring import NO_TERMS
from serve.capacity import FloatArray, IntArray, use_of
from serve.edges import BoolArray, whole_capacity

_OF_TIER = 48
_OF_ALL = 96
_TIER_ENDS = 2.0 ** np.arange(-5, 2)  # of all places: what creators up to the tier's end can take
_USUAL_ACCEPTANCE = 0.35  # how willing creators are counted to be when tiers are made
_LATELY = 90  # days since joining
_FEW_FOLLOWERS = 10_000
_QUERIES = {"roi": ("gmv", "roi"), "gmv": ("gmv",), "profit": ("profit",)}
"""Which neighbours are looked for; the first says who is wanted. ROI of a whole market weighs
sales as well as their cost."""
Tiers = tuple[BoolArray, ...]
_known: WeakKeyDictionary[Matcher, dict[tuple[str, date, int], Tiers]] = WeakKeyDictionary()

EDGES = pa.schema(
    [
        ("product", pa.int32()),
        ("creator", pa.int32()),
        ("channel", pa.int8()),
        *((name, pa.float32()) for name in ("accept_probability", "settled_gmv", "cost", "profit")),
    ]
)
"""What is predicted of each pair in its better channel; money times the chance of acceptance."""


@dataclass(frozen=True)
class EdgeStep:
    """What every candidate of each product would bring, for the allocation to choose from.

    `places` are those of all products; `small_too` looks for small creators apart.
    """

    name: ClassVar[str] = "edges"
    objective: str
    monday: date
    places: int
    small_too: bool

    def __call__(self, matcher: Matcher, products: Sequence[str]) -> pa.Table:
        """Return EDGES in the order of products and creators; the two are rows of the catalog."""
        asked = [matcher.find_product(product) for product in products]
        found = [self._candidates(matcher, each) for each in asked]
        rows = np.repeat([each.row for each in asked], [len(creators) for creators in found])
        scored = matcher.scorer.score(np.concatenate(found), rows)
        best = scored.best_channels(self.objective)
        accept, money = scored.outcomes.accept_probability[best], scored.money
        numbers = {
            name: accept * getattr(money, name)[best] for name in ("settled_gmv", "cost", "profit")
        }
        return pa.table(
            {
                "product": scored.products[best],
                "creator": scored.creators[best],
                "channel": scored.channels[best],
                "accept_probability": accept,
                **numbers,
            },
            schema=EDGES,
        )

    def _candidates(self, matcher: Matcher, asked: Asked) -> IntArray:
        contents = matcher.contents
        request = matcher.request(asked, NO_FILTERS, NO_TERMS, self.monday)
        may = eligible(contents.history, contents.offers, request)
        groups = list(tiers(matcher, self.objective, self.monday, self.places))
        if self.small_too:
            groups.append(small_creators(matcher))
        found = [matcher.candidates(asked, self.objective, _OF_ALL, may)]
        wanted = _QUERIES[self.objective]
        for group in groups:
            for name in wanted:
                query = without_level(matcher.query(asked, name))
                found.append(contents.index.search(query, _OF_TIER // len(wanted), may & group))
        return np.unique(np.concatenate(found))


def tiers(matcher: Matcher, objective: str, monday: date, places: int) -> Tiers:
    """Return the creators of each tier that has any, those who are wanted most first.

    They are made once, and kept as long as the matcher is.
    """
    known = _known.setdefault(matcher, {})
    asked = (objective, monday, places)
    if asked not in known:
        known[asked] = _tiers(matcher, *asked)
    return known[asked]


def _tiers(matcher: Matcher, objective: str, monday: date, places: int) -> Tiers:
    contents = matcher.contents
    usual = contents.queries[_QUERIES[objective][0]].mean(axis=0)
    wanted = contents.encoder.directions @ without_level(usual)
    capacity = whole_capacity(capacity_left(matcher, monday))
    taken = np.zeros(len(capacity))
    able = np.flatnonzero(np.isfinite(capacity) & (capacity >= 1))
    usual_acceptance = np.full(len(able), _USUAL_ACCEPTANCE)
    taken[able] = 1.0 / use_of(capacity[able], usual_acceptance, 0.05)
    order = np.argsort(-wanted, kind="stable")
    tier = np.empty(len(order), dtype=np.int64)
    tier[order] = np.searchsorted(_TIER_ENDS * places, np.cumsum(taken[order]))
    return tuple(tier == number for number in np.unique(tier))


def capacity_left(matcher: Matcher, monday: date) -> FloatArray:
    """Return what each creator can still take on in the week, NaN where that is unlimited."""
    history = matcher.contents.history
    day = (monday - EPOCH).days
    return np.asarray(history.creators.get("weekly_capacity") - history.accepted_in_week(day))


def small_creators(matcher: Matcher) -> BoolArray:
    """Return who joined in the 90 days before the bundle's date or has under 10,000 followers."""
    contents = matcher.contents
    lately = contents.history.creators.get("joined_on") >= (contents.history.as_of or 0) - _LATELY
    return np.asarray(lately | (contents.offers.follower_count < _FEW_FOLLOWERS))


def uncertainty(matcher: Matcher) -> FloatArray:
    """Return how unsure the model is of each creator, 1 where it has seen nothing of them.

    What shrinkage leaves of what is not known falls with the number of outcomes.
    """
    history = matcher.contents.history
    everybody = np.arange(history.creators.count)
    day: Any = np.array(history.as_of)
    return np.asarray(1.0 / (1.0 + history.total("creator", "outcomes", everybody, day)))
