"""Contributions from tables are LightGBM's own, and Shapley values add up."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from matching.models.contributions import ContributionTables, shapley_values
from matching.models.outcomes import LOG, Head, HeadConfig

NAMES = [f"f{number}" for number in range(6)]


def draw(rows: int, unknown: float, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    matrix = np.round(generator.normal(size=(rows, len(NAMES))), 1).astype(np.float32)
    matrix[generator.random(matrix.shape) < unknown] = np.nan
    return matrix


def grow(depth: int, unknown: float, trees: int = 25, **others: Any) -> Any:
    matrix = draw(3000, unknown, seed=1)
    known = np.nan_to_num(matrix)
    target = known[:, 0] * known[:, 1] + np.sin(known[:, 2]) + np.isnan(matrix[:, 3]) - known[:, 4]
    parameters = {
        "max_depth": depth,
        "num_leaves": 2**depth,
        "min_data_in_leaf": 20,
        "num_threads": 1,
        "verbosity": -1,
        **others,
    }
    weight = np.random.default_rng(2).random(len(matrix))
    data = lightgbm.Dataset(matrix, target, weight=weight, feature_name=NAMES)
    return lightgbm.train(parameters, data, trees)


@pytest.mark.parametrize("unknown", [0.0, 0.3])
@pytest.mark.parametrize("depth", [1, 3, 6])
def test_tables_say_what_lightgbm_does(depth: int, unknown: float):
    """Of rows with values on the thresholds, and unknown ones where training had none."""
    booster = grow(depth, unknown)
    tables = ContributionTables.of(booster.dump_model())
    assert tables is not None
    rows = draw(300, 0.2, seed=5)
    theirs = booster.predict(rows, pred_contrib=True, num_threads=1)
    assert tables.contributions(rows) == pytest.approx(theirs, abs=1e-9)
    assert tables.contributions(rows[:0]).shape == (0, len(NAMES) + 1)


def test_contributions_and_base_add_up_to_the_margin():
    booster = grow(4, 0.2)
    rows = draw(100, 0.2, seed=6)
    parts = ContributionTables.of(booster.dump_model()).contributions(rows)  # type: ignore[union-attr]
    assert parts.sum(axis=1) == pytest.approx(booster.predict(rows), abs=1e-9)


def test_a_model_without_a_split_has_a_base_alone():
    booster = grow(3, 0.0, trees=3, min_gain_to_split=1e9)
    parts = ContributionTables.of(booster.dump_model()).contributions(draw(4, 0.0, 7))  # type: ignore[union-attr]
    assert not parts[:, :-1].any()
    assert parts[:, -1] == pytest.approx(booster.predict(draw(4, 0.0, 7)))


def test_deep_trees_are_left_to_lightgbm():
    matrix = draw(4000, 0.1, seed=3)
    generator = np.random.default_rng(0)
    wide = np.column_stack((matrix, generator.normal(size=(4000, 6)).astype(np.float32)))
    target = np.sign(wide).prod(axis=1) + np.nan_to_num(wide).sum(axis=1)
    names = [f"f{number}" for number in range(wide.shape[1])]
    config = HeadConfig(tree_count=10, depth=12, leaf_count=400, min_leaf_rows=2)
    head = Head.fit("deep", LOG, wide, np.nan_to_num(target), names, config, threads=1)
    assert ContributionTables.of(head.booster.dump_model()) is None
    parts = head.contributions(wide[:20])
    assert parts.sum(axis=1) == pytest.approx(head.margin(wide[:20]), abs=1e-9)


def test_shapley_values_share_out_the_difference_from_the_expected():
    shares = np.array([0.2, 0.5, 0.9])
    values = shapley_values(shares[None])[0]
    for pattern in range(8):
        reached = float(pattern == 7)
        assert values[:, pattern].sum() == pytest.approx(reached - shares.prod())
    assert shapley_values(np.array([[0.25]])) == pytest.approx(np.array([[[-0.25, 0.75]]]))
