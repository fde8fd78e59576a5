"""Databases by SQLAlchemy address: opened with patience, told of without their password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from matching.errors import DatabaseError

_ADDRESS = "Give an address such as postgresql://user:password@host/database"
# What keeps a server that does not answer, or is gone without a word, from holding a run for ever.
_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


@contextmanager
def database(address: str, must_exist: bool = True) -> Iterator[sa.Engine]:
    """Open a database for as long as it is used.

    Parameters
    ----------
    must_exist : a missing SQLite file is refused and not made

    Raises
    ------
    DatabaseError
        If the address is none, the database cannot be reached or refuses something, or the
        connection is lost. The password is never in the message.
    """
    url = _parse(address)
    try:
        if must_exist and _is_missing(url):
            raise FileNotFoundError(f"there is no file {url.database}")
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=_patience(url))
        try:
            yield engine
        finally:
            engine.dispose()
    except (sa.exc.SQLAlchemyError, ImportError, FileNotFoundError) as error:
        raise DatabaseError(shown(address), _without_secrets(url, error), _advice(error)) from None


def shown(address: str) -> str:
    """Return an address as it may be printed: without passwords."""
    return _open_part(_parse(address)).render_as_string(hide_password=True)


def _parse(address: str) -> sa.URL:
    """Return the address, its driver the one that comes with this program where none is named."""
    try:
        url = sa.make_url(address)
        if "@" in (url.host or ""):
            raise ValueError("a part of the password would be taken for one of the host's name")
    except (sa.exc.ArgumentError, ValueError):  # the reason may quote a part of the password
        scheme = address.split("://", maxsplit=1)[0] + "://…"
        reason = "this is no address of a database; quote @ : / in a password as %40 %3A %2F"
        raise DatabaseError(scheme, reason, _ADDRESS) from None
    named = url.drivername not in ("postgres", "postgresql")
    return url if named else url.set(drivername="postgresql+psycopg")


def _patience(url: sa.URL) -> dict[str, int]:
    if url.get_driver_name() != "psycopg":
        return {}
    return {name: value for name, value in _PATIENCE.items() if name not in url.query}


def new_file(url: sa.URL) -> Path | None:
    """Return the file that a connection would make: that of SQLite where none is there yet."""
    file = _file(url)
    return None if file is None or "uri" in url.query or file.exists() else file


def _is_missing(url: sa.URL) -> bool:
    file = _file(url)
    return file is not None and not file.is_file()


def _file(url: sa.URL) -> Path | None:
    """Return the file of a SQLite database, None where it is in memory, and of other kinds."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def _secrets(url: sa.URL) -> dict[str, str]:
    return {name: str(value) for name, value in url.query.items() if "password" in name.lower()}


def _open_part(url: sa.URL) -> sa.URL:
    return url.update_query_dict(dict.fromkeys(_secrets(url), "***"))


def _without_secrets(url: sa.URL, error: Exception) -> str:
    """Return what the database said, on one line, without the statement and any password."""
    told = " ".join(str(getattr(error, "orig", None) or error).split())
    for secret in filter(None, (url.password, *_secrets(url).values())):
        told = told.replace(str(secret), "***")
    return told[:400]


def _advice(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "Install the driver of this kind of database"
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return "The connection was lost: give the same command again"
    if isinstance(error, sa.exc.OperationalError | FileNotFoundError):
        return "Check the address, and that the database is there and may be used"
    if isinstance(error, sa.exc.DBAPIError):
        return "Check what this user may do there, and the types of the columns"
    return _ADDRESS
