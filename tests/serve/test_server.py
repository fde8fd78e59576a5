from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from matching.errors import BundleError, MatchingError, OptionError
from serve.keys import make_key
from serve.server import run
from serve.settings import Settings
from serve.store import open_store

PATIENCE_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def wait_for(happens: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < end, f"{what} did not happen in {PATIENCE_SECONDS} s"
        time.sleep(0.05)


def is_ready(port: int) -> bool:
    try:
        return ask(port, "/readyz")[0] == 200
    except OSError:
        return False


def workers_of(server: subprocess.Popen[str]) -> set[int]:
    """The server's spawned workers, without multiprocessing's own helper process."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return {
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    }


def listeners(port: int) -> int:
    """How many sockets wait for clients at the port: one a worker that is ready."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


@contextmanager
def serving(bundles: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from matching.cli import main; main()", "serve"]
    with subprocess.Popen(
        [*command, str(bundles), "--port", str(port), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


@contextmanager
def busy_cores() -> Iterator[None]:
    burners = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(os.cpu_count() or 2)
    ]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_answers_on_a_busy_machine_and_after_a_worker_is_killed(bundles: Path) -> None:
    port = free_port()
    with serving(bundles, port) as server:
        with busy_cores():
            wait_for(lambda: is_ready(port), "the server being ready")
            product = ask(port, "/v1/products?limit=1")[1]["items"][0]["product_id"]
            status, first = ask(port, f"/v1/products/{product}/creators?k=5")
            assert status == 200
            assert len(first["creators"]) == 5
        wait_for(lambda: listeners(port) == 2, "both workers being ready")

        victim = min(workers_of(server))
        os.kill(victim, signal.SIGKILL)
        # Until its last thread has ended, its socket is open and clients may be led to it.
        wait_for(lambda: not Path(f"/proc/{victim}").exists(), "the killed worker being gone")
        for _ in range(20):
            status, again = ask(port, f"/v1/products/{product}/creators?k=5")
            assert status == 200
            assert again["creators"] == first["creators"]
        wait_for(lambda: listeners(port) == 2, "another worker taking its place")

        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=PATIENCE_SECONDS)
    assert server.returncode == 0, said
    assert f"http://127.0.0.1:{port}/" in said


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
