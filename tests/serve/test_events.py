from __future__ import annotations

import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text

from serve.events import (
    EVENTS,
    EventsNotStoredError,
    invited,
    read_events,
    store_events,
    told_by_events,
)
from serve.store import open_store

NOON = datetime(2026, 11, 24, 12)


def row(number: int = 0, **values: Any) -> dict[str, Any]:
    """An event of merchant m0, an hour after the one before."""
    return {
        "merchant_id": "m0",
        "event_id": f"e{number}",
        "kind": "view",
        "at": NOON + timedelta(hours=number),
        "product_id": "p000",
        "creator_id": "c000",
        "request_id": None,
        "channel": None,
        "rank": None,
        "bundle": None,
        "terms": None,
        "told": None,
        **values,
    }


def stored(store: Engine) -> list[Any]:
    return [found for chunk in read_events(store) for found in chunk]


def test_what_is_stored_is_read_as_it_was(store: Engine) -> None:
    one = row(
        kind="invite",
        event_id="达人 🎉 'x'",
        at=NOON.replace(microsecond=123_456),
        rank=3,
        channel="live",
        terms='{"slot_fee": 0}',
        told='{"roi": 2.5}',
    )
    assert store_events(store, [one]) == 1
    (found,) = stored(store)
    told = found._asdict()
    assert abs(told.pop("received_at") - datetime.now(UTC).replace(tzinfo=None)) < timedelta(
        minutes=1
    )
    assert told == one


def test_an_event_is_stored_once_however_often_it_is_sent(store: Engine) -> None:
    assert store_events(store, [row(1), row(2)]) == 2
    assert store_events(store, [row(2, kind="invite"), row(3), row(3, rank=9)]) == 1
    found = {each.event_id: each for each in stored(store)}
    assert set(found) == {"e1", "e2", "e3"}
    assert found["e2"].kind == "view"  # the first wins
    assert found["e3"].rank is None
    assert store_events(store, [row(1, merchant_id="m1")]) == 1  # another merchant's e1


def test_many_at_once_and_in_chunks(store: Engine) -> None:
    many = [row(number) for number in range(1000)]
    assert store_events(store, many) == 1000
    assert store_events(store, many) == 0
    assert [each.event_id for each in stored(store)] == [f"e{n}" for n in range(1000)]
    late = read_events(store, NOON + timedelta(hours=997))
    assert [each.event_id for chunk in late for each in chunk] == ["e997", "e998", "e999"]


def test_several_writers_lose_nothing_and_double_nothing(store_url: str) -> None:
    """Each writer sends the same events in another order, through a pool of its own."""
    numbers = range(200)

    def write(seed: int) -> int:
        own = open_store(store_url)
        order = sorted(numbers, key=lambda n: hash((n, seed)))
        new = sum(
            store_events(own, [row(n) for n in order[start : start + 20]], patience=60)
            for start in range(0, len(order), 20)
        )
        own.dispose()
        return new

    open_store(store_url).dispose()
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(write, range(4))) == len(numbers)


def test_all_or_nothing(store: Engine) -> None:
    with pytest.raises(EventsNotStoredError, match=r"(?i)null"):
        store_events(store, [row(1), row(2, kind=None)])
    assert stored(store) == []


def test_whom_a_merchant_invited_and_when_last(store: Engine) -> None:
    store_events(
        store,
        [
            row(1, kind="invite", creator_id="c1", at=datetime(2026, 11, 1, 23, 59)),
            row(2, kind="invite", creator_id="c1", at=datetime(2026, 11, 3), product_id="p2"),
            row(3, kind="invite", creator_id="c2", at=datetime(2026, 11, 2)),
            row(4, kind="view", creator_id="c3"),
            row(5, kind="invite", creator_id="c4", merchant_id="m1"),
        ],
    )
    assert invited(store, "m0") == {"c1": date(2026, 11, 3), "c2": date(2026, 11, 2)}
    assert invited(store, "nobody") == {}


def test_what_was_told_with_an_invitation(store: Engine) -> None:
    def invitation(number: int, **values: Any) -> dict[str, Any]:
        return row(number, kind="invite", told=json.dumps({"roi": number}), **values)

    store_events(
        store,
        [
            invitation(30),
            invitation(5),
            invitation(6, creator_id="c1"),
            invitation(7, merchant_id="m1", product_id="p001"),
            row(8, kind="invite"),
        ],
    )
    assert told_by_events(store, "m0") == {
        ("p000", "c000"): [(date(2026, 11, 24), {"roi": 5}), (date(2026, 11, 25), {"roi": 30})],
        ("p000", "c1"): [(date(2026, 11, 24), {"roi": 6})],
    }
    assert ("p001", "c000") in told_by_events(store)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def test_a_busy_store_is_tried_until_it_is_free(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    _hurry(store)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, other.rollback).start()
    assert store_events(store, [row()], patience=30) == 1
    other.close()
    store.dispose()


def test_a_store_that_stays_busy_is_given_up(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    _hurry(store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(EventsNotStoredError, match="locked") as refused:
        store_events(store, [row()], patience=0.2)
    assert refused.value.passing
    assert time.monotonic() - start >= 0.2
    other.close()
    assert store_events(store, [row()]) == 1
    store.dispose()


def _hurry(store: Engine) -> None:
    """Let the store wait for nobody, so that only our own patience is seen."""
    store.dispose()
    event.listen(store, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 0"))


def test_a_full_disk_stores_nothing_and_takes_more_when_there_is_room(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    pages: dict[str, int] = {"most": 30}
    store.dispose()

    @event.listens_for(store, "checkout")
    def limit(made: Any, record: Any, proxy: Any) -> None:
        made.execute(f"PRAGMA max_page_count = {pages['most']}")

    assert store_events(store, [row(1)]) == 1
    big = [row(number, terms="x" * 1000) for number in range(100, 300)]
    with pytest.raises(EventsNotStoredError, match="full") as refused:
        store_events(store, big)
    assert not refused.value.passing
    assert [each.event_id for each in stored(store)] == ["e1"]
    pages["most"] = 1_000_000
    assert store_events(store, big) == 200
    store.dispose()


def test_a_store_that_went_away_and_came_back(postgresql_url: str) -> None:
    """A connection that the server closed is not the end of the events."""
    store = open_store(postgresql_url)
    EVENTS.create(store, checkfirst=True)
    assert store_events(store, [row(1)]) == 1
    admin = open_store(postgresql_url)
    with admin.begin() as connection:
        closed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> {}"
        connection.execute(text(closed.format("pg_backend_pid()")))
    assert store_events(store, [row(2)]) == 1
    with store.connect() as connection:
        assert connection.execute(select(func.count()).select_from(EVENTS)).scalar() == 2
    EVENTS.drop(store)
    store.dispose()
    admin.dispose()


def test_a_store_that_is_not_there() -> None:
    store = open_store("sqlite://")
    EVENTS.drop(store)
    with pytest.raises(EventsNotStoredError, match="no such table"):
        store_events(store, [row()])
