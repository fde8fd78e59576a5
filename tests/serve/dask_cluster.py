"""A real Dask scheduler and worker processes, started and thrown away by tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.serve.running import free_port

ROOT = Path(__file__).parents[2]


@dataclass
class Cluster:
    """A scheduler and its workers, each a process of one thread."""

    address: str
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self) -> None:
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60")
        place = ("--local-directory", str(self.folder))
        self.workers.append(_start("dask_worker", self.folder, self.address, *options, *place))

    def kill_worker(self) -> None:
        """Kill the oldest worker at once."""
        worker = self.workers.pop(0)
        worker.kill()
        worker.wait()


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Run a scheduler and workers until the end of the block."""
    port = free_port()
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")
    scheduler = _start("dask_scheduler", folder, *options)
    running = Cluster(f"tcp://127.0.0.1:{port}", folder)
    try:
        for _ in range(workers):
            running.start_worker()
        yield running
    finally:
        for process in (*running.workers, scheduler):
            process.kill()
            process.wait()


def _start(program: str, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
    with (folder / f"{program}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
