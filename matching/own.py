"""Columns of one's own: numbers in creators or products that `own_columns.toml` makes features."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matching.errors import MatchingError

FILE = Path(__file__).with_name("own_columns.toml")
_TABLES = ("creators", "products")
_SAID = ("stage", "en", "zh")


@dataclass(frozen=True)
class OwnColumn:
    """One column: its table and name, the stage it speaks for, its sentence in both languages."""

    table: str
    name: str
    stage: str
    en: str
    zh: str

    @property
    def reads(self) -> str:
        """The name under which a feature reads it, a column of pairs."""
        return f"{self.table.removesuffix('s')}_{self.name}"


def read_own_columns(path: Path = FILE) -> tuple[OwnColumn, ...]:
    """Return the columns that a file declares, in its order.

    Raises
    ------
    MatchingError
        If it is no TOML or says something else of a column than stage, en and zh.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MatchingError(f"{path} is not TOML: {error}") from error
    return tuple(
        OwnColumn(table, name, **_said(path, f"{table}.{name}", said))
        for table, columns in tables.items()
        for name, said in _columns(path, table, columns).items()
    )


def _columns(path: Path, table: str, columns: Any) -> dict[str, Any]:
    if table not in _TABLES or not isinstance(columns, dict):
        raise MatchingError(f"{path}: {table}: write [creators.NAME] or [products.NAME]")
    return columns


def _said(path: Path, where: str, said: Any) -> dict[str, str]:
    is_whole = isinstance(said, dict) and set(said) == set(_SAID)
    if not is_whole or not all(isinstance(text, str) for text in said.values()):
        raise MatchingError(f"{path}: {where} needs the texts {', '.join(_SAID)}, nothing else")
    return dict(said)


OWN_COLUMNS = read_own_columns()
