"""What changed between the lists of two weeks, pair by pair, and why.

A reason is the first of REASONS that holds: what the market shows first (who is new, who may no
longer be offered, what is asked and paid), then what follows from it (places that go to other
products, predictions), then what others did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from matching.columns import CHANNELS, SLOT_FEES
from matching.eligibility import why_not_offered
from matching.errors import MatchingError
from matching.history import FloatArray, IntArray
from matching.matcher import Matcher
from serve.allotment import PROBABILITY
from serve.weekly import week_monday
from serve.weeks import Week

EPOCH = np.datetime64("1970-01-01")
MOVED_BY = 0.05
"""A prediction has moved when it is by more than this share another."""
REASONS = {
    "new_product": "the product had no list",
    "product_gone": "the product has no list any more",
    "new_creator": "the creator is new",
    "creator_gone": "the creator is gone",
    "joined_on": "the creator has not joined yet",
    "opted_out": "the creator wants no invitations any more",
    "min_commission_rate": "the creator asks a higher commission than is offered",
    "weekly_capacity": "the creator's week is full",
    "channel": "the creator works in no channel any more",
    "eligible_now": "the creator may be offered the product now",
    "price": "the price changed",
    "commission_rate": "the commission changed",
    "slot_fee": "the slot fee changed",
    "drawn": "the place is drawn by chance, to learn of creators",
    "capacity": "the creator's places are better used for other products",
    "capacity_free": "places of the creator are free that other products had",
    "prediction": "the prediction moved",
    "others": "others came before or fell behind",
    "unknown": "not known: the bundle of the week before is gone",
}
"""Why a pair entered, left or moved, by name."""
SCHEMA = pa.schema(
    [
        ("merchant_id", pa.string()),
        ("product_id", pa.string()),
        ("creator_id", pa.string()),
        ("change", pa.string()),
        ("rank_before", pa.int32()),
        ("rank", pa.int32()),
        ("reason", pa.string()),
        ("before", pa.float64()),
        ("now", pa.float64()),
    ]
)
"""Columns of changes.parquet. `before` and `now` are what the reason speaks of: the price, the
commission, the slot fee; else what the pair is worth by the objective, null where not known."""
_READ = (
    "merchant_id",
    "product_id",
    "creator_id",
    "rank",
    "channel",
    "predicted_roi",
    "settled_gmv",
    "profit",
    "accept_probability",
)
_KEY = ["product_id", "creator_id"]
BARRED = ("joined_on", "opted_out", "min_commission_rate", "weekly_capacity", "channel")
TERMS = ("price", "commission_rate", "slot_fee")
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """One of two weeks: its lists, and the bundle that they were made of, if it is still there."""

    week: Week
    matcher: Matcher | None

    @property
    def objective(self) -> str:
        """What its lists are ranked by."""
        return str(self.week.manifest["objective"])

    @property
    def is_allocated(self) -> bool:
        """Whether its lists keep within the creators' capacity."""
        return bool(self.week.manifest.get("allocation", "none") != "none")

    @property
    def explores(self) -> bool:
        """Whether some of its places were drawn by chance."""
        return bool(self.week.manifest.get("rules", {}).get("explore", 0.0) > 0.0)

    def read(self) -> Iterator[pd.DataFrame]:
        """Yield its rows as `_READ` and the chance that each had of its place."""
        columns = (*_READ, PROBABILITY.name) if self.explores else _READ
        for table in self.week.read(columns):
            rows = table.to_pandas()
            yield rows if self.explores else rows.assign(**{PROBABILITY.name: 1.0})

    @property
    def day(self) -> int:
        """The week's Monday, in days since 1970."""
        return int((np.datetime64(week_monday(self.week.week)) - EPOCH).astype(int))


def changes(before: Side, now: Side) -> Iterator[pa.Table]:
    """Yield what changed, in the order of products: everybody who left, entered or moved.

    Raises
    ------
    MatchingError
        If the lists are ranked by different objectives, or one cannot be read.
    """
    if before.objective != now.objective:
        raise MatchingError(
            f"lists by {before.objective} ({before.week.week}) and by {now.objective} "
            f"({now.week.week}) cannot be compared"
        )
    earlier = _Reader(before)
    for rows in now.read():
        yield _changed(before, now, earlier.until(rows["product_id"].iloc[-1]), rows)
    yield _changed(before, now, earlier.until(None), _none())


class _Reader:
    """Reads a week's rows in order, up to one product after the other."""

    def __init__(self, side: Side) -> None:
        self.tables = side.read()
        self.rest = _none()

    def until(self, last: str | None) -> pd.DataFrame:
        """Return the rows that were not returned yet of products up to the last; None is all."""
        parts = [self.rest]
        while last is None or parts[-1].empty or parts[-1]["product_id"].iloc[-1] <= last:
            more = next(self.tables, None)
            if more is None:
                break
            parts.append(more)
        rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        taken = (
            np.ones(len(rows), bool) if last is None else (rows["product_id"] <= last).to_numpy()
        )
        self.rest = rows[~taken]
        return rows[taken]


def _none() -> pd.DataFrame:
    names = (*_READ, PROBABILITY.name)
    return pd.DataFrame({name: pd.Series(dtype="str") for name in names}).astype(
        {"rank": "int32", **dict.fromkeys(names[5:], "float64")}
    )


def _changed(before: Side, now: Side, old: pd.DataFrame, new: pd.DataFrame) -> pa.Table:
    """Return the changes of some products, all of whose rows are given."""
    for side, rows in ((before, old), (now, new)):
        rows["worth"] = worth(side.objective, *(rows[name] for name in _READ[5:]))
    both = old.merge(new, "outer", _KEY, suffixes=("_before", "_now"))
    both = both[both["rank_before"] != both["rank_now"]].sort_values(_KEY, ignore_index=True)
    if both.empty:
        return SCHEMA.empty_table()
    for name in ("merchant_id", "channel"):
        both[name] = both[f"{name}_now"].fillna(both[f"{name}_before"])
    pairs = _Pairs(both, set(old["product_id"]), set(new["product_id"]))
    reason, was, is_now = _reasons(before, now, pairs, _least(both, old), _least(both, new))
    columns = {
        **{name: both[name] for name in ("merchant_id", *_KEY)},
        "change": np.where(pairs.entered, "entered", np.where(pairs.left, "left", "moved")),
        "rank_before": both["rank_before"].astype("Int32"),
        "rank": both["rank_now"].astype("Int32"),
        "reason": reason,
        "before": was,
        "now": is_now,
    }
    fields = [pa.array(columns[field.name], field.type, from_pandas=True) for field in SCHEMA]
    return pa.table(fields, schema=SCHEMA)


def worth(objective: str, roi: Any, settled_gmv: Any, profit: Any, accept: Any) -> Any:
    """Return what the objective ranks by (contract §4)."""
    if objective == "roi":
        return roi
    return accept * (settled_gmv if objective == "gmv" else profit)


def _least(both: pd.DataFrame, listed: pd.DataFrame) -> FloatArray:
    """Return what the worst of each pair's list that was not drawn is worth, NaN without one."""
    sure = listed[listed[PROBABILITY.name] == 1.0]
    return both["product_id"].map(sure.groupby("product_id")["worth"].min()).to_numpy(float)


class _Pairs:
    """Pairs whose place changed, and how."""

    def __init__(self, both: pd.DataFrame, had: set[str], have: set[str]) -> None:
        self.frame = both
        ranks = both["rank_before"].to_numpy(float), both["rank_now"].to_numpy(float)
        self.entered, self.left = np.isnan(ranks[0]), np.isnan(ranks[1])
        self.rose = self.entered | (ranks[1] < ranks[0])
        chances = both[f"{PROBABILITY.name}_before"], both[f"{PROBABILITY.name}_now"]
        drawn = [(chance < 1.0).to_numpy() for chance in chances]
        self.drawn = (self.left & drawn[0]) | (self.entered & drawn[1])
        self.had_list = both["product_id"].isin(had).to_numpy()
        self.has_list = both["product_id"].isin(have).to_numpy()

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class _Facts:
    """What a week's bundle knows of pairs; NaN where it does not, or is gone.

    Attributes
    ----------
    known : bool (pairs,): the bundle has the creator
    barred : object (pairs,): why the creator may not be offered the product, None where they may
    limited : bool (pairs,): the creator has a weekly capacity
    worth : float64 (pairs,): as listed, else as the bundle predicts
    terms : float64 (pairs,) each: price, commission_rate, slot_fee
    """

    known: Mask
    barred: npt.NDArray[np.object_]
    limited: Mask
    worth: FloatArray
    terms: Mapping[str, FloatArray]

    @classmethod
    def of(cls, side: Side, pairs: _Pairs, listed: FloatArray) -> _Facts:
        """Ask the bundle of a week; `listed` is what its lists say, NaN of pairs not in them."""
        nothing = np.full(len(pairs), np.nan)
        unbarred = np.full(len(pairs), None, dtype=object)
        limited = np.zeros(len(pairs), bool)
        if side.matcher is None:
            terms = dict.fromkeys(TERMS, nothing)
            return cls(np.zeros(len(pairs), bool), unbarred, limited, listed, terms)
        contents = side.matcher.contents
        history = contents.history
        creators = history.creator_ids.rows(pairs.frame["creator_id"])
        products = history.product_ids.rows(pairs.frame["product_id"])
        rows = np.flatnonzero((creators >= 0) & (products >= 0))
        creators_there, products_there = creators[rows], products[rows]
        rates = history.products["commission_rate"][products_there]
        terms = {name: nothing.copy() for name in TERMS}
        terms["price"][rows] = history.products["price"][products_there]
        terms["commission_rate"][rows] = rates
        for name, channel in zip(SLOT_FEES, CHANNELS, strict=True):
            there = rows[(pairs.frame["channel"] == channel).to_numpy()[rows]]
            terms["slot_fee"][there] = history.creators.get(name)[creators[there]]
        unbarred[rows] = why_not_offered(history, contents.offers, creators_there, rates, side.day)
        limited[rows] = np.isfinite(history.creators["weekly_capacity"][creators_there])
        ask = rows[np.isnan(listed[rows])]
        value = listed.copy()
        if len(ask):
            value[ask] = _predicted(side, side.matcher, creators[ask], products[ask])
        return cls(creators >= 0, unbarred, limited, value, terms)


def _predicted(side: Side, matcher: Matcher, creators: IntArray, products: IntArray) -> FloatArray:
    """Return what pairs are worth in the better channel, NaN where the creator works in none."""
    scored = matcher.scorer.score(creators, products)
    best = scored.best_channels(side.objective)
    money, accept = scored.money, scored.outcomes.accept_probability[best]
    found = np.full(len(creators), np.nan)
    found[scored.candidates[best]] = worth(
        side.objective, money.roi[best], money.settled_gmv[best], money.profit[best], accept
    )
    return found


def _reasons(
    before: Side, now: Side, pairs: _Pairs, least_before: FloatArray, least_now: FloatArray
) -> tuple[npt.NDArray[np.str_], FloatArray, FloatArray]:
    """Return why each pair changed, and the two numbers that the reason speaks of."""
    entered, left = pairs.entered, pairs.left
    was = _Facts.of(before, pairs, pairs.frame["worth_before"].to_numpy(float))
    is_now = _Facts.of(now, pairs, pairs.frame["worth_now"].to_numpy(float))
    change = is_now.worth - was.worth
    size = np.maximum(np.abs(was.worth), np.abs(is_now.worth))
    moved = (np.abs(change) > MOVED_BY * size) & ((change > 0) == pairs.rose)
    holds = {
        "new_product": entered & ~pairs.had_list,
        "product_gone": left & ~pairs.has_list,
        "new_creator": entered & ~was.known & (before.matcher is not None),
        "creator_gone": left & ~is_now.known,
        **{name: left & (is_now.barred == name) for name in BARRED},
        "eligible_now": entered & np.not_equal(was.barred, None).astype(bool),
        **{name: _differ(was.terms[name], is_now.terms[name]) for name in TERMS},
        "drawn": pairs.drawn,
        "capacity": left & now.is_allocated & is_now.limited & (is_now.worth >= least_now),
        "capacity_free": (
            entered & before.is_allocated & was.limited & (was.worth >= least_before)
        ),
        "prediction": moved,
        "unknown": entered & (before.matcher is None),
    }
    reason = np.select(list(holds.values()), list(holds), "others")
    named = [reason == name for name in TERMS]
    return (
        reason,
        np.select(named, [was.terms[name] for name in TERMS], was.worth),
        np.select(named, [is_now.terms[name] for name in TERMS], is_now.worth),
    )


def _differ(first: FloatArray, second: FloatArray) -> Mask:
    """Whether both are known and not the same."""
    return ~np.isnan(first) & ~np.isnan(second) & (first != second)
