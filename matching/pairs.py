"""Pairs: creators × products × dates, with every fact about them gathered on demand as an array.

A training row and a live request are both pairs; they differ only in the date they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matching.columns import AUDIENCE, CREATORS, SCENES, SLOT_FEES, STATISTICS
from matching.history import (
    GROWTH_DAYS,
    KEYS,
    MEASURES,
    RECENT_DAYS,
    RESIDUALS,
    Attributes,
    FloatArray,
    History,
    IntArray,
    unit,
)
from matching.own import OWN_COLUMNS


class Texts(Protocol):
    """Content vectors: float32 arrays (creators, d) and (products, d), rows of length 1 or 0."""

    @property
    def topics(self) -> npt.NDArray[np.float16]:
        """How much each creator's texts speak of each sub-category; no columns if not known."""

    @property
    def creators(self) -> npt.NDArray[np.float32]:
        """Vectors of the creators' profiles."""

    @property
    def products(self) -> npt.NDArray[np.float32]:
        """Vectors of the products' titles, categories and descriptions."""


@dataclass(frozen=True)
class Offer:
    """The terms that a creator is asked on; arrays or numbers, NaN where not known."""

    commission_rate: Any
    slot_fee: Any


class Pairs:
    """Rows of (creator, product, channel) at a day, read column by column.

    Parameters
    ----------
    history : History
    texts : Texts
    creators : int (n,)
        Rows of creators.
    products : int (n,) or (1,)
        Rows of products; (1,) when all pairs share one product.
    channels : int (n,) or (1,)
        0 live, 1 video.
    days : int (n,) or (1,)
        Facts known before this day count.
    offer : Offer
    attributes : Attributes, optional
        The products, when they are not those of the catalog.

    Raises
    ------
    ValueError
        If a frozen history is asked for another day than its own.
    """

    def __init__(
        self,
        history: History,
        texts: Texts,
        creators: IntArray,
        products: IntArray,
        channels: IntArray,
        days: IntArray,
        offer: Offer,
        attributes: Attributes | None = None,
    ) -> None:
        if history.as_of is not None and np.any(days != history.as_of):
            raise ValueError(f"this history is frozen at day {history.as_of}, no other is known")
        self.history = history
        self.texts = texts
        self.creators = creators
        self.products = products
        self.channels = channels
        self.days = days
        self.offer = offer
        self.attributes = attributes
        self._keys: dict[str, IntArray] = {}
        self._spans: dict[tuple[str, str, bool], tuple[IntArray, IntArray]] = {}
        self._statistics_rows: dict[int, IntArray] = {}

    def __len__(self) -> int:
        return len(self.creators)

    def __getitem__(self, name: str) -> FloatArray:
        """Return a column, float64 of shape (n,) or (1,); NaN is unknown."""
        return np.asarray(COLUMNS[name](self), dtype=np.float64)

    @property
    def product_attributes(self) -> Attributes:
        """What is known of the products without a date."""
        return self.history.products if self.attributes is None else self.attributes

    def key(self, name: str) -> IntArray:
        """Return the ledger key of each pair."""
        if name not in self._keys:
            self._keys[name] = self.history.key(
                name, self.creators, self.products, self.channels, self.attributes
            )
        return self._keys[name]

    def total(self, key: str, measure: str, recent: bool = False) -> FloatArray:
        """Return the sum of a measure over what was known of the key before the day."""
        stream = MEASURES[measure]
        start, end = self._span(stream, key, recent)
        sums = self.history.ledgers[stream, key].running(measure)
        return np.asarray((sums[end] - sums[start]) / unit(measure), dtype=np.float64)

    def _span(self, stream: str, key: str, recent: bool) -> tuple[IntArray, IntArray]:
        """Return the first and the end of the events that count, once for all measures."""
        if (stream, key, recent) not in self._spans:
            ledger, keys = self.history.ledgers[stream, key], self.key(key)
            if recent:
                first, end = self._span(stream, key, recent=False)
                start = ledger.end(first, keys, self.days - RECENT_DAYS)
            else:
                start, end = ledger.span(keys, self.days)
            self._spans[stream, key, recent] = start, end
        return self._spans[stream, key, recent]

    def statistic(self, name: str, days_ago: int = 0) -> FloatArray:
        """Return a weekly statistic as known at the day, or so many days earlier.

        The current value in the creators table serves where no dated row is known.
        """
        if days_ago not in self._statistics_rows:
            latest = self.history.statistics.latest(self.creators, self.days - days_ago)
            self._statistics_rows[days_ago] = latest
        rows = self._statistics_rows[days_ago]
        column = self.history.statistics.columns.get(name)
        if column is None or not len(column):
            column, rows = np.full(1, np.nan), np.full(rows.shape, -1)
        dated = np.where(rows >= 0, column[rows], np.nan)
        if days_ago or not self.history.creators.has(name):
            return dated
        return np.where(rows >= 0, dated, self.history.creators[name][self.creators])

    def same(self, creator_column: str, product_column: str) -> FloatArray:
        """Return 1 where creator and product share a word, 0 where not, NaN where unknown."""
        if not (
            self.history.creators.has(creator_column)
            and self.product_attributes.has(product_column)
        ):
            return np.full(len(self), np.nan)
        theirs = self.history.creators[creator_column][self.creators]
        ours = self.product_attributes[product_column][self.products]
        return np.where((theirs < 0) | (ours < 0), np.nan, theirs == ours)

    def similarity(self) -> FloatArray:
        """Return the cosine of the creator's and the product's content vectors."""
        theirs = self.texts.creators[self.creators]
        ours = self.texts.products[self.products]
        return np.asarray(np.einsum("ij,ij->i", theirs, np.broadcast_to(ours, theirs.shape)))

    def topic(self) -> FloatArray:
        """Return how much the creator's texts speak of the product's sub-category."""
        topics = self.texts.topics
        place = self.product_attributes["subcategory"][self.products]
        if not topics.shape[1]:
            return np.full(len(self), np.nan)
        known = (place >= 0) & (place < topics.shape[1])
        spoken = topics[self.creators, np.where(known, place, 0)]
        return np.where(known, spoken, np.nan)

    def scene(self, word: str) -> FloatArray:
        """Return 1 where the product is of that scene; NaN where unknown."""
        scenes = self.product_attributes.get("scene")[self.products]
        return np.where(scenes >= 0, scenes == SCENES.index(word), np.nan)

    def listed_slot_fee(self) -> FloatArray:
        """Return the fee that the creator asks in this channel, whatever is offered."""
        live, video = (self.history.creators.get(name)[self.creators] for name in SLOT_FEES)
        return np.where(self.channels == 0, live, video)

    def merchant(self, name: str) -> FloatArray:
        """Return an attribute of the product's merchant."""
        rows = self.product_attributes["merchant"][self.products]
        values = self.history.merchants.get(name)
        if not len(values):
            return np.full(rows.shape, np.nan)
        return np.where(rows >= 0, values[rows], np.nan)


Column = Callable[[Pairs], Any]


def _creator(name: str) -> Column:
    return lambda pairs: pairs.history.creators.get(name)[pairs.creators]


def _product(name: str) -> Column:
    return lambda pairs: pairs.product_attributes.get(name)[pairs.products]


def _total(key: str, measure: str, recent: bool) -> Column:
    return lambda pairs: pairs.total(key, measure, recent)


def _statistic(name: str, days_ago: int) -> Column:
    return lambda pairs: pairs.statistic(name, days_ago)


_FACTS = [measure for measure in MEASURES if measure not in RESIDUALS]
TOTALS: dict[str, tuple[str, str, bool]] = {
    **{f"{key}_{measure}": (key, measure, False) for key in KEYS for measure in _FACTS},
    **{f"{key}_{measure}_recent": (key, measure, True) for key in KEYS for measure in _FACTS},
}
"""The columns that are sums over history: key, measure, and whether only recent days count."""

_OF_CREATOR: dict[str, Column] = {
    "is_live": lambda pairs: pairs.channels == 0,
    "listed_slot_fee": Pairs.listed_slot_fee,
    **{
        f"creator_{name}": _creator(name)
        for name in (
            "joined_on",
            "min_commission_rate",
            "weekly_capacity",
            "reputation",
            *AUDIENCE,
        )
    },
    **{own.reads: _creator(own.name) for own in OWN_COLUMNS if own.table == "creators"},
    **{f"creator_{name}": _statistic(name, 0) for name in STATISTICS},
    **{f"creator_{name}_before": _statistic(name, GROWTH_DAYS) for name in STATISTICS},
}
_OF_PRODUCT: dict[str, Column] = {
    "product_is_local": lambda pairs: pairs.scene("local"),
    "product_is_service": lambda pairs: pairs.scene("service"),
    "merchant_rating": lambda pairs: pairs.merchant("rating"),
    **{
        f"product_{name}": _product(name)
        for name in (
            "price",
            "commission_rate",
            "margin_rate",
            "buyer_female",
            "listed_on",
        )
    },
    **{own.reads: _product(own.name) for own in OWN_COLUMNS if own.table == "products"},
}
COLUMNS: dict[str, Column] = {
    "day": lambda pairs: pairs.days,
    "offer_commission_rate": lambda pairs: pairs.offer.commission_rate,
    "offer_slot_fee": lambda pairs: pairs.offer.slot_fee,
    "content_similarity": Pairs.similarity,
    "content_topic": Pairs.topic,
    "same_category": lambda pairs: pairs.same("category", "category"),
    "same_city": lambda pairs: pairs.same("city", "city"),
    **_OF_CREATOR,
    **_OF_PRODUCT,
    **{name: _total(*total) for name, total in TOTALS.items()},
}
"""Every column that a feature may read, by name."""


def _constant(columns: dict[str, Column], keys: tuple[str, ...]) -> frozenset[str]:
    """Return these columns, the totals of these keys, and what is the same for everybody."""
    totals = (name for name, (key, _, _) in TOTALS.items() if key in (*keys, "market"))
    return frozenset(("day", *columns, *totals))


CREATOR_COLUMNS = _constant(_OF_CREATOR, ("creator", "creator_channel", "mcn"))
"""Those that do not depend on the product or the offer."""
PRODUCT_COLUMNS = _constant(_OF_PRODUCT, ("product", "merchant", "subcategory", "category"))
"""Those that do not depend on the creator, the channel or the offer."""
PRIVATE_COLUMNS = frozenset(
    f"creator_{column.name}" for column in CREATORS.columns if column.private
)
"""Those that no merchant may learn, nor what would give them away."""
