"""The judgement of later outcomes: right answers of small frames, and everything with an error."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from training import calibration
from training.baselines import fit_baselines
from training.figures import Draws
from training.later import later_outcomes
from training.logged import judge_later
from training.ordering import ranking
from training.segments import SEGMENTS

ROWS = 400


def frame(**columns: object) -> pd.DataFrame:
    """Return published collaborations of 40 creators and 20 products, sold in the order 0 to 399.

    Predictions are right and followers say the opposite.
    """
    sales = np.arange(float(ROWS))
    plain = {
        "creator_id": [f"c{i % 40}" for i in range(ROWS)],
        "product_id": [f"p{i % 20}" for i in range(ROWS)],
        "accepted": 1.0,
        "fulfilled": 1.0,
        "answer_due": True,
        "outcome_due": True,
        "settled_gmv": np.where(sales < 100, 0.0, sales),
        "roi": 1.0 + sales,
        "follower_count": -sales,
        "published_gmv": sales,
        "expected_gmv": sales,
        "predicted_roi": sales,
        "accept_probability": 0.75,
        "fulfil_probability": 0.75,
        "published_low": sales - 1,
        "published_high": sales + 1,
    }
    return pd.DataFrame({**plain, **columns})


def draws(later: pd.DataFrame) -> Draws:
    return Draws.build(later["creator_id"])


class TestOrder:
    def test_a_right_order_is_one_and_its_opposite_is_nothing(self):
        found = ranking(frame(), draws(frame()))
        assert set(found) == {"sold", "sales", "top_tenth", "ndcg_sales", "ndcg_roi"}
        for name in ("sold", "ndcg_sales", "ndcg_roi"):
            assert found[name]["predicted"]["value"] == pytest.approx(1.0)
        assert found["sold"]["followers"]["value"] == 0.0
        assert found["sold"]["gain"]["low"] == found["sold"]["gain"]["value"] == 1.0
        assert found["sales"]["gain"]["value"] > 1.8
        assert found["ndcg_sales"]["gain"]["low"] > 0
        assert found["top_tenth"]["predicted"]["value"] > 0.1

    def test_who_declined_or_failed_brought_nothing(self):
        """They stand in the lists that were invited, and only there."""
        half = np.arange(ROWS) % 2 == 0
        later = frame(
            accepted=np.where(half, 0.0, 1.0),
            fulfilled=np.where(half, np.nan, 1.0),
            settled_gmv=np.where(half, np.nan, np.arange(ROWS) + 1.0),
            roi=np.where(half, np.nan, 2.0),
        )
        found = ranking(later, draws(later))
        assert found["ndcg_sales"]["predicted"]["rows"] == ROWS
        assert found["sold"]["predicted"]["rows"] == ROWS / 2
        assert found["ndcg_roi"]["predicted"]["rows"] == ROWS / 2

    def test_what_is_not_due_is_left_out_of_lists(self):
        later = frame(outcome_due=np.arange(ROWS) < 100)
        found = ranking(later, draws(later))
        assert found["ndcg_sales"]["predicted"]["rows"] == 100
        assert found["sold"]["predicted"]["rows"] == ROWS


class TestSize:
    def test_a_chance_that_is_right_has_no_error(self):
        later = frame(accepted=np.where(np.arange(ROWS) % 4 == 0, 0.0, 1.0))
        found = calibration.probability(
            later, draws(later), "accepted", "accept_probability", "answer_due"
        )
        assert found["calibration_error"]["value"] == pytest.approx(0.0)
        assert found["brier"]["value"] == pytest.approx(0.75 * 0.25)
        assert found["share"]["value"] == found["predicted"]["value"] == 0.75
        assert [part["actual"]["rows"] for part in found["bins"]] == [ROWS]
        assert found["auc"]["predicted"]["value"] == 0.5

    def test_a_chance_that_is_too_high_by_a_quarter(self):
        later = frame()
        later["accepted"] = (np.arange(ROWS) % 2).astype(float)
        found = calibration.probability(
            later, draws(later), "accepted", "accept_probability", "answer_due"
        )
        assert found["calibration_error"]["value"] == pytest.approx(0.25)

    def test_only_due_answers_count(self):
        later = frame(answer_due=False)
        found = calibration.probability(
            later, draws(later), "accepted", "accept_probability", "answer_due"
        )
        assert found == {"rows": 0}

    def test_sales_in_all_and_by_tenth(self):
        later = frame(settled_gmv=np.arange(ROWS) * 2.0)
        found = calibration.sales(later, draws(later))
        assert found["predicted_by_actual"]["value"] == pytest.approx(0.5)
        assert found["predicted_by_actual"]["standard_error"] == pytest.approx(0.0, abs=1e-9)
        assert [tenth["actual"]["rows"] for tenth in found["tenths"]] == [40] * 10
        told = [tenth["predicted"] for tenth in found["tenths"]]
        assert told == sorted(told)

    def test_coverage_by_fifth(self):
        inside = np.arange(ROWS) >= 160
        later = frame(settled_gmv=np.where(inside, np.arange(float(ROWS)), 1e9))
        found = calibration.coverage(later, draws(later), 0.8, given_sale=False)
        assert found["inside"]["value"] == pytest.approx(0.6)
        assert [fifth["value"] for fifth in found["fifths"]] == [0.0, 0.0, 1.0, 1.0, 1.0]
        given = calibration.coverage(frame(), draws(frame()), 0.8, given_sale=True)
        assert given["cases"] == 300

    def test_few_rows_have_no_parts(self):
        few = frame().iloc[:10]
        assert calibration.sales(few, draws(few))["tenths"] == []
        assert calibration.coverage(few, draws(few), 0.8, given_sale=False)["fifths"] == []


def test_all_and_every_segment_are_judged(earlier, catalog, known):
    scores, _ = fit_baselines(known)
    later = later_outcomes(earlier, catalog, scores)
    judged = judge_later(earlier, later)
    whole = judged["all"]
    assert whole["counts"]["published"] == later["settled_gmv"].notna().sum() > 0
    assert 0.5 < whole["ranking"]["sold"]["predicted"]["value"] <= 1
    assert 0.5 < whole["interval"]["inside"]["value"] <= 1
    assert set(judged["segments"]) == set(SEGMENTS)
    for name in SEGMENTS:
        counts = judged["segments"][name]["counts"]
        assert counts["invitations"] == later[name].sum()
    assert set(judged["baselines"]) == {"this ranking", *scores}
    same = judged["baselines"]["followers"]["sales"]["value"]
    old = later["by followers"].notna() & later["settled_gmv"].notna()
    assert same == pytest.approx(
        later[old][["follower_count", "settled_gmv"]].fillna(0).corr("spearman").iloc[0, 1]
    )
    json.dumps(judged, allow_nan=False)


def test_the_same_seed_gives_the_same_figures(earlier, catalog):
    later = later_outcomes(earlier, catalog)
    assert judge_later(earlier, later, 1) == judge_later(earlier, later, 1)
    other = judge_later(earlier, later, 2)["all"]["ranking"]["sold"]["predicted"]
    mine = judge_later(earlier, later, 1)["all"]["ranking"]["sold"]["predicted"]
    assert mine["value"] == other["value"]
    assert mine["standard_error"] != other["standard_error"]


def test_nothing_later_is_no_error(earlier, catalog):
    later = later_outcomes(earlier, catalog)
    assert judge_later(earlier, later.iloc[:0]) == {"invitations": 0}
