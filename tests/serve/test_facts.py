"""Refreshed once: what is noted is taken again, and nothing else is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from matching import bundle as bundle_folder
from matching.errors import MatchingError
from serve.facts import check_facts, refreshed_once, source_of

MONDAY = date(2026, 11, 23)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "creators.csv").write_text("creator_id\nc1\n")
    return folder


@pytest.fixture
def ask(bundle: Path, data: Path, tmp_path: Path) -> Callable[..., int]:
    """Return how many refreshes asking once more has made in all."""
    made: list[Path] = []

    def once(accept: Callable[[Path], None] = lambda refreshed: None, data: Path = data) -> int:
        def refresh() -> Path:
            made.append(tmp_path / f"bundle{len(made)}")
            shutil.copytree(bundle, made[-1])
            return made[-1]

        source = source_of(bundle, str(data))
        assert refreshed_once(tmp_path / "out" / "note", source, refresh, accept) == made[-1]
        return len(made)

    return once


def refuse(refreshed: Path) -> None:
    raise MatchingError("no")


def test_a_run_that_is_begun_again_takes_what_was_refreshed(ask: Callable[..., int]) -> None:
    assert [ask(), ask()] == [1, 1]


def test_the_note_tells_no_address(ask: Callable[..., int], tmp_path: Path, data: Path) -> None:
    """It may have a password in it."""
    assert ask() == 1
    assert str(data) not in (tmp_path / "out" / "note").read_text()


def test_facts_that_changed_are_refreshed_again(ask: Callable[..., int], data: Path) -> None:
    assert ask() == 1
    (data / "creators.csv").write_text("creator_id\nc1\nc2\n")
    assert ask() == 2


def test_what_was_refused_is_not_taken_and_not_kept(
    ask: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.raises(MatchingError, match="no"):
        ask(refuse)
    assert list(tmp_path.glob("bundle*")) == []
    assert ask() == 2


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"source": 1}'])
def test_a_damaged_note_is_no_note(ask: Callable[..., int], tmp_path: Path, damage: str) -> None:
    assert ask() == 1
    (tmp_path / "out" / "note").write_text(damage)
    assert ask() == 2


def test_a_bundle_that_is_gone_is_made_again(ask: Callable[..., int], tmp_path: Path) -> None:
    assert ask() == 1
    shutil.rmtree(tmp_path / "bundle0")
    assert ask() == 2


def test_a_refreshed_bundle_is_of_the_models_that_were_trained(
    bundle: Path, data: Path, tmp_path: Path
) -> None:
    """So that a run is known again after it has promoted what it refreshed."""
    refreshed = bundle_folder.read_manifest(bundle)
    refreshed = {**refreshed, "version": "later", "refreshed": {"version": bundle.name}}
    refreshed["sha256"] = bundle_folder._seal(refreshed)
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "manifest.json").write_text(bundle_folder._manifest_text(refreshed))
    assert source_of(folder, str(data)) == source_of(bundle, str(data))


def test_what_was_allowed_is_not_taken_where_it_is_not(bundle: Path, data: Path) -> None:
    sources = {source_of(bundle, str(data), stale, shrunk) for stale in (0, 1) for shrunk in (0, 1)}
    assert len(sources) == 4


def test_a_database_is_asked_anew_each_day(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "sqlite:///market.sqlite"
    today = source_of(bundle, address)
    assert source_of(bundle, address) == today

    class Tomorrow(date):
        @classmethod
        def today(cls) -> Tomorrow:
            return cls(2999, 1, 1)

    monkeypatch.setattr("serve.facts.date", Tomorrow)
    assert source_of(bundle, address) != today


@pytest.mark.parametrize(("day", "is_old"), [(16, False), (15, True), (27, False)])
def test_facts_of_seven_days_before_the_monday_are_the_oldest(day: int, is_old: bool) -> None:
    as_of = date(2026, 11, day)
    if not is_old:
        check_facts(as_of, MONDAY)
        return
    with pytest.raises(MatchingError, match=r"2026-11-15, 8 days before.*--allow-stale"):
        check_facts(as_of, MONDAY)
    check_facts(as_of, MONDAY, allow_stale=True)
