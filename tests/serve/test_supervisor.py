"""Workers that are killed, and a server that is asked to end, with the real server."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.running import Load, Running, ask_again, serving, wait_for
from tests.serve.slow import SLOW

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("slow"), target=SLOW) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Running]:
    """With one worker, to be ended by the test."""
    with serving(tmp_path, workers=1, target=SLOW) as server:
        server.wait_until_ready(workers=1)
        yield server


def kill(server: Running, worker: int) -> None:
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: worker not in server.workers(), "the killed worker being gone")


def kill_the_newest(server: Running) -> None:
    wait_for(lambda: len(server.workers()) == 2, "another worker being started")
    kill(server, max(server.workers()))


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_never_take_the_server_down(slow: Running, kills: int) -> None:
    """At random, then the one that has just been started, again and again."""
    chance = random.Random(0)
    before = slow.metric("matching_workers_lost_total")
    for _ in range(kills):
        wait_for(lambda: len(slow.workers()) == 2, "both workers being started")
        kill(slow, chance.choice(slow.workers()))
    for _ in range(kills):
        kill_the_newest(slow)
    slow.wait_until_ready()
    assert slow.process.poll() is None
    assert slow.metric("matching_workers_lost_total") - before == 2 * kills
    assert slow.metric("matching_workers") == 2
    assert slow.ask("/v1/products/p000/creators?k=1")[0] == 200


@pytest.mark.slow
def test_workers_that_die_together_are_both_replaced(slow: Running) -> None:
    before = slow.workers()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not set(before) & set(slow.workers()), "both being gone")
    slow.wait_until_ready()
    assert slow.stop() == 0, slow.said


def test_a_worker_that_cannot_start_stops_the_server(tmp_path: Path) -> None:
    with serving(tmp_path, workers=1, target="tests.serve.slow:nothing_of_this_name") as server:
        assert server.process.wait(60) == 1
        assert "nothing_of_this_name" in server.said


def in_flight(server: Running, seconds: float, answers: list[Any]) -> threading.Thread:
    """Ask for something that takes so long, in a thread that notes the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    path = f"/v1/products/p000/creators?k={round(100 * seconds)}"

    def run() -> None:
        try:
            answers.append(ask_again(connection, path)[0])
        except (OSError, http.client.HTTPException) as error:
            answers.append(repr(error))
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.slow
def test_sigterm_drops_nothing_under_load(single: Running) -> None:
    """Every request is answered or was never taken.

    Clients see refused connections, and at most one each that stood in the queue for a worker when
    its socket was closed.
    """
    path = {"match": "/v1/products/p000/creators?k=2"}
    with Load(single.port, path, lambda _, status, __: None if status == 200 else "failed") as load:
        wait_for(lambda: load.answers > 20, "answers")
        assert single.stop() == 0, single.said
    assert load.answers - len(load.failures) > 20
    queued = [failure for failure in load.failures if "refused" not in failure]
    assert len(queued) <= load.clients, queued
    assert all("Disconnected" in failure or "reset" in failure for failure in queued), queued


def test_sigterm_finishes_what_is_under_way(single: Running) -> None:
    """More requests than threads: those that wait for their turn are under way too."""
    answers: list[Any] = []
    threads = [in_flight(single, 0.5, answers) for _ in range(8)]
    time.sleep(0.3)
    single.process.send_signal(signal.SIGTERM)

    def refuses() -> bool:
        try:
            socket.create_connection(("127.0.0.1", single.port), timeout=5).close()
        except OSError:
            return True
        return False

    wait_for(refuses, "new connections being refused", seconds=5)
    assert len(answers) < 8, "nothing was under way any more"
    for thread in threads:
        thread.join()
    assert single.process.wait(30) == 0, single.said
    assert answers == [200] * 8
