"""No event that was acknowledged is lost, and none is there twice, however workers die."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serve.events import read_events
from serve.store import open_store
from tests.serve.running import Running, serving, wait_for

CLIENTS = 8
MOST_AT_ONCE = 5
LONG = [pytest.mark.slow, pytest.mark.timeout(900)]


class Sender(threading.Thread):
    """A client that sends events until it is told to stop, each until it is acknowledged."""

    def __init__(
        self,
        port: int,
        seed: int,
        event: dict[str, Any],
        is_over: Callable[[], bool],
        given_up: threading.Event,
    ) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.counts: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self._seed, self._event, self._is_over = seed, event, is_over
        self._given_up = given_up
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def run(self) -> None:
        draw = random.Random(self._seed)
        number = 0
        while not self._is_over():
            ids = [f"{self._seed}-{number + i}" for i in range(draw.randint(1, MOST_AT_ONCE))]
            number += len(ids)
            while not self._is_acknowledged(ids):
                if self._given_up.wait(0.01):
                    return
            self.acknowledged += ids
            if draw.random() < 0.1:  # else all would gather at the worker that has lived longest
                self._connection.close()
        self._connection.close()

    def _is_acknowledged(self, ids: list[str]) -> bool:
        body = json.dumps({"events": [{**self._event, "event_id": id} for id in ids]})
        headers = {"Content-Type": "application/json"}
        try:
            self._connection.request("POST", "/v1/events", body, headers)
            answer = self._connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()  # its worker was killed, with or without having stored them
            self.counts["broken"] += 1
            return False
        if answer.status == 202:
            self.counts += Counter(told)
        elif answer.status != 503:
            self.unexpected.append(f"{answer.status}: {told}")
        return answer.status == 202


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
@pytest.mark.parametrize(
    ("store_url", "kills", "least"),
    [
        ("sqlite", 2, 500),
        pytest.param("sqlite", 20, 10_000, marks=LONG),
        pytest.param("postgresql", 20, 10_000, marks=LONG),
    ],
    indirect=["store_url"],
)
def test_events_outlive_their_workers(
    bundles: Path, store_url: str, kills: int, least: int
) -> None:
    draw = random.Random(7)
    done, given_up = threading.Event(), threading.Event()
    with serving(bundles, store=store_url) as server:
        server.wait_until_ready()
        event = _an_event(server)

        def is_over() -> bool:
            return done.is_set() and sum(len(each.acknowledged) for each in senders) >= least

        senders = [Sender(server.port, seed, event, is_over, given_up) for seed in range(CLIENTS)]
        for sender in senders:
            sender.start()
        try:
            for _ in range(kills):
                server.wait_until_ready()
                time.sleep(draw.uniform(0.0, 0.5))
                _kill(draw.choice(sorted(server.workers())))
            done.set()
            wait_for(lambda: not any(each.is_alive() for each in senders), "the last answers")
        finally:
            given_up.set()
            for sender in senders:
                sender.join()

    acknowledged = [id for sender in senders for id in sender.acknowledged]
    counts = sum((sender.counts for sender in senders), Counter())
    assert [wrong for sender in senders for wrong in sender.unexpected] == []
    assert len(acknowledged) == len(set(acknowledged)) >= least
    store = open_store(store_url)
    stored = [found.event_id for chunk in read_events(store) for found in chunk]
    store.dispose()
    assert sorted(stored) == sorted(acknowledged)
    # Some were on disk though their sender never heard so; asking again told that they were known.
    assert counts["stored"] + counts["known"] == len(acknowledged)
    assert counts["broken"]
    print(f"{len(acknowledged):,} events, {kills} kills, {dict(counts)}")


def _an_event(server: Running) -> dict[str, Any]:
    product = server.ask("/v1/products?limit=1")[1]["items"][0]["product_id"]
    creator = server.ask(f"/v1/products/{product}/creators?k=1")[1]["creators"][0]["creator_id"]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"kind": "invite", "at": now, "product_id": product, "creator_id": creator}


def _kill(victim: int) -> None:
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{victim}").exists(), "the killed worker being gone")
