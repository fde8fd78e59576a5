"""A real server in a process of its own, and clients that ask it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 60
TARGET = "serve.worker:application"
_START = "import sys; from serve.server import run; from serve.settings import read_settings; "


@dataclass(frozen=True)
class Running:
    """A server and where it writes what it says."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the log that are JSON, each as what it says."""
        return [json.loads(line) for line in self.said.splitlines() if line.startswith("{")]

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        return ask(self.port, path, body)

    def answers(self, path: str) -> bool:
        """Whether this is answered with 200."""
        try:
            return self.ask(path)[0] == 200
        except OSError:
            return False

    def is_ready(self) -> bool:
        return self.answers("/readyz")

    def wait_until_ready(self, workers: int = 2) -> None:
        wait_for(self.is_ready, "the server being ready")
        wait_for(lambda: self.metric("matching_ready_workers") == workers, "workers being ready")

    def metric(self, series: str) -> float:
        """Return the value of one series, such as `matching_events_total{outcome="stored"}`."""
        for line in self.ask("/metrics")[1].splitlines():
            if line.rpartition(" ")[0] == series:
                return float(line.rpartition(" ")[2])
        return 0.0

    def workers(self) -> list[int]:
        """The server's spawned workers, without multiprocessing's own helper process."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = []
        for child in listed.read_text().split():
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes()
            except OSError:  # gone since
                continue
            if b"spawn_main" in command:
                found.append(int(child))
        return found

    def stop(self) -> int:
        """Ask the server to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def serving(
    bundles: Path, workers: int = 2, target: str = TARGET, **settings: object
) -> Iterator[Running]:
    """Run `matching serve`, or another target of its workers, until the end of the block."""
    port = free_port()
    options = {"bundles": str(bundles), "port": port, "workers": workers, **settings}
    code = _START + f"run(read_settings(**{options!r}), {target!r})"
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[2],
        )
        running = Running(process, port, Path(log.name))
        try:
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str, body: object = None) -> tuple[int, Any]:
    """Return status and content: parsed JSON, or text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        return ask_again(connection, path, body)
    finally:
        connection.close()


def ask_again(
    connection: http.client.HTTPConnection, path: str, body: object = None
) -> tuple[int, Any]:
    """Ask on a connection that stays open."""
    if body is None:
        connection.request("GET", path)
    else:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    if "json" in answer.headers["Content-Type"]:
        return answer.status, json.loads(content)
    return answer.status, content.decode()


def wait_for(happens: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Wait until it happens, and return how many seconds that took."""
    start = time.monotonic()
    while not happens():
        assert time.monotonic() < start + seconds, f"{what} did not happen in {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


def listeners(port: int) -> int:
    """How many sockets wait for clients at the port: one a worker that is ready."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


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


class Load:
    """Clients that ask without a pause, each on a connection of its own that stays open.

    `check` sees every answer, and returns what is wrong with it or None.
    """

    def __init__(
        self,
        port: int,
        questions: Mapping[str, str],
        check: Callable[[str, int, Any], str | None],
        clients: int = 4,
        pause: float = 0.0,
    ) -> None:
        self.answers = 0
        self.clients = clients
        self.failures: list[str] = []
        self._port, self._questions, self._check = port, list(questions.items()), check
        self._pause = pause
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stopped.is_set():
            name, path = self._questions[number % len(self._questions)]
            number += 1
            try:
                wrong = self._check(name, *ask_again(connection, path))
            except (OSError, http.client.HTTPException) as error:
                wrong = repr(error)
                connection.close()
            with self._lock:
                self.answers += 1
                if wrong:
                    self.failures.append(wrong)
            time.sleep(self._pause)
        connection.close()
