"""Baselines learn what is plain to see, from what was known alone, and say when they cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matching.errors import MatchingError
from matching.facts import build_history
from training import baselines
from training.baselines import BASELINES, fit_baselines
from training.known import Known, NothingToLearnError


@pytest.fixture
def scored(earlier):
    everybody = np.arange(earlier.contents.history.creators.count)
    return earlier.scorer.score(everybody, np.array([0]))


def test_every_baseline_scores_every_offer(known, scored):
    scores, absent = fit_baselines(known)
    assert absent == {}
    assert list(scores) == list(BASELINES)
    for name, score in scores.items():
        values = score(scored)
        assert values.shape == scored.creators.shape, name
        assert np.isfinite(values).all(), name
        np.testing.assert_array_equal(values, score(scored))


def test_they_know_only_what_was_known(known, earlier, catalog, scored):
    """Facts of later days, asked for the same date, change nothing."""
    ids = known.catalog.creators["creator_id"]
    assert len(ids) == earlier.contents.history.creators.count < len(catalog.creators)
    assert known.catalog.collaborations["invited_on"].max() < np.datetime64(earlier.as_of)
    whole = build_history(catalog)
    rows = catalog.creators["creator_id"].isin(ids).to_numpy()
    creators = np.flatnonzero(rows)
    product = np.flatnonzero(
        catalog.products["product_id"] == known.catalog.products["product_id"].iloc[0]
    )
    keys = whole.key("creator_category", creators, product, np.zeros_like(creators))
    later = whole.total("creator_category", "gmv", keys, np.array(known.day))
    np.testing.assert_array_equal(later[scored.creators], known.sales("creator_category", scored))


def test_what_the_bundle_does_not_know_is_left_out(earlier, catalog, known):
    undated = replace(catalog, creators=catalog.creators.drop(columns="joined_on"))
    again = Known.build(earlier, undated)
    assert again.catalog.creators["creator_id"].tolist() == (
        known.catalog.creators["creator_id"].tolist()
    )
    fewer = replace(catalog, creators=catalog.creators.iloc[5:].reset_index(drop=True))
    kept = fewer.collaborations["creator_id"].isin(fewer.creators["creator_id"])
    fewer = replace(fewer, collaborations=fewer.collaborations[kept].reset_index(drop=True))
    with pytest.raises(MatchingError, match="creator_id that the catalog did not know"):
        Known.build(earlier, fewer)


def test_als_finds_who_sells_what_their_like_sell(known, scored):
    """Two crowds, two kinds of goods: who sold the kind's other goods comes first."""
    count, kinds = known.history.creators.count, known.history.products.count
    creators, products = np.meshgrid(np.arange(count), np.arange(kinds))
    same = (creators % 2 == products % 2) & (products > 0) | (products == 0) & (creators == 2)
    sold = (creators[same], products[same])
    rows = replace(
        known.rows, creators=sold[0], products=sold[1], sales=np.full(len(sold[0]), 100.0)
    )
    values = baselines.implicit_als(replace(known, rows=rows))(scored)
    even = scored.creators % 2 == 0
    assert values[even].min() > values[~even].max()


def test_learned_ranks_find_what_pays(known, monkeypatch):
    """ROI that rises with one feature is ordered by it."""
    column = known.rows.matrix[:, 0].astype(float)
    roi = 1.0 + np.argsort(np.argsort(np.nan_to_num(column)))
    monkeypatch.setattr("training.known.realised_roi", lambda catalog, log: roi)
    offers = type("Offers", (), {"matrix": known.rows.matrix})
    for fit in (baselines.lambda_mart, baselines.roi_regression):
        values = fit(known)(offers)
        assert np.corrcoef(np.argsort(np.argsort(values)), roi)[0, 1] > 0.8


def test_grades_are_fifths_within_a_product_and_ties_share_theirs():
    products = np.repeat([3, 8], [10, 4])
    roi = np.r_[np.arange(10.0), 2.0, 2.0, 2.0, 9.0]
    grades = baselines._grades(products, roi)
    assert grades.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 0, 0, 3]


def test_a_query_has_ten_thousand_rows_at_most():
    sizes = baselines._query_sizes(np.repeat([1, 2, 5], [3, 25_000, 10_000]))
    assert sizes.tolist() == [3, 10_000, 10_000, 5_000, 10_000]


def test_what_cannot_be_learnt_is_absent_with_a_reason(known, catalog):
    nothing = replace(known.rows, sales=np.full_like(known.rows.sales, np.nan))
    log = known.catalog.collaborations.assign(status="declined")
    empty = replace(known, rows=nothing, catalog=replace(known.catalog, collaborations=log))
    scores, absent = fit_baselines(empty)
    assert set(absent) == {"implicit ALS", "LambdaMART on ROI grades", "regression of log ROI"}
    assert absent["implicit ALS"] == "nobody has sold anything yet"
    assert "only 0 collaborations have a known ROI" in absent["regression of log ROI"]
    assert "followers" in scores


def test_equal_roi_teaches_no_order(known, monkeypatch):
    same = np.full(len(known.rows.sales), 4.0)
    monkeypatch.setattr("training.known.realised_roi", lambda catalog, log: same)
    for fit in (baselines.lambda_mart, baselines.roi_regression):
        with pytest.raises(NothingToLearnError):
            fit(known)
