"""A folder that one run writes to at a time, and what that run says when the disk is full."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching.errors import MatchingError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def alone(out: Path, name: str = "lists") -> Iterator[None]:
    """Hold a lock of the folder; MatchingError where another run holds it.

    The system lets go of it when the process ends, however it does.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / f".{name}.lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MatchingError(
                f"{out}: another run is writing lists there; wait for its end, or name another "
                "folder"
            ) from None
        yield


@contextmanager
def room(out: Path) -> Iterator[None]:
    """Say in a sentence that the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise MatchingError(
            f"{out}: no room on the disk ({os.strerror(error.errno)}). Lists that were complete "
            "are as they were; make room and give the same command again: it goes on with what is "
            "finished"
        ) from error
