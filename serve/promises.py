"""Promises: what a merchant was told before each past collaboration, against what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from matching.columns import CHANNELS
from matching.economics import commission_roi
from matching.history import EPOCH, IntArray
from matching.past import Past
from matching.record import BoolArray
from matching.results import number

TOLD_BY = ("list", "bundle", "replay")
"""A weekly list; the bundle that served when the invitation was stored; a replay."""
GROUPS = ("fair", "all", "list", "bundle", "replay", "learnt")
"""What totals are given of: `learnt` are replays by a model that had learnt from the very outcome,
`replay` the others, `fair` everything but the learnt."""
PROMISED = {
    "promised_gmv": "settled_gmv",
    "promised_low": "settled_gmv_low",
    "promised_high": "settled_gmv_high",
    "promised_cost": "cost",
    "accept_probability": "accept_probability",
    "fulfil_probability": "fulfil_probability",
}
"""The columns of a case that were told, by their names in lists and events."""
WORST_COUNT = 5


@dataclass(frozen=True)
class Promises:
    """Cases with what was told before them.

    Attributes
    ----------
    past : Past
        Its cases hold what was told in place of the replay, where it was.
    told_by : int8 (cases,)
        Places in TOLD_BY.
    bundles : row → version that told it, where it was no replay
    damaged : weeks whose lists could not be used
    """

    past: Past
    told_by: IntArray
    bundles: Mapping[int, str]
    damaged: tuple[str, ...]

    @property
    def inside(self) -> BoolArray:
        """Whether what came lies between the bounds that were told."""
        cases = self.past.cases
        return (cases.promised_low <= cases.settled_gmv) & (
            cases.settled_gmv <= cases.promised_high
        )

    @property
    def bounded(self) -> BoolArray:
        """Whether bounds were told that hold for such an outcome."""
        cases = self.past.cases
        sold = cases.settled_gmv > 0 if self.past.given_sale else True
        return cases.published & sold & ~np.isnan(cases.promised_low)

    def group(self, name: str) -> BoolArray:
        """Return which cases are of one of GROUPS."""
        learnt = self.past.cases.learnt
        if name in ("fair", "all"):
            return ~learnt | (name == "all")
        if name == "learnt":
            return learnt
        return (self.told_by == TOLD_BY.index(name)) & ~learnt

    def totals(self, name: str) -> dict[str, Any]:
        """Return the sums of a group: what was promised, what came, how much of it inside."""
        chosen = self.group(name)
        cases = self.past.cases[np.flatnonzero(chosen)]
        inside = self.inside[chosen & self.bounded]
        sums = {
            "promised_settled_gmv": float(cases.promised_gmv.sum()),
            "settled_gmv": float(cases.settled_gmv.sum()),
            "promised_cost": float(cases.promised_cost.sum()),
            "cost": float(cases.cost.sum()),
        }
        return {
            "cases": len(cases),
            "published": int(cases.published.sum()),
            "promised_published": float(np.nansum(cases.fulfil_probability)),
            **sums,
            "promised_roi": _roi(sums["promised_settled_gmv"], sums["promised_cost"]),
            "roi": _roi(sums["settled_gmv"], sums["cost"]),
            "interval_cases": len(inside),
            "inside_interval": float(inside.mean()) if len(inside) else None,
        }

    def worst(self) -> list[int]:
        """Return the rows whose settled sales were furthest from the promise, in money."""
        cases = self.past.cases
        missed = np.abs(cases.promised_gmv - cases.settled_gmv)
        return np.argsort(-missed, kind="stable")[:WORST_COUNT].tolist()

    def describe(self, row: int, version: str) -> dict[str, Any]:
        """Return a case as plain values; `version` is the bundle that replays."""
        past, cases = self.past, self.past.cases
        merchant_id, day, collaboration_id = past.place(row)
        product_id, creator_id = past.pair(row)
        channel = int(cases.channels[row])
        return {
            "collaboration_id": collaboration_id,
            "merchant_id": merchant_id,
            "product_id": product_id,
            "title": past.title(int(cases.products[row])),
            "creator_id": creator_id,
            "name": past.name(int(cases.creators[row])),
            "channel": CHANNELS[channel] if channel >= 0 else None,
            "invited_on": (EPOCH + timedelta(days=day)).isoformat(),
            "told_by": TOLD_BY[int(self.told_by[row])],
            "bundle": self.bundles.get(row, version),
            "learnt": bool(cases.learnt[row]),
            "cost_estimated": bool(cases.cost_estimated[row]),
            "promised": {
                "roi": number(cases.promised_roi[row]),
                **{told: number(getattr(cases, name)[row]) for name, told in PROMISED.items()},
            },
            "came": {
                "published": bool(cases.published[row]),
                "roi": number(cases.roi[row]),
                "settled_gmv": float(cases.settled_gmv[row]),
                "cost": float(cases.cost[row]),
                "inside_interval": bool(self.inside[row]) if self.bounded[row] else None,
            },
        }


def _roi(sales: float, cost: float) -> float | None:
    return number(commission_roi(sales, cost))
