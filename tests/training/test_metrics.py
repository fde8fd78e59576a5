"""Metrics: the values that others compute, and a weight of two is a row that is there twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import ndcg_score, roc_auc_score

from training import metrics

DRAW = np.random.default_rng(3)
ROWS = 60
SCORE = np.round(DRAW.normal(size=ROWS), 1)  # rounded, so that there are ties
TRUTH = (SCORE + DRAW.normal(size=ROWS) > 0.3).astype(float)
SALES = np.where(TRUTH, np.exp(DRAW.normal(5, 1, ROWS)), 0.0)
GROUP = DRAW.integers(0, 7, ROWS)
CHANCE = 1 / (1 + np.exp(-SCORE))


def every(metric: metrics.Metric, rows: int = ROWS) -> float:
    return float(metric(np.ones((1, rows)))[0])


def test_auc_and_rank_correlation_are_those_of_others():
    assert every(metrics.auc(TRUTH, SCORE)) == pytest.approx(roc_auc_score(TRUTH, SCORE))
    expected = spearmanr(SALES, SCORE).statistic
    assert every(metrics.spearman(SALES, SCORE)) == pytest.approx(expected)


def test_ndcg_is_the_mean_over_groups():
    scores = DRAW.permutation(ROWS).astype(float)  # without ties
    expected = [
        ndcg_score([SALES[g == GROUP]], [scores[g == GROUP]], k=3)
        for g in range(7)
        if SALES[g == GROUP].any()
    ]
    assert every(metrics.ndcg(GROUP, SALES, scores, top=3)) == pytest.approx(np.mean(expected))


def test_groups_without_an_order_or_a_gain_are_left_out():
    group, gain = np.array([0, 1, 1, 2, 2]), np.array([5.0, 0.0, 0.0, 1.0, 0.0])
    best = metrics.ndcg(group, gain, np.array([1.0, 1.0, 2.0, 2.0, 1.0]))
    worst = metrics.ndcg(group, gain, np.array([1.0, 1.0, 2.0, 1.0, 2.0]))
    assert every(best, 5) == 1.0
    assert every(worst, 5) == pytest.approx(1 / np.log2(3))


def test_the_share_of_the_top_tenth():
    sales = np.array([50.0, *np.full(19, 10.0)])
    assert every(metrics.top_share(sales, sales), 20) == pytest.approx(60 / 240)
    assert every(metrics.top_share(sales, -sales), 20) == pytest.approx(20 / 240)
    halves = np.array([8.0, 1.0, 1.0, 1.0, 1.0])  # a tenth of five rows is half a row
    assert every(metrics.top_share(halves, halves), 5) == pytest.approx(4 / 12)


def test_calibration_error_is_the_mean_gap_of_bins():
    chance = np.array([0.05, 0.05, 0.95, 1.0])
    truth = np.array([0.0, 1.0, 1.0, 1.0])
    gaps = abs(0.5 - 0.05) * 2 + abs(1.0 - 0.975) * 2
    assert every(metrics.calibration_error(truth, chance), 4) == pytest.approx(gaps / 4)


METRICS = {
    "auc": lambda rows: metrics.auc(TRUTH[rows], SCORE[rows]),
    "spearman": lambda rows: metrics.spearman(SALES[rows], SCORE[rows]),
    "ndcg": lambda rows: metrics.ndcg(GROUP[rows], SALES[rows], SCORE[rows]),
    "top share": lambda rows: metrics.top_share(SALES[rows], SCORE[rows]),
    "ratio": lambda rows: metrics.ratio(SALES[rows], CHANCE[rows]),
    "calibration error": lambda rows: metrics.calibration_error(TRUTH[rows], CHANCE[rows]),
}


@pytest.mark.parametrize("name", METRICS)
@example(times=[0] * ROWS)
@given(times=st.lists(st.integers(0, 3), min_size=ROWS, max_size=ROWS))
def test_a_weight_is_how_often_a_row_is_there(name: str, times: list[int]):
    rows = np.repeat(np.arange(ROWS), times)
    weighted = METRICS[name](np.arange(ROWS))(np.array([times], dtype=float))[0]
    expected = every(METRICS[name](rows), len(rows)) if len(rows) else np.nan
    assert weighted == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("truth", [np.zeros(4), np.ones(4)])
def test_what_is_undefined_is_nan(truth: np.ndarray):
    score = np.arange(4.0)
    assert np.isnan(every(metrics.auc(truth, score), 4))
    assert np.isnan(every(metrics.spearman(truth, score), 4))
    assert np.isnan(every(metrics.ratio(score, np.zeros(4)), 4))
    assert np.isnan(every(metrics.ndcg([1, 2, 3, 4], truth, score), 4))
