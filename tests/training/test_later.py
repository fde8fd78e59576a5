"""Later outcomes: only those after the date, each as predicted then and as it came out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matching.errors import MatchingError
from tests.training.conftest import AS_OF
from training.baselines import fit_baselines
from training.later import PREDICTED, later_outcomes
from training.segments import SEGMENTS


@pytest.fixture(scope="module")
def later(earlier, catalog):
    return later_outcomes(earlier, catalog)


def test_later_outcomes_are_only_those_after_the_date(later):
    assert later["invited_on"].min() >= np.datetime64(AS_OF)
    for name in (*PREDICTED, "expected_gmv", "predicted_roi"):
        assert later[name].notna().all(), name
    assert later["accept_probability"].between(0, 1).all()
    assert set(SEGMENTS) <= set(later.columns)


def test_what_came_is_that_of_the_log(later, catalog):
    log = catalog.collaborations
    log = log[log["invited_on"] >= np.datetime64(AS_OF)]
    assert later["settled_gmv"].notna().sum() <= (log["status"] == "fulfilled").sum()
    open_ones = later["accepted"].isna()
    assert later.loc[open_ones, ["fulfilled", "settled_gmv", "roi"]].isna().all(axis=None)
    declined = later["accepted"] == 0
    assert later.loc[declined, "settled_gmv"].isna().all()
    assert later.loc[later["fulfilled"] == 0, "settled_gmv"].isna().all()
    assert later["impressions"].notna().sum() > 0


def test_young_invitations_are_not_due(later):
    """Answers come sooner than outcomes, and neither is due on the last day."""
    assert later["answer_due"].sum() > later["outcome_due"].sum() > 0
    newest = later[later["invited_on"] == later["invited_on"].max()]
    assert not newest["answer_due"].any()
    due = later[later["answer_due"]]
    assert due["accepted"].notna().mean() > 0.85
    assert due["invited_on"].max() < later["invited_on"].max()


def test_products_that_came_later_are_judged_by_their_content(later, earlier):
    known = {p["product_id"] for p in earlier.products(limit=1000)}
    new = later[~later["product_id"].isin(known)]
    assert len(new) > 0
    assert new["published_gmv"].notna().all()
    assert new["cold product"].all()


def test_baselines_score_what_they_know(earlier, catalog, known):
    scores, _ = fit_baselines(known)
    later = later_outcomes(earlier, catalog, scores)
    old = later["product_id"].isin(known.catalog.products["product_id"])
    for name in scores:
        assert later.loc[old, f"by {name}"].notna().all(), name
        assert later.loc[~old, f"by {name}"].isna().all(), name
    followers = later.loc[old & later["follower_count"].notna()]
    assert (followers["by followers"] == followers["follower_count"]).all()


def test_impressions_are_predicted_where_a_head_does(earlier, catalog, monkeypatch, later):
    assert "predicted_impressions" in later
    ranker = earlier.contents.ranker
    original = type(ranker).outcomes

    class Seen:
        def __init__(self, outcomes):
            self.outcomes = outcomes
            self.impressions = np.full(len(outcomes.published_gmv), 7.0)

        def __getattr__(self, name):
            return getattr(self.outcomes, name)

    monkeypatch.setattr(type(ranker), "outcomes", lambda *args: Seen(original(*args)))
    assert (later_outcomes(earlier, catalog)["predicted_impressions"] == 7.0).all()


def test_the_catalog_of_another_market_is_refused(earlier, catalog):
    log = catalog.collaborations
    other = replace(catalog, collaborations=log.assign(creator_id="z" + log["creator_id"]))
    with pytest.raises(MatchingError, match=r"knows no creator of the [\d,]+ invitations"):
        later_outcomes(earlier, other)


def test_a_catalog_of_few_columns_is_judged_too(earlier, catalog):
    kept = ["collaboration_id", "creator_id", "product_id", "invited_on", "status", "settled_on"]
    few = replace(catalog, collaborations=catalog.collaborations[[*kept, "gmv"]])
    later = later_outcomes(earlier, few)
    assert len(later) > 0
    assert later["impressions"].isna().all()
    assert later["accepted"].notna().any()
