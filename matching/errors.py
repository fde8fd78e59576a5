"""What can go wrong, said as a sentence for the person who can fix it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BUNDLE_REASONS = ("damaged", "foreign", "missing")
"""Why a bundle cannot serve: altered, truncated or incomplete; of another format, other features or
no bundle at all; not there, or none promoted."""


class MatchingError(Exception):
    """Base of every error that a user can cause and mend: exit code 1, HTTP 4xx."""


class OptionError(MatchingError):
    """An option or a field has a value that cannot be used. `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class UnknownIdError(MatchingError):
    """A product, creator, week or version that does not exist here."""

    def __init__(self, kind: str, key: str, hint: str = "") -> None:
        super().__init__(f"there is no {kind} {key!r}" + (f"; {hint}" if hint else ""))
        self.kind = kind
        self.key = key


class ConflictError(MatchingError):
    """A request that is well formed but cannot be met by these facts (HTTP 409)."""


class BundleError(MatchingError):
    """A bundle that cannot serve. `reason` is one of `BUNDLE_REASONS`."""

    def __init__(self, message: str, reason: str = "damaged") -> None:
        super().__init__(message)
        self.reason = reason


class DatabaseError(MatchingError):
    """A database that cannot be used. `source` is its address without the password."""

    def __init__(self, source: str, reason: str, advice: str) -> None:
        super().__init__(f"{source}: {reason}. {advice}")
        self.source = source
        self.reason = reason
        self.advice = advice


class GateError(MatchingError):
    """A bundle that is clearly worse than the one that serves."""


class DeadlineError(MatchingError):
    """The time that an answer may take is over (HTTP 503)."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a catalog: where, how often, the first few, what to do."""

    table: str
    column: str | None
    message: str
    rows: int = 0
    first: tuple[str, ...] = ()
    advice: str = ""

    def __str__(self) -> str:
        where = self.table if self.column is None else f"{self.table}.{self.column}"
        count = f" ({self.rows} row{'' if self.rows == 1 else 's'})" if self.rows else ""
        first = f", first: {', '.join(self.first)}" if self.first else ""
        advice = f". {self.advice}" if self.advice else ""
        return f"{where}: {self.message}{count}{first}{advice}"


class CatalogError(MatchingError):
    """A catalog that cannot be used; `problems` lists everything that is wrong at once."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        super().__init__(f"{source}: {len(self.problems)} {noun}\n{lines}")
