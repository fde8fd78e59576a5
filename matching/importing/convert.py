"""One column of an export, turned into what a catalog holds; what does not convert is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matching.choices import nearest
from matching.columns import Column, Kind
from matching.importing.days import monday_after, time_reader
from matching.importing.exports import IntArray, NoTextError, Rows
from matching.importing.mapping import ColumnRule, Mapped, TableRule
from matching.importing.units import UNITS, is_read_plainly, number_reader
from matching.parsing import FLAG_WORDS, NULL_WORDS, NUMBERS

_DTYPES: dict[Kind, Any] = {
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys((Kind.DATE, Kind.TIME), "datetime64[s]"),
    Kind.FLAG: "boolean",
}
_FLAGS = {**FLAG_WORDS, "是": True, "否": False}
_IDS = (Kind.ID, Kind.REFERENCE)
_LOST_DIGITS = re.compile(r"\d(\.\d+)?e\+\d+", re.IGNORECASE)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Fault:
    """A value that cannot be converted: where it first stands, and in how many rows."""

    source: str
    column: str
    target: str
    value: str
    reason: str
    row: int
    rows: int

    def __str__(self) -> str:
        more = f" ({self.rows} rows)" if self.rows > 1 else ""
        return f"row {self.row}: {self.value!r}{more}"


def convert(
    rows: Rows, column: Column, target: str, mapped: Mapped, table: TableRule
) -> tuple[pd.Series[Any], list[Fault]]:
    """Return the values of one column in the dtype of its kind, null where none is, and faults.

    Parameters
    ----------
    target : the column's full name, for faults
    """
    rule = table.columns[column.name]
    named = rule.separator.join(rule.sources) or "constant"
    if column.kind in _IDS and any(pa.types.is_floating(rows.table[n].type) for n in rule.sources):
        values = pd.Series([None] * len(rows.numbers), dtype="str")
        told = "an id kept as a floating-point number, which loses digits: export it as text"
        return values, [Fault(rows.source, named, target, "", told, 1, len(values))]
    if rule.constant is not None:
        text = pa.chunked_array([pa.repeat(_scalar(_written(rule.constant)), len(rows.numbers))])
    else:
        try:
            text = _joined(rows, rule)
        except NoTextError as error:
            nothing = pd.Series([None] * len(rows.numbers), dtype=_DTYPES.get(column.kind, "str"))
            found = (error.value, error.reason, error.row, error.rows)
            return nothing, [Fault(rows.source, named, target, *found)]
    exported = text
    text = _without_empty(text, (*mapped.empty, *table.empty, *rule.empty, ""))
    for part in rule.remove:
        text = pc.utf8_trim_whitespace(pc.replace_substring(text, part, ""))
    is_plain = is_read_plainly(column.kind, mapped.currency, table.decimal)
    if column.kind in NUMBERS and is_plain and not rule.words:
        numbers = _plain_numbers(text, rule.unit)
        if numbers is not None:
            return numbers, []
    read = _reader(column, rule, table, mapped)
    values, failed = _each(text, read, _DTYPES.get(column.kind, "str"), _words(column, rule))
    faults = [
        Fault(rows.source, named, target, str(exported[at]), reason, int(rows.numbers[at]), count)
        for reason, at, count in failed
    ]
    return values, faults


def _written(word: Any) -> str:
    return str(word).lower() if isinstance(word, bool) else str(word)


def _joined(rows: Rows, rule: ColumnRule) -> pa.ChunkedArray:
    texts = [rows.text(name) for name in rule.sources]
    if len(texts) == 1:
        return texts[0]
    texts = [pc.if_else(pc.equal(text, ""), None, text) for text in texts]
    return pc.binary_join_element_wise(*texts, _scalar(rule.separator), null_handling="skip")


def _scalar(text: str | None) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _without_empty(text: pa.ChunkedArray, empty: Collection[str]) -> pa.ChunkedArray:
    nothing = pc.is_in(text, pa.array(list(empty), pa.large_string()))
    return pc.if_else(nothing, _scalar(None), text)


def _plain_numbers(text: pa.ChunkedArray, unit: str | float | None) -> pd.Series[Any] | None:
    """Return plain numbers of a unit; None where one of them is anything else."""
    shift = UNITS[unit] if isinstance(unit, str) else 0
    if shift:  # by the text: 20e-2 is 0.2 to the last bit
        text = pc.binary_join_element_wise(text, _scalar(f"e{shift}"), _scalar(""))
    try:
        numbers = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None
    factor = unit if isinstance(unit, int | float) else 1
    return pd.Series(numbers.to_numpy() * factor)


def _words(column: Column, rule: ColumnRule) -> dict[str, Any]:
    """Return what stands for other values, by text; None stands for nothing known."""
    nothing = dict.fromkeys(NULL_WORDS, None) if column.kind in _DTYPES else {}
    return {**nothing, **{text: None if word == "" else word for text, word in rule.words.items()}}


def _reader(
    column: Column, rule: ColumnRule, table: TableRule, mapped: Mapped
) -> Callable[[str], Any]:
    """Return what reads a text of this kind; it raises ValueError, "is" before its message."""
    if column.kind in NUMBERS:
        return number_reader(column.kind, mapped.currency, table.decimal, rule.unit)
    if column.kind in (Kind.DATE, Kind.TIME):
        return _time(column, rule, table, mapped)
    if column.kind is Kind.FLAG:
        return _flag
    if column.kind is Kind.WORD:
        return lambda text: _word(text, column.words)
    return _id if column.kind in _IDS else str


def _time(
    column: Column, rule: ColumnRule, table: TableRule, mapped: Mapped
) -> Callable[[str], datetime]:
    zones = (rule.timezone, table.timezone, mapped.timezone)
    zone = next((ZoneInfo(name) for name in zones if name), None)
    home = ZoneInfo(mapped.timezone) if mapped.timezone else zone
    if column.kind is Kind.TIME:  # a catalog's times are UTC, its days those of the market
        return time_reader(rule.format, zone or _UTC, _UTC)
    read = time_reader(rule.format, zone, home)

    def day(text: str) -> datetime:
        found = read(text).replace(hour=0, minute=0, second=0, microsecond=0)
        return monday_after(found) if rule.monday_after else found

    return day


def _flag(text: str) -> bool:
    found = _FLAGS.get(text.lower())
    if found is None:
        raise ValueError("neither true nor false; say in `words` what it is")
    return found


def _word(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        told = nearest(text, words) or "; say in `words` which it is"
        raise ValueError(f"none of {', '.join(words)}{told}")
    return text


def _id(text: str) -> str:
    if _LOST_DIGITS.fullmatch(text):
        raise ValueError("an id whose last digits a spreadsheet took: export it again as text")
    return text


def _each(
    text: pa.ChunkedArray, read: Callable[[str], Any], dtype: str, words: dict[str, Any]
) -> tuple[pd.Series[Any], list[tuple[str, int, int]]]:
    """Read each distinct text once.

    Returns the values, and of each text that fails: why, its first place and its count.
    """
    if len(text) == 0:
        return pd.Series([], dtype=dtype), []
    encoded = pc.dictionary_encode(text.combine_chunks())
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    values: list[Any] = []
    failed: dict[int, str] = {}
    for code, word in enumerate(encoded.dictionary.to_pylist()):
        try:
            values.append(_read(word, read, words))
        except ValueError as error:
            values.append(None)
            failed[code] = str(error)
    codes: IntArray = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    distinct = pd.Series([*values, None], dtype=dtype)  # -1 takes the last: null
    taken = distinct.take(codes % len(distinct)).reset_index(drop=True)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    firsts = np.full(len(values), len(codes))
    np.minimum.at(firsts, codes[codes >= 0], np.flatnonzero(codes >= 0))
    return taken, [(why, int(firsts[code]), int(counts[code])) for code, why in failed.items()]


def _read(text: str, read: Callable[[str], Any], words: dict[str, Any]) -> Any:
    """Return the value of a text: of what stands for it, where that is a text."""
    for known in (text, text.lower()):
        if known in words:
            word = words[known]
            return read(word) if isinstance(word, str) else word
    return read(text)
