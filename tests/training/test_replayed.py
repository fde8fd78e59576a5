"""The record of a market: promises as of the day of the invitation, and what really came."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.contents import Contents, describe_features
from matching.economics import Deal, expected_cost
from matching.facts import build_history
from matching.features import FEATURES, build_matrix
from matching.history import EPOCH, History, day_number
from matching.matcher import Matcher
from matching.models.ranker import Given, Outcomes
from matching.offers import Offers, costs_per_refund, returns_of
from matching.record import Cases, Record
from matching.scoring import log_prices
from tests.asof import effects_at, invitations, remembered, vectors
from tests.conftest import QUICK
from tests.markets import small_market
from tests.matching.worlds import tiny_tables
from training.fit import Fitted, fit_ranker
from training.records import FOLDS, creator_folds
from training.replayed import build_record, replay_all
from training.rows import Rows, collect_rows
from training.run import Trained, freeze, train

AFTER = date(2026, 12, 1)


@dataclass(frozen=True)
class Replayed:
    """A market of 1,500 collaborations, what was fitted on it, and its record."""

    catalog: Catalog
    history: History
    rows: Rows
    fitted: Fitted
    record: Record

    @classmethod
    def of(cls, tables: dict[str, pd.DataFrame]) -> Replayed:
        catalog = Catalog.from_tables(tables).cut(AFTER)
        history = build_history(catalog)
        rows = collect_rows(catalog, history, vectors(history))
        fitted = fit_ranker(rows, history, AFTER, QUICK)
        offers = Offers.build(freeze(fitted.history, AFTER, fitted.ranker.effects))
        record = build_record(catalog, rows, offers, fitted, QUICK)
        return cls(catalog, history, rows, fitted, record)

    @property
    def frame(self) -> pd.DataFrame:
        """The cases as a table by collaboration."""
        cases = self.record.cases
        frame = pd.DataFrame({f.name: getattr(cases, f.name) for f in fields(Cases)})
        return frame.set_index(frame.pop("collaboration_ids").str.decode("utf-8")).sort_index()


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    return Replayed.of(small_market(creators=45, collaborations=1500, seed=2))


@pytest.fixture(scope="module")
def frame(replayed: Replayed) -> pd.DataFrame:
    return replayed.frame


@pytest.fixture(scope="module")
def log(replayed: Replayed) -> pd.DataFrame:
    return replayed.catalog.collaborations.set_index("collaboration_id").sort_index()


def test_every_collaboration_that_came_to_an_end_is_a_case(frame: pd.DataFrame, log: pd.DataFrame):
    ended = log[log["status"].isin(["fulfilled", "failed"])]
    assert frame.index.tolist() == ended.index.tolist()
    assert len(frame) > 500
    assert (frame["published"] == (ended["status"] == "fulfilled")).all()
    days = ended["invited_on"].to_numpy().astype("datetime64[D]").astype(int)
    assert (frame["invited_on"] == days).all()


def test_a_merchant_has_its_own_cases(replayed: Replayed):
    catalog, history = replayed.catalog, replayed.history
    owner = catalog.products.set_index("product_id")["merchant_id"]
    log = catalog.collaborations
    ended = log[log["status"].isin(["fulfilled", "failed"])]
    counts = ended["product_id"].map(owner).value_counts()
    for merchant in range(history.merchants.count):
        own = replayed.record.of(merchant)
        assert len(own) == counts.get(history.merchant_ids[merchant], 0)
        owners = {owner[history.product_ids[row]] for row in own.products}
        assert owners <= {history.merchant_ids[merchant]}


def test_what_came_is_what_the_collaboration_says():
    """k1 sold 54,000 after refunds, k2 3,560, k5 nothing; k3 was never published."""
    record = Replayed.of(tiny_tables()).frame
    assert record.index.tolist() == ["k1", "k2", "k3", "k5"]
    assert record["settled_gmv"].tolist() == [54_000.0, 3_560.0, 0.0, 0.0]
    paid = [
        5000 + 15 + 300 + 240 - 100 + 0.25 * 54_000,
        100 + 20 + 30 + 0.32 * 3_560,
        15.0,
        100 + 20.0,
    ]
    assert record["cost"].tolist() == pytest.approx(paid)
    assert record["published"].tolist() == [True, True, False, True]
    assert record["channels"].tolist() == [0, 1, 1, 1]
    assert not record["cost_estimated"].any()


def test_terms_that_nobody_stated_are_those_of_the_listing_else_estimated():
    tables = tiny_tables()
    log = tables["collaborations"]
    log.loc[log["collaboration_id"] == "k1", ["slot_fee", "sample_cost", "channel"]] = None
    log.loc[log["collaboration_id"] == "k2", "slot_fee"] = None
    tables["creators"]["video_slot_fee"] = [2000.0, None, None]
    record = Replayed.of(tables).frame
    assert record.loc["k1", "cost"] == pytest.approx(5000 + 15 + 300 + 240 - 100 + 0.25 * 54_000)
    assert record["cost_estimated"].to_dict() == {"k1": False, "k2": True, "k3": False, "k5": False}
    assert record.loc["k2", "cost"] == pytest.approx(2000 + 20 + 30 + 0.32 * 3_560)
    assert record.loc["k1", "channels"] == -1


def test_a_catalog_without_costs_pays_commission_only():
    tables = tiny_tables()
    kept = ["collaboration_id", "creator_id", "product_id", "invited_on", "status", "settled_on"]
    tables = {
        "creators": tables["creators"][["creator_id"]],
        "products": tables["products"][
            ["product_id", "merchant_id", "title", "category", "price", "commission_rate"]
        ],
        "collaborations": tables["collaborations"][[*kept, "gmv"]],
    }
    record = Replayed.of(tables).frame
    assert record["cost"].tolist() == pytest.approx([12_000.0, 0.3 * 4_450, 0.0, 0.0])
    assert (record["channels"] == -1).all()
    assert not record["cost_estimated"].any()
    assert record["promised_low"].isna().all()


def test_an_early_market_has_no_record(small: Catalog):
    record = train(small, QUICK, as_of=date(2026, 1, 5)).contents.record
    assert len(record.cases) == 0


# --- as of the day of the invitation ---


def test_a_promise_is_what_the_catalog_of_that_day_tells(replayed: Replayed, frame: pd.DataFrame):
    """The same pair, asked of the catalog as cut at the day of the invitation."""
    cases = frame.assign(collaboration_id=frame.index)
    days = sorted(cases["invited_on"].unique())
    asked = 0
    for day in days[3 :: len(days) // 12]:
        today = cases[cases["invited_on"] == day]
        told = predicted_then(replayed, today, EPOCH + timedelta(days=int(day)))
        for name in ("promised_gmv", "promised_low", "promised_high", "promised_cost"):
            known = told[told[name].notna()]
            np.testing.assert_allclose(
                known[name], today.loc[known.index, name], rtol=1e-9, err_msg=f"{name} of {day}"
            )
        asked += len(told)
    assert asked >= 25


def predicted_then(replayed: Replayed, today: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the promises for cases from nothing but what was known before their day."""
    catalog, fitted = replayed.catalog, replayed.fitted
    cut = catalog.cut(day)
    known = build_history(cut)
    log = catalog.collaborations.set_index("collaboration_id").loc[today.index].reset_index()
    there = (known.creator_ids.rows(log["creator_id"]) >= 0) & (
        known.product_ids.rows(log["product_id"]) >= 0
    )
    stated = log[["commission_rate", "service_fee_rate", "slot_fee", "sample_cost"]].notna()
    log = log[there & stated.all(axis=1)].reset_index(drop=True)
    learnt = day_number(day) < fitted.trial.day
    models = fitted.ranker if learnt else fitted.trial.ranker
    rows = collect_rows(cut, known, vectors(known))
    form = replayed.rows.form(day_number(AFTER))
    history = remembered(known, rows, form, models.effects, models.references)
    asked = invitations(history, log)
    pairs = asked.of(history, np.array([day_number(day)]))
    matrix = build_matrix(pairs, FEATURES)
    given = Given(
        pairs.channels,
        log_prices(history.products["price"][pairs.products]),
        effects_at(pairs, models.effects),
    )
    fold = creator_folds(replayed.history.creator_ids)[replayed.rows.creators]
    of = creator_folds(history.creator_ids)[pairs.creators]
    found = pd.DataFrame(index=log["collaboration_id"])
    for number in range(FOLDS):
        ranker = fitted.ranker
        if not learnt:
            others = fitted.trial.unseen.only(fold != number)
            ranker = others.calibrate(fitted.trial.ranker, QUICK.interval_level)
        mine = of == number
        put(found, mine, ranker.predict(matrix, given), history, pairs.products, log)
    return found


def put(
    found: pd.DataFrame,
    mine: np.ndarray,
    outcomes: Outcomes,
    history: History,
    products: np.ndarray,
    log: pd.DataFrame,
) -> None:
    """Fill in the promises of some rows."""
    day = np.array(day_number(log["invited_on"].iloc[0].date())) if len(log) else np.array(0)
    places = history.products["subcategory"][products].astype(np.int64)
    deal = Deal(
        *(log[n].to_numpy() for n in ("commission_rate", "service_fee_rate", "slot_fee")),
        sample_cost=log["sample_cost"].to_numpy(),
        return_cost_rate=returns_of(outcomes.refund_share, costs_per_refund(history, places, day)),
    )
    told = {
        "promised_gmv": outcomes.fulfil_probability * outcomes.published_gmv,
        "promised_low": outcomes.published_low,
        "promised_high": outcomes.published_high,
        "promised_cost": expected_cost(deal, outcomes.fulfil_probability, outcomes.published_gmv),
    }
    for name, values in told.items():
        found.loc[mine, name] = values[mine]


# --- who had learnt what ---


def test_what_was_invited_late_is_told_by_a_model_that_had_not_learnt_from_it(
    replayed: Replayed, frame: pd.DataFrame
):
    assert (frame["learnt"] == (frame["invited_on"] < replayed.fitted.trial.day)).all()
    assert 0.1 < 1 - frame["learnt"].mean() < 0.35


def test_an_outcome_does_not_move_its_own_promise_unless_it_was_learnt(
    replayed: Replayed, frame: pd.DataFrame
):
    """The newest and the oldest sold a hundred times as much: neither trees, nor effects, nor what
    is calibrated tell the newest one so.
    """
    rows, history = replayed.rows, replayed.history
    published = np.flatnonzero(~np.isnan(rows.sales))
    late = published[np.argmax(rows.invited[published])]
    early = published[
        np.argmax(
            rows.matrix[published, 0] * (rows.invited[published] < replayed.fitted.trial.day - 60)
        )
    ]
    for row, moves in ((late, False), (early, True)):
        times = np.ones(len(rows.sales))
        times[row] = 100.0
        changed = replace(rows, sales=rows.sales * times, gmv=rows.gmv * times)
        fitted = fit_ranker(changed, history, AFTER, QUICK)
        told, learnt = replay_all(changed, fitted, QUICK)
        before, _ = replay_all(rows, replayed.fitted, QUICK)
        (place,) = np.flatnonzero(rows.ended() == row)
        assert learnt[place] == moves
        assert (told.published_gmv[place] != before.published_gmv[place]) == moves
        assert (told.published_high[place] != before.published_high[place]) == moves


def test_unseen_promises_are_kept_on_the_whole(trained: Trained):
    """In the sample: the sum comes, and four of five published ones are inside the interval."""
    cases = trained.contents.record.cases
    unseen = cases[np.flatnonzero(~cases.learnt)]
    assert len(unseen) > 500
    assert unseen.promised_gmv.sum() / unseen.settled_gmv.sum() == pytest.approx(1.0, abs=0.25)
    assert unseen.promised_cost.sum() / unseen.cost.sum() == pytest.approx(1.0, abs=0.25)
    published = unseen[np.flatnonzero(unseen.published)]
    inside = (published.promised_low <= published.settled_gmv) & (
        published.settled_gmv <= published.promised_high
    )
    assert 0.72 < inside.mean() < 0.88
    assert np.isfinite(unseen.promised_gmv).all()
    assert (unseen.fulfil_probability.mean() - unseen.published.mean()) == pytest.approx(
        0, abs=0.05
    )


def test_it_comes_back_from_the_bundle(trained: Trained, matcher: Matcher):
    manifest = {"features": describe_features()}
    again = Contents.from_files(manifest, trained.contents.to_files()).record
    for record in (again, matcher.contents.record):
        assert np.array_equal(record.offsets, trained.contents.record.offsets)
        for f in fields(Cases):
            one, other = (getattr(r.cases, f.name) for r in (record, trained.contents.record))
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), f.name
