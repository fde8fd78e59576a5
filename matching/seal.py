"""What a bundle's files looked like when they were verified, so that nobody hashes them again.

Hashing a gigabyte takes a second of one core, and several where requests share it; a promotion has
to reach every worker within two. So whoever promotes hashes everything, and notes how the files
looked: the kernel dates every change of a file, and no program can set that date (ctime) back.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BELIEVED_SECONDS = 60.0
"""Time enough for every worker to follow. Those that start later find what rots on a disk."""
Stats = list[tuple[str, int, int, int, int]]
_TICK_SECONDS = 0.1  # changes within one tick of the kernel's clock (1 to 10 ms) look like one


def look(folder: Path) -> str:
    """Return what changes whenever a file below a folder is written, replaced, added or removed."""
    return _digest(_stats(folder))


def seal(folder: Path, verify: Callable[[Path], object]) -> dict[str, Any]:
    """Verify a folder and return how it looked before, for `is_sealed`."""
    if not _is_settled(_stats(folder)):
        time.sleep(_TICK_SECONDS)
    started, stats = time.time(), _stats(folder)
    is_settled = _is_settled(stats)
    verify(folder)
    return {"at": started, "look": _digest(stats) if is_settled else None}


def is_sealed(folder: Path, found: object) -> bool:
    """Whether a folder was verified less than a minute ago and has not been touched since."""
    if not isinstance(found, dict) or not isinstance(found.get("at"), int | float):
        return False
    is_recent = abs(time.time() - found["at"]) < BELIEVED_SECONDS
    return is_recent and found.get("look") == look(folder)


def _is_settled(stats: Stats) -> bool:
    """Whether the next change of any file will be seen in its time."""
    newest = max((changed for *_, changed in stats), default=0) / 1e9
    return newest < time.time() - _TICK_SECONDS


def _stats(folder: Path) -> Stats:
    """Return name, inode, size and times of every file below a folder, in order of the names."""
    found: Stats = []
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:  # a third of the time of pathlib
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.path)
                    continue
                stat = entry.stat()
                name = entry.path[len(str(folder)) :]  # the same from wherever it is reached
                times = (stat.st_mtime_ns, stat.st_ctime_ns)
                found.append((name, stat.st_ino, stat.st_size, *times))
    return sorted(found)


def _digest(stats: Stats) -> str:
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()
