from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from matching import seal


def read_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bundle/heads").mkdir(parents=True)
    (tmp_path / "bundle/manifest.json").write_text("{}")
    (tmp_path / "bundle/heads/accept.txt").write_text("tree")
    return tmp_path / "bundle"


def flip(folder: Path) -> None:
    path = folder / "heads/accept.txt"
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def flip_and_set_the_times_back(folder: Path) -> None:
    path = folder / "heads/accept.txt"
    before = path.stat()
    flip(folder)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(folder: Path) -> None:
    (folder / "new").write_text("tree")
    (folder / "new").replace(folder / "heads/accept.txt")


def add(folder: Path) -> None:
    (folder / "more.npy").write_text("x")


def remove(folder: Path) -> None:
    (folder / "heads/accept.txt").unlink()


def test_a_folder_that_nobody_touched_is_believed(folder: Path):
    assert seal.is_sealed(folder, seal.seal(folder, read_all))


def test_it_is_the_same_from_wherever_it_is_reached(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder.parent)
    assert seal.look(Path("bundle")) == seal.look(folder)


@pytest.mark.parametrize("change", [flip, flip_and_set_the_times_back, replace, add, remove])
def test_any_change_is_seen(folder: Path, change: Callable[[Path], None]):
    sealed = seal.seal(folder, read_all)
    change(folder)
    assert not seal.is_sealed(folder, sealed)


def test_a_change_while_it_is_verified_is_seen(folder: Path):
    assert not seal.is_sealed(folder, seal.seal(folder, flip))


def test_a_change_that_its_time_could_not_show_is_waited_for(tmp_path: Path):
    (tmp_path / "manifest.json").write_text("{}")
    assert seal.is_sealed(tmp_path, seal.seal(tmp_path, read_all))


def test_files_from_the_future_are_verified_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Such as those of a server whose clock is ahead."""
    monkeypatch.setattr(seal.time, "time", lambda: 0.0)
    assert not seal.is_sealed(folder, seal.seal(folder, read_all))


def test_after_a_minute_it_is_verified_again(folder: Path):
    sealed = seal.seal(folder, read_all)
    assert not seal.is_sealed(folder, {**sealed, "at": sealed["at"] - seal.BELIEVED_SECONDS})
    assert not seal.is_sealed(folder, {**sealed, "at": sealed["at"] + 3600})


@pytest.mark.parametrize("found", [None, {}, "yes", [], {"at": "now"}, {"at": 0, "look": "x"}])
def test_what_is_no_seal_is_not_believed(folder: Path, found: object):
    assert not seal.is_sealed(folder, found)


def test_what_cannot_be_verified_is_not_sealed(folder: Path):
    def refuse(folder: Path) -> None:
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        seal.seal(folder, refuse)
