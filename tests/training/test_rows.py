"""Past collaborations as training rows: which ones, with which targets, known when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.facts import build_history
from matching.features import FEATURES
from matching.history import day_number
from matching.models.text import ContentVectors
from tests.markets import small_market
from tests.matching.worlds import tiny_tables
from training.rows import Rows, collect_rows


def rows_of(catalog: Catalog) -> Rows:
    history = build_history(catalog)
    texts = ContentVectors(
        np.zeros((len(catalog.creators), 2), dtype=np.float32),
        np.zeros((len(catalog.products), 2), dtype=np.float32),
    )
    return collect_rows(catalog, history, texts)


@pytest.fixture(scope="module")
def tiny() -> Rows:
    return rows_of(Catalog.from_tables(tiny_tables()))


@pytest.fixture(scope="module")
def market(small: Catalog) -> Rows:
    return rows_of(small)


def column(rows: Rows, name: str) -> np.ndarray:
    return rows.matrix[:, [feature.name for feature in FEATURES].index(name)]


def test_one_row_a_collaboration_in_the_order_of_the_table(tiny: Rows):
    assert tiny.creators.tolist() == [0, 1, 1, 0, 1, 0, 2]
    assert tiny.products.tolist() == [0, 1, 0, 1, 1, 2, 2]
    assert tiny.channels.tolist() == [0, 1, 1, 0, 1, 0, 1]
    assert tiny.matrix.shape == (7, len(FEATURES))
    assert tiny.matrix.dtype == np.float32


def test_what_came_of_each(tiny: Rows):
    assert tiny.accepted.tolist() == [True, True, True, False, True, True, False]
    assert tiny.fulfilled.tolist() == [True, True, False, False, True, False, False]
    assert np.isnan(tiny.sales).tolist() == [False, False, True, True, False, True, True]
    assert np.isnan(tiny.ended_on).tolist() == [False, False, False, True, False, True, True]
    assert np.isnan(tiny.answered_on).tolist() == [False] * 6 + [True]


def test_features_are_those_of_the_day_of_the_invitation(tiny: Rows):
    """c1's sale of 1 September settled on the 29th: the invitation of the 15th did not know it."""
    count = column(tiny, "subcategory_experience_count")
    assert count.tolist() == [0, 0, 0, 0, 0, 0, 0]
    invitations = column(tiny, "recent_invitation_count")
    assert invitations.tolist() == [0, 0, 1, 1, 2, 2, 0]


def test_terms_are_those_of_the_invitation_else_those_of_the_listing():
    tables = tiny_tables()
    log = tables["collaborations"]
    log.loc[[0, 1], "commission_rate"] = [0.33, np.nan]
    log.loc[[0, 1], "slot_fee"] = [7000.0, np.nan]
    rows = rows_of(Catalog.from_tables(tables))
    assert column(rows, "commission_rate")[:3] == pytest.approx([0.33, 0.3, 0.2])
    assert column(rows, "slot_fee_step")[:2] == pytest.approx(
        [np.log1p(7000) - np.log1p(5000), 0.0]
    )
    del log["commission_rate"], log["slot_fee"]
    rows = rows_of(Catalog.from_tables(tables))
    assert column(rows, "commission_rate")[:3] == pytest.approx([0.2, 0.3, 0.2])
    assert column(rows, "slot_fee_step")[:2] == pytest.approx([0.0, 0.0])


def test_each_head_learns_from_its_own_rows(market: Rows):
    heads = market.heads(day_number(date(2026, 11, 1)))
    assert set(heads) == {"accept", "fulfil", "sale", "sales"}
    accept, answers = heads["accept"]
    assert np.array_equal(answers, market.accepted[accept])
    fulfil, published = heads["fulfil"]
    assert market.accepted[fulfil].all()
    assert np.array_equal(published, market.fulfilled[fulfil])
    sales, logs = heads["sales"]
    assert (market.sales[sales] > 0).all()
    assert np.allclose(np.exp(logs), market.sales[sales])
    sale, sold = heads["sale"]
    assert set(sales) <= set(sale) <= set(np.flatnonzero(market.fulfilled))
    assert np.array_equal(sold, market.sales[sale] > 0)


@pytest.mark.parametrize("day", [date(2026, 4, 1), date(2026, 8, 1)])
def test_nothing_that_became_known_on_the_day_or_later_is_learnt_from(market: Rows, day: date):
    number = day_number(day)
    heads = market.heads(number)
    assert all(len(chosen) for chosen, _ in heads.values())
    assert (market.answered_on[heads["accept"][0]] < number).all()
    for name in ("fulfil", "sale", "sales"):
        assert (market.ended_on[heads[name][0]] < number).all()


def test_invitations_too_young_for_slow_answers_are_left_out(market: Rows):
    """Else quick answers, and quick failures, would be over-represented."""
    day = day_number(date(2026, 8, 1))
    for name, known_on in (("accept", market.answered_on), ("fulfil", market.ended_on)):
        chosen, _ = market.heads(day)[name]
        known = known_on < day
        slow = np.quantile((known_on - market.invited)[known], 0.95)
        assert (market.invited[chosen] <= day - slow).all()
        assert (market.invited[known] > day - slow).any()


def test_what_was_invited_before_a_split_is_not_in_the_later_part(market: Rows):
    day, split = day_number(date(2026, 11, 1)), day_number(date(2026, 6, 1))
    earlier = {name: set(chosen) for name, (chosen, _) in market.heads(split).items()}
    for name, (chosen, _) in market.heads(day, invited_from=split).items():
        assert (market.invited[chosen] >= split).all()
        assert not earlier[name] & set(chosen)


def test_rows_of_a_past_date_equal_those_of_the_cut_catalog(small: Catalog, market: Rows):
    """What a training run at that date would have learnt from, to the last bit."""
    day = date(2026, 7, 1)
    cut = rows_of(small.cut(day))
    whole = market.heads(day_number(day))
    for name, (chosen, target) in cut.heads(day_number(day)).items():
        rows, known = whole[name]
        assert np.array_equal(target, known), name
        assert np.array_equal(cut.matrix[chosen], market.matrix[rows], equal_nan=True), name


def test_a_catalog_of_open_invitations_teaches_nothing_and_is_no_error():
    tables = small_market(collaborations=30)
    log = tables["collaborations"].assign(status="invited")
    tables["collaborations"] = log.drop(columns=["responded_on", "settled_on", "gmv"])
    heads = rows_of(Catalog.from_tables(tables)).heads(day_number(date(2027, 1, 1)))
    assert {name: len(chosen) for name, (chosen, _) in heads.items()} == dict.fromkeys(
        ("accept", "fulfil", "sale", "sales"), 0
    )


def test_an_unknown_refund_is_estimated_from_what_was_known_of_its_category(sample: Catalog):
    log = sample.collaborations
    whole = rows_of(sample)
    late = np.flatnonzero((log["status"] == "fulfilled") & (log["refunded_gmv"] > 0))[-50:]
    changed = log.copy()
    changed.loc[late, "refunded_gmv"] = np.nan
    blank = replace(sample, collaborations=changed)
    rows = rows_of(blank)
    gmv = log["gmv"].to_numpy()[late]
    assert ((rows.sales[late] > 0) & (rows.sales[late] < gmv)).all()
    assert rows.sales[late].sum() == pytest.approx(whole.sales[late].sum(), rel=0.3)
