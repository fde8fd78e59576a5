"""What was known about a key at a date.

Every fact that has a date becomes a row of a `Ledger`: a key, the day it became known, and some
measures. A ledger answers "the sum of this measure for this key over everything known before this
day" by binary search, for any mix of keys and days. Training asks with each row's own date, serving
with the bundle's date for everybody: the same arrays and the same code.

Measures are integers (money in hundredths, logarithms in units of 2**-20), so that a sum does not
depend on what else is in the ledger: a catalog cut at a date gives the same bits.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MONEY_UNIT = 100
LOG_UNIT = 2**20
RECENT_DAYS = 90
GROWTH_DAYS = 28
_FROZEN_ROWS = 2  # of a key in a frozen ledger
SPAN = 2**20  # days are far below it, so key * SPAN + day orders by key, then day

EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Return the day as a count of days since 1970-01-01."""
    return (day - EPOCH).days


def week_start(day: int) -> int:
    """Return the Monday of the week that holds the day; 1970-01-01 was a Thursday."""
    return day - (day + 3) % 7


@dataclass
class Ledger:
    """Integer measures of dated events, summed per key up to any day.

    Parameters
    ----------
    stamps : int64 (n,), sorted
        key and day in one number.
    values : measure name → int64 (n,)
        The events' own values, in the order of `stamps`; empty once frozen.
    sums : measure name → int64 (n + 1,)
        Running sums, made when first asked for.
    is_frozen : bool
        Whether each key has two rows at most: what was known early, and what was recent.
    """

    stamps: IntArray
    values: Mapping[str, Callable[[], IntArray]] = field(default_factory=dict)
    sums: dict[str, IntArray] = field(default_factory=dict)
    is_frozen: bool = False

    @classmethod
    def build(cls, keys: IntArray, days: IntArray, measures: Mapping[str, IntArray]) -> Ledger:
        """Sort events by key and day; `keys` are non-negative, rows with key -1 are left out."""
        kept = np.flatnonzero(keys >= 0)
        stamps = keys[kept] * SPAN + days[kept]
        order = np.argsort(stamps, kind="stable")
        rows = kept[order].astype(np.int32)  # half the memory, and no catalog has 2**31 rows
        values = {name: _gather(measure, rows) for name, measure in measures.items()}
        return cls(stamps[order], values)

    def running(self, measure: str) -> IntArray:
        """Return the running sums of a measure, shape (n + 1,)."""
        if measure not in self.sums:
            self.sums[measure] = self._sum(measure)
        return self.sums[measure]

    def _sum(self, measure: str) -> IntArray:
        values = self.values[measure]()
        sums = np.zeros(len(values) + 1, dtype=np.int64)
        np.cumsum(values, out=sums[1:])
        if sums.min() >= 0 and sums.max() <= np.iinfo(np.int32).max:
            return sums.astype(np.int32)  # so do all counts: half the memory, and no sum overflows
        return sums

    def span(self, keys: IntArray, days: IntArray) -> tuple[IntArray, IntArray]:
        """Return for each key the first event and the end of those known before the day.

        Both are 0 for a key of -1: every stamp is above its.
        """
        start = self.start(keys)
        return start, self.end(start, keys, days)

    def start(self, keys: IntArray) -> IntArray:
        """Return where each key's events start."""
        return np.searchsorted(self.stamps, keys * SPAN)

    def end(self, start: IntArray, keys: IntArray, days: IntArray) -> IntArray:
        """Return where each key's events known before the day end, given where they start."""
        before = keys * SPAN + days
        if not self.is_frozen or not len(self.stamps):
            return np.searchsorted(self.stamps, before)
        last, end = len(self.stamps) - 1, start
        for _ in range(_FROZEN_ROWS):  # looks instead of searching again
            end = end + ((end <= last) & (self.stamps[np.minimum(end, last)] < before))
        return end

    def before(self, measure: str, keys: IntArray, days: IntArray) -> IntArray:
        """Return the sum of the measure over what was known of each key before the day.

        `keys` and `days` broadcast; a key of -1 has no history.
        """
        keys, days = np.asarray(keys), np.asarray(days)
        start, end = self.span(keys, days)
        sums = self.running(measure)
        return sums[end] - sums[start]

    def freeze(self, as_of: int, measures: Iterable[str]) -> Ledger:
        """Return the totals at a date: per key, what was known early and what was recent.

        The frozen ledger gives the same answers for that date, recent windows included.
        """
        kept = self.stamps % SPAN < as_of
        recent = self.stamps[kept] % SPAN >= as_of - RECENT_DAYS
        stamps = self.stamps[kept] // SPAN * SPAN
        stamps += np.where(recent, as_of - 1, as_of - RECENT_DAYS - 1)
        first = np.flatnonzero(np.diff(stamps, prepend=-1))
        sums = {}
        for name in measures:
            sums_of = self.sums[name] if name in self.sums else self._sum(name)
            values = np.diff(sums_of)[kept]
            totals = np.add.reduceat(values, first) if len(first) else values
            sums[name] = np.concatenate(([0], np.cumsum(totals)))
        return Ledger(stamps[first], {}, sums, is_frozen=True)


class Ledgers(dict[tuple[str, str], Ledger]):
    """Ledgers by (stream, key), each sorted when it is first asked for: half of them never are."""

    def __init__(self, build: Callable[[str, str], Ledger]) -> None:
        super().__init__()
        self._build = build

    def __missing__(self, name: tuple[str, str]) -> Ledger:
        self[name] = self._build(*name)
        return self[name]


def _gather(measure: IntArray, rows: npt.NDArray[np.int32]) -> Callable[[], IntArray]:
    """Defer the reordering of a measure until it is asked for."""
    return lambda: measure[rows]


@dataclass(frozen=True)
class Statistics:
    """Creators' weekly statistics; `latest` finds the row that was known at a date.

    `stamps` is sorted by creator and week; `columns` are float64 of the same length.
    """

    stamps: IntArray
    columns: Mapping[str, FloatArray]

    def latest(self, creators: IntArray, days: IntArray) -> IntArray:
        """Return the newest row of each creator with week ≤ day, -1 where there is none."""
        creators, days = np.asarray(creators), np.asarray(days)
        rows = np.searchsorted(self.stamps, creators * SPAN + days, side="right") - 1
        if len(self.stamps) == 0:
            return rows
        found = (rows >= 0) & (self.stamps[np.maximum(rows, 0)] // SPAN == creators)
        return np.where(found, rows, -1)

    def freeze(self, as_of: int, creator_count: int) -> Statistics:
        """Keep the rows that a question at the date can reach."""
        everybody = np.arange(creator_count)
        now = self.latest(everybody, np.array(as_of))
        then = self.latest(everybody, np.array(as_of - GROWTH_DAYS))
        rows = np.unique(np.concatenate((now, then)))
        rows = rows[rows >= 0]
        return Statistics(self.stamps[rows], {n: c[rows] for n, c in self.columns.items()})


@dataclass(frozen=True)
class Ids:
    """Ids of a table in row order, which is the order of their UTF-8 bytes.

    `encoded` is a fixed-width bytes array, so that it can be memory-mapped.
    """

    encoded: npt.NDArray[np.bytes_]

    @classmethod
    def build(cls, ids: Iterable[str]) -> Ids:
        """Encode ids that are sorted and unique."""
        return cls(np.array([i.encode() for i in ids], dtype=np.bytes_).reshape(-1))

    def __len__(self) -> int:
        return len(self.encoded)

    def __getitem__(self, row: int) -> str:
        return bytes(self.encoded[row]).decode()

    def rows(self, ids: Iterable[str]) -> IntArray:
        """Return the row of each id, -1 where there is none (or it is null)."""
        asked = np.array(
            [i.encode() if isinstance(i, str) else b"" for i in ids], dtype=np.bytes_
        ).reshape(-1)
        rows = np.searchsorted(self.encoded, asked)
        found = self.encoded[np.minimum(rows, len(self) - 1)] if len(self) else asked
        return np.where((found == asked) & (asked != b"") & (rows < len(self)), rows, -1)


@dataclass(frozen=True)
class Attributes:
    """What has no date: one float64 or int32 array a column, one row an id.

    Words are int32 codes into `History.words`, -1 where unknown; numbers are NaN where unknown;
    days are counted from 1970-01-01.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    count: int

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.columns[name]

    def get(self, name: str) -> npt.NDArray[Any]:
        """Return the column, all NaN if the catalog lacks it."""
        column = self.columns.get(name)
        return np.full(self.count, np.nan) if column is None else column

    def has(self, name: str) -> bool:
        """Say whether the catalog has the column."""
        return name in self.columns


KEYS = (
    "creator",
    "creator_channel",
    "creator_category",
    "creator_subcategory",
    "creator_merchant",
    "product",
    "merchant",
    "subcategory",
    "category",
    "category_pair",
    "mcn",
    "market",
)
INVITATIONS = ("invitations",)
ANSWERS = ("answers", "accepted")
OUTCOMES = (
    "outcomes",
    "fulfilled",
    "settled_known",
    "sold",
    "log_settled",
    "gmv",
    "refundable_gmv",
    "refunded_gmv",
    "expected_refunded_gmv",
    "returned_gmv",
    "return_cost",
    "fan_known_gmv",
    "fan_gmv",
    "repeat_known_orders",
    "repeat_orders",
    "impressions_known",
    "log_impressions",
    "seen_impressions",
    "seen_orders",
    "log_price",
)
RESIDUALS = (
    "residual_weight",
    "residual_sum",
    "residual_price",
    "residual_price_square",
    "residual_price_sum",
)
"""Weighted sums over the residuals of past collaborations: of 1, of the residual r, of the centred
log price x, of x² and of x·r. `History.with_residuals` adds them once there are models."""
MEASURES = {
    **dict.fromkeys(INVITATIONS, "invitations"),
    **dict.fromkeys(ANSWERS, "answers"),
    **dict.fromkeys(OUTCOMES, "outcomes"),
    **dict.fromkeys(RESIDUALS, "residuals"),
}
MONEY_MEASURES = {m for m in OUTCOMES if m.endswith("gmv") or m == "return_cost"}
LOG_MEASURES = {m for m in OUTCOMES if m.startswith("log_")} | set(RESIDUALS)


def unit(measure: str) -> float:
    """Return what one integer step of a measure stands for, as a divisor."""
    if measure in MONEY_MEASURES:
        return float(MONEY_UNIT)
    return float(LOG_UNIT) if measure in LOG_MEASURES else 1.0


@dataclass(frozen=True)
class History:
    """Everything known about creators and products, as arrays, at any date (or frozen at one).

    Attributes
    ----------
    creators, products, merchants : Attributes
        Rows in the order of the ids, which are sorted by their UTF-8 bytes.
    creator_ids, product_ids, merchant_ids : Ids
    words : column → list of words that its codes stand for
    ledgers : (stream, key) → Ledger
        Streams are invitations, answers, outcomes and, once there are models, residuals.
    contacts : Ledger
        Invitations by merchant × creator: who has been asked already, and when last.
    acceptances : int64 (n, 2)
        creator and day of each accepted invitation: they use up the capacity of that week.
    known : columns of collaborations that the catalog carries
    as_of : the day it is frozen at, None while any day may be asked for
    """

    creators: Attributes
    products: Attributes
    merchants: Attributes
    creator_ids: Ids
    product_ids: Ids
    merchant_ids: Ids
    words: Mapping[str, list[str]]
    ledgers: Mapping[tuple[str, str], Ledger]
    statistics: Statistics
    contacts: Ledger
    acceptances: IntArray
    known: frozenset[str]
    channels: tuple[int, ...]
    as_of: int | None = None
    _free: dict[int, BoolArray] = field(default_factory=dict, repr=False, compare=False)

    def code(self, column: str, word: str | None) -> int:
        """Return the code of a word, -1 if it is unknown here."""
        words = self.words.get(column, [])
        return words.index(word) if word in words else -1

    def key(
        self,
        name: str,
        creators: IntArray,
        products: IntArray,
        channels: IntArray,
        attributes: Attributes | None = None,
    ) -> IntArray:
        """Return the ledger key of each pair; -1 where the product has no history of that kind.

        `attributes` describe the products when they are not the catalog's own.
        """
        own = attributes is None
        product = self.products if attributes is None else attributes
        subcategory_count = len(self.words["subcategory"]) + 1
        category_count = len(self.words["category"]) + 1
        if name == "market":
            return np.zeros(np.broadcast(creators, products).shape, dtype=np.int64)
        if name == "creator":
            return creators
        if name == "creator_channel":
            return creators * 2 + channels
        if name == "product":
            return products if own else np.full(products.shape, -1)
        if name in ("merchant", "category", "subcategory"):
            return np.asarray(product[name][products], dtype=np.int64)
        if name == "mcn":
            mcn = self.creators.get("mcn_id")[creators]
            return np.asarray(np.nan_to_num(mcn, nan=-1), dtype=np.int64)
        if name == "creator_category":
            return np.asarray(creators * category_count + product["category"][products] + 1)
        if name == "creator_subcategory":
            return np.asarray(creators * subcategory_count + product["subcategory"][products] + 1)
        if name == "creator_merchant":
            merchants = product["merchant"][products].astype(np.int64)
            return np.where(merchants < 0, -1, creators * (self.merchants.count + 1) + merchants)
        if name == "category_pair":
            theirs = self.creators.get("category")[creators]
            theirs = np.nan_to_num(theirs, nan=-1).astype(np.int64) + 1
            return np.asarray(theirs * subcategory_count + product["subcategory"][products] + 1)
        raise KeyError(name)

    def total(self, key: str, measure: str, keys: IntArray, days: IntArray) -> FloatArray:
        """Return a measure in its own unit, summed over what was known of each key before a day."""
        ledger = self.ledgers[MEASURES[measure], key]
        return np.asarray(ledger.before(measure, keys, days) / unit(measure), dtype=np.float64)

    def with_residuals(self, residuals: Mapping[str, Ledger]) -> History:
        """Return the history with the ledgers of residuals by key."""
        added = {("residuals", key): ledger for key, ledger in residuals.items()}
        return replace(self, ledgers=ChainMap(added, self.ledgers))  # type: ignore[arg-type]

    def release(self) -> None:
        """Let go of running sums, which take as much memory as the facts; asking makes them again.

        A frozen history has nothing else and keeps them.
        """
        for ledger in self.ledgers.values():
            if ledger.values:
                ledger.sums.clear()

    def contacted(self, merchant: int) -> tuple[IntArray, IntArray]:
        """Return the creators a merchant has invited, and the day of the last invitation."""
        low = np.searchsorted(self.contacts.stamps, merchant * self.creators.count * SPAN)
        high = np.searchsorted(self.contacts.stamps, (merchant + 1) * self.creators.count * SPAN)
        stamps = self.contacts.stamps[low:high]
        return stamps // SPAN - merchant * self.creators.count, stamps % SPAN

    def accepted_in_week(self, day: int) -> IntArray:
        """Return per creator the accepted collaborations of the ISO week that holds the day."""
        monday = week_start(day)
        days = self.acceptances[:, 1]
        creators = self.acceptances[(days >= monday) & (days < monday + 7), 0]
        return np.bincount(creators, minlength=self.creators.count)

    def free_in_week(self, day: int) -> BoolArray:
        """Return which creators have capacity left in the ISO week that holds the day.

        Kept once found: it is asked for with every request.
        """
        monday = week_start(day)
        if monday not in self._free:
            left = self.creators["weekly_capacity"] - self.accepted_in_week(day)
            self._free[monday] = ~(left <= 0)
        return self._free[monday]

    @cached_property
    def joined(self) -> BoolArray:
        """Which creators had joined by the date of a frozen history; who does not say, has."""
        return np.asarray(~(self.creators["joined_on"] >= self.as_of))

    @cached_property
    def open_to_invitations(self) -> BoolArray:
        """Which creators have not opted out."""
        return np.asarray(self.creators["opted_out"] != 1)

    def freeze(self, as_of: date, totals: Iterable[tuple[str, str]]) -> History:
        """Return what serving needs: the totals at a date of these (key, measure) columns."""
        needed: dict[tuple[str, str], list[str]] = {}
        for key, measure in totals:
            measures = needed.setdefault((MEASURES[measure], key), [])
            if measure not in measures:
                measures.append(measure)
        day = day_number(as_of)
        stamps = self.contacts.stamps[self.contacts.stamps % SPAN < day]
        last = np.flatnonzero(np.diff(stamps // SPAN, append=-1))
        accepted = self.acceptances[:, 1]
        return replace(
            self,
            ledgers={
                name: self.ledgers[name].freeze(day, measures)
                for name, measures in sorted(needed.items())
            },
            statistics=self.statistics.freeze(day, self.creators.count),
            contacts=Ledger(stamps[last]),
            acceptances=self.acceptances[(accepted >= week_start(day)) & (accepted < day)],
            as_of=day,
            _free={},
        )
