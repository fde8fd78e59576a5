"""A week's lists by merchant: a Parquet file and a CSV for spreadsheets each, and what changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from matching.matcher import Matcher
from serve.weeks import Week

_ROWS_AT_ONCE = 1_000_000
_CHANGES = "changes"
_LONGEST_NAME = 200  # file systems take 255 bytes, ending and digest included
_TEXTS = ("product_title", "creator_name")
_IDS = ("merchant_id", "product_id", "creator_id", "bundle")


def write_merchants(week: Week, matcher: Matcher, changes: Path, folder: Path) -> None:
    """Write `<merchant>.parquet`, `<merchant>.csv` and `changes/<merchant>.csv` into a new folder.

    A merchant's id is written as in a web address, so that any id is the name of a file, and a long
    one is cut and ends with a digest. Lists have the product's title and the creator's name beside
    their ids. A merchant has files of what there is: changes alone where all its lists ended.

    Parameters
    ----------
    changes : changes.parquet of the week
    """
    (folder / _CHANGES).mkdir(parents=True)
    changed = pq.ParquetFile(changes)
    for merchants in _lots(week, changed):
        asked = pa.array(merchants, pa.string())
        for name, rows in _of_each(week.read(), asked):
            listed = _named(rows, matcher)
            pq.write_table(listed, folder / f"{name}.parquet", compression="zstd")
            _write_csv(listed, folder / f"{name}.csv")
        for name, rows in _of_each(_groups(changed), asked):
            _write_csv(_named(rows, matcher), folder / _CHANGES / f"{name}.csv")


def _groups(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    return (file.read_row_group(number, columns) for number in range(file.num_row_groups))


def _lots(week: Week, changed: pq.ParquetFile) -> Iterator[list[str]]:
    """Yield the merchants in lots whose lists and changes fit into memory together."""
    counts: dict[str, int] = {}
    column = ["merchant_id"]
    for table in chain(week.read(column), _groups(changed, column)):
        for pair in pc.value_counts(table["merchant_id"]).to_pylist():
            counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]
    lot: list[str] = []
    rows = 0
    for merchant in sorted(counts):
        if lot and rows + counts[merchant] > _ROWS_AT_ONCE:
            yield lot
            lot, rows = [], 0
        lot.append(merchant)
        rows += counts[merchant]
    if lot:
        yield lot


def _of_each(tables: Iterator[pa.Table], merchants: pa.Array) -> Iterator[tuple[str, pa.Table]]:
    """Yield the file name and rows of each merchant that has any, in the order of the rows."""
    found = [part for table in tables if len(part := _of(table, merchants))]
    if not found:
        return
    rows = pa.concat_tables(found)
    encoded = pc.index_in(rows["merchant_id"], merchants).to_numpy()
    order = np.argsort(encoded, kind="stable")
    cuts = np.flatnonzero(np.diff(encoded[order])) + 1
    for part in np.split(order, cuts):
        yield _file_name(merchants[int(encoded[part[0]])].as_py()), rows.take(part)


def _file_name(merchant: str) -> str:
    name = quote(merchant, safe="")
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(merchant.encode()).hexdigest()[:16]
    return f"{name[:_LONGEST_NAME]}-{digest}"


def _of(table: pa.Table, merchants: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table["merchant_id"], merchants))


def _named(rows: pa.Table, matcher: Matcher) -> pa.Table:
    """Return rows with titles and names beside ids; null where the bundle has none."""
    contents, history = matcher.contents, matcher.contents.history
    for column, ids, table, text, heading in (
        ("product_id", history.product_ids, contents.products, "title", _TEXTS[0]),
        ("creator_id", history.creator_ids, contents.creators, "name", _TEXTS[1]),
    ):
        places = ids.rows(rows[column].to_pylist())
        known = pa.array(places, mask=places < 0)
        names = table[text].take(known) if text in table.column_names else pa.nulls(len(rows))
        at = rows.column_names.index(column) + 1
        rows = rows.add_column(at, heading, names.cast(pa.string()))
    return rows


def _write_csv(rows: pa.Table, path: Path) -> None:
    """Write a CSV that a spreadsheet reads as it is meant.

    The mark before it says UTF-8. A tab after an id keeps its digits, and an apostrophe before what
    begins like a formula keeps it from being one.
    """
    for place, name in enumerate(rows.column_names):
        if name in _IDS:
            ids = pc.binary_join_element_wise(rows[name], "\t", "")
            rows = rows.set_column(place, name, ids)
        if name in (*_IDS, *_TEXTS):
            rows = rows.set_column(place, name, _harmless(rows[name]))
    with path.open("wb") as stream:
        stream.write("\ufeff".encode())
        csv.write_csv(rows, stream)


def _harmless(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(texts, r"(^|[;,\t\r\n])(\s*[=+\-@＝＋－＠])", r"\1'\2")
