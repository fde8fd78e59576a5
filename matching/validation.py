"""Checks one table of a catalog: its columns, what their values parse to, ranges, words, ids.

The schemas are pandera's, made from the columns. Everything that is wrong is collected;
nothing stops at the first fault.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from matching.choices import nearest
from matching.columns import Column, Kind, Table
from matching.errors import Problem
from matching.own import FILE, OWN_COLUMNS
from matching.parsing import ADVICE, NOUNS, ForeignTypeError, empty, parse

Rows = npt.NDArray[np.bool_]
SHOWN = 3
OUT_OF_TIME = "is no day of our time"
DATES = pd.Timestamp("1970-01-02"), pd.Timestamp("2200-01-01")
NEGATIVE, INFINITE, UNKNOWN_WORD = "is negative", "is infinite", "is none of the words"
OUT_OF_RATE, OUT_OF_SCORE = "is outside 0 to 1", "is outside 0 to 5"


@dataclass
class Findings:
    """What is wrong (`problems`) and what should be known but stops nothing (`warnings`)."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def error(self, problem: Problem | None) -> None:
        """Note a problem; None is what a rule gives that holds."""
        if problem is not None:
            self.problems.append(problem)

    def warn(self, problem: Problem | None) -> None:
        """Note something that stops nothing."""
        if problem is not None:
            self.warnings.append(str(problem))


def at(
    table: Table, column: str, frame: pd.DataFrame, bad: Rows, message: str, advice: str = ""
) -> Problem | None:
    """Return the problem of the rows where `bad` (bool, one a row); None where there is none.

    The first rows are named by their number in the source, from 1, their value and their id.
    """
    places = np.flatnonzero(bad)
    if not len(places):
        return None
    first = []
    for place in places[:SHOWN]:
        value = _shown(frame[column].iloc[place])
        keys = [f"{n} {frame[n].iloc[place]}" for n in table.key if n in frame and n != column]
        label = f" ({', '.join(keys)})" if keys else ""
        first.append(f"row {int(frame.index[place]) + 1}{value}{label}")
    return Problem(table.name, column, message, len(places), tuple(first), advice)


def _shown(value: Any) -> str:
    """Return ``: value`` as a person would write it; nothing where there is none."""
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f": {value.isoformat().removesuffix('T00:00:00')}"
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    text = repr(value) if isinstance(value, str) else text
    return f": {text}" if len(text) <= 60 else f": {text[:59]}…"


# --- columns ---


def typed(table: Table, raw: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Return the known columns of `raw` in catalog dtypes, latest row of an id only, checked.

    The index is the row's number in the source, from 0. An optional column without a single
    value is left out: nothing is known there.
    """
    raw = raw.reset_index(drop=True)
    _check_columns(table, raw, findings)
    if not raw.columns.is_unique:
        raw = raw.loc[:, ~raw.columns.duplicated()]
    index = raw.index
    columns: dict[str, pd.Series[Any]] = {}
    unparsed: dict[str, Rows] = {}
    for column in table.columns:
        if column.name not in raw:
            continue
        # Popped, so that a large table is not held twice.
        values, unparsed[column.name] = _typed_column(
            table, column, raw.pop(column.name), columns, findings
        )
        if column.required or values.notna().any() or unparsed[column.name].any():
            columns[column.name] = values
        elif len(index):
            where = f"{table.name}.{column.name}"
            findings.warnings.append(f"{where}: no row has a value; treated as absent")
    frame = latest(table, pd.DataFrame(columns, index=index, copy=False), findings)
    _check_values(table, frame, unparsed, findings)
    return frame


def _check_columns(table: Table, raw: pd.DataFrame, findings: Findings) -> None:
    for name in raw.columns[raw.columns.duplicated()].unique():
        message = "the column is there more than once"
        findings.error(Problem(table.name, str(name), message, advice="Keep one of them"))
    extra = [str(name) for name in raw.columns if name not in table.names]
    if extra:
        named = ", ".join(extra[:8]) + (", …" if len(extra) > 8 else "")
        findings.warnings.append(f"{table.name}: columns that are not used: {named}")
    for own in OWN_COLUMNS:
        if own.table == table.name and own.name not in raw:
            findings.warnings.append(
                f"{FILE.name} declares {own.table}.{own.name}, but the table has no such column: "
                f"nothing is learnt of it{nearest(own.name, extra)}"
            )
    for column in table.columns:
        if column.required and column.name not in raw:
            advice = "It is required" + _hint(column.name, extra)
            message = "the column is missing"
            findings.error(Problem(table.name, column.name, message, advice=advice))
    if table.required and not len(raw):
        advice = "There is nothing to learn from"
        findings.error(Problem(table.name, None, "has no rows", advice=advice))


def _hint(name: str, extra: list[str]) -> str:
    if any(mark in other for other in extra for mark in ";\t"):
        return "; separate the columns by commas"
    folded = {other.strip().casefold().replace(" ", "_"): other for other in extra}
    close = get_close_matches(name, folded, n=1, cutoff=0.75)
    return f"; rename {folded[close[0]]!r} if that is meant" if close else ""


def _typed_column(
    table: Table,
    column: Column,
    raw: pd.Series[Any],
    before: Mapping[str, pd.Series[Any]],
    findings: Findings,
) -> tuple[pd.Series[Any], Rows]:
    """Parse one column; what does not parse is noted, with the ids `before` it, and is null."""
    advice = ADVICE[column.kind]
    try:
        values, bad = parse(raw, column.kind)
    except ForeignTypeError as error:
        findings.error(Problem(table.name, column.name, str(error), len(raw), (), advice))
        return empty(column.kind, len(raw)), np.ones(len(raw), dtype=bool)
    if bad.any():
        keys = {name: before[name] for name in table.key if name in before}
        frame = pd.DataFrame({**keys, column.name: raw})
        message = f"is not {NOUNS[column.kind]}"
        findings.error(at(table, column.name, frame, bad, message, advice))
    return values, bad


# --- ids ---


def latest(table: Table, frame: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Return one row an id: by `updated_on` the latest (of a tie the last), else as it is.

    Without `updated_on` an id that comes again is a problem.
    """
    key = [name for name in table.key if name in frame]
    if not key or len(key) < len(table.key):
        return frame
    known = frame[key].notna().all(axis=1)
    repeated = frame.duplicated(key, keep=False) & known
    if not repeated.any():
        return frame
    if "updated_on" in frame:
        order = frame["updated_on"].sort_values(kind="stable", na_position="first").index
        kept = frame.loc[order, key].drop_duplicates(keep="last").index
        return frame[frame.index.isin(kept) | ~known]
    advice = f"Keep one row for each {' and '.join(key)}"
    if "updated_on" in table.names:
        advice += ", or add updated_on: then the latest counts"
    again = (frame.duplicated(key) & known).to_numpy()
    findings.error(at(table, key[-1], frame, again, "comes more than once", advice))
    return frame


# --- values ---


def schema(table: Table, names: Collection[str]) -> pa.DataFrameSchema:
    """Return the pandera schema of these columns of a table: their nulls, ranges and words."""
    columns = {
        column.name: pa.Column(nullable=not column.required, checks=_checks(column))
        for column in table.columns
        if column.name in names
    }
    return pa.DataFrameSchema(columns, name=table.name)


def _checks(column: Column) -> list[pa.Check]:
    if column.kind is Kind.RATE:
        return [pa.Check.in_range(0, 1, error=OUT_OF_RATE)]
    if column.kind is Kind.SCORE:
        return [pa.Check.in_range(0, 5, error=OUT_OF_SCORE)]
    if column.kind in {Kind.MONEY, Kind.COUNT}:
        finite = pa.Check(lambda values: values != np.inf, error=INFINITE)
        return [pa.Check.ge(0, error=NEGATIVE), finite]
    if column.kind is Kind.NUMBER:
        return [pa.Check(np.isfinite, error=INFINITE)]
    if column.kind in {Kind.DATE, Kind.TIME}:
        return [pa.Check.in_range(*DATES, error=OUT_OF_TIME)]
    if column.kind is Kind.WORD:
        return [pa.Check.isin(column.words, error=UNKNOWN_WORD)]
    return []


def _check_values(
    table: Table, frame: pd.DataFrame, unparsed: dict[str, Rows], findings: Findings
) -> None:
    """Note what breaks the schema; a value that did not parse has been noted and is no null."""
    try:
        schema(table, frame.columns).validate(frame, lazy=True)
    except SchemaErrors as error:
        groups = error.failure_cases.groupby(["column", "check"], sort=False)
        for (name, rule), cases in groups:
            bad = frame.index.isin(cases["index"]) & ~unparsed[name][frame.index]
            message, advice = _explained(table.column(name), rule, frame[name][bad])
            findings.error(at(table, name, frame, bad, message, advice))


def _explained(column: Column, rule: str, broken: pd.Series[Any]) -> tuple[str, str]:
    """Return what is wrong and what to do for a rule of the schema and the values breaking it."""
    if rule == "not_nullable":
        return "is empty", "Every row needs it"
    if rule == OUT_OF_RATE:
        return rule, _rate_advice(float(broken.max()))
    if rule == UNKNOWN_WORD:
        return f"{rule} {', '.join(column.words)}", "Use one of them, written like this"
    if rule == OUT_OF_TIME:
        return rule, "Leave a day that is not known empty; use no 1900-01-01 or 9999-12-31 for it"
    if rule == NEGATIVE:
        return rule, "Give 0 or more"
    return rule, "Scores go from 0 to 5" if rule == OUT_OF_SCORE else "Give a finite number"


def _rate_advice(highest: float) -> str:
    for scale, name in ((100, "percent"), (1000, "per mille"), (10_000, "ten-thousandths")):
        if 1 < highest <= scale:
            return f"This looks like {name}: divide the whole column by {scale}"
    return "A rate is a fraction: 0.2 is 20 %"
