"""Explain a prediction: evidence by TRUST stage, and reasons in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.features import FEATURES, Feature, Shown, Stage
from matching.history import FloatArray
from matching.languages import Text
from matching.medians import Usual
from matching.models import effects
from matching.telling import DEFAULT_VOICE, Voice

STAGES = tuple(stage.value for stage in Stage)
_REASON_COUNT = 4
_LEAST_CONTRIBUTION = 0.02


@dataclass(frozen=True)
class Part:
    """One part of a prediction: a feature, or something that has no value of its own to be told.

    `question` has a place for {value}; `shown` says how the value is told to a person. Where that
    is None or private, the place is for whether the part adds or takes away.
    """

    name: str
    stage: Stage
    question: Text
    shown: Shown | None = None
    words: Mapping[float, Text] = field(default_factory=dict)


_EFFECTS = {
    "creator_record": (
        Stage.UTILIZE,
        Text(
            "The creator's past collaborations sold {value} than those of similar creators",
            "与同类达人相比，该达人以往的合作卖得 {value}",
        ),
    ),
    "creator_category_record": (
        Stage.TRANSFORM,
        Text(
            "With this kind of product the creator has sold {value} than is usual for them",
            "该达人带此类商品比其平时卖得 {value}",
        ),
    ),
    "product_record": (
        Stage.UTILIZE,
        Text(
            "Past collaborations for this product sold {value} than those for similar products",
            "与同类商品相比，该商品以往的合作卖得 {value}",
        ),
    ),
    "category_pair_record": (
        Stage.TRANSFORM,
        Text(
            "Creators of this creator's category have sold {value} of this kind of product than "
            "was expected",
            "与该达人同类目的达人带此类商品比预期卖得 {value}",
        ),
    ),
}


def parts_of(features: Sequence[Feature]) -> tuple[Part, ...]:
    """Return the parts of a prediction in the order of the contributions.

    Features first, in the order of the matrix columns, then whatever has no value.
    """
    return (
        *(Part(f.name, f.stage, f.question, f.shown, f.words) for f in features),
        *(Part(name, *_EFFECTS[name]) for name in effects.PARTS),
    )


PARTS = parts_of(FEATURES)
"""The parts of what is trained now; a bundle has those of its own features."""


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
    voice: Voice = DEFAULT_VOICE,
) -> list[Reason]:
    """Return what moved one prediction most, largest first.

    Parameters
    ----------
    contributions : float64 (parts + 1,), base last
    values : float32 (features,)
        Of the first parts; NaN is unknown.
    usual : Usual
        What is usual of these features.
    voice : Voice
        The language of the words and the currency of what is money.

    Raises
    ------
    ValueError
        If there is not one contribution for each part and the base.
    """
    _check(contributions, parts)
    moved = contributions[:-1]
    largest = np.argsort(-np.abs(moved), kind="stable")[:_REASON_COUNT]
    return [
        _reason(parts[i], i, float(moved[i]), values, usual, voice)
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
    part: Part,
    place: int,
    contribution: float,
    values: npt.NDArray[np.float32],
    usual: Usual,
    voice: Voice,
) -> Reason:
    """Return a reason: the question with its answer, what is usual, and the effect."""
    value, compared = None, ""
    if part.shown in (None, Shown.PRIVATE):
        answer = voice.more_or_less(contribution)
    elif np.isnan(values[place]):
        answer = voice.unknown(part.shown)
    else:
        value, median = float(values[place]), float(usual.values[place])
        answer = voice.value(part.shown, value, part.words)
        if not np.isnan(median):
            is_category = bool(usual.is_category[place])
            compared = voice.compared(part.shown, median, part.words, is_category)
    text = voice.reason(part.question, answer, compared, contribution)
    return Reason(part.stage.value, part.name, value, contribution, text)
