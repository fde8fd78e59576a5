"""How long an answer may take.

Python cannot interrupt native code, so whoever computes asks between its steps whether anybody
still waits. Where no deadline was set nothing is ever too late.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from matching.errors import DeadlineError

_END: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let everything inside end within so many seconds; a deadline around it holds too."""
    token = _END.set(min(_END.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


def check_deadline(step: str) -> None:
    """Raise DeadlineError if the time is over; `step` says what is not begun any more."""
    if time.monotonic() > _END.get():
        raise DeadlineError(f"the time for an answer was over before {step}")
