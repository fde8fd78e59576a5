"""The as-of rule: a row replayed for a past date equals the one of the catalog of that date.

Equality is to the last bit, for every feature, several dates, the whole history and the frozen one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.facts import build_history, log_rows
from matching.features import FEATURES, build_matrix
from matching.history import KEYS, MEASURES, RESIDUALS, Attributes, History, day_number
from matching.pairs import COLUMNS, TOTALS, Offer, Pairs
from tests.asof import invited_before, vectors
from tests.markets import small_market
from tests.matching.worlds import tiny_tables
from training.run import freeze

DATES = (date(2026, 2, 20), date(2026, 5, 4), date(2026, 8, 31), date(2026, 11, 10))


@pytest.fixture(scope="module")
def whole(small: Catalog) -> History:
    return build_history(small)


def asked_at(
    catalog: Catalog, history: History, log: pd.DataFrame, days: np.ndarray
) -> tuple[Pairs, pd.DataFrame]:
    """Return the pairs of these collaborations, each asked for at its day."""
    rows = log_rows(log, history.creator_ids, history.product_ids, history.channels)
    offer = Offer(
        log["commission_rate"].to_numpy(dtype=float), log["slot_fee"].to_numpy(dtype=float)
    )
    return (
        Pairs(
            history,
            vectors(history),
            rows["creator"],
            rows["product"],
            rows["channel"],
            days,
            offer,
        ),
        log,
    )


def replay(catalog: Catalog, history: History, log: pd.DataFrame, days: np.ndarray) -> np.ndarray:
    pairs, _ = asked_at(catalog, history, log, days)
    return build_matrix(pairs, FEATURES)


def differences(first: np.ndarray, second: np.ndarray, names: list[str]) -> list[str]:
    """Return the columns in which two matrices are not the same, NaN being equal to NaN."""
    return [
        name
        for i, name in enumerate(names)
        if not np.array_equal(first[:, i], second[:, i], equal_nan=True)
    ]


NAMES = [feature.name for feature in FEATURES]


@pytest.mark.parametrize("day", DATES)
def test_past_rows_equal_those_of_the_cut_catalog(small: Catalog, whole: History, day: date):
    """Every collaboration, asked for at its own invitation: what came later changes nothing."""
    cut = small.cut(day)
    log, days = invited_before(small, day)
    assert len(log) > 50
    full = replay(small, whole, log, days)
    replayed = replay(cut, build_history(cut), log, days)
    assert differences(full, replayed, NAMES) == []


@pytest.mark.parametrize("day", [date(2026, 5, 4), date(2026, 9, 20)])
def test_the_sample_obeys_the_rule(sample: Catalog, day: date):
    """The same proof on the simulated market, with rows of their own dates and of the cut's."""
    cut = sample.cut(day)
    log, days = invited_before(sample, day)
    whole, known = build_history(sample), build_history(cut)
    for asked in (days, np.array([day_number(day)])):
        full = replay(sample, whole, log, asked)
        assert differences(full, replay(cut, known, log, asked), NAMES) == []
    assert differences(full, replay(sample, freeze(whole, day), log, asked), NAMES) == []


def test_the_proof_is_about_known_values(small: Catalog, whole: History):
    """Columns of nothing but NaN would be equal whatever the code does."""
    full = replay(small, whole, *invited_before(small, DATES[-1]))
    columns = dict(zip(NAMES, full.T, strict=True))
    assert [name for name, column in columns.items() if np.isnan(column).mean() > 0.8] == []
    assert [name for name, column in columns.items() if len(np.unique(column)) < 2] == []


@pytest.mark.parametrize("day", DATES)
def test_rows_of_a_day_equal_those_of_the_cut_and_of_the_frozen_catalog(
    small: Catalog, whole: History, day: date
):
    """Serving is training's newest date: live, cut and frozen facts give the same rows."""
    cut = small.cut(day)
    log, _ = invited_before(small, day)
    days = np.array([day_number(day)])
    live = replay(small, whole, log, days)
    assert differences(live, replay(cut, build_history(cut), log, days), NAMES) == []
    assert differences(live, replay(small, freeze(whole, day), log, days), NAMES) == []
    again = freeze(build_history(cut), day)
    assert differences(live, replay(cut, again, log, days), NAMES) == []


@pytest.mark.parametrize("day", DATES[1:3])
def test_every_column_obeys_the_rule_whether_a_feature_reads_it_or_not(
    small: Catalog, whole: History, day: date
):
    cut = small.cut(day)
    log, _ = invited_before(small, day)
    days = np.array([day_number(day)])
    live, _ = asked_at(small, whole, log, days)
    known, _ = asked_at(cut, build_history(cut), log, days)
    frozen, _ = asked_at(small, whole.freeze(day, [t[:2] for t in TOTALS.values()]), log, days)
    for name in COLUMNS:
        assert np.array_equal(live[name], known[name], equal_nan=True), name
        assert np.array_equal(live[name], frozen[name], equal_nan=True), name


def test_a_catalog_without_days_of_answers_obeys_the_rule_too(small: Catalog):
    """Declines count as known two weeks after the invitation, acceptances with their outcome."""
    tables = small_market()
    del tables["collaborations"]["responded_on"]
    undated = Catalog.from_tables(tables)
    for day in DATES[:2]:
        cut = undated.cut(day)
        log, days = invited_before(undated, day)
        full = replay(undated, build_history(undated), log, days)
        assert differences(full, replay(cut, build_history(cut), log, days), NAMES) == []


def test_a_frozen_history_answers_for_no_other_day(small: Catalog, whole: History):
    log, _ = invited_before(small, DATES[0])
    frozen = freeze(whole, DATES[1])
    with pytest.raises(ValueError, match="frozen"):
        replay(small, frozen, log, np.array([day_number(DATES[0])]))


# --- single columns, in the tiny world ---


def ask(
    history: History,
    creators: list[str],
    product: str,
    day: date,
    channel: int = 0,
    attributes: Attributes | None = None,
) -> Pairs:
    return Pairs(
        history,
        vectors(history),
        history.creator_ids.rows(creators),
        history.product_ids.rows([product]) if attributes is None else np.array([0]),
        np.array([channel]),
        np.array([day_number(day)]),
        Offer(0.2, np.nan),
        attributes,
    )


@pytest.fixture(scope="module")
def tiny() -> History:
    return build_history(Catalog.from_tables(tiny_tables()))


def test_the_names_of_columns_say_key_measure_and_window():
    facts = set(MEASURES) - set(RESIDUALS)
    assert {f"{key}_{measure}" for key in KEYS for measure in facts} <= set(TOTALS)
    assert TOTALS["creator_gmv_recent"] == ("creator", "gmv", True)
    # residuals are known only once there are models: no feature may read them
    assert not {measure for _, measure, _ in TOTALS.values()} & set(RESIDUALS)


def test_sums_of_each_key(tiny: History):
    pairs = ask(tiny, ["c1", "c2", "c3"], "p1", date(2026, 11, 6))
    assert pairs["creator_gmv"].tolist() == [60_000.0, 4_450.0, 0.0]
    assert pairs["creator_channel_gmv"].tolist() == [60_000.0, 0.0, 0.0]
    assert pairs["creator_category_gmv"].tolist() == [60_000.0, 0.0, 0.0]
    assert pairs["creator_subcategory_gmv"].tolist() == [60_000.0, 0.0, 0.0]
    assert pairs["creator_merchant_gmv"].tolist() == [60_000.0, 0.0, 0.0]
    assert np.broadcast_to(pairs["product_gmv"], 3).tolist() == [60_000.0] * 3
    assert np.broadcast_to(pairs["market_gmv"], 3).tolist() == [64_450.0] * 3
    # c1 and c3 are of the same category
    assert pairs["category_pair_gmv"].tolist() == [60_000.0, 0.0, 60_000.0]


def test_recent_sums_reach_back_ninety_days(tiny: History):
    for day, recent in ((date(2026, 12, 28), 60_000.0), (date(2026, 12, 29), 0.0)):
        pairs = ask(tiny, ["c1"], "p1", day)  # settled on 2026-09-29
        assert pairs["creator_gmv_recent"].tolist() == [recent]
        assert pairs["creator_gmv"].tolist() == [60_000.0]


def test_statistics_are_those_of_the_week_or_the_current_ones(tiny: History):
    pairs = ask(tiny, ["c1", "c2", "c3"], "p1", date(2026, 10, 5))
    assert pairs["creator_follower_count"].tolist() == [1_100_000, 28_000, 500]
    before = pairs["creator_follower_count_before"]
    assert before[0] == 1_000_000
    assert np.isnan(before[1:]).all()


def test_a_statistic_that_is_never_dated_is_the_current_one():
    """Weekly rows without fan groups do not hide what the creators table says of them."""
    tables = tiny_tables()
    del tables["creator_stats"]["fan_group_size"]
    history = build_history(Catalog.from_tables(tables))
    pairs = ask(history, ["c1", "c2", "c3"], "p1", date(2026, 10, 5))
    assert pairs["creator_fan_group_size"].tolist() == [60_000, 900, 0]
    assert pairs["creator_follower_count"].tolist() == [1_100_000, 28_000, 500]


def test_what_is_unknown_is_nan(tiny: History):
    pairs = ask(tiny, ["c1", "c2", "c3"], "p3", date(2026, 11, 6), channel=0)
    assert np.isnan(pairs["listed_slot_fee"]).tolist() == [False, False, True]
    assert np.isnan(pairs["creator_min_commission_rate"]).tolist() == [False, False, True]
    nothing = build_history(Catalog.from_tables(required_only()))
    bare = ask(nothing, ["c1", "c2", "c3"], "p3", date(2026, 11, 6))
    for name in ("same_city", "same_category", "merchant_rating", "product_is_local"):
        assert np.isnan(np.broadcast_to(bare[name], 3)).all(), name
    for name in ("creator_follower_count", "creator_reputation", "product_margin_rate"):
        assert np.isnan(np.broadcast_to(bare[name], 3)).all(), name


def required_only() -> dict[str, pd.DataFrame]:
    """Return the tiny catalog with the bold columns of the contract and no other."""
    from matching.columns import TABLES

    tables = tiny_tables()
    kept = {
        table.name: tables[table.name][[c.name for c in table.columns if c.required]]
        for table in TABLES
        if table.required
    }
    log = kept["collaborations"]
    kept["collaborations"] = log.assign(status="invited")
    return kept


def test_words_are_shared_or_not_or_unknown(tiny: History):
    local = ask(tiny, ["c1", "c2", "c3"], "p3", date(2026, 11, 6))
    assert local["same_city"].tolist() == [1, 0, 1]
    assert local["same_category"].tolist() == [1, 0, 1]
    assert local["product_is_local"].tolist() == [1]
    shop = ask(tiny, ["c1", "c2", "c3"], "p1", date(2026, 11, 6))
    assert np.isnan(shop["same_city"]).all()


def test_a_product_outside_the_catalog_has_the_history_of_its_like(tiny: History):
    own = tiny.products
    like = Attributes({name: own[name][[0]] for name in own.columns}, 1)
    pairs = ask(tiny, ["c1", "c2", "c3"], "p1", date(2026, 11, 6), attributes=like)
    assert np.broadcast_to(pairs["product_gmv"], 3).tolist() == [0.0] * 3
    assert pairs["creator_merchant_gmv"].tolist() == [60_000.0, 0.0, 0.0]
    assert np.broadcast_to(pairs["subcategory_gmv"], 3).tolist() == [60_000.0] * 3


def test_a_product_of_a_new_category_has_no_history(tiny: History):
    columns = {
        **{name: tiny.products[name][[0]] for name in tiny.products.columns},
        **dict.fromkeys(("category", "subcategory", "merchant"), np.array([-1], dtype=np.int32)),
    }
    pairs = ask(tiny, ["c1", "c2"], "p1", date(2026, 11, 6), attributes=Attributes(columns, 1))
    for key in ("category", "subcategory", "merchant", "creator_merchant", "creator_category"):
        assert np.broadcast_to(pairs[f"{key}_gmv"], 2).tolist() == [0.0, 0.0], key
    assert pairs["creator_gmv"].tolist() == [60_000.0, 4_450.0]


# --- what creators speak of ---

SPOKEN = np.array([[0.5, -1.0], [2.0, 0.25], [0.0, 3.0]], dtype=np.float16)
"""Of two sub-categories; the third, 食品/餐饮 by its code, has no topic."""


def topic_of(history: History, product: str, spoken: np.ndarray, **columns: int) -> np.ndarray:
    texts = replace(vectors(history), topics=spoken)
    attributes = None
    if columns:
        own = {name: history.products[name][[0]] for name in history.products.columns}
        changed = {name: np.array([code], dtype=np.int32) for name, code in columns.items()}
        attributes = Attributes({**own, **changed}, 1)
    pairs = ask(history, ["c1", "c2", "c3"], product, date(2026, 11, 6), attributes=attributes)
    pairs.texts = texts
    return pairs["content_topic"]


def test_a_topic_is_that_of_the_products_subcategory(tiny: History):
    place = {word: code for code, word in enumerate(tiny.words["subcategory"])}
    told = {"p1": "食品/坚果", "p2": "美妆/口红", "p3": "食品/餐饮"}
    for product, word in told.items():
        found = topic_of(tiny, product, SPOKEN)
        if place[word] < 2:
            assert found.tolist() == SPOKEN[:, place[word]].tolist()
        else:
            assert np.isnan(found).tolist() == [True] * 3
    assert sorted(place[word] for word in told.values()) == [0, 1, 2]


def test_a_topic_is_unknown_where_the_subcategory_or_all_topics_are(tiny: History):
    assert np.isnan(topic_of(tiny, "p1", SPOKEN, subcategory=-1)).all()
    nothing = topic_of(tiny, "p1", np.zeros((3, 0), dtype=np.float16))
    assert np.isnan(nothing).tolist() == [True] * 3


def test_a_topic_of_a_product_outside_the_catalog_is_that_of_its_like(tiny: History):
    found = topic_of(tiny, "p2", SPOKEN, subcategory=1)
    assert found.tolist() == SPOKEN[:, 1].tolist()


def test_an_mcn_has_the_history_of_its_creators(tiny: History):
    """c1 and c3 are with n1; c2 is with nobody, of whom no record is kept."""
    pairs = ask(tiny, ["c1", "c2", "c3"], "p1", date(2026, 11, 6))
    assert pairs["mcn_gmv"].tolist() == [60_000.0, 0.0, 60_000.0]
    assert pairs["mcn_answers"].tolist() == [3, 0, 3]


# --- refunds that were to be expected ---


def test_refunds_are_expected_at_the_share_that_was_known_before_the_outcomes_day(tiny: History):
    """k1 (29 September) came when nothing was known: what was refunded counts as expected. k2 (1
    October) and k5 (29 October, sold nothing) are of a sub-category without a past: the market's
    share, which is that of k1, a tenth.
    """
    first = ask(tiny, ["c1", "c2", "c3"], "p1", date(2026, 9, 30))
    assert first["creator_expected_refunded_gmv"].tolist() == [6000.0, 0.0, 0.0]
    last = ask(tiny, ["c1", "c2", "c3"], "p1", date(2026, 11, 6))
    assert last["creator_expected_refunded_gmv"].tolist() == [6000.0, 445.0, 0.0]
    assert last["creator_refunded_gmv"].tolist() == [6000.0, 890.0, 0.0]
    for key in ("product", "subcategory"):
        told = np.broadcast_to(last[f"{key}_expected_refunded_gmv"], 3)
        assert told.tolist() == [6000.0] * 3
    assert np.broadcast_to(last["market_expected_refunded_gmv"], 3).tolist() == [6445.0] * 3


@pytest.mark.parametrize("shift", [0, 1])
def test_refunds_of_the_same_day_are_not_known_yet(shift: int):
    """k2 settles on the day of k1 or on the day after."""
    tables = tiny_tables()
    settled = np.datetime64("2026-09-29") + np.timedelta64(shift, "D")
    tables["collaborations"].loc[1, "settled_on"] = str(settled)
    history = build_history(Catalog.from_tables(tables))
    pairs = ask(history, ["c2"], "p2", date(2026, 11, 6))
    assert pairs["creator_expected_refunded_gmv"].tolist() == [445.0 if shift else 890.0]


def test_what_came_later_does_not_change_what_was_expected():
    """Everything of k5 is sent back at once: k2 was expected what it was."""
    tables = tiny_tables()
    tables["collaborations"].loc[4, ["gmv", "refunded_gmv"]] = [1e6, 1e6]
    history = build_history(Catalog.from_tables(tables))
    pairs = ask(history, ["c2"], "p2", date(2026, 10, 15))
    assert pairs["creator_expected_refunded_gmv"].tolist() == [445.0]
    later = ask(history, ["c2"], "p2", date(2026, 11, 6))["creator_expected_refunded_gmv"]
    share = (890 / 4450 + 20 * 6890 / 64_450) / 21  # of k2, drawn to the market's
    assert later == pytest.approx([445.0 + 1e6 * share], abs=0.01)


def test_a_market_without_refunds_expects_none():
    tables = tiny_tables()
    del tables["collaborations"]["refunded_gmv"]
    history = build_history(Catalog.from_tables(tables))
    pairs = ask(history, ["c1", "c2", "c3"], "p1", date(2026, 11, 6))
    assert pairs["creator_expected_refunded_gmv"].tolist() == [0.0, 0.0, 0.0]
