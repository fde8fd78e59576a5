"""Reads the raw tables of a catalog out of a folder or a database; parses nothing yet.

Text stays text and numbers keep their exact type, so that a 19-digit id survives the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from matching.columns import TABLES, Table
from matching.errors import CatalogError, DatabaseError, Problem

_ROWS_AT_ONCE = 50_000


@dataclass
class RawTables:
    """What a source held: frames of Arrow columns, and what could not be read or was not used."""

    source: str
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def unreadable(self) -> set[str]:
        """The tables that are there but could not be read."""
        return {problem.table for problem in self.problems}


def read(source: str | Path) -> RawTables:
    """Read every table of a folder or, where the source contains ``://``, of a database.

    Raises CatalogError where there is nothing to read from: no such folder, no connection.
    A single table that cannot be read is listed in the answer's ``problems``.
    """
    if "://" in str(source):
        return _read_database(str(source))
    return _read_folder(Path(source))


def _read_folder(folder: Path) -> RawTables:
    if not folder.is_dir():
        state = "is a file, not a folder" if folder.exists() else "there is no such folder"
        advice = "Give the folder that holds creators, products and collaborations"
        raise CatalogError(str(folder), [Problem("catalog", None, state, advice=advice)])
    raw = RawTables(str(folder))
    for table in TABLES:
        forms = [path for path in _forms(folder, table) if path.exists()]
        if len(forms) > 1:
            names = " and ".join(path.name for path in forms)
            raw.problems.append(
                Problem(table.name, None, f"is there more than once: {names}", advice="Keep one")
            )
        elif forms:
            _read_form(raw, table, forms[0])
    known = {path for table in TABLES for path in _forms(folder, table)}
    for path in sorted(folder.iterdir()):
        if path.suffix in {".csv", ".parquet"} and path not in known:
            raw.warnings.append(f"{path.name} is not a table of a catalog and is not used")
    return raw


def _forms(folder: Path, table: Table) -> tuple[Path, ...]:
    return tuple(folder / f"{table.name}{end}" for end in (".parquet", ".csv", ""))


def _read_form(raw: RawTables, table: Table, path: Path) -> None:
    """Read one table's file or folder into `raw`, or say there why it cannot be read."""
    try:
        if path.suffix == ".csv":
            arrow, _ = read_csv(path)
        elif path.suffix == ".parquet":
            arrow = _read_parquet(path, table)
        else:
            arrow = _read_parquet_folder(path, table)
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        message = f"{path.name} cannot be read: {reason}"
        raw.problems.append(Problem(table.name, None, message, advice=_advice(path, reason)))
        return
    raw.frames[table.name] = _frame(arrow)


def _advice(path: Path, reason: str) -> str:
    if "utf" in reason.lower() or "\0" in reason:
        return "Save the file as UTF-8"
    if "empty" in reason.lower():
        return "Fill it, or remove it if the table is not needed"
    if path.suffix == ".csv":
        return "Give every row as many comma-separated values as the header has names"
    return "It has to be Parquet: export it again"


def _frame(arrow: pa.Table) -> pd.DataFrame:
    """Wrap an Arrow table as a frame without copying or changing a type."""
    frame: pd.DataFrame = arrow.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    return frame


def read_csv(
    path: Path,
    is_wanted: Callable[[str], bool] = lambda name: True,
    read: csv.ReadOptions | None = None,
    delimiter: str = ",",
) -> tuple[pa.Table, list[str]]:
    """Read the wanted columns of a CSV file as text; an empty field is null.

    Returns the table, and the names of all columns of the file.
    """
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    parse = csv.ParseOptions(newlines_in_values=True, delimiter=delimiter)
    with csv.open_csv(path, read_options=read, parse_options=parse) as reader:
        names = reader.schema.names
    wanted = [name for name in names if is_wanted(name)]
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        null_values=[""],
        include_columns=wanted,
    )
    table = csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    return table, names


def _read_parquet(path: Path, table: Table) -> pa.Table:
    """Read the known columns of a Parquet file; the others' names come along as nulls."""
    with parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        arrow = file.read(columns=[name for name in names if name in table.names])
        rows = file.metadata.num_rows
    for name in names:
        if name not in table.names:
            arrow = arrow.append_column(name, pa.nulls(rows))
    return arrow


def _read_parquet_folder(folder: Path, table: Table) -> pa.Table:
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise ValueError(f"the folder {folder.name} holds no Parquet file")
    return pa.concat_tables(
        [_read_parquet(path, table) for path in paths], promote_options="permissive"
    )


def _read_database(address: str) -> RawTables:
    """Read the tables of a SQLAlchemy address; the password never reaches a message."""
    from matching.databases import database, shown

    try:
        with database(address) as engine:
            return _read_engine(engine, RawTables(shown(address)))
    except DatabaseError as error:
        message = f"the database cannot be read: {error.reason}"
        problem = Problem("catalog", None, message, advice=error.advice)
        raise CatalogError(error.source, [problem]) from None


def _read_engine(engine: Any, raw: RawTables) -> RawTables:
    import sqlalchemy as sa

    inspector = sa.inspect(engine)
    there = {*inspector.get_table_names(), *inspector.get_view_names()}
    with one_moment(engine) as connection:
        for table in TABLES:
            if table.name not in there:
                continue
            names = [column["name"] for column in inspector.get_columns(table.name)]
            known = [name for name in names if name in table.names]
            arrow = read_columns(connection, table.name, known)
            for name in names:
                if name not in known:
                    arrow = arrow.append_column(name, pa.nulls(len(arrow)))
            raw.frames[table.name] = _frame(arrow)
    return raw


def one_moment(engine: Any) -> Any:
    """Return a connection on which every table is as it was at the same moment, read in chunks."""
    options: dict[str, Any] = {"stream_results": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.connect().execution_options(**options)


def read_columns(
    connection: Any, table: str, names: Sequence[str], schema: str | None = None
) -> pa.Table:
    """Read columns of a database's table, values as they are stored."""
    import sqlalchemy as sa

    # Columns without a type: the driver's values come through as they are stored.
    query: Any = sa.select(*map(sa.column, names)).select_from(sa.table(table, schema=schema))
    chunks: dict[str, list[pa.Array]] = {name: [] for name in names}
    if names:
        for rows in connection.execute(query).partitions(_ROWS_AT_ONCE):
            for name, values in zip(names, zip(*rows, strict=True), strict=True):
                chunks[name].append(arrow_array(values))
    return pa.table({name: _join(parts) for name, parts in chunks.items()})


def arrow_array(values: Any) -> pa.Array | pa.ChunkedArray:
    """Return values as Arrow; mixed and foreign ones (numbers too large, UUIDs) as text."""
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _words(values)
    return _words(values) if isinstance(array.type, pa.BaseExtensionType) else array


def _words(values: Any) -> pa.Array:
    column = pd.Series(values, dtype=object)
    words = [
        None if gone else str(value) for value, gone in zip(column, column.isna(), strict=True)
    ]
    return pa.array(words, pa.large_string())


def _join(parts: list[pa.Array]) -> pa.ChunkedArray:
    """Join the chunks of a column; a type that changes on the way turns all of it into text."""
    if not parts:
        return pa.chunked_array([pa.nulls(0)])
    try:
        tables = [pa.table({"column": part}) for part in parts]
        return pa.concat_tables(tables, promote_options="permissive").column("column")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.chunked_array([_text(part) for part in parts])


def _text(part: pa.Array) -> pa.Array:
    """Return values as text: as Arrow writes them, else as Python does (lists, bytes)."""
    try:
        return part.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _words(part.to_pylist())


def known_tables(tables: Mapping[str, pd.DataFrame], source: str) -> RawTables:
    """Take frames as raw tables; a name that is no table of a catalog gives a warning."""
    raw = RawTables(source)
    names = {table.name for table in TABLES}
    for name, frame in tables.items():
        if name in names:
            raw.frames[name] = frame
        else:
            raw.warnings.append(f"{name} is not a table of a catalog and is not used")
    return raw
