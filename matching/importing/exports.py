"""Reads an export as it is: text of any encoding, Parquet, JSON lines, tables of a database."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, json, parquet

from matching.choices import nearest
from matching.errors import MatchingError
from matching.importing.mapping import JoinRule, TableRule
from matching.sources import read_columns, read_csv

IntArray = npt.NDArray[np.int64]
_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_JSON_BLOCK = 64 << 20  # bytes that are read at once; a line is no longer
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SHOWN = 200  # characters of a value
_ENCODINGS = ("utf-8", "gb18030", "big5", "cp1252")


class NoTextError(MatchingError):
    """A column holds what has no text: lists, bytes of another encoding.

    Attributes
    ----------
    reason : what that is, "is" before it
    value, row : the first one and its number
    rows : how many there are
    """

    def __init__(self, where: str, reason: str, value: str, row: int, rows: int) -> None:
        super().__init__(f"{where}, row {row}: is {reason}")
        self.reason = reason
        self.value = value
        self.row = row
        self.rows = rows


@dataclass(frozen=True)
class Rows:
    """Rows of one file or table.

    Attributes
    ----------
    numbers : of each row: in a text file as a spreadsheet counts, the header included; elsewhere
        from 1
    table : the columns that were asked for
    unused : names of the others
    """

    source: str
    numbers: IntArray
    table: pa.Table
    unused: tuple[str, ...] = ()

    def keep(self, mask: pa.ChunkedArray) -> Rows:
        """Return the rows where the mask (bool) holds."""
        kept = mask.to_numpy().astype(bool)
        return Rows(self.source, self.numbers[kept], self.table.filter(mask), self.unused)

    def text(self, name: str) -> pa.ChunkedArray:
        """Return a column as plain text; NoTextError where it has none."""
        try:
            return plain_text(self.table[name])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            reason, found = _without_text(self.table[name])
        where = f"{self.source}, column {name}"
        first, value = next(iter(found.items()))
        raise NoTextError(where, reason, str(value)[:_SHOWN], int(self.numbers[first]), len(found))


class Export(Protocol):
    """Where rows are read from."""

    def sources(self, name: str) -> list[str]:
        """Return the files or tables that a name or pattern means."""

    def read(self, source: str, columns: tuple[str, ...], rule: TableRule) -> Rows:
        """Return the rows of one of them, with those of the columns that it has."""


@dataclass(frozen=True)
class Folder:
    """An export of files."""

    folder: Path
    encoding: str

    def sources(self, name: str) -> list[str]:
        """Return the files of a pattern; MatchingError where there is none."""
        found = sorted(path for path in self.folder.glob(name) if path.is_file())
        if not found:
            there = [path.name for path in self.folder.iterdir() if path.is_file()]
            raise MatchingError(f"{self.folder} has no file {name}{nearest(name, there)}")
        return [str(path.relative_to(self.folder)) for path in found]

    def read(self, source: str, columns: tuple[str, ...], rule: TableRule) -> Rows:
        """Return the rows of a file; MatchingError where it cannot be read."""
        path = self.folder / source
        first = 1
        try:
            if path.suffix in _DELIMITERS:
                table, names = self._read_text(path, columns, rule)
                first = rule.skip_rows + 2
            elif path.suffix in _JSON_LINES:
                table, names = _read_json_lines(path)
            elif path.suffix == ".parquet":
                names = parquet.read_schema(path).names
                table = parquet.read_table(path, columns=[n for n in names if n in columns])
            else:
                told = ", ".join((*_DELIMITERS, *_JSON_LINES, ".parquet"))
                raise MatchingError(f"{path} is none of {told}: save it as one of them")
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise MatchingError(f"{path} cannot be read: {reason}{self._hint(path)}") from None
        return _rows(source, table, names, columns, first)

    def _read_text(
        self, path: Path, columns: tuple[str, ...], rule: TableRule
    ) -> tuple[pa.Table, list[str]]:
        read = csv.ReadOptions(encoding=self._encoding(path, rule), skip_rows=rule.skip_rows)
        delimiter = rule.delimiter or _DELIMITERS[path.suffix]
        return read_csv(path, lambda name: name.strip() in columns, read, delimiter)

    def _encoding(self, path: Path, rule: TableRule) -> str:
        """Return what the file says by its first bytes, or the mapping."""
        with path.open("rb") as stream:
            start = stream.read(3)
        said = [encoding for mark, encoding in _MARKS.items() if start.startswith(mark)]
        return said[0] if said else rule.encoding or self.encoding

    def _hint(self, path: Path) -> str:
        """Return which encodings the file may have, where it is a text file."""
        if path.suffix not in _DELIMITERS:
            return ""
        may = [name for name in _ENCODINGS if _is_encoded(path, name)]
        return f"; it can be read with encoding = {' or '.join(map(repr, may))}" if may else ""


@dataclass(frozen=True)
class Database:
    """An export that lies in a database's tables and views."""

    connection: Any
    inspector: Any

    def sources(self, name: str) -> list[str]:
        """Return the table of that name, its schema before it where it has one: shop.creators."""
        table, schema = self._parts(name)
        if self.inspector.has_table(table, schema):
            return [name]
        there = [*self.inspector.get_table_names(schema), *self.inspector.get_view_names(schema)]
        raise MatchingError(f"the database has no table {name}{nearest(table, there)}")

    def read(self, source: str, columns: tuple[str, ...], rule: TableRule) -> Rows:
        """Return the rows of a table."""
        table, schema = self._parts(source)
        names = [column["name"] for column in self.inspector.get_columns(table, schema)]
        wanted = [name for name in names if name in columns]
        return _rows(
            source, read_columns(self.connection, table, wanted, schema), names, columns, 1
        )

    def _parts(self, name: str) -> tuple[str, str | None]:
        schema, _, table = name.rpartition(".")
        return table, schema or None


def _is_encoded(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as stream:
            for _ in stream:
                continue
    except UnicodeDecodeError:
        return False
    return True


def _read_json_lines(path: Path) -> tuple[pa.Table, list[str]]:
    """Read JSON lines; what is nested has the names of all levels: author.id."""
    block = min(max(path.stat().st_size, 1), _JSON_BLOCK)
    table = json.read_json(path, json.ReadOptions(block_size=block))
    while any(pa.types.is_struct(column.type) for column in table.columns):
        table = table.flatten()
    return table, table.column_names


def _rows(
    source: str, table: pa.Table, names: list[str], columns: tuple[str, ...], first: int
) -> Rows:
    counts = Counter(name.strip() for name in names)
    for name in columns:
        if counts[name] > 1:
            raise MatchingError(f"{source} has more than one column {name}: keep one of them")
    table = table.rename_columns([name.strip() for name in table.column_names])
    table = table.select([name for name in columns if counts[name]])
    numbers = np.arange(first, first + table.num_rows, dtype=np.int64)
    return Rows(source, numbers, table, tuple(n for n in counts if n and n not in columns))


# --- rows that belong together ---


def read_rows(export: Export, rule: TableRule) -> Iterator[Rows]:
    """Yield the rows of each file or table of a rule, joined and chosen as it says.

    Raises
    ------
    MatchingError
        If one cannot be read, lacks a column, or the joined one has a key twice.
    """
    beside = None if rule.join is None else _beside(export, rule, rule.join)
    for source in export.sources(rule.source):
        rows = export.read(source, rule.sources, rule)
        if rule.join is not None and beside is not None:
            rows = _joined(rows, *beside, rule.join.on)
        there = rows.table.column_names
        missing = [name for name in rule.sources if name not in there]
        if missing:
            hint = nearest(missing[0], [*there, *rows.unused])
            raise MatchingError(f"{source} has no column {', '.join(missing)}{hint}")
        for choices, is_kept in ((rule.only, True), (rule.drop, False)):
            for name, texts in choices.items():
                mask = pc.is_in(rows.text(name), pa.array(texts, pa.large_string()))
                rows = rows.keep(mask if is_kept else pc.invert(mask))
        yield rows


def _beside(
    export: Export, rule: TableRule, join: JoinRule
) -> tuple[pa.Table, pa.LargeStringArray]:
    """Return what is joined, with one row a key, and the keys."""
    parts = [export.read(name, rule.sources, rule) for name in export.sources(join.source)]
    keys = pa.chunked_array([_keys(rows, join.on).combine_chunks() for rows in parts])
    try:
        table = pa.concat_tables([rows.table for rows in parts], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise MatchingError(f"{join.source} has columns of several types: {error}") from None
    counts = pc.value_counts(pc.drop_null(keys))
    again = counts.field(0).filter(pc.greater(counts.field(1), 1))
    if len(again):
        told = f"{len(again)} of {join.on}, first {again[0].as_py()!r}"
        raise MatchingError(f"{join.source} has several rows for {told}: keep one of each")
    return table, keys.combine_chunks()


def _keys(rows: Rows, on: str) -> pa.ChunkedArray:
    if on not in rows.table.column_names:
        raise MatchingError(f"{rows.source} has no column {on}")
    return rows.text(on)


def _joined(rows: Rows, beside: pa.Table, keys: pa.LargeStringArray, on: str) -> Rows:
    """Return rows with the columns of others beside them, null where nothing has their key."""
    places = pc.index_in(_keys(rows, on), keys, skip_nulls=True)
    table = rows.table
    for name in beside.column_names:
        if name not in table.column_names:
            table = table.append_column(name, beside[name].take(places))
    return Rows(rows.source, rows.numbers, table, rows.unused)


def plain_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values as text without the blanks around them, and without what spreadsheets put
    around the digits of an id: `="7312"`, `'7312`.
    """
    text = pc.utf8_trim_whitespace(pc.cast(values, pa.large_string()))
    return pc.replace_substring_regex(text, r"""^(?:="(.*)"|'(\d+))$""", r"\1\2")


def _without_text(values: pa.ChunkedArray) -> tuple[str, dict[int, Any]]:
    """Return what it is that has no text, and the values by their places."""
    try:
        stored = pc.cast(values, pa.large_binary()).to_pylist()
    except pa.ArrowNotImplementedError:
        known = {place: v for place, v in enumerate(values.to_pylist()) if v is not None}
        return f"no text but {values.type}: export it as text", known
    known = {place: v for place, v in enumerate(stored) if v is not None and not _is_utf8(v)}
    return "bytes that are no UTF-8: export it as text", known


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
