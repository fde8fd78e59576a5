"""A real service for the benchmarks, and the machine that it ran on, in words."""

from __future__ import annotations

import http.client
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
START_SECONDS = 120


@contextmanager
def serving(bundles: Path, workers: int, log: Path, **settings: str) -> Iterator[int]:
    """Run the service until the end of the block, and yield its port once every worker is ready.

    `settings` are variables of its environment, such as MATCHING_STORE.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-c", "from matching.cli import main; main()", "serve", str(bundles)]
    command += ["--port", str(port), "--workers", str(workers)]
    with log.open("wb") as stream:
        environment = {**os.environ, **settings}
        process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=ROOT, env=environment)
    try:
        while metric(port, "matching_ready_workers") != workers:
            if process.poll() is not None:
                sys.exit(f"the server ended: {log.read_text()}")
            time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_for_workers(port: int, series: str, workers: int) -> float:
    """Wait until so many workers say so, and return the seconds that took."""
    start = time.perf_counter()
    while metric(port, series) != workers:
        if time.perf_counter() > start + START_SECONDS:
            sys.exit(f"{series} did not become {workers} in {START_SECONDS} s")
        time.sleep(0.01)
    return time.perf_counter() - start


def metric(port: int, series: str) -> float:
    """Return the value of a series; 0 while there is none, or nobody to ask."""
    try:
        lines = get(port, "/metrics").decode().splitlines()
    except OSError:
        return 0.0
    values = (float(line.rpartition(" ")[2]) for line in lines if line.startswith(series + " "))
    return next(values, 0.0)


def get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def get_json(port: int, path: str) -> Any:
    return json.loads(get(port, path))


def sample_bundles(folder: Path) -> Path:
    """Train on the sample market, and return the folder of versions."""
    print("training on data/sample …", file=sys.stderr)
    command = [sys.executable, "-c", "from matching.cli import main; main()", "train"]
    command += [str(ROOT / "data/sample"), "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def machine() -> str:
    """Return the machine in words: its processor, cores, and what else it was doing."""
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else ():
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    return f"{os.cpu_count()} cores of {name}, load average before {os.getloadavg()[0]:.1f}"
