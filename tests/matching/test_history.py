"""What was known when: ledgers against a sum by hand, and frozen facts against live ones."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.catalog import Catalog
from matching.facts import build_history, settled_sales
from matching.history import (
    MEASURES,
    RECENT_DAYS,
    History,
    Ids,
    Ledger,
    Statistics,
    day_number,
    unit,
    week_start,
)
from tests.matching.worlds import tiny_tables

FIRST = 20_000  # a day in 2024, far from the beginning of the calendar
Event = tuple[int, int, int]
events = st.lists(
    st.tuples(st.integers(-1, 4), st.integers(FIRST, FIRST + 200), st.integers(-50, 50)),
    max_size=40,
)
questions = st.lists(
    st.tuples(st.integers(-1, 5), st.integers(FIRST - 5, FIRST + 210)), min_size=1, max_size=20
)


def ledger_of(rows: list[Event]) -> Ledger:
    keys, days, values = (np.array(column, dtype=np.int64) for column in _columns(rows))
    return Ledger.build(keys, days, {"sold": values, "count": np.ones_like(values)})


def _columns(rows: list[Event]) -> list[list[int]]:
    return [[row[i] for row in rows] for i in range(3)]


def by_hand(rows: list[Event], key: int, day: int, since: int = 0) -> int:
    """The sum that a person would take: this key, known before the day."""
    return sum(value for k, d, value in rows if k == key >= 0 and since <= d < day)


@given(events, questions)
def test_a_ledger_sums_what_was_known_before_the_day(
    rows: list[Event], asked: list[tuple[int, int]]
):
    keys, days = (np.array(column) for column in zip(*asked, strict=True))
    sums = ledger_of(rows).before("sold", keys, days)
    assert sums.tolist() == [by_hand(rows, key, day) for key, day in asked]


@given(events, st.integers(FIRST - 5, FIRST + 210))
def test_a_frozen_ledger_gives_the_same_sums_at_its_day(rows: list[Event], day: int):
    keys = np.arange(-1, 6)
    live, frozen = ledger_of(rows), ledger_of(rows).freeze(day, ["sold", "count"])
    for measure in ("sold", "count"):
        assert np.array_equal(
            live.before(measure, keys, np.array(day)), frozen.before(measure, keys, np.array(day))
        )
    start, end = frozen.span(keys, np.array(day))
    _, recent = frozen.span(keys, np.array(day - RECENT_DAYS))
    totals = frozen.running("sold")
    expected = [by_hand(rows, int(key), day, since=day - RECENT_DAYS) for key in keys]
    assert (totals[end] - totals[recent]).tolist() == expected
    assert (end >= start).all()


@given(events, st.integers(FIRST, FIRST + 200))
def test_what_comes_later_changes_no_sum(rows: list[Event], day: int):
    """The same ledger with and without the future: equal to the last bit."""
    known = [row for row in rows if row[1] < day]
    keys = np.arange(-1, 6)
    whole, cut = ledger_of(rows), ledger_of(known)
    days = np.full(len(keys), day)
    assert np.array_equal(whole.before("sold", keys, days), cut.before("sold", keys, days))


def test_a_frozen_ledger_keeps_at_most_two_rows_a_key():
    rows = [(0, FIRST + i, 1) for i in range(200)] + [(3, FIRST, 1)]
    frozen = ledger_of(rows).freeze(FIRST + 200, ["sold"])
    assert len(frozen.stamps) == 3


def test_keys_and_days_broadcast():
    ledger = ledger_of([(0, FIRST, 5), (1, FIRST + 2, 7)])
    days = np.array([FIRST, FIRST + 1, FIRST + 3])
    assert ledger.before("sold", np.array([0]), days).tolist() == [0, 5, 5]
    assert ledger.before("sold", np.array([0, 1]), np.array(FIRST + 3)).tolist() == [5, 7]


def test_an_empty_ledger_knows_nothing():
    empty = ledger_of([])
    assert empty.before("sold", np.array([0, -1]), np.array(FIRST)).tolist() == [0, 0]
    assert empty.freeze(FIRST, ["sold"]).running("sold").tolist() == [0]


def test_statistics_find_the_row_of_the_week():
    weeks = np.array([FIRST, FIRST + 7, FIRST + 7])
    creators = np.array([0, 0, 2])
    statistics = Statistics(creators * 2**20 + weeks, {"views": np.array([1.0, 2.0, 3.0])})
    asked = np.array([0, 0, 0, 1, 2, 2])
    days = FIRST + np.array([-1, 0, 7, 7, 6, 7])
    assert statistics.latest(asked, days).tolist() == [-1, 0, 1, -1, -1, 2]


def test_statistics_without_rows():
    nothing = Statistics(np.zeros(0, dtype=np.int64), {"views": np.zeros(0)})
    assert nothing.latest(np.array([0, 1]), np.array(FIRST)).tolist() == [-1, -1]
    assert len(nothing.freeze(FIRST, 2).stamps) == 0


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1), min_size=1)))
def test_ids_find_their_rows(names: set[str]):
    ids = Ids.build(sorted(names, key=str.encode))
    for row in range(len(ids)):
        assert ids.rows([ids[row]]).tolist() == [row]
    absent = {"", "not an id of this table"} - names
    assert ids.rows([*absent, None]).tolist() == [-1] * (len(absent) + 1)  # type: ignore[list-item]


def test_ids_beyond_the_last_and_longer_than_any():
    ids = Ids.build(["c1", "c2"])
    assert ids.rows(["c3", "c10000000000", "c", "c2"]).tolist() == [-1, -1, -1, 1]
    assert Ids.build([]).rows(["c1"]).tolist() == [-1]


def test_weeks_begin_on_monday():
    monday = day_number(date(2026, 11, 16))
    assert [week_start(monday + i) for i in range(8)] == [monday] * 7 + [monday + 7]


# --- the facts of a catalog ---


@pytest.fixture(scope="module")
def tiny() -> History:
    return build_history(Catalog.from_tables(tiny_tables()))


def known(history: History, key: str, number: int, measure: str, day: date) -> float:
    ledger = history.ledgers[MEASURES[measure], key]
    return float(ledger.before(measure, np.array(number), np.array(day_number(day)))) / unit(
        measure
    )


def test_an_invitation_is_known_the_day_after(tiny: History):
    assert known(tiny, "creator", 0, "invitations", date(2026, 9, 1)) == 0
    assert known(tiny, "creator", 0, "invitations", date(2026, 9, 2)) == 1


def test_an_answer_is_known_the_day_after_the_response(tiny: History):
    assert known(tiny, "creator", 1, "answers", date(2026, 9, 4)) == 0
    assert known(tiny, "creator", 1, "accepted", date(2026, 9, 5)) == 1
    assert known(tiny, "creator", 0, "answers", date(2026, 9, 19)) == 2  # one accepted
    assert known(tiny, "creator", 0, "accepted", date(2026, 9, 19)) == 1


def test_an_outcome_is_known_the_day_after_it_settled(tiny: History):
    assert known(tiny, "creator", 0, "gmv", date(2026, 9, 29)) == 0.0
    assert known(tiny, "creator", 0, "gmv", date(2026, 9, 30)) == 60_000.0
    assert known(tiny, "creator", 0, "refunded_gmv", date(2026, 9, 30)) == 6_000.0


def test_a_failure_is_an_outcome_without_sales(tiny: History):
    assert known(tiny, "creator", 1, "outcomes", date(2026, 11, 1)) == 3
    assert known(tiny, "creator", 1, "fulfilled", date(2026, 11, 1)) == 2
    assert known(tiny, "creator", 1, "sold", date(2026, 11, 1)) == 1


def test_totals_of_merchants_categories_and_the_market(tiny: History):
    day = date(2026, 11, 1)
    merchant = int(tiny.merchant_ids.rows(["m1"])[0])
    assert known(tiny, "merchant", merchant, "gmv", day) == 60_000.0
    food = tiny.code("category", "食品")
    assert known(tiny, "category", food, "gmv", day) == 60_000.0
    assert known(tiny, "market", 0, "gmv", day) == 64_450.0
    assert known(tiny, "market", 0, "log_settled", day) == pytest.approx(
        np.log1p(54_000) + np.log1p(3_560), abs=1e-5
    )


def test_a_frozen_history_refuses_nothing_it_was_asked_to_keep(tiny: History):
    frozen = tiny.freeze(date(2026, 10, 5), [("creator", "gmv"), ("market", "accepted")])
    assert set(frozen.ledgers) == {("outcomes", "creator"), ("answers", "market")}
    assert frozen.as_of == day_number(date(2026, 10, 5))


def test_contacts_tell_whom_a_merchant_invited_and_when_last(tiny: History):
    merchant = int(tiny.merchant_ids.rows(["m2"])[0])
    last = dict(zip(*(column.tolist() for column in tiny.contacted(merchant)), strict=True))
    assert last == {0: day_number(date(2026, 9, 15)), 1: day_number(date(2026, 10, 1))}
    frozen = tiny.freeze(date(2026, 10, 1), [])
    last = dict(zip(*(column.tolist() for column in frozen.contacted(merchant)), strict=True))
    assert last == {0: day_number(date(2026, 9, 15)), 1: day_number(date(2026, 9, 3))}


def test_accepted_collaborations_use_up_the_week_of_the_answer(tiny: History):
    week = day_number(date(2026, 8, 31))  # k1 was accepted on Thursday, k2 on Friday
    assert tiny.accepted_in_week(week).tolist() == [1, 1, 0]
    assert tiny.accepted_in_week(week + 7).tolist() == [0, 1, 0]
    frozen = tiny.freeze(date(2026, 9, 4), [])
    assert frozen.accepted_in_week(week).tolist() == [1, 0, 0]


def test_settled_sales_are_net_of_refunds_and_gross_where_refunds_are_unknown():
    tables = tiny_tables()
    sales = settled_sales(Catalog.from_tables(tables).collaborations)
    assert sales[:2].tolist() == [54_000.0, 3_560.0]
    assert np.isnan(sales[2])
    assert sales[4] == 0.0
    del tables["collaborations"]["refunded_gmv"]
    assert settled_sales(Catalog.from_tables(tables).collaborations)[0] == 60_000.0


def test_sales_are_not_negative_where_refunds_were_rounded_up():
    tables = tiny_tables()
    tables["collaborations"].loc[0, "refunded_gmv"] = 60_000.0 * (1 + 5e-10)
    assert settled_sales(Catalog.from_tables(tables).collaborations)[0] == 0.0


def test_words_have_codes_and_others_none(tiny: History):
    assert tiny.words["category"] == ["美妆", "食品"]
    assert tiny.code("city", "成都") >= 0
    assert tiny.code("city", "火星") == tiny.code("city", None) == tiny.code("nothing", "x") == -1
