"""Sentences follow from figures: good, bad, or not sure."""

from __future__ import annotations

import pytest

from tests.training.test_report import FIGURE, WHOLE
from training.findings import findings, gained, inside


def figure(value, error=0.01):
    return {
        **FIGURE,
        "value": value,
        "standard_error": error,
        "low": value - 2 * error,
        "high": value + 2 * error,
    }


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        (figure(0.05), "good"),
        (figure(-0.05), "bad"),
        (figure(0.01), "unsure"),
        ({"value": 0.05, "standard_error": 0.01}, "good"),
        ({"value": 0.05, "standard_error": None}, "unsure"),
        ({"value": None, "standard_error": None}, "unsure"),
    ],
)
def test_a_gain_is_good_where_its_interval_leaves_out_0(gain, verdict):
    assert gained(gain) == verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.80, "good"), (0.83, "unsure"), (0.85, "bad"), (0.75, "bad")]
)
def test_a_goal_is_missed_by_two_standard_errors(value, verdict):
    assert inside(figure(value), 0.78, 0.82) == verdict


def with_later(**parts):
    judged = {**WHOLE["later"]["all"], **parts}
    return {**WHOLE, "later": {**WHOLE["later"], "all": judged}}


def told(report, verdict):
    return " ".join(findings(report)[verdict])


def test_coverage_is_told_by_its_goal():
    interval = WHOLE["later"]["all"]["interval"]
    held = with_later(interval={**interval, "inside": figure(0.79), "fifths": [figure(0.75)] * 5})
    assert "The 80% interval held 0.790 ± 0.010" in told(held, "good")
    fifths = [figure(0.75)] * 4 + [figure(0.6)]
    missed = with_later(interval={**interval, "inside": figure(0.9), "fifths": fifths})
    assert "held 0.900 ± 0.010 of published sales; the goal is 0.78 to 0.82" in told(missed, "bad")
    assert "In fifth 5 by predicted size" in told(missed, "bad")


def test_a_calibration_error_that_chance_explains_is_not_bad():
    accept = WHOLE["later"]["all"]["accept"]
    for rows, verdict in ((90, "unsure"), (90_000, "bad")):
        bins = [{"predicted": 0.5, "actual": {**FIGURE, "rows": rows}}]
        error = {**figure(0.06), "rows": rows}
        found = with_later(
            accept={**accept, "rows": rows, "bins": bins, "calibration_error": error}
        )
        assert "Calibration error 0.060" in told(found, verdict)


def test_the_lead_is_over_the_best_simple_ranking():
    lead = {"over": "past GMV", "ours": figure(0.7), "theirs": figure(0.6), "gain": figure(0.1)}
    ranking = {"sales": {"predicted": figure(0.7), "followers": figure(0.5), "gain": figure(0.2)}}
    report = with_later(ranking=ranking)
    assert "followers, 0.500. The gain is +0.200" in told(report, "good")
    report["later"]["lead"] = {"sales": lead}
    assert "past GMV, 0.600. The gain is +0.100" in told(report, "good")


def test_what_the_gate_refuses_is_bad():
    against = {**WHOLE["against"], "losses": ["size of sales is 0.01"]}
    assert findings({**WHOLE, "against": against})["bad"][0].endswith("size of sales is 0.01.")


def test_what_changed_clearly_is_good_or_bad():
    assert "Better than v0: sales, Spearman, 0.400 → 0.500 (change +0.100" in told(WHOLE, "good")
    assert "Worse than v0: accepts, calibration error" in told(WHOLE, "bad")
    assert "value ratio" not in told(WHOLE, "good")


def test_predictions_that_moved_far_are_bad_and_features_not_sure():
    assert "1 of 1 predictions have moved far" in told(WHOLE, "bad")
    assert "1 of 1 features have moved far" in told(WHOLE, "unsure")


def test_few_outcomes_are_said():
    few = with_later(counts={"invitations": 500, "published": 120})
    assert "Only 120 published collaborations" in told(few, "unsure")
    none = with_later(counts={"invitations": 100, "published": 12})
    assert "Order of what came" not in told(none, "unsure")
