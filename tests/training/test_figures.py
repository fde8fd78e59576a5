"""Standard errors are those of theory, creators stay together, and differences are paired."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training import metrics
from training.figures import Draws, beside, mean_figure, pooled, ratio_figure

VALUES = np.random.default_rng(0).normal(10, 2, 400)


def test_the_mean_of_independent_rows_has_the_error_of_theory():
    draws = Draws.build([f"c{i}" for i in range(400)])
    figure = draws.estimate(metrics.mean(VALUES)).figure()
    assert figure["value"] == pytest.approx(VALUES.mean())
    assert figure["standard_error"] == pytest.approx(VALUES.std() / 20, rel=0.2)
    assert figure["low"] < figure["value"] < figure["high"]
    assert figure["high"] - figure["low"] == pytest.approx(
        2 * 1.645 * figure["standard_error"], rel=0.25
    )
    assert figure["rows"] == 400


def test_rows_of_one_creator_stay_together():
    """Ten copies of each row teach nothing new."""
    alone = Draws.build(np.arange(400)).estimate(metrics.mean(VALUES)).figure()
    copies = Draws.build(np.repeat(np.arange(400), 10))
    together = copies.estimate(metrics.mean(np.repeat(VALUES, 10))).figure()
    assert together["standard_error"] == pytest.approx(alone["standard_error"], rel=0.2)


def test_differences_are_paired():
    draws = Draws.build(np.arange(400))
    mine, theirs = (draws.estimate(metrics.mean(VALUES + x)) for x in (0.5, 0.0))
    found = beside(mine, theirs)
    assert found["gain"]["value"] == pytest.approx(0.5)
    assert found["gain"]["standard_error"] == pytest.approx(0.0, abs=1e-9)
    assert found["predicted"]["standard_error"] > 0.05


def test_some_rows_keep_their_draws():
    draws = Draws.build(["a", "b", "a", "c"])
    some = draws.only(np.array([True, False, True, False]))
    assert (some.counts == draws.counts).all()
    assert some.places.tolist() == [0, 0]


def test_many_rows_are_drawn_in_parts(monkeypatch):
    draws = Draws.build(np.arange(400))
    whole = draws.estimate(metrics.mean(VALUES))
    monkeypatch.setattr("training.figures._WEIGHTS_AT_ONCE", 1000)
    assert np.allclose(draws.estimate(metrics.mean(VALUES)).draws, whole.draws)


def test_draws_that_repeat_creators_can_be_moved_to_the_figure():
    """Resampling adds noise in every bin, so that the error of a true chance grows."""
    chance = np.full(400, 0.5)
    metric = metrics.calibration_error(np.tile([0.0, 1.0], 200), chance)
    draws = Draws.build(np.arange(400))
    assert draws.estimate(metric).figure()["low"] > draws.estimate(metric).value == 0
    figure = draws.estimate(metric, centred=True).figure()
    assert figure["low"] < figure["value"] < figure["high"]
    assert figure["standard_error"] > 0.005


def test_pooled_is_the_mean_of_what_is_defined():
    draws = Draws.build(np.arange(400))
    one, two = (draws.estimate(metrics.mean(VALUES * x)) for x in (1.0, 3.0))
    undefined = draws.estimate(metrics.auc(np.zeros(400), VALUES))
    figure = pooled([one, undefined, two]).figure()
    assert figure["value"] == pytest.approx(2 * VALUES.mean())
    assert figure["rows"] == 800
    assert pooled([undefined]).figure()["value"] is None


def test_ratios_and_means_have_errors():
    mean = mean_figure(VALUES)
    assert mean["standard_error"] == pytest.approx(VALUES.std(ddof=1) / 20)
    whole = np.random.default_rng(1).uniform(5, 50, 400)
    exact = ratio_figure(0.7 * whole, whole)
    assert exact["value"] == pytest.approx(0.7)
    assert exact["standard_error"] == pytest.approx(0.0, abs=1e-12)
    rough = ratio_figure(VALUES, whole)
    drawn = Draws.build(np.arange(400)).estimate(metrics.ratio(VALUES, whole)).figure()
    assert rough["standard_error"] == pytest.approx(drawn["standard_error"], rel=0.2)


def test_what_is_unknown_is_null():
    nothing = Draws.build([]).estimate(metrics.mean(np.zeros(0))).figure()
    for figure in (nothing, mean_figure([]), ratio_figure([1.0], [0.0])):
        assert figure["value"] is None
        assert figure["standard_error"] is None
        json.dumps(figure, allow_nan=False)
    assert mean_figure([3.0])["standard_error"] is None
