"""Folders that appear whole or not at all: written under another name, synced, renamed."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matching.errors import MatchingError

# Of Linux's renameat2: paths are relative to where the program runs, and change places.
_HERE, _RENAME_EXCHANGE = -100, 2


@dataclass(frozen=True)
class Draft:
    """A folder that is being written; what is not published is removed."""

    folder: Path

    def publish(self, name: str) -> Path:
        """Sync everything and rename the folder to its place beside itself (`publish`)."""
        return publish(self.folder, self.folder.parent / name)


def publish(folder: Path, target: Path) -> Path:
    """Sync a folder and everything in it, rename it to its place, and return that.

    A folder that is there gives way: both change places in one step, so that whoever looks finds
    the old or the new one, also after a crash. Where the file system cannot do that, the old one is
    moved aside first.
    """
    for path in (*folder.rglob("*"), folder):
        sync(path)
    folder.chmod(0o755)
    if not target.exists():
        folder.rename(target)
    elif _exchange(folder, target):
        shutil.rmtree(folder)
    else:
        earlier = Path(tempfile.mkdtemp(prefix=f".{target.name}-earlier-", dir=target.parent))
        target.rename(earlier / target.name)
        folder.rename(target)
        shutil.rmtree(earlier)
    sync(target.parent)
    return target


def _exchange(first: Path, second: Path) -> bool:
    """Let two paths change places in one step; False where the system cannot."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    paths = _HERE, os.fsencode(first), _HERE, os.fsencode(second)
    return rename is not None and rename(*paths, _RENAME_EXCHANGE) == 0


def check_free(folder: Path) -> None:
    """Raise MatchingError where something is already in the place of a new folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MatchingError(f"{folder} is there already; name a new folder, or empty it")


@contextmanager
def draft(parent: Path) -> Iterator[Draft]:
    """Open a new hidden folder below `parent`; it is gone afterwards unless published."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".writing-", dir=parent))
    try:
        yield Draft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_synced(path: Path, text: str) -> None:
    """Write a text file that is on disk when this returns."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def sync(path: Path) -> None:
    """Bring a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
