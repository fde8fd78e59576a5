from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from matching.errors import MatchingError, OptionError
from serve.keys import list_keys, make_key
from serve.store import METADATA, open_store


def test_makes_its_tables_once_however_many_open_it(store_url: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(open_store, [store_url] * 8))
    assert set(METADATA.tables) <= set(inspect(stores[0]).get_table_names())
    make_key(stores[0], "m1")
    assert len(list_keys(stores[7])) == 1
    for store in stores:
        store.dispose()


def test_an_index_that_nobody_got_to_is_made(store: Engine) -> None:
    (index,) = METADATA.tables["events"].indexes
    index.drop(store)
    again = open_store(store.url.render_as_string(hide_password=False))
    assert [each["name"] for each in inspect(again).get_indexes("events")] == [index.name]
    again.dispose()


def test_sqlite_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    with store.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() > 0


def test_address_without_a_driver() -> None:
    with pytest.raises(OptionError, match="store"):
        open_store("oracle+nothing://x/y")


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MatchingError, match="folder or database exists"):
        open_store(f"sqlite:///{tmp_path}/nowhere/store.sqlite")


def test_database_that_cannot_be_reached_does_not_tell_its_password() -> None:
    with pytest.raises(MatchingError) as refused:
        open_store("postgresql+psycopg://me:secret@127.0.0.1:1/x?connect_timeout=2")
    assert "secret" not in str(refused.value)


def test_database_that_never_answers_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(MatchingError, match=r"timeout|timed out"):
            open_store(f"postgresql+psycopg://me@127.0.0.1:{port}/x")
