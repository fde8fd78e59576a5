"""Catalog: the tables of a market, loaded, checked and frozen, and cut to what a day knew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from matching import columns
from matching.asof import among, answer_days, collaborations_at, is_accepted, proven_at
from matching.columns import TABLES, Kind, Table
from matching.drafts import check_free, draft
from matching.errors import CatalogError, MatchingError, Problem

if TYPE_CHECKING:
    from matching.sources import RawTables

__all__ = ["Catalog", "answer_days", "is_accepted"]


@dataclass(frozen=True, eq=False)
class Catalog:
    """The tables of one market in memory. Frames are not to be changed.

    Ids and text are ``str``, days ``datetime64[s]``, numbers ``float64``, flags ``boolean``;
    unknown is null. A column that the source lacks is absent, and a table that it lacks is an
    empty frame with its required columns. `updated_on` has chosen the rows at loading and is
    gone. `creators` and `products` are sorted by id (byte order of UTF-8), `collaborations` by
    invited_on and collaboration_id, all with index 0…n-1.
    """

    name: str
    currency: str
    creators: pd.DataFrame
    products: pd.DataFrame
    collaborations: pd.DataFrame
    creator_stats: pd.DataFrame
    merchants: pd.DataFrame
    events: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @classmethod
    def load(cls, source: str | Path) -> Catalog:
        """Load a folder of Parquet or CSV tables, or a SQLAlchemy address.

        Raises CatalogError with everything that is wrong.
        """
        from matching import sources

        return cls._checked(sources.read(source))

    @classmethod
    def from_tables(cls, tables: Mapping[str, pd.DataFrame], source: str = "tables") -> Catalog:
        """Make a catalog of raw frames by table name, with the checks of `load`.

        Raises CatalogError, which names `source`, with everything that is wrong.
        """
        from matching import sources

        return cls._checked(sources.known_tables(tables, source))

    @classmethod
    def _checked(cls, raw: RawTables) -> Catalog:
        from matching import consistency, validation

        findings = validation.Findings(list(raw.problems), list(raw.warnings))
        frames: dict[str, pd.DataFrame] = {}
        for table in TABLES:
            if table.name in raw.frames:
                frames[table.name] = validation.typed(table, raw.frames.pop(table.name), findings)
            elif table.required and table.name not in raw.unreadable:
                advice = f"Add {table.name}.parquet or {table.name}.csv"
                findings.error(Problem(table.name, None, "the table is missing", advice=advice))
        consistency.check(frames, findings)
        if findings.problems:
            raise CatalogError(raw.source, findings.problems)
        about = frames.pop("catalog", pd.DataFrame())
        ordered = {
            table.name: _ordered(table, frames.get(table.name))
            for table in TABLES
            if table is not columns.CATALOG
        }
        return cls(
            name=_first(about, "name", Path(raw.source).name),
            currency=_first(about, "currency", "CNY"),
            warnings=tuple(findings.warnings),
            **ordered,
        )

    def has(self, table: str, column: str) -> bool:
        """Whether the source had this column; an optional table without rows has none."""
        frame = self._table(table)
        required = next(t.required for t in TABLES if t.name == table)
        return column in frame and (required or len(frame) > 0)

    def _table(self, name: str) -> pd.DataFrame:
        frame = getattr(self, name, None)
        if not isinstance(frame, pd.DataFrame):
            raise KeyError(f"a catalog has no table {name}")
        return frame

    def newest_day(self) -> date:
        """Return the day after the newest invitation, response, settlement or stats week.

        It is the first day on which all of them are known, and what `train` takes by default.
        Raises MatchingError where there is none of them.
        """
        days = self.newest_days()
        if not days:
            raise MatchingError(f"{self.name}: no collaboration and no stats week says the date")
        return max(days.values())

    def newest_days(self) -> dict[str, date]:
        """Return the day after the newest fact of each table that has dated ones."""
        told = {
            "collaborations": ("invited_on", "responded_on", "settled_on"),
            "creator_stats": ("week",),
        }
        found = {}
        for table, names in told.items():
            frame = self._table(table)
            days = [frame[name].max() for name in names if name in frame]
            days = [day for day in days if not pd.isna(day)]
            if days:
                found[table] = max(days).date() + timedelta(days=1)
        return found

    def undated_columns(self) -> tuple[str, ...]:
        """Return ``table.column`` of each attribute that is taken as always known.

        They are the attributes of creators, products and merchants. Where rows had
        `updated_on` only the latest was kept, so theirs are taken as always known as well.
        """
        dated = {"joined_on", "listed_on"}
        return tuple(
            f"{table.name}.{name}"
            for table in (columns.CREATORS, columns.PRODUCTS, columns.MERCHANTS)
            for name in table.names
            if self.has(table.name, name) and name not in dated and name not in table.key
        )

    def cut(self, day: date) -> Catalog:
        """Return what was known at `day` (contract §2, as-of rule), nothing else.

        Attributes without a date stay as they are. A creator or product that is dated later
        stays where an earlier invitation proves it.
        """
        at = np.datetime64(day, "s")
        collaborations = collaborations_at(self.collaborations, at)
        creators = proven_at(self.creators, "creator_id", "joined_on", collaborations, at)
        products = proven_at(self.products, "product_id", "listed_on", collaborations, at)
        stats = self.creator_stats[self.creator_stats["week"] <= at]
        if len(creators) < len(self.creators):
            stats = stats[among(stats["creator_id"], creators["creator_id"])]
        return replace(
            self,
            creators=creators,
            products=products,
            collaborations=collaborations,
            creator_stats=stats.reset_index(drop=True),
            events=self.events[self.events["at"] < at].reset_index(drop=True),
        )

    def save(self, folder: Path) -> None:
        """Write the catalog as ``<table>.parquet``, one for each table with rows.

        The same catalog gives the same bytes. The folder appears whole or not at all. Raises
        MatchingError where it is there already and not empty.
        """
        folder = Path(folder)
        check_free(folder)
        with draft(folder.absolute().parent) as work:
            about = pd.DataFrame({"name": [self.name], "currency": [self.currency]})
            for table in TABLES:
                frame = about if table is columns.CATALOG else self._table(table.name)
                if len(frame):
                    write_parquet(table, frame, work.folder / f"{table.name}.parquet")
            work.publish(folder.name)


def _first(frame: pd.DataFrame, column: str, default: str) -> str:
    if column in frame and len(frame) and not pd.isna(frame[column].iloc[0]):
        return str(frame[column].iloc[0])
    return default


def _ordered(table: Table, frame: pd.DataFrame | None) -> pd.DataFrame:
    """Return the table sorted and renumbered; an absent one empty."""
    if frame is None:
        from matching.parsing import empty

        return pd.DataFrame({c.name: empty(c.kind) for c in table.columns if c.required})
    import pyarrow as pa
    from pyarrow import compute

    order = ["invited_on"] if table is columns.COLLABORATIONS else []
    keys = pa.table({name: pa.array(frame[name]) for name in (*order, *table.key)})
    places = compute.sort_indices(
        keys.combine_chunks(), sort_keys=[(name, "ascending") for name in keys.column_names]
    ).to_numpy()
    frame = frame.drop(columns="updated_on", errors="ignore")
    if (places[1:] > places[:-1]).all():
        return frame.reset_index(drop=True)
    return frame.take(places).reset_index(drop=True)


def write_parquet(table: Table, frame: pd.DataFrame, path: Path) -> None:
    """Write the frame of a table: days as days, no index, no trace of pandas."""
    import pyarrow as pa
    from pyarrow import parquet

    arrow = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    for place, name in enumerate(arrow.column_names):
        if table.column(name).kind is Kind.DATE:
            arrow = arrow.set_column(place, name, arrow.column(name).cast(pa.date32()))
    parquet.write_table(arrow, path, compression="zstd")
