"""Own columns: what `own_columns.toml` declares, each told as it is."""

from __future__ import annotations

import hashlib

from matching.errors import MatchingError
from matching.features.spec import Feature, Shown, Stage, register
from matching.history import FloatArray
from matching.languages import Text
from matching.own import FILE, OwnColumn


def as_it_is(values: FloatArray) -> FloatArray:
    """Return the column."""
    return values


def feature_of(own: OwnColumn) -> Feature:
    """Return the feature of a column; MatchingError if its stage is none."""
    if own.stage not in tuple(Stage):
        known = ", ".join(stage.value for stage in Stage)
        raise MatchingError(f"{FILE}: {own.table}.{own.name}: the stage must be one of {known}")
    return Feature(
        name=own.name,
        stage=Stage(own.stage),
        reads=(own.reads,),
        compute=as_it_is,
        question=Text(own.en, own.zh),
        shown=Shown.NUMBER,
        words={},
        code_hash=hashlib.sha256(repr(own).encode()).hexdigest()[:16],
    )


def register_own(columns: tuple[OwnColumn, ...]) -> None:
    """Register a feature for each column; MatchingError if one cannot be."""
    for own in columns:
        try:
            register(feature_of(own))
        except ValueError as error:
            raise MatchingError(f"{FILE}: {error}") from error
