from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from matching.errors import BundleError, MatchingError, OptionError
from serve.keys import make_key
from serve.server import run
from serve.settings import Settings
from serve.store import open_store
from tests.serve.running import busy_cores, listeners, serving, wait_for

linux = pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")


@pytest.mark.slow  # for all that run beside it: it takes every core
@linux
def test_answers_on_a_busy_machine_and_after_a_worker_is_killed(bundles: Path) -> None:
    with serving(bundles) as server:
        with busy_cores():
            wait_for(server.is_ready, "the server being ready")
            product = server.ask("/v1/products?limit=1")[1]["items"][0]["product_id"]
            status, first = server.ask(f"/v1/products/{product}/creators?k=5")
            assert status == 200
            assert len(first["creators"]) == 5
        server.wait_until_ready()

        victim = min(server.workers())
        os.kill(victim, signal.SIGKILL)
        # Until its last thread has ended, its socket is open and clients may be led to it.
        wait_for(lambda: not Path(f"/proc/{victim}").exists(), "the killed worker being gone")
        for _ in range(20):
            status, again = server.ask(f"/v1/products/{product}/creators?k=5")
            assert status == 200
            assert again["creators"] == first["creators"]
        server.wait_until_ready()
        assert listeners(server.port) == 2

        assert server.stop() == 0, server.said
        assert f"http://127.0.0.1:{server.port}/" in server.said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com"])
def test_without_keys_it_serves_this_machine_only(bundles: Path, host: str) -> None:
    settings = Settings(bundles=bundles, host=host, store="sqlite://")
    with pytest.raises(OptionError, match=r"matching keys make.*127\.0\.0\.1"):
        run(settings)


def test_with_keys_any_address_is_tried(bundles: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/keys.sqlite"
    make_key(open_store(store), None)
    # An address that is nobody's: what is left to refuse it is the machine.
    settings = Settings(bundles=bundles, host="192.0.2.1", store=store)
    with pytest.raises(MatchingError, match=r"192\.0\.2\.1:8000 cannot be used"):
        run(settings)


def test_folder_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="train"):
        run(Settings(bundles=tmp_path / "nowhere"))


def test_port_that_is_taken(bundles: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(MatchingError, match=f"{port} cannot be used.*--port"):
            run(Settings(bundles=bundles, port=port, store="sqlite://"))
