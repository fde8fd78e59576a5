"""What a week's lists look like: what they are worth, who is in them, how full creators are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serve.candidates import capacity_left
from serve.capacity import FloatArray
from serve.changes import Side
from serve.edges import whole_capacity
from serve.exposure import exposure
from serve.weekly import week_monday

_READ = (
    "merchant_id",
    "product_id",
    "creator_id",
    "settled_gmv",
    "cost",
    "profit",
    "accept_probability",
)
_IDS = _READ[:3]


@dataclass(frozen=True)
class Look:
    """Figures of a week; money is what is expected, the chance of acceptance included.

    Attributes
    ----------
    totals : by name, in the order to show them
    list_sales : float64 (lists,), settled sales of each list
    places : int64, ascending: of everybody who can serve anything, 0 included; where the bundle is
        gone only of those who are listed
    use : float64, expected acceptances over capacity, of creators with a limited one and a place
    """

    totals: dict[str, float]
    list_sales: FloatArray
    places: FloatArray
    use: FloatArray

    @classmethod
    def at(cls, side: Side) -> Look:
        """Look at a week's lists."""
        nothing = side.week.schema.empty_table().select(_READ)
        parts = list(side.week.read(_READ)) or [nothing]
        table = pa.concat_tables(map(_encoded, parts)).unify_dictionaries()
        codes = {name: _codes(table[name]) for name in _IDS}
        accept, *money = (
            table[name].to_numpy()
            for name in ("accept_probability", "settled_gmv", "cost", "profit")
        )
        sales, cost, profit = (accept * np.nan_to_num(each) for each in money)
        totals = {
            "places": len(accept),
            "products with a list": _count(codes["product_id"]),
            "merchants": _count(codes["merchant_id"]),
            "creators with a place": _count(codes["creator_id"]),
            "settled sales": sales.sum(),
            "cost": cost.sum(),
            "ROI": sales.sum() / cost.sum() if cost.sum() > 0 else np.nan,
        }
        if not np.isnan(money[2]).all():
            totals["profit, where the margin is known"] = profit.sum()
        listed = np.bincount(codes["creator_id"]).astype(float)
        use = np.zeros(0)
        if side.matcher is not None and len(accept):
            creators = _ids(table["creator_id"])
            rows = side.matcher.contents.history.creator_ids.rows(creators)[codes["creator_id"]]
            capacity = whole_capacity(capacity_left(side.matcher, week_monday(side.week.week)))
            spread = exposure(rows, capacity)
            totals["creators with a place, share"] = spread["coverage"]
            totals["Gini coefficient of places"] = spread["gini"]
            places = np.bincount(rows, minlength=len(capacity))
            expected = np.bincount(rows, accept, len(capacity))
            limited = (places > 0) & np.isfinite(capacity) & (capacity > 0)
            use = expected[limited] / capacity[limited]
            listed = places[(capacity >= 1) | (places > 0)].astype(float)
        list_sales = np.bincount(codes["product_id"], sales) if len(accept) else np.zeros(0)
        return cls(totals, list_sales, np.sort(listed), use)


def _encoded(table: pa.Table) -> pa.Table:
    """Return the ids as dictionaries: a market has many places and far fewer ids."""
    for name in _IDS:
        place = table.column_names.index(name)
        table = table.set_column(place, name, pc.dictionary_encode(table[name]))
    return table


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    return np.concatenate(
        [np.asarray(chunk.indices, dtype=np.int64) for chunk in column.chunks]
        or [np.zeros(0, dtype=np.int64)]
    )


def _ids(column: pa.ChunkedArray) -> list[str]:
    ids: list[str] = column.chunk(0).dictionary.to_pylist()
    return ids


def _count(codes: np.ndarray) -> int:
    return int(codes.max()) + 1 if len(codes) else 0
