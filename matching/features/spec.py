"""What a feature is: an array function that declares what it reads and the stage it speaks for."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from matching.history import FloatArray
from matching.pairs import COLUMNS


class Stage(StrEnum):
    """The five stages of live commerce (TRUST)."""

    TRANSFORM = "transform"  # content connects creators and goods
    REACH = "reach"  # public traffic finds users
    UTILIZE = "utilize"  # trades close in many scenes
    STRENGTHEN = "strengthen"  # followers become a private domain
    THRIVE = "thrive"  # repeat purchase, lasting cooperation


class Shown(StrEnum):
    """How a feature's value is told to a person."""

    NUMBER = "number"
    PERCENT = "percent"  # a share or a rate
    AMOUNT = "amount"  # a logarithm: ln(1 + amount)
    RATE = "rate"  # a logarithm of a small rate
    TIMES = "times"  # a difference of logarithms
    YES_NO = "yes_no"


@dataclass(frozen=True)
class Feature:
    """One feature. `question` is its docstring and the text a merchant sees as the reason."""

    name: str
    stage: Stage
    reads: tuple[str, ...]
    compute: Callable[..., FloatArray]
    question: str
    shown: Shown
    code_hash: str


_registry: dict[str, Feature] = {}


def feature(
    stage: Stage, reads: Sequence[str], shown: Shown = Shown.NUMBER
) -> Callable[[Callable[..., FloatArray]], Callable[..., FloatArray]]:
    """Register an array function as a feature of a stage, computed from the columns it reads.

    Raises
    ------
    ValueError
        If a column does not exist, the name is taken or the question is missing.
    """

    def register(function: Callable[..., FloatArray]) -> Callable[..., FloatArray]:
        name = function.__name__
        question = " ".join((function.__doc__ or "").split())
        unknown = [column for column in reads if column not in COLUMNS]
        if unknown:
            raise ValueError(f"feature {name} reads {unknown[0]!r}, which is no column of pairs")
        if name in _registry:
            raise ValueError(f"there are two features named {name}")
        if not question:
            raise ValueError(f"feature {name} has no docstring: say which question it answers")
        source = inspect.getsource(function)
        code_hash = hashlib.sha256(source.encode()).hexdigest()[:16]
        _registry[name] = Feature(name, stage, tuple(reads), function, question, shown, code_hash)
        return function

    return register


def registered() -> tuple[Feature, ...]:
    """Return the features by stage, within a stage in the order in which they were defined."""
    stages = list(Stage)
    return tuple(sorted(_registry.values(), key=lambda feature: stages.index(feature.stage)))
