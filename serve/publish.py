"""Writes a completed week's lists to a table of a database, all of a week or nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from matching.databases import database, new_file
from matching.errors import MatchingError
from matching.lists import SCHEMA
from serve.allotment import PROBABILITY
from serve.weeks import completed

TABLE = "match_lists"
_TYPES: dict[pa.DataType, type[sa.types.TypeEngine[object]]] = {
    pa.string(): sa.Text,
    pa.int32(): sa.Integer,
    pa.float64(): sa.Double,
    pa.bool_(): sa.Boolean,
}
_KEY = ("week", "product_id", "rank")
# Two that publish at once take turns from the first statement on; readers are not held up.
_TAKE_TURNS = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(hashtext('matching: publish'))",
}


def publish(
    folder: Path,
    url: str,
    table: str = TABLE,
    advance: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write the lists of a week's folder to a table, and return how many rows they are.

    One transaction takes out what the table has of the week and puts in what the folder has, so a
    reader sees the old rows or the new ones, and publishing twice is as publishing once. The table
    is made, with its index, where it is missing.

    Parameters
    ----------
    folder : a week that `matching weekly` has completed
    url : SQLAlchemy address
    table : its name, with the schema before it where it is not the database's own: `shop.lists`
    advance : called with how many rows were written since

    Raises
    ------
    DatabaseError
        If the database cannot be used or the connection is lost; its rows are as they were.
    MatchingError
        If the folder holds no complete week, or the table has other columns.
    """
    week = completed(folder)
    target = _target(table)
    with database(url, must_exist=False) as engine, engine.begin() as connection:
        _prepare(connection, target, week.schema)
        connection.execute(sa.delete(target).where(target.c.week == week.week))
        for rows in week.read():
            connection.execute(sa.insert(target), rows.to_pylist())
            advance(rows.num_rows)
    return week.metadata.num_rows


def check_target(url: str, table: str = TABLE, schema: pa.Schema = SCHEMA) -> None:
    """Check, before lists are made, that those of these columns can be written there.

    Raises
    ------
    MatchingError
        If the database cannot be used, or the table is there and has other columns.
    """
    with database(url, must_exist=False) as engine:
        new = new_file(engine.url)
        if new is None:
            with engine.connect() as connection:
                _check_columns(connection, _target(table), schema)
        elif not new.parent.is_dir():  # a connection would make the file, though nothing follows
            raise FileNotFoundError(f"there is no folder {new.parent}")


def _target(name: str) -> sa.Table:
    """Return the table that lists are written to, with the column that only some weeks have."""
    schema_name, _, table = name.rpartition(".")
    columns = [
        sa.Column(field.name, _TYPES[field.type], primary_key=field.name in _KEY)
        for field in SCHEMA.append(PROBABILITY)
    ]
    by_merchant = sa.Index(f"{table}_by_merchant", "week", "merchant_id")
    return sa.Table(table, sa.MetaData(), *columns, by_merchant, schema=schema_name or None)


def _prepare(connection: sa.Connection, target: sa.Table, schema: pa.Schema) -> None:
    """Wait for others, then make the table and its index where they are missing."""
    if connection.dialect.name in _TAKE_TURNS:
        connection.exec_driver_sql(_TAKE_TURNS[connection.dialect.name])
    _check_columns(connection, target, schema)
    target.create(connection, checkfirst=True)


def _check_columns(connection: sa.Connection, target: sa.Table, schema: pa.Schema) -> None:
    """Raise MatchingError where the table is there and cannot hold lists."""
    inspector = sa.inspect(connection)
    if not inspector.has_table(target.name, target.schema):
        return
    there = {c["name"]: c for c in inspector.get_columns(target.name, target.schema)}
    missing = [name for name in schema.names if name not in there]
    foreign = [
        name
        for name, column in there.items()
        if name not in target.columns and not column["nullable"] and column["default"] is None
    ]
    for names, what in ((missing, "has no column"), (foreign, "asks for a value of its column")):
        if names:
            raise MatchingError(
                f"the table {target.fullname} {what} {', '.join(names)}; its columns have to be "
                "those of match_lists.parquet: alter it, or name another table"
            )
