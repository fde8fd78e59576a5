"""Explain a prediction: evidence by TRUST stage, and reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.features import FEATURES, Shown, Stage
from matching.history import FloatArray
from matching.medians import Usual
from matching.models import effects

STAGES = tuple(stage.value for stage in Stage)
_REASON_COUNT = 4
_LEAST_CONTRIBUTION = 0.02


@dataclass(frozen=True)
class Part:
    """One part of a prediction: a feature, or something that has no value of its own to be told.

    `shown` says how its value is told to a person; a part without one has no value.
    """

    name: str
    stage: Stage
    question: str
    shown: Shown | None = None


_EFFECTS = {
    "creator_record": (
        Stage.UTILIZE,
        "What the creator's own past sales add to what creators like this one sell.",
    ),
    "creator_category_record": (
        Stage.TRANSFORM,
        "What the creator's past sales of this kind of product add.",
    ),
    "product_record": (
        Stage.UTILIZE,
        "What past sales of this product add to what products like it sell.",
    ),
    "category_pair_record": (
        Stage.TRANSFORM,
        "What creators of this category have sold of this kind of product beyond expectation.",
    ),
}
PARTS: tuple[Part, ...] = (
    *(Part(f.name, f.stage, f.question, f.shown) for f in FEATURES),
    *(Part(name, *_EFFECTS[name]) for name in effects.PARTS),
)
"""The parts of a prediction in the order of the contributions: features first, in the order of the
matrix columns, then whatever has no value."""


@dataclass(frozen=True)
class Reason:
    """One part that moved a prediction; `contribution` is in ln of settled sales."""

    stage: str
    feature: str
    value: float | None
    contribution: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as plain values."""
        return dict(self.__dict__)


def evidence(contributions: FloatArray, parts: Sequence[Part] = PARTS) -> dict[str, FloatArray]:
    """Return base and stages, float64 (rows,) each; together they are ln E[S | accepted].

    Parameters
    ----------
    contributions : float64 (rows, parts + 1), base last

    Raises
    ------
    ValueError
        If there is not one contribution for each part and the base.
    """
    _check(contributions, parts)
    totals = {"base": contributions[:, -1]}
    for stage in Stage:
        members = [i for i, part in enumerate(parts) if part.stage is stage]
        totals[stage.value] = contributions[:, members].sum(axis=1)
    return totals


def reasons(
    contributions: FloatArray,
    values: npt.NDArray[np.float32],
    usual: Usual,
    parts: Sequence[Part] = PARTS,
) -> list[Reason]:
    """Return what moved one prediction most, largest first.

    Parameters
    ----------
    contributions : float64 (parts + 1,), base last
    values : float32 (features,)
        Of the first parts; NaN is unknown.
    usual : Usual
        What is usual of these features.

    Raises
    ------
    ValueError
        If there is not one contribution for each part and the base.
    """
    _check(contributions, parts)
    moved = contributions[:-1]
    largest = np.argsort(-np.abs(moved), kind="stable")[:_REASON_COUNT]
    return [
        _reason(parts[i], i, float(moved[i]), values, usual)
        for i in largest.tolist()
        if abs(moved[i]) >= _LEAST_CONTRIBUTION
    ]


def _check(contributions: FloatArray, parts: Sequence[Part]) -> None:
    if contributions.shape[-1] != len(parts) + 1:
        raise ValueError(
            f"{contributions.shape[-1]} contributions do not belong to {len(parts)} parts and a "
            "base"
        )


def _reason(
    part: Part, place: int, contribution: float, values: npt.NDArray[np.float32], usual: Usual
) -> Reason:
    value = None
    if part.shown is not None and not np.isnan(values[place]):
        value = float(values[place])
    text = _sentence(part, value, place, contribution, usual)
    return Reason(part.stage.value, part.name, value, contribution, text)


def _sentence(
    part: Part, value: float | None, place: int, contribution: float, usual: Usual
) -> str:
    """Return the words of a reason: what was asked, the answer, what is usual, the effect."""
    question = part.question.rstrip(".")
    effect = f"({np.expm1(contribution):+.0%} expected sales)"
    if part.shown is None:
        return f"{question} {effect}"
    if value is None:
        return f"{question}: not known {effect}"
    told = tell(part.shown, value)
    return f"{question}: {told}{_compared(part.shown, place, usual)} {effect}"


def _compared(shown: Shown, place: int, usual: Usual) -> str:
    """Return what a value is compared with, nothing where that is not known."""
    median = float(usual.values[place])
    if np.isnan(median):
        return ""
    place_name = "category" if usual.is_category[place] else "market"
    if shown is not Shown.YES_NO:
        return f"; the {place_name}'s median is {tell(shown, median)}"
    mostly = "as often yes as no" if median == 0.5 else f"mostly {tell(shown, median)}"
    return f"; in the {place_name} {mostly}"


def tell(shown: Shown, value: float) -> str:
    """Return a feature's value as a person would say it."""
    if shown is Shown.YES_NO:
        return "yes" if value > 0.5 else "no"
    if shown is Shown.PERCENT:
        return f"{value:.0%}" if abs(value) >= 0.1 else f"{value:.1%}"
    if shown is Shown.TIMES:
        return f"{np.exp(value):.2g} ×"
    if shown is Shown.RATE:
        return f"{np.exp(value):.2%}"
    amount = np.expm1(value) if shown is Shown.AMOUNT else value
    return f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:.3g}"
