"""Which cases of a parametrised test the quick suite has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from matching.columns import TABLES

OPTIONAL_COLUMNS = [
    (table.name, column.name) for table in TABLES for column in table.columns if not column.required
]


def one_in(
    count: int, cases: Iterable[Any], always: Callable[..., bool] = lambda *case: False
) -> list[Any]:
    """Return the cases; all but every `count`-th, and those that `always` names, are slow."""
    split = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        pytest.param(
            *case,
            id=".".join(case),
            marks=() if number % count == 0 or always(*case) else pytest.mark.slow,
        )
        for number, case in enumerate(split)
    ]
