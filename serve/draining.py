"""Ending without dropping a request: connections that stay open are closed by an answer first.

A server that closes an idle connection may meet a request that is on its way, and its client cannot
know whether it was taken. So a worker is told half a second before it is stopped, and says in every
answer that the connection ends with it.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

from flask import Flask, Response

SECONDS = 0.5
_SIGNAL = signal.SIGUSR1
_told = threading.Event()


def listen() -> None:
    """Let this worker be told that its end is near."""
    signal.signal(_SIGNAL, lambda *_: _told.set())


def tell(worker: int) -> None:
    """Tell a worker, by the id of its process; one that has just ended needs no telling."""
    with suppress(ProcessLookupError):
        os.kill(worker, _SIGNAL)


def install(app: Flask) -> None:
    """Let the last answers of a worker close their connections."""

    @app.after_request
    def close(response: Response) -> Response:
        if _told.is_set():
            response.headers["Connection"] = "close"
        return response
