"""The same market from files and from databases, and databases that fail: one sentence each."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from pandas.testing import assert_frame_equal

from matching import sources
from matching.catalog import Catalog
from matching.columns import TABLES
from matching.databases import database, shown
from matching.errors import CatalogError, DatabaseError
from tests.markets import small_market
from tests.postgres import WITH_PASSWORD

KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    return small_market()


@pytest.fixture(scope="module")
def server(postgresql_url: str, market: dict[str, pd.DataFrame]) -> Iterator[str]:
    """The market in PostgreSQL; money and rates in exact decimals, as shops keep them."""
    with database(postgresql_url) as engine:
        for name, table in market.items():
            table.to_sql(name, engine, index=False)
        with engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE products ALTER price TYPE numeric(12, 2)"))
            connection.execute(sa.text(f"CREATE ROLE {WITH_PASSWORD} LOGIN PASSWORD 'right'"))
        yield postgresql_url
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP TABLE {', '.join(market)}"))
            connection.execute(sa.text(f"DROP ROLE {WITH_PASSWORD}"))


def execute(url: str, statement: str) -> None:
    with database(url) as engine, engine.begin() as connection:
        connection.execute(sa.text(statement))


def refused(source: str) -> str:
    with pytest.raises(CatalogError) as caught:
        Catalog.load(source)
    return str(caught.value)


def test_parquet_sqlite_and_postgresql_give_the_same_catalog(
    server: str,
    market: dict[str, pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where a table is read in many chunks, of which some hold nothing but nulls."""
    monkeypatch.setattr(sources, "_ROWS_AT_ONCE", 7)
    url = f"sqlite:///{tmp_path}/market.db"
    with database(url, must_exist=False) as engine:
        for name, table in market.items():
            table.to_parquet(tmp_path / f"{name}.parquet")
            table.to_sql(name, engine, index=False)
    catalogs = [Catalog.load(source) for source in (tmp_path, url, server)]
    for table in TABLES[1:]:
        first, *others = (getattr(catalog, table.name) for catalog in catalogs)
        for other in others:
            assert_frame_equal(first, other)
    assert {catalog.name for catalog in catalogs} == {"small market"}


# SQLAlchemy leaves the driver's cursor open where the server is gone.
@pytest.mark.filterwarnings("ignore:.*ServerCursorMixin:pytest.PytestUnraisableExceptionWarning")
def test_a_connection_that_is_lost_while_it_is_read(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[bool] = []
    plain = sources.arrow_array

    def kill(values: Any) -> Any:
        if not killed:
            killed.append(True)
            execute(server, KILL)
        return plain(values)

    monkeypatch.setattr(sources, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(sources, "arrow_array", kill)
    told = refused(server)
    assert "the database cannot be read" in told
    assert "The connection was lost: give the same command again" in told
    gc.collect()


def test_a_wrong_password_is_not_printed(server: str) -> None:
    told = refused(server.replace("tests@", f"{WITH_PASSWORD}:s3cret@"))
    assert "password authentication failed" in told
    assert f"{WITH_PASSWORD}:***@" in told
    assert "s3cret" not in told
    other = refused(f"{server.replace('tests@', f'{WITH_PASSWORD}@')}&password=s3cret")
    assert "password authentication failed" in other
    assert "s3cret" not in other


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://shop:s3cret@127.0.0.1:1/shop", "Connection refused"),
        ("postgresql://shop:s3cret@shop.invalid/shop", "Check the address"),
        ("postgresql://shop:s3@s3cret@host/shop", "this is no address of a database"),
        ("postgresql://shop:s3cret@host:s3cret/shop", "this is no address of a database"),
    ],
)
def test_a_server_that_cannot_be_reached(address: str, told: str) -> None:
    message = refused(address)
    assert told in message
    assert "s3cret" not in message
    assert len(message.splitlines()) == 2  # where, and one problem


def test_a_column_that_is_missing(server: str) -> None:
    execute(server, "ALTER TABLE products RENAME title TO headline")
    try:
        assert "products.title" in refused(server)
    finally:
        execute(server, "ALTER TABLE products RENAME headline TO title")


def test_the_driver_is_the_one_that_comes_with_the_program() -> None:
    assert shown("postgresql://a:b@h/d") == "postgresql+psycopg://a:***@h/d"
    assert shown("postgresql+psycopg2://a@h/d") == "postgresql+psycopg2://a@h/d"


def test_a_statement_that_fails_is_told_without_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    with pytest.raises(DatabaseError) as caught, database(url, must_exist=False) as engine:
        engine.connect().execute(sa.text("SELECT secret FROM nowhere"))
    assert "no such table: nowhere" in str(caught.value)
    assert "SELECT" not in str(caught.value)


def test_a_column_whose_type_changes_on_the_way_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_ROWS_AT_ONCE", 1)
    with database("sqlite://") as engine, engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE t AS SELECT 7 AS a UNION ALL SELECT x'ff'"))
        found = sources.read_columns(connection, "t", ["a"])
    assert found["a"].to_pylist() == ["7", "b'\\xff'"]
