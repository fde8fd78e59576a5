"""The database of keys and events: SQLite beside the bundles, or a PostgreSQL for several."""

from __future__ import annotations

import time

from sqlalchemy import URL, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from matching.errors import MatchingError, OptionError

METADATA = MetaData()
"""Every table of the store; the modules that use one define it."""
BUSY_SECONDS = 5
"""How long a SQLite store waits for another writer before it gives up."""
_ANSWER_SECONDS = 3
_TRIES = 20
_PAUSE_SECONDS = 0.05
# BUSY and LOCKED.
_SQLITE_PASSING = frozenset({5, 6})
# Serialization failure, deadlock, a lock that was not to be had; out of connections, going down,
# crashed, coming up.
_POSTGRESQL_PASSING = frozenset({"40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03"})
# What SQLite must be told of each connection. FULL: what was acknowledged survives a power cut too.
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
)


def open_store(url: str) -> Engine:
    """Return the store at a SQLAlchemy address, its tables made where they are missing.

    Raises
    ------
    OptionError
        If the address names no database that this program has a driver for.
    MatchingError
        If the database cannot be reached or written.
    """
    try:
        engine = _engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise OptionError("store", f"cannot be used: {error}") from error
    _make_tables(engine)
    return engine


def said(error: SQLAlchemyError) -> str:
    """Return what the database itself said, on one line, without the statement and its values."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def is_passing(error: SQLAlchemyError) -> bool:
    """Whether the same may succeed in a moment: others were writing, or a connection broke."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeoutError)
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_PASSING
    return getattr(error.orig, "sqlstate", None) in _POSTGRESQL_PASSING


def _make_tables(engine: Engine) -> None:
    """Make what is missing; others may be at it in the same moment, and then it is there."""
    for tries_left in reversed(range(_TRIES)):
        try:
            with engine.begin() as connection:
                METADATA.create_all(connection)
                indexes = (index for table in METADATA.sorted_tables for index in table.indexes)
                for index in indexes:  # whoever made the table may have been killed before this
                    index.create(connection, checkfirst=True)
        except DBAPIError as error:
            made_by_others = isinstance(error, IntegrityError) or "already exists" in said(error)
            if not tries_left or not (made_by_others or is_passing(error)):
                shown = engine.url.render_as_string(hide_password=True)
                raise MatchingError(
                    f"the store {shown} cannot be opened ({error.orig}); check the address, and "
                    "that its folder or database exists and may be written"
                ) from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _patience(url: URL) -> dict[str, int]:
    """Return what keeps a database that does not answer from holding up a request for ever."""
    if url.get_driver_name() not in ("psycopg", "psycopg2"):
        return {}
    limits = {"connect_timeout": _ANSWER_SECONDS, "tcp_user_timeout": _ANSWER_SECONDS * 1000}
    return {name: value for name, value in limits.items() if name not in url.query}


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, connect_args=_patience(make_url(url)))
    if make_url(url).database in (None, "", ":memory:"):
        # One connection, which threads take in turn: each would have a database of its own.
        return create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"check_same_thread": False},
        )
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def configure(connection, record) -> None:  # type: ignore[no-untyped-def]
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    return engine
