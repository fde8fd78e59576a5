"""Intervals: coverage on rows not seen, overall and by size, and the edges."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from matching.models.intervals import Interval


def market(seed: int, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions and what came; small predictions err three times as much."""
    draw = np.random.default_rng(seed)
    size = draw.uniform(0, 10, count)
    spread = np.where(size < 5, 1.5, 0.5)
    return np.exp(size), np.exp(size + draw.normal(0, spread))


def covered(interval: Interval, predicted: np.ndarray, actual: np.ndarray) -> np.ndarray:
    low, high = interval.bounds(predicted)
    return (low <= actual) & (actual <= high)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_an_interval_covers_later_rows_as_promised(level: float):
    interval = Interval.calibrate(*market(0), level)
    assert covered(interval, *market(1)).mean() == pytest.approx(level, abs=0.025)


def test_it_covers_small_and_large_predictions_alike():
    interval = Interval.calibrate(*market(0))
    predicted, actual = market(1)
    inside = covered(interval, predicted, actual)
    for fifth in np.array_split(np.argsort(predicted), 5):
        assert 0.7 <= inside[fifth].mean() <= 0.9


def test_it_is_wider_where_errors_are_larger():
    low, high = Interval.calibrate(*market(0)).bounds(np.exp([2.0, 8.0]))
    width = np.log(high / low)
    assert width[0] > 2 * width[1]


def test_bounds_lie_around_a_prediction_that_is_right_on_the_whole():
    predicted, actual = market(0)
    low, high = Interval.calibrate(predicted, actual).bounds(predicted)
    assert (low < predicted).all()
    assert (predicted < high).all()


def test_twenty_rows_are_one_bin_and_nineteen_are_none():
    predicted = np.full(20, 100.0)
    actual = np.linspace(50, 150, 20)
    assert len(Interval.calibrate(predicted, actual).centers) == 1
    few = Interval.calibrate(predicted[:19], actual[:19])
    assert np.isnan(few.bounds(np.array([100.0, 5.0]))).all()
    assert few.row_count == 19


def test_no_rows_at_all():
    nothing = Interval.calibrate(np.zeros(0), np.zeros(0))
    low, high = nothing.bounds(np.array([1.0, 2.0]))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_few_rows_are_bounded_outward():
    """With 20 rows an 80 % interval takes the second from either end."""
    predicted, actual = np.full(20, 100.0), np.arange(1, 21) * 10.0
    low, high = Interval.calibrate(predicted, actual).bounds(np.array([100.0]))
    assert low == pytest.approx(20.0)
    assert high == pytest.approx(190.0)


def test_nothing_sold_is_a_lower_bound_of_zero():
    predicted = np.full(200, 100.0)
    actual = np.where(np.arange(200) % 5 == 0, 0.0, 120.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        interval = Interval.calibrate(predicted, actual)
        low, high = interval.bounds(np.array([100.0, 1e6]))
    assert low.tolist() == [0.0, 0.0]
    assert high == pytest.approx([120.0, 1.2e6])


def test_predictions_beyond_those_calibrated_take_the_outermost_bin():
    interval = Interval.calibrate(*market(0))
    low, high = interval.bounds(np.array([1e-20, 1e-6, 1e12]))
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert (low <= high).all()


def test_an_interval_that_was_written_is_the_same():
    interval = Interval.calibrate(*market(0))
    again = Interval.from_dict(json.loads(json.dumps(interval.to_dict())))
    asked = np.exp(np.linspace(-2, 12, 50))
    assert np.array_equal(again.bounds(asked), interval.bounds(asked))
    assert (again.level, again.row_count) == (0.8, 4000)
    empty = Interval.calibrate(np.zeros(0), np.zeros(0))
    assert np.isnan(Interval.from_dict(empty.to_dict()).bounds(asked)).all()


def test_where_many_sell_nothing_the_interval_from_nothing_still_covers_its_level():
    """A fifth sell nothing: none of them can lie below, so all that is left out lies above."""
    draw = np.random.default_rng(8)
    predicted = np.exp(draw.normal(6, 1, 20_000))
    actual = predicted * draw.lognormal(0, 0.7, 20_000) * (draw.random(20_000) > 0.2)
    interval = Interval.calibrate(predicted[:10_000], actual[:10_000])
    low, high = interval.bounds(predicted[10_000:])
    assert not low.any()
    inside = (actual[10_000:] >= low) & (actual[10_000:] <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.015)
