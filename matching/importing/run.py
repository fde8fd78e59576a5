"""Imports an export: each table by its rules, checked as a catalog, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from matching.catalog import Catalog
from matching.columns import TABLES, Table
from matching.drafts import check_free
from matching.errors import CatalogError, OptionError, Problem
from matching.importing.convert import Fault, convert
from matching.importing.exports import Database, Export, Folder, Rows, read_rows
from matching.importing.mapping import Mapped, TableRule, load_mapping
from matching.lists import write_table
from matching.sources import one_moment

_SHOWN = 10
_FAULTS = pa.schema(
    [
        ("source", pa.string()),
        ("column", pa.string()),
        ("target", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("row", pa.int64()),
        ("rows", pa.int64()),
    ]
)


def import_catalog(
    mapping: Path,
    source: str,
    out: Path,
    faults: Path | None = None,
    tell: Callable[[str], None] = lambda table: None,
) -> tuple[Catalog, list[str]]:
    """Write an export as a catalog; return that, and what of the export was not used.

    Parameters
    ----------
    mapping : TOML file, as docs/importing.md describes it
    source : folder of files, or SQLAlchemy address of a database
    out : new folder
    faults : CSV or Parquet file that gets every value that cannot be converted
    tell : called with the name of each table that is begun

    Raises
    ------
    OptionError
        If the mapping says something that is not known or cannot be.
    CatalogError
        If values cannot be converted or the tables are no catalog; names all of them.
    MatchingError
        If the export cannot be read or lacks a column, or `out` is there already.
    """
    mapped = load_mapping(mapping)
    check_free(out)
    told = _told(source)
    taken = _Taken()
    tables = {"catalog": pd.DataFrame({"name": [mapped.name], "currency": [mapped.currency]})}
    with _opened(source, mapped) as export:
        for table in TABLES:
            if table.name in mapped.tables:
                tell(table.name)
                tables[table.name] = _table(export, table, mapped, taken)
    if faults is not None:
        rows = [asdict(fault) for fault in taken.faults]
        write_table(pa.Table.from_pylist(rows, _FAULTS), faults)
    if taken.faults:
        raise CatalogError(told, list(_problems(taken.faults)))
    catalog = Catalog.from_tables(tables, told)
    catalog.save(out)
    return catalog, taken.unused()


@dataclass
class _Taken:
    """What was noticed of the export: values that do not convert, and columns by file."""

    faults: list[Fault] = field(default_factory=list)
    there: dict[str, set[str]] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)

    def note(self, rows: Rows) -> None:
        """Note the columns that rows have."""
        names = rows.table.column_names
        self.there.setdefault(rows.source, set()).update(names, rows.unused)
        self.used.setdefault(rows.source, set()).update(names)

    def unused(self) -> list[str]:
        """Return a sentence for each file with columns that no rule reads."""
        return [
            f"{source}: columns that are not used: {', '.join(left)}"
            for source, there in self.there.items()
            if (left := sorted(there - self.used[source]))
        ]


def _told(source: str) -> str:
    """Return the source as it may be printed: an address without its password."""
    if "://" not in source:
        return source
    from matching.databases import shown

    return shown(source)


@contextmanager
def _opened(source: str, mapped: Mapped) -> Iterator[Export]:
    """Open a folder, or a database at one moment.

    Raises
    ------
    MatchingError
        If there is no such folder; later, if the database cannot be used or the connection is lost.
    """
    if "://" not in source:
        folder = Path(source)
        if not folder.is_dir():
            raise OptionError("SRC", f"there is no folder {folder}")
        yield Folder(folder, mapped.encoding)
        return
    import sqlalchemy as sa

    from matching.databases import database

    with database(source) as engine, one_moment(engine) as connection:
        yield Database(connection, sa.inspect(engine))


def _table(export: Export, table: Table, mapped: Mapped, taken: _Taken) -> pd.DataFrame:
    """Return the rows of one table, of every file that it comes from."""
    rules = mapped.tables[table.name]
    parts = [_of_rule(export, table, mapped, rule, taken) for rule in rules]
    return pd.concat(parts, ignore_index=True)


def _of_rule(
    export: Export, table: Table, mapped: Mapped, rule: TableRule, taken: _Taken
) -> pd.DataFrame:
    parts = []
    for rows in read_rows(export, rule):
        taken.note(rows)
        part = pd.DataFrame(dict(_columns(rows, table, mapped, rule, taken)), copy=False)
        parts.append(part.drop_duplicates() if rule.distinct else part)  # most of it, at once
    whole = pd.concat(parts, ignore_index=True)
    return whole.drop_duplicates() if rule.distinct and len(parts) > 1 else whole


def _columns(
    rows: Rows, table: Table, mapped: Mapped, rule: TableRule, taken: _Taken
) -> Iterator[tuple[str, Any]]:
    for name in rule.columns:
        values, bad = convert(rows, table.column(name), f"{table.name}.{name}", mapped, rule)
        taken.faults += bad
        yield name, values


def _problems(faults: Sequence[Fault]) -> Iterator[Problem]:
    """Yield a problem for each column of a file and reason."""

    def place(fault: Fault) -> tuple[str, str, str, str]:
        return fault.target, fault.source, fault.column, fault.reason

    for (target, source, column, reason), group in groupby(sorted(faults, key=place), key=place):
        values = sorted(group, key=lambda fault: fault.row)
        first = [str(fault) for fault in values[:_SHOWN]]
        if len(values) > _SHOWN:
            first.append(f"and {len(values) - _SHOWN} other values; --faults FILE lists all")
        table, _, name = target.partition(".")
        message = f"{source}, column {column}: is {reason}"
        yield Problem(table, name, message, sum(fault.rows for fault in values), tuple(first))
