"""Records: references that have not seen the creator, and residuals as they were known each day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.facts import build_history
from matching.features import FEATURES
from matching.history import LOG_UNIT, History, Ids, Ledger, day_number
from matching.models.effects import PARTS, VARIANCES, Effects
from matching.pairs import Offer
from matching.scoring import log_prices
from tests.asof import invitations, invited_before, remembered, same_bits, vectors
from tests.conftest import QUICK
from tests.markets import small_market
from training.heads import OWN_RECORD, TERMS_FEATURES
from training.records import (
    CREATOR_KEYS,
    FOLDS,
    KEYS,
    Measures,
    Records,
    creator_folds,
    fit_records,
    reference_margins,
    residual_ledgers,
)
from training.rows import Form, Rows, collect_rows

FORM = Form(given_sale=False, by_impressions=True)
DAY = day_number(date(2026, 9, 1))
FAR = day_number(date(2027, 6, 1))
HELD = Effects(dict.fromkeys(VARIANCES, 0.1), 0.3, 4.0)
CREATORS_ONLY = HELD.without(("product_record", "category_pair_record"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.from_tables(small_market(creators=45, collaborations=1300, seed=2))


@pytest.fixture(scope="module")
def history(catalog: Catalog) -> History:
    return build_history(catalog)


@pytest.fixture(scope="module")
def rows(catalog: Catalog, history: History) -> Rows:
    """What each creator sells differs from others like them."""
    plain = collect_rows(catalog, history, vectors(history))
    draw = np.random.default_rng(0)
    own = np.exp(draw.normal(0, 0.6, history.creators.count))[plain.creators]
    return replace(plain, gmv=plain.gmv * own, sales=plain.sales * own)


@pytest.fixture(scope="module")
def records(rows: Rows, history: History) -> Records:
    found = fit_records(rows, history, DAY, FORM, QUICK)
    assert found.effects.variances["creator"] > 0.1
    return found


def margins(records: Records, rows: Rows, history: History) -> np.ndarray:
    fold = creator_folds(history.creator_ids)[rows.creators[records.events]]
    return reference_margins(records.references, rows.matrix[records.events], fold)


# --- references ---


def test_folds_depend_on_the_id_alone(history: History):
    ids = [history.creator_ids[row] for row in range(len(history.creator_ids))]
    folds = dict(zip(ids, creator_folds(history.creator_ids).tolist(), strict=True))
    few = ids[3::4]
    assert creator_folds(Ids.build(few)).tolist() == [folds[name] for name in few]
    longer = sorted([*few, "达人" * 9])  # a longer id widens the array of all of them
    assert (
        dict(zip(longer, creator_folds(Ids.build(longer)).tolist(), strict=True)).items()
        >= {name: folds[name] for name in few}.items()
    )
    assert set(folds.values()) == set(range(FOLDS))
    many = creator_folds(Ids.build(sorted(f"creator {i}" for i in range(3000))))
    assert np.bincount(many).min() > 900


def test_a_reference_has_not_seen_the_outcomes_that_it_is_compared_with(
    rows: Rows, history: History, records: Records
):
    """Creators of one fold sell a hundred times as much: their own reference stays what it was."""
    fold = creator_folds(history.creator_ids)[rows.creators]
    for number in range(FOLDS):
        times = np.where(fold == number, 100.0, 1.0)
        again = fit_records(
            replace(rows, gmv=rows.gmv * times, sales=rows.sales * times),
            history,
            DAY,
            FORM,
            QUICK,
        )
        before, after = margins(records, rows, history), margins(again, rows, history)
        own = fold[records.events] == number
        assert np.array_equal(before[own], after[own])
        assert (np.abs(before[~own] - after[~own]) > 0.5).mean() > 0.5


def test_a_reference_has_not_seen_what_came_later(rows: Rows, history: History, records: Records):
    late = rows.ended_on >= DAY
    again = fit_records(
        replace(rows, gmv=np.where(late, 100.0 * rows.gmv, rows.gmv)), history, DAY, FORM, QUICK
    )
    assert np.array_equal(margins(records, rows, history), margins(again, rows, history))
    assert again.effects == records.effects


def test_references_know_neither_the_creators_own_sales_nor_the_terms(records: Records):
    names = [feature.name for feature in FEATURES]
    used = sum(head.booster.feature_importance() for head in records.references)
    split_on = {name for name, count in zip(names, used, strict=True) if count}
    assert split_on
    assert not split_on & {*OWN_RECORD, *TERMS_FEATURES}
    assert set(OWN_RECORD) | set(TERMS_FEATURES) <= set(names)


def test_a_stage_that_is_left_out_is_left_out_of_references_and_effects(
    rows: Rows, history: History
):
    config = replace(QUICK, without_stage="utilize")
    found = fit_records(rows, history, DAY, FORM, config)
    used = sum(head.booster.feature_importance() for head in found.references)
    for feature, count in zip(FEATURES, used, strict=True):
        assert not (count and feature.stage.value == "utilize"), feature.name
    assert found.effects.without(config.without_parts) == found.effects
    assert found.effects.variances["creator"] == 0.0


# --- residuals ---


def test_the_history_holds_the_residuals_of_every_outcome_that_is_known(
    catalog: Catalog, rows: Rows, history: History, records: Records
):
    """The same ledgers as those rebuilt with the fitted parameters, later outcomes included."""
    again = remembered(history, rows, FORM, records.effects, records.references)
    assert {key for stream, key in records.history.ledgers if stream == "residuals"} == set(KEYS)
    for key in KEYS:
        one, other = (h.ledgers["residuals", key] for h in (records.history, again))
        assert np.array_equal(one.stamps, other.stamps)
        for measure in records.own[key]:
            assert np.array_equal(one.running(measure), other.running(measure)), (key, measure)
    assert (rows.ended_on[records.events] >= DAY).sum() > 50


def test_effects_at_the_invitation_are_those_that_serving_would_add(
    catalog: Catalog, rows: Rows, records: Records
):
    log, days = invited_before(catalog, date(2026, 8, 1))
    chosen = np.arange(len(log))
    pairs = invitations(records.history, log).of(records.history, days)
    served = records.effects.parts(pairs.total, log_prices(pairs["product_price"]), len(pairs))
    assert same_bits(records.at(rows, chosen, days), served)
    assert served[:, :2].any()


def test_residuals_tell_creators_apart(rows: Rows, history: History, records: Records):
    """Who sold well beyond expectation until August is expected to, and did so afterwards."""
    late = records.events[rows.ended_on[records.events] >= DAY]
    told = records.at(rows, late, np.full(len(late), DAY))[:, :2].sum(axis=1)
    _, target = rows.conversion(FORM)
    left = target[records.events] - margins(records, rows, history)
    came = left[rows.ended_on[records.events] >= DAY]
    assert np.corrcoef(told, came)[0, 1] > 0.4


def ledgers_of(
    effects: Effects, residuals: list[float], days: list[int], **keys: list[int]
) -> tuple[dict[str, Ledger], dict[str, Measures]]:
    """Return ledgers of residuals that each have a key of their own unless given one."""
    count = len(residuals)
    own = {name: np.array(keys.get(name, range(100, 100 + count))) for name in KEYS}
    values = np.array(residuals)
    return residual_ledgers(
        effects, values, np.zeros(count), np.full(count, 4.0), own, np.array(days)
    )


def told_of(own: dict[str, Measures], key: str) -> np.ndarray:
    """Return each row's residual as its key was told it."""
    measures = own[key]
    return measures["residual_sum"] / measures["residual_weight"]


def test_a_creator_is_told_what_the_product_does_not_explain_already():
    """Three creators sell 1 more than expected of one product; the last two on one day."""
    effects = Effects({**dict.fromkeys(VARIANCES, 0.0), "product": 0.3, "creator": 0.2}, 0.5, 4.0)
    _, own = ledgers_of(effects, [1.0, 1.0, 1.0], [10, 20, 20], product=[7, 7, 7])
    share = 0.5 / (0.5 + 0.2)  # what creators add is luck to the product
    known = 0.3 * share * 2.0 / (1 + 0.3 * share * 2.0)
    assert told_of(own, "product") == pytest.approx([1.0, 1.0, 1.0])
    for key in CREATOR_KEYS:
        assert told_of(own, key) == pytest.approx([1.0, 1 - known, 1 - known], abs=1e-5)


def test_a_product_is_told_what_the_category_pair_does_not_explain_already():
    effects = Effects({**dict.fromkeys(VARIANCES, 0.0), "category_pair": 0.3}, 0.5, 4.0)
    _, own = ledgers_of(effects, [1.0, 2.0], [10, 20], category_pair=[3, 3])
    known = 0.3 * 2.0 / (1 + 0.3 * 2.0)
    assert told_of(own, "category_pair") == pytest.approx([1.0, 2.0])
    assert told_of(own, "product") == pytest.approx([1.0, 2.0 - known], abs=1e-5)


def test_what_came_later_changes_no_residual():
    rows = ([0.4, -1.0, 2.0, 0.3, 1.1], [10, 12, 12, 15, 40])
    keys = {
        "product": [1, 1, 2, 1, 1],
        "category_pair": [5, 5, 5, 5, 5],
        "creator": [0, 1, 0, 1, 0],
    }
    _, whole = ledgers_of(HELD, *rows, **keys)
    for count in range(1, 5):
        _, part = ledgers_of(
            HELD, *(r[:count] for r in rows), **{n: k[:count] for n, k in keys.items()}
        )
        for key in KEYS:
            for measure, values in part[key].items():
                assert np.array_equal(values, whole[key][measure][:count]), (key, measure)


# --- leaving a row out ---


def world(effects: Effects) -> tuple[Records, Rows]:
    """Return records of thirty collaborations of four creators, with held parameters."""
    draw = np.random.default_rng(5)
    count = 30
    creators = draw.integers(4, size=count)
    kind = draw.integers(3, size=count)
    keys = {
        "creator": creators,
        "creator_category": creators * 2 + (kind > 1),
        "creator_subcategory": creators * 3 + kind,
        "product": draw.integers(10, size=count),
        "category_pair": kind,
    }
    days = np.sort(draw.integers(10, 60, size=count))
    residuals, log_price = draw.normal(0, 1, count), draw.normal(4, 0.5, count)
    return _records(effects, residuals, log_price, keys, days)


def _records(
    effects: Effects,
    residuals: np.ndarray,
    log_price: np.ndarray,
    keys: dict[str, np.ndarray],
    days: np.ndarray,
) -> tuple[Records, Rows]:
    count = len(days)
    ledgers, own = residual_ledgers(effects, residuals, np.zeros(count), log_price, keys, days)
    nothing = np.zeros(count)
    known = build_history(Catalog.from_tables(small_market(4, 3, 40)))
    rows = Rows(
        keys["creator"],
        keys["product"],
        np.zeros(count, dtype=np.int64),
        days - 5,
        nothing,
        nothing > 0,
        days.astype(float),
        nothing == 0,
        *(residuals, nothing, nothing, nothing),  # outcomes; the sales carry the residuals here
        nothing == 0,
        log_price,
        Offer(nothing, nothing),
        np.zeros((count, 1), dtype=np.float32),
    )
    held = Records(effects, (), known.with_residuals(ledgers), np.arange(count), keys, own)
    return held, rows


def without(records: Records, rows: Rows, row: int, day: int) -> np.ndarray:
    """Return the effects of a row on a day from ledgers that never held it."""
    kept = np.delete(np.arange(len(rows.invited)), row)
    ledgers, _ = residual_ledgers(
        records.effects,
        rows.sales[kept],
        np.zeros(len(kept)),
        rows.log_price[kept],
        {name: key[kept] for name, key in records.keys.items()},
        rows.ended_on[kept].astype(np.int64),
    )

    def total(key: str, measure: str) -> np.ndarray:
        asked = records.keys[key][[row]]
        return ledgers[key].before(measure, asked, np.array([day])) / LOG_UNIT

    return records.effects.parts(total, rows.log_price[[row]], 1)[0]


@pytest.mark.parametrize("day", [30, 100])
def test_left_out_is_as_if_the_row_had_never_been(day: int):
    """Where no other residual hangs on the row's: to the last bit."""
    records, rows = world(CREATORS_ONLY)
    left = records.left_out(rows, day)
    for row in range(30):
        assert np.array_equal(left[row], without(records, rows, row, day)), row
    assert left[:, :2].any(axis=1).sum() > 10
    assert not left[:, 2:].any()


def test_left_out_is_exact_for_category_pairs_and_for_what_came_last():
    """Later residuals of the same product hang on an earlier one; nothing hangs on the last."""
    records, rows = world(HELD)
    left = records.left_out(rows, 100)
    pair = PARTS.index("category_pair_record")
    for row in range(30):
        assert left[row, pair] == without(records, rows, row, 100)[pair]
    last = np.flatnonzero(rows.ended_on == rows.ended_on.max())
    for row in last:
        assert np.array_equal(left[row], without(records, rows, row, 100)), row


def test_what_is_not_known_yet_need_not_be_left_out():
    records, rows = world(HELD)
    middle = int(np.median(rows.ended_on))
    later = np.flatnonzero(rows.ended_on >= middle)

    def total(key: str, measure: str) -> np.ndarray:
        ledger = records.history.ledgers["residuals", key]
        return ledger.before(measure, records.keys[key][later], np.array(middle)) / LOG_UNIT

    known = HELD.parts(total, rows.log_price[later], len(later))
    assert np.array_equal(records.left_out(rows, middle)[later], known)
    assert known.any()


# --- no effects ---


def test_too_few_rows_teach_no_effects(rows: Rows, history: History):
    early = day_number(date(2026, 2, 20))
    assert (rows.ended_on < early).sum() > 10
    found = fit_records(rows, history, early, FORM, QUICK)
    assert_adds_nothing(found, rows)


def test_where_many_sell_nothing_there_are_no_effects(rows: Rows, history: History):
    """Residuals of those that sold alone would say that all of them sell well."""
    found = fit_records(rows, history, DAY, Form(given_sale=True, by_impressions=False), QUICK)
    assert_adds_nothing(found, rows)


def test_effects_of_a_stage_that_is_left_out_may_be_all(
    rows: Rows, history: History, monkeypatch: pytest.MonkeyPatch
):
    only = Effects({**dict.fromkeys(VARIANCES, 0.0), "category_pair": 0.1})
    monkeypatch.setattr(Effects, "fit", lambda *_: only)
    found = fit_records(rows, history, DAY, FORM, replace(QUICK, without_stage="transform"))
    assert_adds_nothing(found, rows)


def assert_adds_nothing(records: Records, rows: Rows) -> None:
    assert not records.effects.used
    assert records.references == ()
    assert not [key for stream, key in records.history.ledgers if stream == "residuals"]
    chosen = np.arange(20)
    assert not records.at(rows, chosen, rows.invited[chosen]).any()
    left = records.left_out(rows, FAR)
    assert left.shape == (len(records.events), len(PARTS))
    assert not left.any()
