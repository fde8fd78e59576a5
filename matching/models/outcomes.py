"""Outcome heads: what happens when a creator is asked to sell a product.

Each head is a LightGBM model of one outcome, or a stated constant where the catalog has nothing to
learn it from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from matching.errors import BundleError
from matching.models.contributions import ContributionTables

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]

LOGISTIC = "logistic"
SHARE = "share"
LOG = "log"
_OBJECTIVES = {LOGISTIC: "binary", SHARE: "cross_entropy", LOG: "regression"}
_ROUGH_PART = 3  # one tree in so many tells roughly
_PATIENCE = 30  # trees without an improvement before growing stops
_MIN_EVENTS = 20  # fewer of either answer, or fewer rows, teach nothing
_MANY_ROWS = 1_000_000  # fewer are copied whole: that is faster, and gives the same trees


class Selected(lightgbm.Sequence):
    """Rows of a matrix that LightGBM reads some at a time, and keeps in a byte a value."""

    batch_size = 65_536

    def __init__(self, matrix: Matrix, rows: IntArray) -> None:
        self.matrix, self.rows = matrix, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> FloatArray:
        return np.asarray(self.matrix[self.rows[index]], dtype=np.float64)


def select(matrix: Matrix, rows: IntArray) -> Matrix | Selected:
    """Return rows of a matrix for `Head.fit`: a copy where it is small."""
    return Selected(matrix, rows) if len(rows) > _MANY_ROWS else matrix[rows]


@dataclass(frozen=True)
class HeadConfig:
    """How the trees of a head are grown."""

    tree_count: int = 200
    depth: int = 3
    leaf_count: int = 8
    min_leaf_rows: int = 40
    learning_rate: float = 0.08
    feature_fraction: float = 0.6
    l2: float = 5.0
    seed: int = 0


@dataclass(frozen=True)
class Head:
    """A model of one outcome on its margin: log-odds (`logistic`, `share`) or a logarithm (`log`).

    `booster` is None for a constant head, whose margin is `constant` and whose `reason` says why.
    """

    name: str
    link: str
    features: tuple[str, ...]
    booster: Any = None
    constant: float = 0.0
    reason: str = ""

    @classmethod
    def fit(
        cls,
        name: str,
        link: str,
        matrix: Matrix | Selected,
        target: FloatArray,
        features: Sequence[str],
        config: HeadConfig,
        monotone: Mapping[str, int] | None = None,
        ignored: Sequence[str] = (),
        weight: FloatArray | None = None,
        validation: tuple[Matrix | Selected, FloatArray] | None = None,
        threads: int = 0,
    ) -> Head:
        """Grow the trees, or return a stated constant where there is nothing to learn from.

        Parameters
        ----------
        matrix : float32 (rows, features), or what `select` returned
        target : float64 (rows,)
            0 or 1 for a logistic head, 0 to 1 for a share, a logarithm for a log head.
        monotone : feature name → 1 (rising) or -1 (falling)
        ignored : features that this head must not split on
        weight : float64 (rows,), optional
        validation : (matrix, target) of later rows, optional
            Trees are added only while they help there.
        """
        reason = _nothing_to_learn(link, target)
        if reason:
            return cls.mean(name, link, target, features, reason)
        signs = [(monotone or {}).get(feature, 0) for feature in features]
        parameters = {
            "objective": _OBJECTIVES[link],
            "max_depth": config.depth,
            "num_leaves": config.leaf_count,
            "min_data_in_leaf": config.min_leaf_rows,
            "learning_rate": config.learning_rate,
            "feature_fraction": config.feature_fraction,
            "lambda_l2": config.l2,
            "monotone_constraints": signs if any(signs) else None,
            "feature_contri": [0.0 if name in ignored else 1.0 for name in features],
            "seed": config.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads,
            "verbosity": -1,
        }
        parameters = {key: value for key, value in parameters.items() if value is not None}
        data = lightgbm.Dataset(matrix, target, weight=weight, feature_name=list(features))
        later = [] if validation is None else [data.create_valid(*validation)]
        patience: list[Any] = [lightgbm.early_stopping(_PATIENCE, verbose=False)] if later else []
        booster = lightgbm.train(
            parameters, data, config.tree_count, valid_sets=later, callbacks=patience
        )
        return cls(name, link, tuple(features), booster)

    @classmethod
    def mean(
        cls, name: str, link: str, target: FloatArray, features: Sequence[str], reason: str
    ) -> Head:
        """Return a head that predicts the mean for everybody, and says why."""
        return cls.fixed(name, link, _mean_margin(link, target), features, reason)

    @classmethod
    def fixed(
        cls, name: str, link: str, margin: float, features: Sequence[str], reason: str
    ) -> Head:
        """Return a head of one margin for everybody, and why."""
        return cls(name, link, tuple(features), None, margin, reason)

    @property
    def tree_count(self) -> int:
        """Trees that are used; 0 for a constant head."""
        if self.booster is None:
            return 0
        best = int(self.booster.best_iteration)  # 0 or -1 where nothing stopped the growing
        return best if best > 0 else int(self.booster.num_trees())

    def margin(self, matrix: Matrix, threads: int = 1) -> FloatArray:
        """Return log-odds or logarithm of each row, float64 (rows,)."""
        return self.rough_margin(matrix, threads) + self.margin_left(matrix, threads)

    def rough_margin(self, matrix: Matrix, threads: int = 1) -> FloatArray:
        """Return what the first trees say of the margin: most of it, for a third of the work."""
        if self.booster is None:
            return np.full(len(matrix), self.constant)
        return np.asarray(self._halves[0].predict(matrix, raw_score=True, num_threads=threads))

    def margin_left(self, matrix: Matrix, threads: int = 1) -> FloatArray:
        """Return what the other trees add to it."""
        if self.tree_count < 2:
            return np.zeros(len(matrix))
        return np.asarray(self._halves[1].predict(matrix, raw_score=True, num_threads=threads))

    @cached_property
    def _halves(self) -> tuple[Any, Any]:
        """The first trees and the others, each a model of its own.

        One model that is asked for a part of its trees keeps in itself which part: threads that ask
        at the same time would get each other's.
        """
        first = -(-self.tree_count // _ROUGH_PART)
        begun, left = (
            lightgbm.Booster(model_str=self.booster.model_to_string(count, start))
            for start, count in ((0, first), (first, self.tree_count - first))
        )
        return begun, left

    def contributions(self, matrix: Matrix) -> FloatArray:
        """Return each feature's share of the margin, float64 (rows, features + 1), base last."""
        if self.booster is None or not len(matrix):  # LightGBM divides by the number of rows
            parts = np.zeros((len(matrix), len(self.features) + 1))
            parts[:, -1] = self.constant
            return parts
        if self._tables is not None:
            return self._tables.contributions(matrix)
        parts = self.booster.predict(matrix, pred_contrib=True, num_threads=1)
        return np.asarray(parts, dtype=np.float64)

    @cached_property
    def _tables(self) -> ContributionTables | None:
        """The same from tables; None where trees are too deep for them."""
        return ContributionTables.of(self.booster.dump_model())

    def use(self) -> dict[str, float]:
        """Return the share of the splits' gain that each feature has; empty for a constant."""
        if self.booster is None:
            return {}
        gains = self.booster.feature_importance("gain", iteration=self.tree_count)
        return dict(zip(self.features, (gains / max(gains.sum(), 1e-300)).tolist(), strict=True))

    def to_text(self) -> str:
        """Return LightGBM's text format, empty for a constant head."""
        return "" if self.booster is None else str(self.booster.model_to_string())

    def describe(self) -> dict[str, Any]:
        """Return what the manifest says of this head."""
        kind = {"constant": self.constant, "reason": self.reason} if self.booster is None else {}
        return {"name": self.name, "link": self.link, **kind}

    @classmethod
    def restore(cls, description: Mapping[str, Any], features: Sequence[str], text: str) -> Head:
        """Rebuild a head from its description and text; BundleError if the features differ."""
        booster = None
        if "constant" not in description:
            booster = lightgbm.Booster(model_str=text)
            if booster.feature_name() != list(features):
                raise BundleError(
                    f"head {description['name']} was trained on other features than the bundle "
                    "names; train again"
                )
        return cls(
            str(description["name"]),
            str(description["link"]),
            tuple(features),
            booster,
            float(description.get("constant", 0.0)),
            str(description.get("reason", "")),
        )


def probability(margin: FloatArray) -> FloatArray:
    """Return the probability for log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-margin)))


def log_probability(margin: FloatArray) -> FloatArray:
    """Return the logarithm of the probability for log-odds."""
    return np.asarray(-np.logaddexp(0.0, -margin))


def _nothing_to_learn(link: str, target: FloatArray) -> str:
    if len(target) < 2 * _MIN_EVENTS:
        return f"only {len(target)} known cases"
    if link == LOGISTIC:
        rarer = int(min(target.sum(), len(target) - target.sum()))
        if rarer < _MIN_EVENTS:
            return f"only {rarer} of {len(target)} known cases differ"
    return ""


def _mean_margin(link: str, target: FloatArray) -> float:
    """Return the margin of the mean; where no case differs, one that is as good as certain."""
    if link == LOG:
        return float(target.mean()) if len(target) else 0.0
    if not len(target):
        return -40.0 if link == SHARE else 40.0  # nothing contradicts it: no share, certain
    mean = float(target.mean())
    if mean in (0.0, 1.0):
        return 40.0 if mean else -40.0
    return float(np.log(mean / (1.0 - mean)))
