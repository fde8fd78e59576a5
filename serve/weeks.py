"""Weekly lists as they were written: each file verified once, read by row groups."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.errors import MatchingError
from serve.weekly import LISTS, MANIFEST


class DamagedListError(MatchingError):
    """The lists of a week that are there and cannot be used; only the operator can mend them."""


@dataclass(frozen=True)
class Week:
    """One week's lists, verified.

    Attributes
    ----------
    look : what changes when the file does
    source : the open file: what was verified is read, also when another takes its place
    groups : first and last product_id of each row group that has rows, by its number
    """

    week: str
    look: tuple[int, ...]
    source: pa.OSFile
    manifest: Mapping[str, Any]
    metadata: pq.FileMetaData
    groups: Mapping[int, tuple[str, str]]

    @property
    def as_of(self) -> date:
        """Date of the facts that the lists were made of."""
        return date.fromisoformat(self.manifest["as_of"])

    @property
    def schema(self) -> pa.Schema:
        """The columns of the lists."""
        return self.metadata.schema.to_arrow_schema()

    def read(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield all rows, in the order of the file, as many at once as a row group has."""
        names = None if columns is None else list(columns)
        return (self._read([group], names) for group in self.groups)

    def page(
        self,
        limit: int,
        merchant_id: str | None = None,
        product_id: str | None = None,
        after: tuple[str, int] | None = None,
    ) -> list[dict[str, Any]]:
        """Return up to so many rows in the order of the file, all of them by default.

        Parameters
        ----------
        after : product_id and rank of the row before the first
        """
        rows: list[dict[str, Any]] = []
        for group in self._groups_from(product_id or (after[0] if after else ""), product_id):
            wanted = _Wanted(merchant_id, product_id, after)
            if wanted.merchant_id is None or wanted.is_in(self._read([group], ["merchant_id"])):
                rows += wanted.only(self._read([group])).slice(0, limit - len(rows)).to_pylist()
            if len(rows) == limit:
                break
        return rows

    def find(
        self, products: Collection[str], creators: Collection[str], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of these products with these creators."""
        ordered = sorted(products)
        groups = [
            group
            for group, (first, last) in self.groups.items()
            if (place := bisect_left(ordered, first)) < len(ordered) and ordered[place] <= last
        ]
        if not groups:
            return []
        table = self._read(groups, ["product_id", "creator_id", *columns])
        asked = pc.and_(
            pc.is_in(table["product_id"], pa.array(ordered, pa.string())),
            pc.is_in(table["creator_id"], pa.array(list(creators), pa.string())),
        )
        return table.filter(asked).to_pylist()

    def _groups_from(self, first: str, last: str | None) -> Iterator[int]:
        """Yield the row groups that may hold products from one to another."""
        for group, (lowest, highest) in self.groups.items():
            if highest >= first and (last is None or lowest <= last):
                yield group

    def _read(self, groups: list[int], columns: list[str] | None = None) -> pa.Table:
        try:
            file = pq.ParquetFile(self.source, metadata=self.metadata)
            return file.read_row_groups(groups, columns, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise DamagedListError(f"the lists of {self.week} cannot be read: {error}") from error


@dataclass(frozen=True)
class _Wanted:
    """Which rows of a row group are asked for."""

    merchant_id: str | None
    product_id: str | None
    after: tuple[str, int] | None

    def is_in(self, table: pa.Table) -> bool:
        """Whether the merchant has any row there."""
        return bool(pc.any(pc.equal(table["merchant_id"], self.merchant_id)).as_py())

    def only(self, table: pa.Table) -> pa.Table:
        """Return the rows that are asked for."""
        for name in ("merchant_id", "product_id"):
            if getattr(self, name) is not None:
                table = table.filter(pc.equal(table[name], getattr(self, name)))
        if self.after is None:
            return table
        product_id, rank = self.after
        beyond = pc.greater(table["product_id"], product_id)
        same = pc.and_(pc.equal(table["product_id"], product_id), pc.greater(table["rank"], rank))
        return table.filter(pc.or_(beyond, same))


class Weeks:
    """The folder of weekly lists; None where there is none."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._verified: dict[str, Week] = {}

    def open(self, week: str) -> Week | None:
        """Return the lists of a week, None if there are none.

        A file is verified when it is first asked for, and again when it has changed.

        Parameters
        ----------
        week : an ISO week such as 2026-W47, which has been checked

        Raises
        ------
        DamagedListError
            If the file is not what its manifest says.
        """
        if self.folder is None:
            return None
        path = self.folder / week / LISTS
        look = _look(path)
        if look is None:
            self._verified.pop(week, None)
            return None
        known = self._verified.get(week)
        if known is None or known.look != look:
            known = self._verified[week] = _verify(week, path, look)
        return known


def completed(folder: Path) -> Week:
    """Return the lists of a week's folder; MatchingError where there are none, or damaged ones."""
    folder = folder.resolve()
    week = Weeks(folder.parent).open(folder.name)
    if week is None:
        raise MatchingError(f"{folder} holds no lists; `matching weekly` writes them")
    return week


def _look(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _verify(week: str, path: Path, look: tuple[int, ...]) -> Week:
    """Return the lists, once more where others took their place meanwhile."""
    try:
        return _read_whole(week, path, look)
    except DamagedListError:
        now = _look(path)
        if now is None or now == look:
            raise
        return _read_whole(week, path, now)


def _read_whole(week: str, path: Path, look: tuple[int, ...]) -> Week:
    try:
        manifest = json.loads(path.with_name(MANIFEST).read_text(encoding="utf-8"))
        source = pa.OSFile(str(path))
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        if digest != manifest["sha256"] or manifest["week"] != week:
            raise DamagedListError(
                f"{path} is not what was written (its manifest tells another SHA-256 or week); "
                "write the lists again with `matching weekly`"
            )
        metadata = pq.read_metadata(source)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise DamagedListError(f"{path} or its manifest cannot be read: {error}") from error
    return Week(week, look, source, manifest, metadata, dict(_bounds(metadata)))


def _bounds(metadata: pq.FileMetaData) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield the number of each row group that has rows, with its first and last product."""
    place = metadata.schema.names.index("product_id")
    for group in range(metadata.num_row_groups):
        described = metadata.row_group(group)
        if described.num_rows:
            statistics = described.column(place).statistics
            yield group, (statistics.min, statistics.max)
