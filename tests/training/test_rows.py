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
from matching.models.ranker import HEADS
from matching.models.text import ContentVectors
from tests.markets import small_market
from tests.matching.worlds import tiny_tables
from training.rows import Form, Rows, collect_rows
from training.run import Trained

FORMS = tuple(Form(sale, seen) for sale in (False, True) for seen in (False, True))
WHOLE = FORMS[0]


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


@pytest.mark.parametrize("form", FORMS)
def test_each_head_learns_from_its_own_rows(market: Rows, form: Form):
    heads = market.heads(day_number(date(2026, 11, 1)), form)
    assert set(heads) == set(HEADS)
    accept, answers = heads["accept"]
    assert np.array_equal(answers, market.accepted[accept])
    fulfil, published = heads["fulfil"]
    assert market.accepted[fulfil].all()
    assert np.array_equal(published, market.fulfilled[fulfil])
    sale, sold = heads["sale"]
    assert set(sale) <= set(np.flatnonzero(market.fulfilled))
    assert np.array_equal(sold, market.sales[sale] > 0)
    seen, logs = heads["impressions"]
    assert np.allclose(np.exp(logs), market.impressions[seen])
    refund, shares = heads["refund"]
    assert (market.gmv[refund] > 0).all()
    assert np.array_equal(shares, market.refund_share[refund])
    conversion, each = heads["conversion"]
    assert set(conversion) <= set(sale)
    assert not form.given_sale or (market.sales[conversion] > 0).all()
    # half an order is added, so that nothing sold has a logarithm
    units = market.gmv[conversion] / np.exp(market.log_price[conversion]) + 0.5
    views = market.impressions[conversion] if form.by_impressions else 1.0
    assert np.allclose(np.exp(each) * views, units)


@pytest.mark.parametrize("day", [date(2026, 4, 1), date(2026, 8, 1)])
def test_nothing_that_became_known_on_the_day_or_later_is_learnt_from(market: Rows, day: date):
    number = day_number(day)
    heads = market.heads(number, WHOLE)
    assert all(len(chosen) for chosen, _ in heads.values())
    assert (market.answered_on[heads["accept"][0]] < number).all()
    for name in set(HEADS) - {"accept"}:
        assert (market.ended_on[heads[name][0]] < number).all()


def test_invitations_too_young_for_slow_answers_are_left_out(market: Rows):
    """Else quick answers, and quick failures, would be over-represented."""
    day = day_number(date(2026, 8, 1))
    for name, known_on in (("accept", market.answered_on), ("fulfil", market.ended_on)):
        chosen, _ = market.heads(day, WHOLE)[name]
        known = known_on < day
        slow = np.quantile((known_on - market.invited)[known], 0.95)
        assert (market.invited[chosen] <= day - slow).all()
        assert (market.invited[known] > day - slow).any()


def test_what_was_invited_before_a_split_is_not_in_the_later_part(market: Rows):
    day, split = day_number(date(2026, 11, 1)), day_number(date(2026, 6, 1))
    earlier = {name: set(chosen) for name, (chosen, _) in market.heads(split, WHOLE).items()}
    for name, (chosen, _) in market.heads(day, WHOLE, invited_from=split).items():
        assert (market.invited[chosen] >= split).all()
        assert not earlier[name] & set(chosen)


def test_rows_of_a_past_date_equal_those_of_the_cut_catalog(small: Catalog, market: Rows):
    """What a training run at that date would have learnt from, to the last bit."""
    day = date(2026, 7, 1)
    cut = rows_of(small.cut(day))
    form = market.form(day_number(day))
    assert cut.form(day_number(day)) == form
    whole = market.heads(day_number(day), form)
    for name, (chosen, target) in cut.heads(day_number(day), form).items():
        rows, known = whole[name]
        assert np.array_equal(target, known), name
        assert np.array_equal(cut.matrix[chosen], market.matrix[rows], equal_nan=True), name


def test_a_catalog_of_open_invitations_teaches_nothing_and_is_no_error():
    tables = small_market(collaborations=30)
    log = tables["collaborations"].assign(status="invited")
    tables["collaborations"] = log.drop(columns=["responded_on", "settled_on", "gmv"])
    rows, day = rows_of(Catalog.from_tables(tables)), day_number(date(2027, 1, 1))
    assert rows.form(day) == Form(given_sale=False, by_impressions=False)
    for form in FORMS:
        heads = rows.heads(day, form)
        assert {name: len(chosen) for name, (chosen, _) in heads.items()} == dict.fromkeys(HEADS, 0)


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


# --- how sales are put together ---

AFTER = day_number(date(2027, 1, 1))


def changed(rows: Rows, nothing: float = 0.0, seen: float = 1.0, advertised: float = 0.0) -> Rows:
    """Return the rows where these shares of published ones sell nothing, are seen, had ads."""
    published = ~np.isnan(rows.sales)
    place = np.cumsum(published) / published.sum()

    def first(share: float) -> np.ndarray:
        return published & (place <= share)

    return replace(
        rows,
        sales=np.where(first(nothing), 0.0, np.where(published, 100.0, np.nan)),
        impressions=np.where(first(seen), 1000.0, np.nan),
        organic=~first(advertised),
    )


@pytest.mark.parametrize(
    ("nothing", "seen", "form"),
    [
        (0.0, 1.0, Form(given_sale=False, by_impressions=True)),
        (0.08, 0.52, Form(given_sale=False, by_impressions=True)),
        (0.08, 0.48, Form(given_sale=False, by_impressions=False)),
        (0.0, 0.0, Form(given_sale=False, by_impressions=False)),
        (0.12, 1.0, Form(given_sale=True, by_impressions=False)),
        (0.12, 0.0, Form(given_sale=True, by_impressions=False)),
    ],
)
def test_the_form_follows_from_how_many_sell_nothing_and_how_many_are_seen(
    market: Rows, nothing: float, seen: float, form: Form
):
    """More than a tenth that sell nothing; at least half that are seen."""
    assert changed(market, nothing, seen).form(AFTER) == form


def test_the_form_is_that_of_what_was_known_before_the_day(market: Rows):
    """All that is known of later sells nothing and is seen by nobody."""
    day = day_number(date(2026, 7, 1))
    late = market.ended_on >= day
    blank = replace(
        market,
        sales=np.where(late, 0.0 * market.sales, market.sales),
        impressions=np.where(late, np.nan, market.impressions),
    )
    assert blank.form(day) == market.form(day)
    assert blank.form(AFTER) != market.form(AFTER)


@pytest.mark.parametrize(("advertised", "left_out"), [(0.3, True), (0.7, False), (1.0, False)])
@pytest.mark.parametrize("name", ["conversion", "impressions"])
def test_advertising_is_left_out_where_few_had_it(
    market: Rows, advertised: float, left_out: bool, name: str
):
    """What it brought is not what the creator brings; where most had it nobody knows the rest."""
    rows = changed(market, advertised=advertised)
    chosen, _ = rows.heads(AFTER, rows.form(AFTER))[name]
    assert bool((~rows.organic[chosen]).any()) != left_out
    others = rows.heads(AFTER, rows.form(AFTER))["sale"][0]
    assert (~rows.organic[others]).any()


def test_counting_says_more_of_many_orders(tiny: Rows):
    """k1 sold 60,000 at 39.9; k5 sold nothing; the others brought nothing to count."""
    assert tiny.units[[0, 1, 4]] == pytest.approx([60_000 / 39.9, 50.0, 0.0])
    assert tiny.counting[[0, 1, 4]] == pytest.approx([1 / (60_000 / 39.9 + 0.5), 1 / 50.5, 2.0])
    assert np.isnan(tiny.counting[[2, 3, 5, 6]]).all()


def test_refund_shares_and_advertising_of_each(tiny: Rows):
    assert tiny.refund_share[:2] == pytest.approx([0.1, 0.2])
    assert np.isnan(tiny.refund_share[2:]).all()  # k5 sold nothing that could come back
    assert tiny.organic.tolist() == [False, *[True] * 6]
    assert tiny.impressions[[0, 1, 4]].tolist() == [9000, 12_500, 8000]
    assert np.exp(tiny.log_price[:3]) == pytest.approx([39.9, 89.0, 39.9])


def test_features_are_the_same_some_at_a_time(
    small: Catalog, quick: Trained, monkeypatch: pytest.MonkeyPatch
):
    history, texts = build_history(small), quick.contents.texts
    whole = collect_rows(small, history, texts)
    monkeypatch.setattr("training.rows._ROWS_AT_ONCE", 37)
    assert np.array_equal(collect_rows(small, history, texts).matrix, whole.matrix, equal_nan=True)
