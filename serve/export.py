"""Export: the store's events as tables of a catalog, with the collaborations that they began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from matching.asof import among
from matching.catalog import Catalog, write_parquet
from matching.columns import COLLABORATIONS
from matching.columns import EVENTS as EVENTS_TABLE
from matching.drafts import check_free, draft
from matching.errors import MatchingError
from matching.parsing import empty, parse
from serve.collaborations import answered, invitations, joined
from serve.events import read_events
from serve.store import said


@dataclass
class Exported:
    """What was written: counts of rows, and what the caller should know."""

    events: int
    invitations: int
    notes: list[str] = field(default_factory=list)


def export(
    store: Engine, out: Path, data: str | Path | None = None, since: date | None = None
) -> Exported:
    """Write events and their collaborations into a new folder; it appears whole or not at all.

    Parameters
    ----------
    data : a catalog; the folder then becomes that catalog with both joined to it, which trains
    since : only events from this day (UTC) on

    Raises
    ------
    MatchingError
        If `out` is there already, the store cannot be read, or the catalog is wrong.
    """
    check_free(out)
    events = _read(store, since)
    new = invitations(events)
    exported = Exported(len(events), len(new))
    if data is None:
        new, unmatched = answered(new, events)
        with draft(out.absolute().parent) as work:
            write_parquet(EVENTS_TABLE, events, work.folder / "events.parquet")
            write_parquet(COLLABORATIONS, new, work.folder / "collaborations.parquet")
            work.publish(out.name)
    else:
        catalog = Catalog.load(data)
        there = among(new["creator_id"], catalog.creators["creator_id"])
        there &= among(new["product_id"], catalog.products["product_id"])
        _note(exported, "name a creator or product that is not in {}", len(new) - there.sum(), data)
        merged = joined(catalog.collaborations, new[there])
        exported.invitations = len(merged) - len(catalog.collaborations)
        merged, unmatched = answered(merged, events)
        _joined_catalog(catalog, merged, events).save(out)
    _note(exported, "answer no invitation that is known here", unmatched)
    return exported


def _note(exported: Exported, what: str, count: int, *where: object) -> None:
    if count:
        exported.notes.append(f"left out of the collaborations: {count} {what.format(*where)}")


def _joined_catalog(
    catalog: Catalog, collaborations: pd.DataFrame, events: pd.DataFrame
) -> Catalog:
    """Return the catalog with these collaborations and events, checked as any other."""
    every = pd.concat([catalog.events, events], ignore_index=True)
    tables = {
        "catalog": pd.DataFrame({"name": [catalog.name], "currency": [catalog.currency]}),
        "creators": catalog.creators,
        "creator_stats": catalog.creator_stats,
        "merchants": catalog.merchants,
        "products": catalog.products,
        "collaborations": collaborations,
        "events": every.drop_duplicates(list(EVENTS_TABLE.key), ignore_index=True),
    }
    return Catalog.from_tables(tables, "the export")


def _read(store: Engine, since: date | None) -> pd.DataFrame:
    """Return the events of the store in the dtypes of a catalog."""
    start = None if since is None else datetime.combine(since, time())
    try:
        chunks = [_frame(rows) for rows in read_events(store, start)]
    except SQLAlchemyError as error:
        raise MatchingError(f"the events cannot be read ({said(error)})") from error
    if not chunks:
        return pd.DataFrame({column.name: empty(column.kind) for column in EVENTS_TABLE.columns})
    return pd.concat(chunks, ignore_index=True)


def _frame(rows: Sequence[Any]) -> pd.DataFrame:
    values = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    return pd.DataFrame(
        {
            column.name: parse(pd.Series(values[column.name], dtype=object), column.kind)[0]
            for column in EVENTS_TABLE.columns
        }
    )
