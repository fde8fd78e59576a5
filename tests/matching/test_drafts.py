"""Folders that appear whole: also those that take the place of another."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from matching.drafts import publish


def write(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "text").write_text(text)
    return folder


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr("matching.drafts._exchange", lambda first, second: False)
    target = write(tmp_path / "target", "old")
    assert publish(write(tmp_path / "new", "new"), target) == target
    assert (target / "text").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_there_is_always_one_or_the_other(tmp_path: Path) -> None:
    target = write(tmp_path / "target", "0")
    missed: list[int] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            if not target.exists():
                missed.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(1, 100):
        publish(write(tmp_path / "new", str(number)), target)
    is_over.set()
    reader.join()
    assert (target / "text").read_text() == "99"
    assert missed == []
