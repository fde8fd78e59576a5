from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from serve import draining


@pytest.fixture
def listening() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    draining.listen()
    yield
    draining._told.clear()
    signal.signal(signal.SIGUSR1, before)


def test_connections_are_closed_by_an_answer_once_the_end_is_near(
    client: FlaskClient, listening: None
) -> None:
    assert "Connection" not in client.get("/healthz").headers
    draining.tell(os.getpid())
    for path in ("/healthz", "/v1/products/nobody", "/openapi.json"):
        assert client.get(path).headers["Connection"] == "close"


def test_a_worker_that_is_gone_needs_no_telling() -> None:
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    draining.tell(pid)
