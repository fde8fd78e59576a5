"""Heads: what they learn, what they do not, and that they survive being written."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from matching.errors import BundleError
from matching.models import outcomes
from matching.models.outcomes import (
    LOG,
    LOGISTIC,
    SHARE,
    Head,
    HeadConfig,
    Selected,
    log_probability,
    probability,
    select,
)

NAMES = ("strong", "weak", "noise")
SMALL = HeadConfig(tree_count=30, min_leaf_rows=10)


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(800, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def happened(matrix: np.ndarray) -> np.ndarray:
    draw = np.random.default_rng(1).random(len(matrix))
    return (draw < probability(2.0 * matrix[:, 0] + 0.5 * matrix[:, 1])).astype(float)


@pytest.fixture(scope="module")
def logistic(matrix: np.ndarray, happened: np.ndarray) -> Head:
    return Head.fit("accept", LOGISTIC, matrix, happened, NAMES, SMALL, threads=1)


@pytest.fixture(scope="module")
def log(matrix: np.ndarray) -> Head:
    target = 5.0 + matrix[:, 0]
    return Head.fit("sales", LOG, matrix, target, NAMES, SMALL, threads=1)


def test_a_head_learns_what_matters(logistic: Head, log: Head, matrix: np.ndarray):
    assert np.corrcoef(logistic.margin(matrix), matrix[:, 0])[0, 1] > 0.8
    assert np.corrcoef(log.margin(matrix), matrix[:, 0])[0, 1] > 0.95
    assert log.margin(matrix).mean() == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("trees", [1, 2, 4, 30])
def test_the_first_trees_and_the_others_are_all_trees(matrix: np.ndarray, trees: int):
    config = HeadConfig(tree_count=trees, min_leaf_rows=10)
    head = Head.fit("sales", LOG, matrix, matrix[:, 0].astype(float), NAMES, config, threads=1)
    rough = head.rough_margin(matrix)
    assert head.tree_count == trees
    np.testing.assert_array_equal(rough + head.margin_left(matrix), head.margin(matrix))
    np.testing.assert_allclose(
        head.margin(matrix), head.booster.predict(matrix, raw_score=True), rtol=0, atol=1e-12
    )
    assert np.corrcoef(rough, matrix[:, 0])[0, 1] > 0.8
    assert (head.margin_left(matrix) == 0).all() == (trees == 1)


def test_threads_that_ask_for_parts_do_not_disturb_each_other(log: Head, matrix: np.ndarray):
    """LightGBM keeps in a model which of its trees were asked for last."""
    asked = [log.rough_margin, log.margin_left] * 40
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda ask: ask(matrix), asked))
    for ask, margin in zip(asked, told, strict=True):
        np.testing.assert_array_equal(margin, ask(matrix))


def test_probabilities_are_calibrated_on_average(
    logistic: Head, matrix: np.ndarray, happened: np.ndarray
):
    assert probability(logistic.margin(matrix)).mean() == pytest.approx(happened.mean(), abs=0.03)


@pytest.mark.parametrize("head", ["logistic", "log"])
def test_contributions_add_up_to_the_margin(
    head: str, matrix: np.ndarray, request: pytest.FixtureRequest
):
    chosen: Head = request.getfixturevalue(head)
    parts = chosen.contributions(matrix)
    assert parts.shape == (len(matrix), len(NAMES) + 1)
    assert np.allclose(parts.sum(axis=1), chosen.margin(matrix), atol=1e-9)


@pytest.mark.parametrize("head", ["logistic", "log"])
def test_a_head_that_was_written_predicts_the_same(
    head: str, matrix: np.ndarray, request: pytest.FixtureRequest
):
    chosen: Head = request.getfixturevalue(head)
    description = json.loads(json.dumps(chosen.describe()))
    again = Head.restore(description, NAMES, chosen.to_text())
    assert np.array_equal(again.margin(matrix), chosen.margin(matrix))
    assert np.array_equal(again.contributions(matrix), chosen.contributions(matrix))


def test_a_head_of_other_features_is_refused(logistic: Head):
    with pytest.raises(BundleError, match="head accept was trained on other features"):
        Head.restore(logistic.describe(), ("strong", "noise", "weak"), logistic.to_text())


def test_the_same_rows_grow_the_same_trees(matrix: np.ndarray, happened: np.ndarray):
    few = HeadConfig(tree_count=3, min_leaf_rows=10)
    first, second = (
        Head.fit("accept", LOGISTIC, matrix, happened, NAMES, few, threads=2) for _ in range(2)
    )
    assert first.to_text() == second.to_text()


def test_a_rising_feature_never_lowers_the_prediction(matrix: np.ndarray, happened: np.ndarray):
    head = Head.fit(
        "accept", LOGISTIC, matrix, happened, NAMES, SMALL, monotone={"noise": 1}, threads=1
    )
    row = np.tile(matrix[:50, None, :], (1, 40, 1))
    row[:, :, 2] = np.linspace(-3, 3, 40)
    margins = head.margin(row.reshape(-1, 3)).reshape(50, 40)
    assert (np.diff(margins, axis=1) >= 0).all()


def test_an_ignored_feature_is_never_split_on(matrix: np.ndarray, happened: np.ndarray):
    head = Head.fit(
        "accept", LOGISTIC, matrix, happened, NAMES, SMALL, ignored=("strong",), threads=1
    )
    used = dict(zip(NAMES, head.booster.feature_importance(), strict=True))
    assert used["strong"] == 0
    assert used["weak"] > 0
    moved = matrix.copy()
    moved[:, 0] += 10
    assert np.array_equal(head.margin(moved), head.margin(matrix))


def test_weights_decide_which_rows_count(matrix: np.ndarray):
    early = np.arange(len(matrix)) < 400
    target = np.where(early, 1.0, 3.0)
    head = Head.fit(
        "sales", LOG, matrix, target, NAMES, SMALL, weight=np.where(early, 1e-6, 1.0), threads=1
    )
    assert head.margin(matrix).mean() == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize(
    ("link", "target", "margin", "reason"),
    [
        (LOGISTIC, [], 40.0, "only 0 known cases"),
        (LOGISTIC, [1.0] * 30, 40.0, "only 30 known cases"),
        (LOGISTIC, [1.0] * 500, 40.0, "only 0 of 500 known cases differ"),
        (LOGISTIC, [0.0] * 500, -40.0, "only 0 of 500 known cases differ"),
        (LOGISTIC, [1.0] * 90 + [0.0] * 10, np.log(9), "only 10 of 100 known cases differ"),
        (SHARE, [], -40.0, "only 0 known cases"),
        (SHARE, [0.0] * 30, -40.0, "only 30 known cases"),
        (SHARE, [0.5, 0.1], np.log(3 / 7), "only 2 known cases"),
        (LOG, [], 0.0, "only 0 known cases"),
        (LOG, [2.0, 4.0], 3.0, "only 2 known cases"),
    ],
)
def test_a_head_with_nothing_to_learn_from_is_a_stated_constant(
    link: str, target: list[float], margin: float, reason: str
):
    rows = np.zeros((len(target), 3), dtype=np.float32)
    head = Head.fit("accept", link, rows, np.array(target), NAMES, SMALL)
    assert head.booster is None
    assert head.reason == reason
    asked = np.zeros((4, 3), dtype=np.float32)
    assert head.margin(asked) == pytest.approx(margin)
    assert np.array_equal(head.contributions(asked).sum(axis=1), head.margin(asked))
    again = Head.restore(json.loads(json.dumps(head.describe())), NAMES, head.to_text())
    assert again == head


def test_features_of_nothing_but_nan_do_no_harm(happened: np.ndarray):
    empty = np.full((len(happened), 3), np.nan, dtype=np.float32)
    head = Head.fit("accept", LOGISTIC, empty, happened, NAMES, SMALL, threads=1)
    expected = np.log(happened.mean() / (1 - happened.mean()))
    assert head.margin(empty) == pytest.approx(expected, abs=0.01)


def test_the_logarithm_of_a_probability_is_exact_far_out():
    margins = np.array([-700.0, -40.0, 0.0, 40.0, 700.0])
    with np.errstate(over="raise"):
        logs = log_probability(margins)
    assert logs == pytest.approx([-700.0, -40.0, np.log(0.5), -4.248e-18, 0.0], rel=1e-3, abs=1e-17)


def test_probabilities_of_certain_heads_are_certain():
    assert probability(np.array([40.0])) == pytest.approx(1.0)
    assert probability(np.array([-40.0])) == pytest.approx(0.0, abs=1e-15)


def test_rows_that_are_read_some_at_a_time_grow_the_same_trees(
    matrix: np.ndarray, happened: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    few = HeadConfig(tree_count=30, min_leaf_rows=10)
    learnt, later = np.arange(0, 800, 2), np.arange(1, 800, 2)

    def grow() -> str:
        rows, after = select(matrix, learnt), select(matrix, later)
        judge = (after, happened[later])
        head = Head.fit(
            "accept", LOGISTIC, rows, happened[learnt], NAMES, few, validation=judge, threads=1
        )
        return head.to_text()

    whole = grow()
    monkeypatch.setattr(outcomes, "_MANY_ROWS", 100)
    monkeypatch.setattr(Selected, "batch_size", 150)
    assert isinstance(select(matrix, learnt), Selected)
    assert grow() == whole
