"""What was promised against what came: by hand, on a handful of cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching.history import Ids
from matching.past import Past
from matching.record import Cases
from serve.promises import GROUPS, TOLD_BY, Promises

DAY = 20_000  # 2024-10-04, a Friday


def past(**columns: Any) -> Past:
    """Return four cases of m1: two unseen, two learnt; each promised 100 for 50."""
    plain: dict[str, Any] = {
        "collaboration_ids": np.array([b"k1", b"k2", b"k3", b"k4"]),
        "products": np.array([0, 0, 1, 1], dtype=np.int32),
        "creators": np.array([0, 1, 0, 1], dtype=np.int32),
        "channels": np.array([0, 1, 0, -1], dtype=np.int8),
        "invited_on": np.array([DAY, DAY, DAY - 7, DAY - 70], dtype=np.int32),
        "published": np.array([True, False, True, True]),
        "learnt": np.array([False, False, True, True]),
        "cost_estimated": np.zeros(4, dtype=bool),
        "promised_gmv": np.full(4, 100.0),
        "promised_low": np.full(4, 60.0),
        "promised_high": np.full(4, 200.0),
        "promised_cost": np.full(4, 50.0),
        "accept_probability": np.full(4, 0.5),
        "fulfil_probability": np.full(4, 0.9),
        "settled_gmv": np.array([150.0, 0.0, 90.0, 500.0]),
        "cost": np.array([60.0, 5.0, 50.0, 100.0]),
    }
    return Past(
        Cases(**{**plain, **columns}),
        np.zeros(4, dtype=np.int64),
        Ids.build(["m1"]),
        Ids.build(["p1", "p2"]),
        Ids.build(["c1", "c2"]),
        lambda row: f"title {row}",
        lambda row: None,
        interval_level=0.8,
        given_sale=False,
        is_gross=False,
    )


def promises(found: Past, told_by: list[int] | None = None) -> Promises:
    return Promises(found, np.array(told_by or [2, 2, 2, 2], dtype=np.int8), {}, ())


def test_totals_are_sums() -> None:
    assert promises(past()).totals("all") == {
        "cases": 4,
        "published": 3,
        "promised_published": pytest.approx(3.6),
        "promised_settled_gmv": 400.0,
        "settled_gmv": 740.0,
        "promised_cost": 200.0,
        "cost": 215.0,
        "promised_roi": 2.0,
        "roi": pytest.approx(740 / 215),
        "interval_cases": 3,
        "inside_interval": pytest.approx(2 / 3),
    }


def test_what_was_learnt_is_apart_from_what_was_not() -> None:
    told = promises(past(), [0, 1, 2, 2])
    cases = {name: told.totals(name)["cases"] for name in GROUPS}
    assert cases == {"fair": 2, "all": 4, "list": 1, "bundle": 1, "replay": 0, "learnt": 2}
    assert told.totals("fair")["settled_gmv"] == 150.0
    assert told.totals("learnt")["settled_gmv"] == 590.0


def test_a_group_of_nothing_has_neither_roi_nor_share() -> None:
    nothing = promises(past()).totals("list")
    assert nothing["cases"] == nothing["settled_gmv"] == 0
    assert [nothing[name] for name in ("promised_roi", "roi", "inside_interval")] == [None] * 3


def test_groups_are_apart_and_whole() -> None:
    told = promises(past(), [0, 1, 2, 2])
    apart = sum(told.group(name).astype(int) for name in ("list", "bundle", "replay", "learnt"))
    assert (apart == 1).all()
    assert (told.group("fair") == ~told.group("learnt")).all()


@pytest.mark.parametrize(("given_sale", "bounded"), [(False, 3), (True, 2)])
def test_bounds_given_a_sale_are_of_those_that_sold(given_sale: bool, bounded: int) -> None:
    found = replace(past(settled_gmv=np.array([150.0, 0, 0, 500.0])), given_sale=given_sale)
    assert promises(found).totals("all")["interval_cases"] == bounded


def test_without_bounds_nothing_is_inside() -> None:
    told = promises(past(promised_low=np.full(4, np.nan), promised_high=np.full(4, np.nan)))
    assert told.totals("all")["inside_interval"] is None
    case = told.describe(0, "v1")
    assert case["promised"]["settled_gmv_low"] is None
    assert case["came"]["inside_interval"] is None


def test_the_worst_are_furthest_off_in_money() -> None:
    assert promises(past()).worst() == [3, 1, 0, 2]


def test_a_case_is_described() -> None:
    told = replace(promises(past(), [2, 0, 2, 2]), bundles={1: "v0"})
    first, second, _, last = (told.describe(row, "v1") for row in range(4))
    assert first == {
        "collaboration_id": "k1",
        "merchant_id": "m1",
        "product_id": "p1",
        "title": "title 0",
        "creator_id": "c1",
        "name": None,
        "channel": "live",
        "invited_on": "2024-10-04",
        "told_by": "replay",
        "bundle": "v1",
        "learnt": False,
        "cost_estimated": False,
        "promised": {
            "roi": 2.0,
            "settled_gmv": 100.0,
            "settled_gmv_low": 60.0,
            "settled_gmv_high": 200.0,
            "cost": 50.0,
            "accept_probability": 0.5,
            "fulfil_probability": 0.9,
        },
        "came": {
            "published": True,
            "roi": 2.5,
            "settled_gmv": 150.0,
            "cost": 60.0,
            "inside_interval": True,
        },
    }
    assert (second["told_by"], second["bundle"]) == (TOLD_BY[0], "v0")
    assert second["came"]["inside_interval"] is None  # bounds are of published ones
    assert last["channel"] is None


def test_what_costs_nothing_has_no_roi() -> None:
    told = promises(past(promised_cost=np.zeros(4), cost=np.zeros(4)))
    assert told.describe(0, "v1")["promised"]["roi"] is None
    assert told.describe(0, "v1")["came"]["roi"] is None
    assert told.totals("all")["roi"] is None
