"""Explain a prediction: evidence by TRUST stage, and reasons in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.features import FEATURES, Feature, Shown, Stage
from matching.history import FloatArray

STAGES = tuple(stage.value for stage in Stage)
_REASON_COUNT = 4
_LEAST_CONTRIBUTION = 0.02


@dataclass(frozen=True)
class Reason:
    """One feature that moved a prediction; `contribution` is in ln of settled sales."""

    stage: str
    feature: str
    value: float | None
    contribution: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as plain values."""
        return dict(self.__dict__)


def evidence(contributions: FloatArray) -> dict[str, FloatArray]:
    """Return base and stages, float64 (rows,) each; together they are ln E[S | accepted].

    Parameters
    ----------
    contributions : float64 (rows, features + 1), base last
    """
    totals = {"base": contributions[:, -1]}
    for stage in Stage:
        members = [i for i, feature in enumerate(FEATURES) if feature.stage is stage]
        totals[stage.value] = contributions[:, members].sum(axis=1)
    return totals


def reasons(
    contributions: FloatArray, values: npt.NDArray[np.float32], usual: Mapping[str, float]
) -> list[Reason]:
    """Return what moved one prediction most, largest first.

    Parameters
    ----------
    contributions : float64 (features + 1,)
    values : float32 (features,)
    usual : feature name → median among past collaborations
    """
    parts = contributions[:-1]
    largest = np.argsort(-np.abs(parts), kind="stable")[:_REASON_COUNT]
    return [
        _reason(FEATURES[i], float(values[i]), float(parts[i]), usual)
        for i in largest
        if abs(parts[i]) >= _LEAST_CONTRIBUTION
    ]


def _reason(
    feature: Feature, value: float, contribution: float, usual: Mapping[str, float]
) -> Reason:
    known = None if np.isnan(value) else value
    question = feature.question.rstrip(".")
    effect = f"{np.expm1(contribution):+.0%} expected sales"
    if known is None:
        text = f"{question}: not known ({effect})"
    else:
        compared = usual.get(feature.name)
        against = f", usually {tell(feature, compared)}" if compared is not None else ""
        text = f"{question}: {tell(feature, known)}{against} ({effect})"
    return Reason(feature.stage.value, feature.name, known, contribution, text)


def usual_values(matrix: npt.NDArray[np.float32]) -> dict[str, float]:
    """Return the median of each feature over past collaborations, where any is known."""
    medians: dict[str, float] = {}
    for position, feature in enumerate(FEATURES):
        column = matrix[:, position]
        known = column[~np.isnan(column)]
        if len(known):
            medians[feature.name] = float(np.median(known))
    return medians


def tell(feature: Feature, value: float) -> str:
    """Return a feature's value as a person would say it."""
    if feature.shown is Shown.YES_NO:
        return "yes" if value > 0.5 else "no"
    if feature.shown is Shown.PERCENT:
        return f"{value:.0%}" if abs(value) >= 0.1 else f"{value:.1%}"
    if feature.shown is Shown.TIMES:
        return f"{np.exp(value):.2g} ×"
    if feature.shown is Shown.RATE:
        return f"{np.exp(value):.2%}"
    amount = np.expm1(value) if feature.shown is Shown.AMOUNT else value
    return f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:.3g}"
