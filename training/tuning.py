"""Choose a configuration by time-split cross-validation, one trial after the other, resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from matching.catalog import Catalog
from matching.contents import describe_features
from matching.errors import OptionError
from matching.facts import build_history
from matching.history import History
from training.config import TrainConfig
from training.digests import digest_tables
from training.figures import Draws, Estimate, Figure, pooled
from training.gate import judge_span
from training.quiet import without_bars
from training.rows import Rows, collect_rows
from training.run import encode_texts

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

CHOICES: Mapping[str, tuple[float, float]] = {
    "tree_count": (40, 300),
    "depth": (2, 6),
    "leaf_count": (4, 32),
    "min_leaf_rows": (10, 200),
    "learning_rate": (0.03, 0.3),
    "feature_fraction": (0.3, 1.0),
    "l2": (0.1, 100.0),
    "half_life_days": (60.0, 720.0),
}
"""What a search may choose, from least to most; evenly in its logarithm."""


@dataclass(frozen=True)
class TimeSplits:
    """Spans of days that follow each other; what is judged in one was fitted before it.

    Rows and history are made once for all configurations, so texts are encoded as `config` says.

    Attributes
    ----------
    days : the first day of each span, and the day after the last
    name : tells the data, the days, the features and `config` apart from all others
    """

    rows: Rows
    history: History
    config: TrainConfig
    days: tuple[date, ...]
    name: str

    @classmethod
    def build(
        cls,
        catalog: Catalog,
        config: TrainConfig | None = None,
        as_of: date | None = None,
        folds: int = 3,
        fold_days: int = 28,
    ) -> Self:
        """Cut the weeks before a date into folds.

        The default date is `config.gate_days` before the catalog's end: those days judge what the
        search found, and what chose it must not have seen them.

        Raises OptionError where nothing is known before the first of them.
        """
        config = config or TrainConfig()
        end = as_of or catalog.newest_day() - timedelta(days=config.gate_days)
        days = tuple(end - timedelta(days=fold_days * left) for left in range(folds, -1, -1))
        known = catalog.cut(end)
        if not len(catalog.cut(days[0]).collaborations):
            raise OptionError("folds", f"nothing is known before {days[0]}: take fewer or shorter")
        history = build_history(known)
        _, _, texts = encode_texts(known, history, config)
        said = json.dumps(
            [digest_tables(known), list(map(str, days)), asdict(config), describe_features()]
        )
        name = hashlib.sha256(said.encode()).hexdigest()[:16]
        return cls(collect_rows(known, history, texts), history, config, days, name)

    @cached_property
    def draws(self) -> Draws:
        """Draws of the creators of all rows, the same for every configuration and fold."""
        return Draws.build(self.rows.creators)

    def cross_validate(self, config: TrainConfig) -> dict[str, Estimate]:
        """Return the mean over the folds of what the gate measures (`training/gate.py`).

        A creator who is in several folds is drawn in all of them or in none: their luck is one.
        """
        found = [
            judge_span(self.rows, self.history, start, end, config, self.draws).estimates
            for start, end in zip(self.days[:-1], self.days[1:], strict=True)
        ]
        names = dict.fromkeys(name for by in found for name in by)
        return {name: pooled([by[name] for by in found if name in by]) for name in names}


def tune(splits: TimeSplits, storage: Path, trials: int, seed: int = 0) -> Study:
    """Search until the study has so many finished trials, and return it.

    Every trial is kept in `storage` (an SQLite file) as soon as it is finished: a search that was
    ended goes on where it was, with the trials that it would have made. Other data, days,
    features or configurations are studies of their own in the same file. The first finished trial
    is the configuration of the splits, so that what is found can be held against it. What is made
    large is the sum of the measures.

    Each trial keeps as attributes its measures, and as `gain` of each how far it is above the
    first trial's: paired, since all were judged with the same draws of creators. Those of the first
    trial are kept for that as its `draws`.
    """
    with without_bars():
        import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{storage}",
        study_name=splits.name,
        direction="maximize",
        load_if_exists=True,
    )

    def objective(trial: Trial) -> float:
        found = splits.cross_validate(suggested(trial, splits.config))
        first = finished(study)[:1]
        drawn = first[0].user_attrs["draws"] if first else {}
        for measure, estimate in found.items():
            trial.set_user_attr(measure, estimate.figure())
            if measure in drawn:
                gain = estimate - _restored(drawn[measure])
                trial.set_user_attr(f"{measure} gain", gain.figure())
        if not first:
            kept = {name: [estimate.value, *estimate.draws] for name, estimate in found.items()}
            trial.set_user_attr("draws", kept)
        return float(np.sum([estimate.value for estimate in found.values()]))

    default = {choice: getattr(splits.config, choice) for choice in CHOICES}
    for number in range(len(finished(study)), trials):
        waiting = study.get_trials(states=[optuna.trial.TrialState.WAITING])
        if number == 0 and not waiting:
            study.enqueue_trial(default)
        # A sampler that went on from its seed would suggest the first trials again.
        study.sampler = optuna.samplers.TPESampler(seed=seed + number)
        study.optimize(objective, n_trials=1)
    return study


def finished(study: Study) -> list[FrozenTrial]:
    """Return the trials that came to their end, in order; the first is the default."""
    from optuna.trial import TrialState

    return study.get_trials(states=[TrialState.COMPLETE])


def measures(study: Study) -> list[str]:
    """Return the names of what the trials were judged by."""
    first = finished(study)[:1]
    return list(first[0].user_attrs["draws"]) if first else []


def gains(study: Study, measure: str) -> list[Figure]:
    """Return how far each later trial is above the first in a measure, in order."""
    return [trial.user_attrs[f"{measure} gain"] for trial in finished(study)[1:]]


def suggested(trial: Trial, config: TrainConfig) -> TrainConfig:
    """Return the configuration with the trial's choices."""
    chosen: dict[str, Any] = {}
    for name, (least, most) in CHOICES.items():
        whole = isinstance(getattr(config, name), int)
        suggest = trial.suggest_int if whole else trial.suggest_float
        chosen[name] = suggest(name, least, most, log=True)
    return replace(config, **chosen).check()


def best_config(study: Study, config: TrainConfig) -> TrainConfig:
    """Return the configuration with the choices of the best trial."""
    return replace(config, **study.best_params).check()


def _restored(kept: Sequence[float]) -> Estimate:
    value, *draws = kept
    return Estimate(value, np.array(draws, dtype=np.float64), 0)
