"""Fitting the ranker: which form a market has, what heads may read, and what is calibrated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.facts import build_history
from matching.features import FEATURES
from matching.history import History, day_number
from matching.models.outcomes import Head
from matching.models.ranker import HEADS, Given, Outcomes
from tests.asof import vectors
from tests.conftest import QUICK
from tests.markets import small_market
from training.fit import FEW_SELL_NOTHING, NO_IMPRESSIONS, NO_REFUNDS, Fitted, fit_ranker
from training.heads import OWN_RECORD, TERMS_FEATURES
from training.rows import Form, Rows, collect_rows
from training.unseen import slope_of

AFTER = date(2026, 12, 1)
NAMES = [feature.name for feature in FEATURES]
LIVE, VIDEO = 0, 1


def collected(**changes: object) -> tuple[Rows, History]:
    """Return the rows of a market of 1,500 collaborations; a column of None is dropped."""
    tables = small_market(creators=45, collaborations=1500, seed=2)
    log = tables["collaborations"]
    for name, values in changes.items():
        log = log.drop(columns=name) if values is None else log.assign(**{name: values})
    catalog = Catalog.from_tables({**tables, "collaborations": log})
    history = build_history(catalog)
    return collect_rows(catalog, history, vectors(history)), history


@pytest.fixture(scope="module")
def market() -> tuple[Rows, History]:
    return collected()


@pytest.fixture(scope="module")
def history(market: tuple[Rows, History]) -> History:
    return market[1]


@pytest.fixture(scope="module")
def own(history: History) -> np.ndarray:
    """How much more than others like them each creator sells, in logarithms."""
    return np.random.default_rng(0).normal(0, 0.7, history.creators.count)


@pytest.fixture(scope="module")
def rows(market: tuple[Rows, History], own: np.ndarray) -> Rows:
    plain, _ = market
    times = np.exp(own)[plain.creators]
    return replace(plain, gmv=plain.gmv * times, sales=plain.sales * times)


@pytest.fixture(scope="module")
def fitted(rows: Rows, history: History) -> Fitted:
    return fit_ranker(rows, history, AFTER, QUICK)


def selling_nothing(rows: Rows, share: float) -> Rows:
    """Return the rows where about this share of published ones sell nothing, small creators more
    often.
    """
    followers = rows.matrix[:, NAMES.index("log_followers")]
    rank = np.argsort(np.argsort(followers + np.random.default_rng(1).normal(0, 2, len(followers))))
    nothing = rank < share * len(rank)
    return replace(
        rows,
        sales=np.where(nothing, 0.0 * rows.sales, rows.sales),
        gmv=np.where(nothing, 0.0 * rows.gmv, rows.gmv),
    )


@pytest.fixture(scope="module")
def given_sale(rows: Rows, history: History) -> Fitted:
    return fit_ranker(selling_nothing(rows, 0.3), history, AFTER, QUICK)


def predicted(fitted: Fitted, rows: Rows, effects: bool = True) -> Outcomes:
    """Return what is predicted of published rows after the last outcome."""
    chosen = published(rows)
    days = np.full(len(chosen), day_number(AFTER))
    history, ranker = fitted.history, fitted.ranker

    def total(key: str, measure: str) -> np.ndarray:
        keys = history.key(key, rows.creators[chosen], rows.products[chosen], rows.channels[chosen])
        return history.total(key, measure, keys, days)

    parts = ranker.effects.parts(total, rows.log_price[chosen], len(chosen))
    given = Given(rows.channels[chosen], rows.log_price[chosen], parts * effects)
    return ranker.predict(rows.matrix[chosen], given)


def published(rows: Rows) -> np.ndarray:
    return np.flatnonzero(~np.isnan(rows.sales))


def splits(head: Head) -> set[str]:
    """Return the features that a head's trees read."""
    counts = head.booster.feature_importance()
    return {name for name, count in zip(NAMES, counts, strict=True) if count}


# --- forms ---


def test_a_market_of_impressions_is_put_together_of_what_is_seen_and_bought(
    fitted: Fitted, rows: Rows
):
    ranker = fitted.ranker
    assert set(fitted.about) == set(ranker.heads) == set(HEADS)
    assert (ranker.given_sale, ranker.by_impressions) == (False, True)
    assert fitted.about["sale"]["reason"] == FEW_SELL_NOTHING
    assert {n for n, head in ranker.heads.items() if head.booster is None} == {"sale"}
    outcomes = predicted(fitted, rows)
    assert outcomes.sale_probability == pytest.approx(1.0)
    seen = rows.impressions[published(rows)]
    known = seen > 0
    assert outcomes.impressions[known].mean() == pytest.approx(seen[known].mean(), rel=0.2)
    assert np.corrcoef(np.log(outcomes.impressions[known]), np.log(seen[known]))[0, 1] > 0.8


def test_where_more_than_a_tenth_sell_nothing_sales_are_those_of_a_sale(
    given_sale: Fitted, rows: Rows
):
    ranker = given_sale.ranker
    assert (ranker.given_sale, ranker.by_impressions) == (True, False)
    assert not ranker.effects.used
    assert "reason" not in given_sale.about["sale"]
    assert "reason" not in given_sale.about["conversion"]
    some = selling_nothing(rows, 0.3)
    sold = some.sales[published(some)] > 0
    chance = predicted(given_sale, some).sale_probability
    assert chance.mean() == pytest.approx(sold.mean(), abs=0.05)
    assert chance[sold].mean() > chance[~sold].mean() + 0.05
    judged = some.heads(2**19, Form(given_sale=True, by_impressions=False))["conversion"][0]
    assert (some.sales[judged] > 0).all()


@pytest.mark.parametrize(("share", "is_given"), [(0.0, False), (0.05, False), (0.3, True)])
def test_the_interval_is_calibrated_on_what_it_holds_for(
    rows: Rows, history: History, share: float, is_given: bool
):
    """On those that sold, where it holds given a sale; else on all."""
    some = selling_nothing(rows, share)
    ranker = fit_ranker(some, history, AFTER, QUICK).ranker
    assert ranker.given_sale == is_given
    settled = published(some)
    start = int(np.quantile(some.invited[settled], 0.8))
    later = settled[some.invited[settled] >= start]
    judged = later[some.sales[later] > 0] if is_given else later
    assert ranker.interval.row_count == len(judged) < len(settled)


def test_where_few_are_seen_sales_are_learnt_as_a_whole(rows: Rows, history: History):
    """Impressions are still told to whoever asks; at least half have to be seen."""
    hidden = np.cumsum(rows.impressions > 0) % 5 < 3
    some = replace(rows, impressions=np.where(hidden, np.nan, rows.impressions))
    fitted = fit_ranker(some, history, AFTER, QUICK)
    assert not fitted.ranker.by_impressions
    assert "reason" not in fitted.about["impressions"]
    assert fitted.about["conversion"]["rows"] > fitted.about["impressions"]["rows"] > 100
    outcomes = predicted(fitted, some)
    assert np.isfinite(outcomes.impressions).all()
    sales = some.sales[published(some)]
    assert np.corrcoef(np.log1p(sales), np.log(outcomes.published_gmv))[0, 1] > 0.6


def test_a_catalog_without_impressions_says_so():
    rows, history = collected(impressions=None)
    fitted = fit_ranker(rows, history, AFTER, QUICK)
    assert fitted.about["impressions"]["reason"] == NO_IMPRESSIONS
    assert not fitted.ranker.by_impressions
    assert np.isnan(fitted.ranker.seen).all()
    outcomes = predicted(fitted, rows)
    assert np.isnan(outcomes.impressions).all()
    assert (outcomes.published_gmv > 0).all()


def test_a_catalog_without_refunds_says_that_sales_are_gross():
    rows, history = collected(refunded_gmv=None)
    fitted = fit_ranker(rows, history, AFTER, QUICK)
    assert fitted.about["refund"]["reason"] == NO_REFUNDS == "refunds unknown: sales are gross"
    outcomes = predicted(fitted, rows)
    assert outcomes.refund_share == pytest.approx(0.0)
    gross = rows.gmv[published(rows)]
    assert outcomes.published_gmv.mean() == pytest.approx(gross.mean(), rel=0.25)


def test_refunds_are_learnt_where_they_are_known(fitted: Fitted, rows: Rows):
    outcomes = predicted(fitted, rows)
    shares = rows.refund_share[published(rows)]
    known = shares[~np.isnan(shares)]
    assert outcomes.refund_share.mean() == pytest.approx(known.mean(), abs=0.03)
    assert known.mean() > 0.02


# --- what heads may read ---


def test_the_creators_own_record_is_told_by_effects_or_by_features(
    fitted: Fitted, given_sale: Fitted
):
    """Never by both: what effects tell, conversion does without; the other heads read it."""
    assert fitted.ranker.effects.variances["creator"] > 0.1
    assert not splits(fitted.ranker.heads["conversion"]) & set(OWN_RECORD)
    assert splits(given_sale.ranker.heads["conversion"]) & set(OWN_RECORD)
    others = set().union(*(splits(fitted.ranker.heads[n]) for n in ("accept", "impressions")))
    assert others & set(OWN_RECORD)


def test_terms_move_acceptance_alone(fitted: Fitted):
    assert splits(fitted.ranker.heads["accept"]) & set(TERMS_FEATURES)
    for name in set(HEADS) - {"accept", "sale"}:
        assert not splits(fitted.ranker.heads[name]) & set(TERMS_FEATURES), name


@pytest.mark.parametrize("stage", ["utilize", "transform"])
def test_a_stage_that_is_left_out_is_in_no_head(rows: Rows, history: History, stage: str):
    ranker = fit_ranker(rows, history, AFTER, replace(QUICK, without_stage=stage)).ranker
    left_out = {feature.name for feature in FEATURES if feature.stage.value == stage}
    for head in (*ranker.heads.values(), *ranker.references):
        assert head.booster is None or not splits(head) & left_out, head.name


def test_what_effects_say_is_not_learnt_twice(fitted: Fitted, rows: Rows, own: np.ndarray):
    """Creators who sell more than others like them are known by their record alone."""
    extra = own[rows.creators[published(rows)]]
    without, with_record = (
        np.log(predicted(fitted, rows, effects).published_gmv) for effects in (False, True)
    )
    said = with_record - without
    assert np.corrcoef(said, extra)[0, 1] > 0.85
    assert np.polyfit(extra, said, 1)[0] == pytest.approx(1.0, abs=0.2)
    assert abs(np.corrcoef(without, extra)[0, 1]) < 0.25


@pytest.mark.parametrize(("share", "left_out"), [(0.2, True), (0.8, False)])
def test_advertising_is_left_out_of_conversion_where_few_had_it(
    rows: Rows, history: History, share: float, left_out: bool
):
    """What was advertised brought ten times as much, in the same places as the rest."""
    advertised = np.random.default_rng(2).random(len(rows.invited)) < share
    times = np.where(advertised, 10.0, 1.0)
    some = replace(rows, gmv=rows.gmv * times, sales=rows.sales * times, organic=~advertised)
    fitted = fit_ranker(some, history, AFTER, QUICK)
    published_, organic = published(some), ~advertised[published(some)]
    assert (fitted.about["conversion"]["rows"] < organic.sum() + 1) == left_out
    typical = np.log(predicted(fitted, some).published_gmv)
    plain = np.log1p(rows.sales[published_])
    luck = np.log(fitted.ranker.smearing).mean()
    assert ((typical - luck - plain).mean() < 0.3) == left_out


# --- what is calibrated ---


def later_times(rows: Rows, times: np.ndarray) -> Rows:
    """Return the rows where what came in the weeks of calibration is so much more."""
    start = np.quantile(rows.invited[published(rows)], 0.8)
    late = np.where(rows.invited >= start, times, 1.0)
    return replace(rows, gmv=rows.gmv * late, sales=rows.sales * late)


def test_smearing_is_of_each_channel_where_it_has_rows_enough():
    """Live sessions of late brought thrice what was foretold."""
    tables = small_market(creators=60, collaborations=4000, seed=6)
    catalog = Catalog.from_tables(tables)
    history = build_history(catalog)
    rows = collect_rows(catalog, history, vectors(history))
    plain = fit_ranker(rows, history, AFTER, QUICK).ranker.smearing
    live = np.where(rows.channels == LIVE, 3.0, 1.0)
    moved = fit_ranker(later_times(rows, live), history, AFTER, QUICK).ranker.smearing
    assert moved[LIVE] / plain[LIVE] == pytest.approx(3.0, rel=0.2)
    assert moved[VIDEO] / plain[VIDEO] == pytest.approx(1.0, rel=0.2)


def test_a_channel_of_few_rows_takes_the_smearing_of_all(
    fitted: Fitted, rows: Rows, history: History
):
    """Of 1,500 collaborations, fewer than a hundred a channel are judged."""
    live = np.where(rows.channels == LIVE, 3.0, 1.0)
    moved = fit_ranker(later_times(rows, live), history, AFTER, QUICK).ranker.smearing
    assert moved[LIVE] == moved[VIDEO] > 1.3 * fitted.ranker.smearing[VIDEO]


def test_a_market_without_an_outcome_has_neither_smearing_nor_interval(
    market: tuple[Rows, History],
):
    rows, history = market
    ranker = fit_ranker(rows, history, date(2026, 1, 6), QUICK).ranker
    assert ranker.smearing.tolist() == [1.0, 1.0]
    assert ranker.interval.row_count == 0
    assert not ranker.effects.used


def test_nothing_that_came_later_matters(rows: Rows, history: History, fitted: Fitted):
    """Of what was not known at the date, sales a thousand times as large change nothing."""
    day = date(2026, 9, 1)
    late = np.where(rows.ended_on >= day_number(day), 1000.0, 1.0)
    changed = replace(rows, gmv=rows.gmv * late, sales=rows.sales * late)
    first, second = (fit_ranker(r, history, day, QUICK).ranker for r in (rows, changed))
    assert first.describe() == second.describe()
    assert first.texts() == second.texts()
    assert first.texts() != fitted.ranker.texts()


@pytest.mark.parametrize(("power", "found"), [(1.0, 1.0), (0.8, 0.8), (1.3, 1.0), (0.2, 0.5)])
def test_the_slope_is_the_power_that_the_mean_follows(power: float, found: float):
    """At most 1: what came is never told to be more extreme than what was predicted."""
    draw = np.random.default_rng(4)
    predicted = np.exp(draw.normal(8, 1.5, 4000))
    channels = draw.integers(0, 2, 4000)
    luck = draw.gamma(3.0, 1 / 3, 4000) * np.where(channels == LIVE, 3.0, 1.0)
    assert slope_of(predicted, predicted**power * luck, channels) == pytest.approx(found, abs=0.03)


def test_few_rows_say_nothing_of_the_slope():
    predicted = np.linspace(1.0, 9.0, 50)
    assert slope_of(predicted, predicted**0.5, np.zeros(50, dtype=np.int64)) == 1.0


def test_what_came_may_be_nothing():
    predicted = np.exp(np.random.default_rng(5).normal(5, 1, 2000))
    actual = predicted * np.random.default_rng(6).binomial(1, 0.5, 2000)
    channels = np.zeros(2000, dtype=np.int64)
    assert slope_of(predicted, actual, channels) == pytest.approx(1.0, abs=0.1)
