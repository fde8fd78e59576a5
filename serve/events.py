"""Events: what merchants saw and did, stored once each and for good.

An event that was stored is on disk: SQLite commits with `synchronous=FULL`, PostgreSQL by default.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Engine,
    Index,
    Integer,
    Row,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from serve.store import METADATA, is_passing, said

EVENTS = Table(
    "events",
    METADATA,
    Column("merchant_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", DateTime, nullable=False),  # UTC
    Column("product_id", Text, nullable=False),
    Column("creator_id", Text, nullable=False),
    Column("request_id", Text),
    Column("channel", Text),
    Column("rank", Integer),
    Column("bundle", Text),
    Column("terms", Text),  # JSON
    Column("told", Text),  # JSON
    Column("received_at", DateTime, nullable=False),  # UTC
    # Holds all that is asked with a match, so that nothing but the index is read.
    Index("events_by_merchant", "merchant_id", "kind", "creator_id", "at"),
)
_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_PAUSE_SECONDS = 0.05
_ROWS_AT_ONCE = 50_000

Pair = tuple[str, str]


class EventsNotStoredError(Exception):
    """The store did not confirm the events; `passing` says that it may do so in a moment."""

    def __init__(self, reason: str, passing: bool) -> None:
        super().__init__(reason)
        self.passing = passing


def store_events(store: Engine, rows: Sequence[Mapping[str, Any]], patience: float = 0.0) -> int:
    """Store events that are not known yet, all in one transaction, and return how many were new.

    They are on disk when this returns. The first event of an id wins.

    Parameters
    ----------
    rows : values of every column but `received_at`, `at` in UTC without a zone
    patience : seconds for which a store that is busy is tried again

    Raises
    ------
    EventsNotStoredError
        If the store is busy, full or away. Nothing has been stored then, unless the connection
        broke in the very moment of the commit; so send the same again.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    # In one order, whoever writes: two writers never wait for each other's rows.
    ordered = sorted(rows, key=lambda row: (row["merchant_id"], row["event_id"]))
    values = [{**row, "received_at": now} for row in ordered]
    end = time.monotonic() + patience
    while True:
        try:
            return _insert(store, values)
        except SQLAlchemyError as error:
            passing = is_passing(error)
            if not passing or time.monotonic() >= end:
                raise EventsNotStoredError(said(error), passing) from error
        time.sleep(_PAUSE_SECONDS)


def _insert(store: Engine, values: list[dict[str, Any]]) -> int:
    insert = _INSERTS[store.dialect.name](EVENTS)
    statement = insert.on_conflict_do_nothing().returning(EVENTS.c.event_id)
    with store.begin() as connection:
        return len(connection.execute(statement, values).all())


def known_ids(store: Engine, merchant_id: str, event_ids: Sequence[str]) -> set[str]:
    """Return which of these events of a merchant are stored; SQLAlchemyError if it cannot tell."""
    c = EVENTS.c
    known = select(c.event_id).where(c.merchant_id == merchant_id, c.event_id.in_(event_ids))
    with store.connect() as connection:
        return set(connection.scalars(known))


def invited(store: Engine, merchant_id: str) -> dict[str, date]:
    """Return the creators whom a merchant has invited, and the day (UTC) of the last invitation."""
    last = (
        select(EVENTS.c.creator_id, func.max(EVENTS.c.at))
        .where(EVENTS.c.merchant_id == merchant_id, EVENTS.c.kind == "invite")
        .group_by(EVENTS.c.creator_id)
    )
    with store.connect() as connection:
        return {creator: at.date() for creator, at in connection.execute(last)}


def told_by_events(
    store: Engine, merchant_id: str | None = None
) -> dict[Pair, list[tuple[date, dict[str, Any]]]]:
    """Return what was predicted when creators were invited, by (product_id, creator_id).

    Each with the day (UTC) of the invitation, oldest first. `merchant_id` None: of all merchants.
    """
    wanted: list[ColumnElement[bool]] = [EVENTS.c.kind == "invite", EVENTS.c.told.is_not(None)]
    if merchant_id is not None:
        wanted.append(EVENTS.c.merchant_id == merchant_id)
    c = EVENTS.c
    rows = select(c.product_id, c.creator_id, c.at, c.told).where(*wanted).order_by(c.at)
    told: dict[Pair, list[tuple[date, dict[str, Any]]]] = {}
    with store.connect() as connection:
        for product, creator, at, promise in connection.execute(rows):
            told.setdefault((product, creator), []).append((at.date(), json.loads(promise)))
    return told


def read_events(store: Engine, since: datetime | None = None) -> Iterator[Sequence[Row]]:
    """Yield every event from a time (UTC) on, in chunks, oldest first."""
    ordered = select(EVENTS).order_by(EVENTS.c.at, EVENTS.c.merchant_id, EVENTS.c.event_id)
    if since is not None:
        ordered = ordered.where(EVENTS.c.at >= since)
    with store.connect().execution_options(yield_per=_ROWS_AT_ONCE) as connection:
        yield from connection.execute(ordered).partitions()
