"""What is usual of a feature: in the category, else in the market."""

from __future__ import annotations

import numpy as np
import pytest

from matching.medians import FEWEST_KNOWN, Medians

FOOD, BEAUTY, EMPTY = range(3)


def world() -> tuple[np.ndarray, np.ndarray]:
    """Return features and categories: enough of food, too little of beauty, one unknown.

    The first feature is known everywhere, the second nowhere, the third only in some of food.
    """
    food = np.arange(FEWEST_KNOWN + 1, dtype=np.float32)
    values = np.concatenate((food, [100, 200, 300], [-50])).astype(np.float32)
    third = np.full(len(values), np.nan, dtype=np.float32)
    third[:4] = [1, 2, 3, 10]
    matrix = np.column_stack((values, np.full(len(values), np.nan), third)).astype(np.float32)
    categories = np.array([FOOD] * len(food) + [BEAUTY] * 3 + [-1], dtype=np.int32)
    return matrix, categories


def test_a_category_of_which_enough_is_known_has_its_own_median():
    usual = Medians.build(*world(), 3).usual(FOOD)
    assert usual.values[0] == FEWEST_KNOWN / 2
    assert usual.is_category.tolist() == [True, False, False]


@pytest.mark.parametrize("category", [BEAUTY, EMPTY, -1], ids=["thin", "empty", "unknown"])
def test_elsewhere_the_markets_median_stands(category: int):
    matrix, _ = world()
    usual = Medians.build(*world(), 3).usual(category)
    assert usual.values[0] == np.median(matrix[:, 0])
    assert not usual.is_category.any()


def test_too_few_known_values_are_too_few_however_many_rows_there_are():
    usual = Medians.build(*world(), 3).usual(FOOD)
    assert usual.values[2] == 2.5
    assert not usual.is_category[2]


def test_what_is_known_nowhere_stays_unknown():
    assert np.isnan(Medians.build(*world(), 3).values[:, 1]).all()


def test_the_order_of_the_rows_does_not_matter():
    matrix, categories = world()
    order = np.random.default_rng(0).permutation(len(matrix))
    shuffled = Medians.build(matrix[order], categories[order], 3)
    assert np.array_equal(shuffled.values, Medians.build(*world(), 3).values, equal_nan=True)


def test_medians_are_those_of_numpy():
    draw = np.random.default_rng(1)
    matrix = draw.normal(size=(500, 6)).astype(np.float32)
    matrix[draw.random(matrix.shape) < 0.2] = np.nan
    categories = draw.integers(-1, 4, 500)
    values = Medians.build(matrix, categories, 4).values
    for code in range(4):
        expected = np.nanmedian(matrix[categories == code], axis=0)
        assert values[code] == pytest.approx(expected, rel=1e-6)
    assert values[-1] == pytest.approx(np.nanmedian(matrix, axis=0), rel=1e-6)


def test_before_the_first_collaboration_nothing_is_usual():
    nobody = np.zeros((0, 3), dtype=np.float32)
    usual = Medians.build(nobody, np.zeros(0, dtype=np.int32), 2).usual(0)
    assert np.isnan(usual.values).all()
