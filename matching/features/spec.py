"""What a feature is: an array function that declares what it reads and the stage it speaks for."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from matching.history import FloatArray
from matching.languages import Text
from matching.pairs import COLUMNS, CREATOR_COLUMNS, PRIVATE_COLUMNS, PRODUCT_COLUMNS


class Stage(StrEnum):
    """The five stages of live commerce (TRUST)."""

    TRANSFORM = "transform"  # content connects creators and goods
    REACH = "reach"  # public traffic finds users
    UTILIZE = "utilize"  # trades close in many scenes
    STRENGTHEN = "strengthen"  # followers become a private domain
    THRIVE = "thrive"  # repeat purchase, lasting cooperation


class Side(StrEnum):
    """Whom a feature speaks of at a given date."""

    CREATOR = "creator"  # of a creator in a channel, whatever they are asked to sell
    PRODUCT = "product"  # of a product, whoever is asked to sell it
    PAIR = "pair"  # of both, or of the offer


class Shown(StrEnum):
    """How a feature's value is told to a person."""

    NUMBER = "number"
    PERCENT = "percent"  # a share or a rate
    AMOUNT = "amount"  # a logarithm: ln(1 + amount)
    MONEY = "money"  # a logarithm: ln(1 + money)
    RATE = "rate"  # a logarithm of a small rate
    TIMES = "times"  # a difference of logarithms
    WORDS = "words"  # a code that stands for words
    PRIVATE = "private"  # not at all, since it would give a private column away


@dataclass(frozen=True)
class Feature:
    """One feature. `question` is the sentence a merchant reads, with {value} for what it finds.

    `words` are what its values stand for where they are shown as words.
    """

    name: str
    stage: Stage
    reads: tuple[str, ...]
    compute: Callable[..., FloatArray]
    question: Text
    shown: Shown
    words: Mapping[float, Text]
    code_hash: str

    @property
    def side(self) -> Side:
        """Whom it speaks of, by the columns that it reads."""
        if CREATOR_COLUMNS.issuperset(self.reads):
            return Side.CREATOR
        return Side.PRODUCT if PRODUCT_COLUMNS.issuperset(self.reads) else Side.PAIR


_registry: dict[str, Feature] = {}


def feature(
    stage: Stage,
    reads: Sequence[str],
    shown: Shown = Shown.NUMBER,
    *,
    zh: str = "",
    words: Mapping[float, Text] | None = None,
) -> Callable[[Callable[..., FloatArray]], Callable[..., FloatArray]]:
    """Register an array function as a feature of a stage, computed from the columns it reads.

    Its docstring is the question it answers: the sentence that a merchant reads as the reason, with
    {value} where the answer goes; `zh` is the same sentence in Chinese.

    Raises
    ------
    ValueError
        If a column does not exist, the name is taken, the question is missing in a language or has
        no place for the value, or a value that is private would be shown.
    """

    def declare(function: Callable[..., FloatArray]) -> Callable[..., FloatArray]:
        question = Text(" ".join((function.__doc__ or "").split()).removesuffix("."), zh)
        source = inspect.getsource(function)
        register(
            Feature(
                name=function.__name__,
                stage=stage,
                reads=tuple(reads),
                compute=function,
                question=question,
                shown=shown,
                words=words or {},
                code_hash=hashlib.sha256(source.encode()).hexdigest()[:16],
            )
        )
        return function

    return declare


def register(made: Feature) -> None:
    """Make it one of the features; ValueError says why it cannot be."""
    fault = _fault(made)
    if fault:
        raise ValueError(f"feature {made.name} {fault}")
    _registry[made.name] = made


def _fault(made: Feature) -> str:
    """Return what is wrong with a feature, nothing if it may be registered."""
    unknown = [column for column in made.reads if column not in COLUMNS]
    private = sorted(PRIVATE_COLUMNS.intersection(made.reads))
    if unknown:
        return f"reads {unknown[0]!r}, which is no column of pairs"
    if made.name in _registry:
        return "is there already: take another name"
    if not made.question.en:
        return "has no docstring: say which question it answers"
    if not made.question.zh:
        return "has no question in Chinese: give it as zh="
    if any(words.count("{value}") != 1 for words in (made.question.en, made.question.zh)):
        return "does not say where the answer goes: write {value} in its docstring and in zh="
    if private and made.shown is not Shown.PRIVATE:
        return f"reads {private[0]!r}, which no merchant may learn: declare shown=Shown.PRIVATE"
    if bool(made.words) is not (made.shown is Shown.WORDS):
        return "needs both shown=Shown.WORDS and words=, or neither"
    return ""


def registered() -> tuple[Feature, ...]:
    """Return the features by stage, within a stage in the order in which they were defined."""
    stages = list(Stage)
    return tuple(sorted(_registry.values(), key=lambda feature: stages.index(feature.stage)))
