"""The mapping of an import: a TOML file, checked whole before anything is read.

Whatever is not known is refused by its full name (`creators.columns.name.unti`), with the nearest
name that is.
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from matching.choices import nearest
from matching.columns import CATALOG, TABLES, Column, Kind, Table
from matching.errors import OptionError
from matching.importing.days import FORMATS
from matching.importing.units import UNITS
from matching.parsing import NUMBERS

_DAYS = frozenset({Kind.DATE, Kind.TIME})
_MARKS = (".", ",")
Word = str | bool | int | float
Rule = TypeVar("Rule", "ColumnRule", "JoinRule", "TableRule", "Mapped")


@dataclass(frozen=True)
class ColumnRule:
    """Where the values of one column come from and how they are read.

    Attributes
    ----------
    column : name in the export
    columns : names in the export whose texts are joined
    separator : between joined texts
    constant : the value of every row
    unit : what a number is counted in: a name of UNITS, or what one is worth
    words : values that stand for others; what is not among them stays
    remove : texts that are taken out before a value is read
    empty : texts that mean nothing is known, beside the table's
    format : how a day or time is written: one of FORMATS, or a pattern of `strptime`
    timezone : where times without a zone were taken, default the table's
    monday_after : take the Monday after the day: the week of creator_stats whose row holds it
    """

    column: str | None = None
    columns: tuple[str, ...] = ()
    separator: str = "/"
    constant: Word | None = None
    unit: str | float | None = None
    words: Mapping[str, Word] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    format: str | None = None
    timezone: str | None = None
    monday_after: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the export that are read."""
        return self.columns if self.column is None else (self.column,)


@dataclass(frozen=True)
class JoinRule:
    """Another file whose columns come beside, by the text of a column that both have."""

    source: str
    on: str


@dataclass(frozen=True)
class TableRule:
    """Where the rows of one table come from.

    Attributes
    ----------
    source : file of the export, or a pattern for several; a table where the export is a database
    encoding, delimiter, skip_rows : how a text file is read; lines before the header are skipped
    decimal : the mark before the fraction of a number
    timezone : where times without a zone were taken, default the catalog's
    empty : texts that mean nothing is known, beside the mapping's
    only, drop : rows that count or do not: column of the export and its texts
    distinct : rows that are the same in every column become one
    join : another file, whose columns come beside
    """

    source: str
    columns: Mapping[str, ColumnRule]
    encoding: str | None = None
    delimiter: str | None = None
    skip_rows: int = 0
    decimal: str = "."
    timezone: str | None = None
    empty: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    distinct: bool = False
    join: JoinRule | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the export that are read, each once."""
        named = [name for rule in self.columns.values() for name in rule.sources]
        joined = () if self.join is None else (self.join.on,)
        return tuple(dict.fromkeys([*named, *self.only, *self.drop, *joined]))


@dataclass(frozen=True)
class Mapped:
    """A mapping: what holds for all of it, and the rules of each table, by its name."""

    name: str
    tables: Mapping[str, tuple[TableRule, ...]]
    currency: str = "CNY"
    timezone: str | None = None
    encoding: str = "utf-8"
    empty: tuple[str, ...] = ()


def load_mapping(path: Path) -> Mapped:
    """Read a mapping.

    Raises
    ------
    OptionError
        If it cannot be read, or says something that is not known or cannot be.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise OptionError("mapping", f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError("mapping", f"{path} is not TOML: {error}") from error
    try:
        return _mapped(values, path)
    except _UnusableError as error:
        raise OptionError("mapping", f"{path}: {error}") from None


class _UnusableError(Exception):
    """What a mapping says and cannot be; begins with where."""


def _mapped(values: Mapping[str, Any], path: Path) -> Mapped:
    tables = {table.name: table for table in TABLES if table is not CATALOG}
    given = {name: value for name, value in values.items() if name not in tables}
    for table in tables.values():
        if table.required and table.name not in values:
            raise _UnusableError(f"there is no [{table.name}], which a catalog must have")
    rules = {
        name: tuple(_table(tables[name], part, where) for where, part in _parts(name, values[name]))
        for name in tables
        if name in values
    }
    mapped = _taken(Mapped, {"name": path.stem, **given, "tables": rules}, "", known=(*tables,))
    _check_codec(mapped.encoding, "encoding")
    _check_zone(mapped.timezone, "timezone")
    return mapped


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and content of each [table], or of each [[table]]."""
    if not isinstance(value, list):
        yield name, value
        return
    for place, part in enumerate(value, start=1):
        yield f"{name}[{place}]", part


def _table(table: Table, value: Any, where: str) -> TableRule:
    given = dict(_mapping(value, where))
    given["source"] = _renamed(given, where)
    columns = _mapping(given.get("columns", {}), f"{where}.columns")
    for name in columns:
        if name not in table.names:
            hint = nearest(name, table.names)
            raise _UnusableError(f"{where}.columns: {table.name} has no column {name!r}{hint}")
    for column in table.columns:
        if column.required and column.name not in columns:
            raise _UnusableError(f"{where}.columns: {column.name} is required and not there")
    given["columns"] = {
        name: _column(table.column(name), rule, f"{where}.columns.{name}")
        for name, rule in columns.items()
    }
    for part in ("only", "drop"):
        choices = _mapping(given.get(part, {}), f"{where}.{part}")
        given[part] = {name: _texts(v, f"{where}.{part}.{name}") for name, v in choices.items()}
    if "join" in given:
        join = dict(_mapping(given["join"], f"{where}.join"))
        join["source"] = _renamed(join, f"{where}.join")
        given["join"] = _taken(JoinRule, join, f"{where}.join", known=("from",))
    rule = _taken(TableRule, given, where, known=("from",))
    if rule.encoding is not None:
        _check_codec(rule.encoding, f"{where}.encoding")
    _check_zone(rule.timezone, f"{where}.timezone")
    if rule.decimal not in _MARKS:
        raise _UnusableError(f'{where}.decimal must be "." or ","')
    if rule.skip_rows < 0:
        raise _UnusableError(f"{where}.skip_rows must be 0 or more")
    if rule.delimiter is not None and len(rule.delimiter) != 1:
        raise _UnusableError(f"{where}.delimiter must be one character")
    return rule


def _renamed(given: dict[str, Any], where: str) -> Any:
    """Take out `from`, which is no name that a field can have."""
    if "source" in given:
        raise _UnusableError(f"{where}: unknown key 'source'; did you mean 'from'?")
    if "from" not in given:
        raise _UnusableError(f"{where} does not say from which file or table")
    name = given.pop("from")
    if isinstance(name, str) and not _is_source(name):
        told = "is no name of a file or table, nor a pattern such as orders_*.csv"
        raise _UnusableError(f"{where}.from: {name!r} {told}")
    return name


def _is_source(name: str) -> bool:
    """Whether a folder can be searched for it: `**` is for whole folders."""
    path = PurePath(name)
    is_whole = all(part == "**" or "**" not in part for part in path.parts)
    return bool(path.parts) and is_whole and not path.is_absolute()


def _column(column: Column, value: Any, where: str) -> ColumnRule:
    given = {"column": value} if isinstance(value, str) else dict(_mapping(value, where))
    rule = _taken(ColumnRule, given, where)
    ways = [name for name in ("column", "columns", "constant") if given.get(name) is not None]
    if len(ways) != 1:
        raise _UnusableError(f"{where} must say one of column, columns and constant")
    _check_fits(column, rule, given, where)
    if isinstance(rule.unit, str) and rule.unit not in UNITS:
        told = f"{', '.join(UNITS)}, or a number"
        raise _UnusableError(f"{where}.unit: {rule.unit!r} is none of {told}")
    if isinstance(rule.unit, int | float) and not 0 < rule.unit < float("inf"):
        raise _UnusableError(f"{where}.unit must be above 0")
    _check_zone(rule.timezone, f"{where}.timezone")
    _check_format(rule.format, f"{where}.format")
    return rule


def _check_fits(column: Column, rule: ColumnRule, given: Mapping[str, Any], where: str) -> None:
    """Refuse what says nothing for a column of this kind."""
    kinds = {"unit": NUMBERS, **dict.fromkeys(("format", "timezone", "monday_after"), _DAYS)}
    for name, fit in kinds.items():
        if name in given and column.kind not in fit:
            noun = "numbers" if name == "unit" else "days and times"
            raise _UnusableError(f"{where}.{name} is for {noun}, and this is {column.kind.value}")
    if "separator" in given and not rule.columns:
        raise _UnusableError(f"{where}.separator is for columns that are joined")
    for text, word in rule.words.items():
        _check_word(column, word, f"{where}.words.{text}")


def _check_word(column: Column, word: Any, where: str) -> None:
    """Refuse a word of another type than the column's; an empty text means nothing is known."""
    if word == "":
        return
    is_flag, is_number = column.kind is Kind.FLAG, column.kind in NUMBERS
    allowed = (bool,) if is_flag else (int, float) if is_number else (str,)
    if not isinstance(word, allowed) or (isinstance(word, bool) and not is_flag):
        noun = "true or false" if is_flag else "a number" if is_number else "a text"
        raise _UnusableError(f"{where} must be {noun}, or an empty text")
    if column.words and word not in column.words:
        told = f"{word!r} is none of {', '.join(column.words)}{nearest(str(word), column.words)}"
        raise _UnusableError(f"{where}: {told}")


def _check_zone(name: str | None, where: str) -> None:
    try:
        if name is not None:
            ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise _UnusableError(f"{where}: {name!r} is no zone such as Asia/Shanghai or UTC") from None


def _check_codec(name: str, where: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError:
        raise _UnusableError(f"{where}: {name!r} is no encoding such as gb18030") from None


def _check_format(form: str | None, where: str) -> None:
    if form is None or form in FORMATS or _tells_days(form):
        return
    hint = nearest(form, FORMATS) if "%" not in form else ""
    told = f"{', '.join(FORMATS)}, or a pattern with year, month and day such as %d/%m/%Y"
    raise _UnusableError(f"{where}: {form!r} is none of {told}{hint}")


def _tells_days(form: str) -> bool:
    """Whether a pattern of `strptime` gives back the day that it writes."""
    known = datetime(2026, 3, 2, tzinfo=UTC)
    try:
        return datetime.strptime(known.strftime(form), form).date() == known.date()
    except ValueError:
        return False


# --- plain values to rules ---


def _taken(
    kind: type[Rule], given: Mapping[str, Any], where: str, known: tuple[str, ...] = ()
) -> Rule:
    """Return the rule of plain values; what is not a field of it is refused."""
    prefix = f"{where}: " if where else ""
    fields_of: dict[str, Field[Any]] = {f.name: f for f in fields(kind)}
    for name in given:
        if name not in fields_of:
            choices = [*(n for n in fields_of if n not in {"source", "tables"}), *known]
            raise _UnusableError(f"{prefix}unknown key {name!r}{nearest(name, choices)}")
    written = {"source": "from"}
    values = {
        name: _value(fields_of[name], value, f"{where}.{written.get(name, name)}".lstrip("."))
        for name, value in given.items()
    }
    return kind(**values)


def _value(declared: Field[Any], value: Any, where: str) -> Any:
    """Return a value of the type that the field is declared with."""
    annotation = str(declared.type)
    if annotation.startswith("tuple"):
        return _texts(value, where)
    if annotation.startswith("Mapping"):
        return _mapping(value, where)
    allowed = {
        "bool": (bool,),
        "int": (int,),
        "Word | None": (str, bool, int, float),
        "str | float | None": (str, int, float),
        "JoinRule | None": (JoinRule,),
    }.get(annotation, (str,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        names = " or ".join({"str": "a text"}.get(kind.__name__, kind.__name__) for kind in allowed)
        raise _UnusableError(f"{where} must be {names}")
    return value


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _UnusableError(f"{where} must be a table of keys and values")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        raise _UnusableError(f"{where} must be a text or a list of texts")
    return tuple(values)
