"""Folders that appear whole or not at all: written under another name, synced, renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matching.errors import MatchingError


@dataclass(frozen=True)
class Draft:
    """A folder that is being written; what is not published is removed."""

    folder: Path

    def publish(self, name: str) -> Path:
        """Sync everything and rename the folder to its place beside itself.

        A folder of that name gives way; it is whole until the new one is there.
        """
        for path in (*self.folder.rglob("*"), self.folder):
            sync(path)
        self.folder.chmod(0o755)
        target = self.folder.parent / name
        if target.exists():
            earlier = Path(tempfile.mkdtemp(prefix=f".{name}-earlier-", dir=target.parent))
            target.rename(earlier / name)
            self.folder.rename(target)
            shutil.rmtree(earlier)
        else:
            self.folder.rename(target)
        sync(target.parent)
        return target


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
