"""How many events a second the service takes: one client and eight, one at a time and in batches.

    .venv/bin/python benchmarks/events.py BUNDLES [--store URL]

Every event is on disk before its answer. The floor is SQLite alone, committing one row at a time to
the same disk, and the same server's empty answer.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from service import serving

SECONDS = 5.0
BATCH = 100


def main(bundles: Path, store: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=bundles) as folder:  # the same disk
        commits = rate(1, lambda _: committer(Path(folder) / "floor.sqlite"))
        tell("floor: SQLite alone, one row a commit", commits)
        address = store or f"sqlite:///{Path(folder).resolve()}/events.sqlite"
        with serving(bundles, 2, Path(folder) / "log", MATCHING_STORE=address) as port:
            for clients in (1, 8):
                answers = rate(clients, lambda _: poster(port, None))
                tell(f"floor: empty answers, {clients} client(s)", answers)
            event = an_event(port)
            for kind, size in itertools.product(("view", "invite"), (1, BATCH)):
                for clients in (1, 8):
                    make = partial(poster, port, {**event, "kind": kind}, size)
                    stored = size * rate(clients, make)
                    tell(f"{kind}, {size} a request, {clients} client(s)", stored)


def tell(name: str, figure: float) -> None:
    print(f"{name:42} {figure:8,.0f} a second", flush=True)


def rate(clients: int, make: Callable[[int], Callable[[], None]]) -> float:
    """Return how often a second `clients` threads together get something done."""
    counts = [0] * clients
    end = time.monotonic() + SECONDS

    def work(number: int) -> None:
        do = make(number)
        while time.monotonic() < end:
            do()
            counts[number] += 1

    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(work, range(clients)))  # raises what a client raises
    return sum(counts) / SECONDS


def committer(path: Path) -> Callable[[], None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, content TEXT)")
    return lambda: connection.execute("INSERT INTO rows (content) VALUES (?)", ("x" * 300,))


_numbers = itertools.count()


def poster(
    port: int, event: dict[str, Any] | None, size: int = 1, client: int = 0
) -> Callable[[], None]:
    """Return what sends one request of `size` new events, or asks for the empty answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"}

    def send() -> None:
        if event is None:
            connection.request("GET", "/healthz")
        else:
            events = [{**event, "event_id": f"{client}-{next(_numbers)}"} for _ in range(size)]
            connection.request("POST", "/v1/events", json.dumps({"events": events}), headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(content.decode())

    return send


def an_event(port: int) -> dict[str, Any]:
    def ask(path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())

    product = ask("/v1/products?limit=1")["items"][0]["product_id"]
    creator = ask(f"/v1/products/{product}/creators?k=1")["creators"][0]["creator_id"]
    now = datetime.now(UTC).isoformat()
    return {"at": now, "product_id": product, "creator_id": creator, "channel": "live"}


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4) or sys.argv[2:3] not in ([], ["--store"]):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[3] if len(sys.argv) == 4 else None)
