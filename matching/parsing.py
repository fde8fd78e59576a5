"""Turns raw columns of any origin into the dtypes of a catalog, and marks what does not parse.

| kind                        | dtype           | null |
| --------------------------- | --------------- | ---- |
| id, reference, text, word   | str             | NaN  |
| date (days), time (seconds) | datetime64[s]   | NaT  |
| money, rate, count, score   | float64         | NaN  |
| flag                        | boolean         | NA   |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matching.columns import Kind
from matching.sources import arrow_array

Rows = npt.NDArray[np.bool_]
Parsed = tuple["pd.Series[Any]", Rows]

NUMBERS = frozenset({Kind.MONEY, Kind.RATE, Kind.COUNT, Kind.SCORE, Kind.NUMBER})
NULL_WORDS = frozenset({"", "null", "none", "nan", "nat", "na", "n/a", "<na>", "\\n"})
FLAG_WORDS = {"true": True, "t": True, "yes": True, "y": True, "1": True} | {
    "false": False,
    "f": False,
    "no": False,
    "n": False,
    "0": False,
}
_PLAIN = "Write plain numbers with a decimal point, without unit or thousands separator"
ADVICE = dict.fromkeys(Kind, "Store it as text") | {
    Kind.MONEY: _PLAIN,
    Kind.COUNT: _PLAIN,
    Kind.SCORE: _PLAIN,
    Kind.NUMBER: _PLAIN,
    Kind.RATE: "Write a fraction with a decimal point: 0.2 for 20 %",
    Kind.DATE: "Write days as 2026-11-20",
    Kind.TIME: "Write times as 2026-11-20T08:30:00Z",
    Kind.FLAG: "Write true or false",
}
NOUNS = dict.fromkeys(Kind, "text") | {
    **dict.fromkeys(NUMBERS, "a number"),
    Kind.DATE: "a day",
    Kind.TIME: "a time",
    Kind.FLAG: "true or false",
}
_ISO = (
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?"
)


class ForeignTypeError(Exception):
    """A column is stored as a type that cannot hold what it should; the message says which."""


def empty(kind: Kind, rows: int = 0) -> pd.Series[Any]:
    """Return a column of nulls of the kind's dtype."""
    return parse(pd.Series(np.full(rows, None, dtype=object)), kind)[0]


def parse(raw: pd.Series[Any], kind: Kind) -> Parsed:
    """Return the column in its catalog dtype (null where nothing parses), and which rows do not.

    Raises ForeignTypeError where the column's whole type is wrong, such as ids kept as floats.
    """
    values = _arrow(raw)
    if kind in NUMBERS:
        return _number(values)
    if kind is Kind.DATE:
        return _day(values)
    if kind is Kind.TIME:
        return _time(values)
    if kind is Kind.FLAG:
        return _flag(values)
    return _text(values, is_id=kind in {Kind.ID, Kind.REFERENCE})


def _arrow(raw: pd.Series[Any]) -> pa.ChunkedArray:
    if raw.isna().all():  # a column without a value has any type
        return pa.chunked_array([pa.nulls(len(raw))])
    values = arrow_array(raw.array if raw.dtype != object else raw.to_numpy())
    chunked = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    if pa.types.is_dictionary(chunked.type):
        return pc.cast(chunked, chunked.type.value_type)
    if pa.types.is_binary(chunked.type) or pa.types.is_large_binary(chunked.type):
        try:
            return pc.cast(chunked, pa.large_string())
        except pa.ArrowInvalid:
            raise ForeignTypeError("holds bytes that are not UTF-8 text") from None
    return chunked


def _is_text(type_: Any) -> bool:
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or type_ == pa.string_view()
    )


def _text(values: pa.ChunkedArray, is_id: bool) -> Parsed:
    if is_id and pa.types.is_floating(values.type):
        raise ForeignTypeError("holds ids as floating-point numbers, which lose digits")
    text = _cast(values, pa.large_string(), "text")
    text = pc.if_else(pc.equal(text, ""), None, text)
    series = text.to_pandas(types_mapper={pa.large_string(): pd.StringDtype(na_value=np.nan)}.get)
    return series, np.zeros(len(series), dtype=bool)


def _number(values: pa.ChunkedArray) -> Parsed:
    if not _is_text(values.type):
        if pa.types.is_temporal(values.type):
            raise ForeignTypeError(f"holds {values.type}, not numbers")
        numbers = _cast(values, pa.float64(), "numbers").to_numpy()
        return pd.Series(numbers), np.zeros(len(numbers), dtype=bool)
    try:
        numbers = pc.cast(pc.utf8_trim_whitespace(values), pa.float64()).to_numpy()
        return pd.Series(numbers), np.zeros(len(numbers), dtype=bool)
    except pa.ArrowInvalid:
        return _from_words(values, lambda words: pd.to_numeric(words, errors="coerce"), "float64")


def _day(values: pa.ChunkedArray) -> Parsed:
    if _is_text(values.type):
        try:
            values = pc.cast(values, pa.date32())
        except pa.ArrowInvalid:
            return _from_words(values, _days_of, "datetime64[s]")
    elif pa.types.is_timestamp(values.type) and values.type.tz is not None:
        values = pc.local_timestamp(values)
    days = _instants(values).to_numpy().astype("datetime64[D]").astype("datetime64[s]")
    return pd.Series(days), np.zeros(len(days), dtype=bool)


def _time(values: pa.ChunkedArray) -> Parsed:
    if _is_text(values.type):
        return _from_words(values, _times_of, "datetime64[s]")
    times = _instants(values).to_numpy().astype("datetime64[s]")
    return pd.Series(times), np.zeros(len(times), dtype=bool)


def _instants(values: pa.ChunkedArray) -> pa.ChunkedArray:
    known = pa.types.is_date(values.type) or pa.types.is_timestamp(values.type)
    if not known and not pa.types.is_null(values.type):
        raise ForeignTypeError(f"holds {values.type}, not dates")
    return _cast(values, pa.timestamp("us"), "dates")


def _days_of(words: pd.Series[Any]) -> pd.Series[Any]:
    """Return the day as it is written, whatever the zone; NaT where it is no ISO date."""
    days = words.where(words.str.fullmatch(_ISO)).str.slice(0, 10)
    return pd.to_datetime(days, format="%Y-%m-%d", errors="coerce")


def _times_of(words: pd.Series[Any]) -> pd.Series[Any]:
    times = words.where(words.str.fullmatch(_ISO))
    parsed = pd.to_datetime(times, format="ISO8601", utc=True, errors="coerce")
    return parsed.dt.tz_localize(None)


def _flag(values: pa.ChunkedArray) -> Parsed:
    if _is_text(values.type):
        return _from_words(values, lambda words: words.str.lower().map(FLAG_WORDS), "boolean")
    if not pa.types.is_boolean(values.type):
        numbers, _ = _number(values)
        bad = (numbers.notna() & ~numbers.isin([0, 1])).to_numpy()
        return numbers.mask(bad).astype("boolean"), bad
    series: pd.Series[Any] = values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return series, np.zeros(len(series), dtype=bool)


def _from_words(
    values: pa.ChunkedArray, convert: Callable[[pd.Series[Any]], pd.Series[Any]], dtype: Any
) -> Parsed:
    """Convert each distinct word once; a word that is not a null word and fails is marked."""
    distinct = pc.dictionary_encode(values.combine_chunks())
    if isinstance(distinct, pa.ChunkedArray):
        distinct = distinct.combine_chunks()
    words = pd.Series(distinct.dictionary.to_pylist(), dtype="str").str.strip()
    converted = convert(words).astype(dtype)
    failed = converted.isna().to_numpy() & ~words.str.lower().isin(NULL_WORDS).to_numpy()
    codes = distinct.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    found = codes >= 0
    taken = converted.reindex(codes).reset_index(drop=True)
    bad = np.zeros(len(codes), dtype=bool)
    bad[found] = failed[codes[found]]
    return taken, bad


def _cast(values: pa.ChunkedArray, type_: Any, name: str) -> pa.ChunkedArray:
    try:
        return pc.cast(values, type_, safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise ForeignTypeError(f"holds {values.type}, not {name}") from None
