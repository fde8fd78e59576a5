"""Starts the service: checks first, then granian with its workers.

Workers are spawned, not forked, and each loads the bundle itself: an OpenMP library that was
loaded before a fork can hang the child.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from matching.errors import BundleError, MatchingError, OptionError
from serve import logs
from serve.addresses import is_loopback, written
from serve.keys import has_keys
from serve.settings import METRICS_VARIABLE, Settings
from serve.store import open_store

if TYPE_CHECKING:
    from serve.supervisor import Supervisor

# With all cores busy two native threads took 8 ms where one took 1: one thread a request.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_STOP_SECONDS = 30


def run(settings: Settings, target: str = "serve.worker:application") -> None:
    """Serve the promoted bundle until SIGINT or SIGTERM.

    `target` makes the application in each worker, from the environment.

    Raises
    ------
    OptionError
        A host that others can reach while there are no keys.
    BundleError
        There is no such folder. One without a promoted bundle will do: the service is ready as soon
        as a good one is promoted.
    MatchingError
        The port is taken.
    """
    if not settings.bundles.is_dir():
        raise BundleError(
            f"there is no folder {settings.bundles}; `matching train DATA --out "
            f"{settings.bundles}` makes it",
            "missing",
        )
    keyed = has_keys(open_store(settings.store_url))
    _check_host(settings.host, keyed)
    address = "127.0.0.1" if settings.host == "localhost" else settings.host.strip("[]")
    port = settings.port
    _check_port_is_free(address, port)
    os.environ.update(_ONE_THREAD)
    os.environ.update(settings.to_environment())
    multiprocessing.set_start_method("spawn", force=True)
    logs.configure()
    threading.Thread(target=_announce, args=(address, port, keyed), daemon=True).start()
    with _metrics_folder():
        _supervisor(target, address, port, settings.workers).serve()


def _supervisor(target: str, address: str, port: int, workers: int) -> Supervisor:
    # Not before the metrics' folder is known.
    from serve.supervisor import Supervisor

    return Supervisor(
        target,
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        # A second thread answers /healthz while a match is computed; more only take turns.
        blocking_threads=2,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=logs.CONFIGURATION,
    )


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """Give the workers an empty folder for their numbers; gone when the service ends."""
    given = os.environ.get(METRICS_VARIABLE)
    folder = Path(given or tempfile.mkdtemp(prefix="matching-metrics-"))
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    os.environ[METRICS_VARIABLE] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_host(host: str, keyed: bool) -> None:
    if not keyed and not is_loopback(host):
        raise OptionError(
            "host",
            f"{host} can be reached from other machines, and there are no keys to tell who asks; "
            "make them first (`matching keys make BUNDLES --operator`), or use 127.0.0.1",
        )


def _check_port_is_free(address: str, port: int) -> None:
    """Bind once: granian's workers share ports, and would share a stranger's without a word."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise MatchingError(
                f"{written(address, port)} cannot be used ({error.strerror}); stop what listens "
                "there, or choose another --port"
            ) from error


def _announce(address: str, port: int, keyed: bool) -> None:
    """Print where the page is as soon as it is there, or why the service is not ready."""
    said = ""
    while True:
        status, text = _readiness(address, port)
        if status == http.client.OK:
            version = json.loads(text)["bundle"]
            print(f"Serving bundle {version} at http://{written(address, port)}/", flush=True)
            who = (
                "Keys are needed." if keyed else "Open to this machine only: there are no keys yet."
            )
            print(f"{who} Ctrl+C stops it.", flush=True)
            return
        reason = json.loads(text)["detail"] if text else ""
        if reason != said:
            print(reason, flush=True)
            said = reason
        time.sleep(0.1)


def _readiness(address: str, port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"X-Request-ID": "start"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:  # not listening yet
        return 0, ""
    finally:
        connection.close()
