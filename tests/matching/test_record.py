"""The record: every merchant's cases apart, newest first, through arrays and back."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from matching.record import Cases, Record


def cases(days: list[int], **columns: object) -> Cases:
    """Return cases of these days; whatever is not given is 1."""
    found = {f.name: np.ones(len(days)) for f in fields(Cases)}
    ids = np.array([f"k{row}".encode() for row in range(len(days))])
    found |= {"collaboration_ids": ids, "invited_on": np.array(days, dtype=np.int32)}
    return Cases(**{**found, **{n: np.asarray(v) for n, v in columns.items()}})  # type: ignore[arg-type]


def names(found: Cases) -> list[str]:
    return [name.decode() for name in found.collaboration_ids.tolist()]


@pytest.fixture
def record() -> Record:
    return Record.build(np.array([2, 0, 2, 0, 2]), 4, cases([10, 11, 12, 12, 12]))


def test_each_merchants_cases_are_apart_newest_first(record: Record):
    assert [names(record.of(merchant)) for merchant in range(4)] == [
        ["k3", "k1"],
        [],
        ["k2", "k4", "k0"],
        [],
    ]
    assert record.of(2).invited_on.tolist() == [12, 12, 10]


def test_an_unknown_merchant_has_none(record: Record):
    assert len(record.of(-1)) == 0


def test_it_comes_back_from_its_arrays(record: Record):
    again = Record.from_arrays(record.to_arrays())
    for merchant in range(4):
        for f in fields(Cases):
            one, other = (getattr(r.of(merchant), f.name) for r in (record, again))
            assert np.array_equal(one, other)


def test_a_market_without_cases():
    nothing = Record.build(np.zeros(0, dtype=np.int64), 2, cases([]))
    assert [len(nothing.of(merchant)) for merchant in (0, 1, -1)] == [0, 0, 0]


def test_roi_is_sales_by_cost_and_unknown_where_nothing_is_paid():
    some = cases(
        [1, 2, 3],
        promised_gmv=[100.0, 100.0, 0.0],
        promised_cost=[50.0, 0.0, 10.0],
        settled_gmv=[0.0, 30.0, 90.0],
        cost=[20.0, 10.0, -5.0],
    )
    np.testing.assert_array_equal(some.promised_roi, [2.0, np.nan, 0.0])
    np.testing.assert_array_equal(some.roi, [0.0, 3.0, np.nan])
