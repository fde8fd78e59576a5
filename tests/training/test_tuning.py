"""The search over configurations: judged in time, resumed without repeating itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.errors import OptionError
from training.config import TrainConfig
from training.figures import Draws, Estimate
from training.gate import Span, judge_span
from training.tuning import CHOICES, TimeSplits, best_config, finished, gains, measures, tune


@pytest.fixture(scope="module")
def splits(catalog: Catalog) -> TimeSplits:
    config = TrainConfig(tree_count=60, text_dimensions=8, threads=1)
    return TimeSplits.build(catalog, config, folds=2)


@pytest.fixture
def shallow(splits: TimeSplits, monkeypatch: pytest.MonkeyPatch) -> TimeSplits:
    """Splits whose judge fits nothing: a configuration is the better the shallower."""

    def judge(self: TimeSplits, config: TrainConfig) -> dict[str, Estimate]:
        return {"accept": Estimate(-float(config.depth), np.zeros(2), 10)}

    monkeypatch.setattr(TimeSplits, "cross_validate", judge)
    return splits


def choices(study: Any) -> list[dict[str, Any]]:
    return [trial.params for trial in finished(study)]


def default(splits: TimeSplits) -> dict[str, Any]:
    return {name: pytest.approx(getattr(splits.config, name)) for name in CHOICES}


def test_a_resumed_search_makes_the_trials_of_an_undisturbed_one(
    shallow: TimeSplits, tmp_path: Path
) -> None:
    whole = choices(tune(shallow, tmp_path / "whole.sqlite", 14))
    for trials in (3, 12, 14):
        parts = choices(tune(shallow, tmp_path / "parts.sqlite", trials))
        assert len(parts) == trials
    assert parts == whole
    assert len({tuple(trial.values()) for trial in whole}) == 14
    assert whole[0] == default(shallow)


def test_the_default_is_judged_though_its_first_trial_was_killed(
    shallow: TimeSplits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: TimeSplits, config: TrainConfig) -> dict[str, Estimate]:
        raise KeyboardInterrupt

    with monkeypatch.context() as during, pytest.raises(KeyboardInterrupt):
        during.setattr(TimeSplits, "cross_validate", die)
        tune(shallow, tmp_path / "search.sqlite", 2)
    study = tune(shallow, tmp_path / "search.sqlite", 2)
    assert choices(study)[0] == default(shallow)
    assert len(finished(study)) == 2
    assert best_config(study, shallow.config).depth == min(t["depth"] for t in choices(study))


def test_other_data_and_other_configurations_are_other_studies(
    shallow: TimeSplits, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tune(shallow, tmp_path / "search.sqlite", 2)
    for other in (
        TimeSplits.build(catalog.cut(shallow.days[-2]), shallow.config, folds=2),
        TimeSplits.build(catalog, replace(shallow.config, depth=5), folds=2),
        TimeSplits.build(catalog, shallow.config, folds=1),
    ):
        assert other.name != shallow.name
        (only,) = choices(tune(other, tmp_path / "search.sqlite", 1))
        assert only == default(other)
    assert TimeSplits.build(catalog, shallow.config, folds=2).name == shallow.name
    monkeypatch.setattr("training.tuning.describe_features", lambda: [{"name": "another"}])
    assert TimeSplits.build(catalog, shallow.config, folds=2).name != shallow.name


def test_folds_are_judged_with_the_same_draws_of_creators(
    splits: TimeSplits, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def judge(*arguments: Any) -> Span:
        drawn.append(arguments[-1])
        return judge_span(*arguments)

    monkeypatch.setattr("training.tuning.judge_span", judge)
    found = splits.cross_validate(replace(splits.config, tree_count=20))
    assert 0.5 < found["accept"].value < 1.0
    assert 0.0 < found["accept"].figure()["standard_error"] < 0.1
    first, second = drawn
    assert isinstance(first, Draws)
    assert first is second


def test_the_gates_weeks_are_no_fold(catalog: Catalog, splits: TimeSplits) -> None:
    left = catalog.newest_day() - splits.days[-1]
    assert left.days == splits.config.gate_days == 28


def test_trials_are_held_against_the_first_in_pairs(
    splits: TimeSplits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Luck that all trials share is in no difference."""
    luck = np.random.default_rng(0).normal(size=200)

    def judge(self: TimeSplits, config: TrainConfig) -> dict[str, Estimate]:
        return {"accept": Estimate(-float(config.depth), luck - config.depth, 10)}

    monkeypatch.setattr(TimeSplits, "cross_validate", judge)
    for trials in (2, 4):  # resumed as well
        study = tune(splits, tmp_path / "search.sqlite", trials)
    assert measures(study) == ["accept"]
    found = gains(study, "accept")
    depths = [trial.params["depth"] for trial in finished(study)]
    assert [gain["value"] for gain in found] == [depths[0] - depth for depth in depths[1:]]
    assert all(gain["standard_error"] < 1e-9 for gain in found)
    assert finished(study)[1].user_attrs["accept"]["standard_error"] > 0.9


def test_folds_before_anything_is_known_are_refused(catalog: Catalog) -> None:
    with pytest.raises(OptionError, match="nothing is known before"):
        TimeSplits.build(catalog, folds=60)
