"""Filters and terms as a caller may give them: the object, or a mapping of what is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, TypeVar

from matching.errors import OptionError

Choices = TypeVar("Choices")


def chosen(kind: type[Choices], given: Choices | Mapping[str, Any], field: str) -> Choices:
    """Return the object of what was given: `{"city": "成都"}` for filters of one city.

    A field that takes several words takes one, or any sequence of them. Values are not checked.

    Raises
    ------
    OptionError
        If a name is not known; names the nearest one that is.
    """
    if not isinstance(given, Mapping):
        return given
    known = {f.name: f.default for f in fields(kind)}  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            raise OptionError(field, f"there is no {name!r}{nearest(name, known)}")
    return kind(**{n: _several(v) if known[n] == () else v for n, v in given.items()})


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest known name is meant; nothing where none is near."""
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _several(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
