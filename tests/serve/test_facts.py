"""Refreshed once: what is noted is taken again, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from matching.errors import MatchingError
from serve.facts import Source, check_facts, refreshed_once

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
            made.append(bundle)
            return bundle

        source = Source.of(bundle, str(data))
        assert refreshed_once(tmp_path / "out" / "note", source, refresh, accept) == bundle
        return len(made)

    return once


def refuse(refreshed: Path) -> None:
    raise MatchingError("no")


def test_a_run_that_is_begun_again_takes_what_was_refreshed(ask: Callable[..., int]) -> None:
    assert [ask(), ask()] == [1, 1]


def test_facts_that_changed_are_refreshed_again(ask: Callable[..., int], data: Path) -> None:
    assert ask() == 1
    (data / "creators.csv").write_text("creator_id\nc1\nc2\n")
    assert ask() == 2


def test_what_was_refused_is_not_taken(ask: Callable[..., int]) -> None:
    with pytest.raises(MatchingError, match="no"):
        ask(refuse)
    assert ask() == 2


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"source": 1}'])
def test_a_damaged_note_is_no_note(ask: Callable[..., int], tmp_path: Path, damage: str) -> None:
    assert ask() == 1
    (tmp_path / "out" / "note").write_text(damage)
    assert ask() == 2


def test_a_bundle_that_is_gone_is_made_again(
    ask: Callable[..., int], tmp_path: Path, bundle: Path
) -> None:
    assert ask() == 1
    note = tmp_path / "out" / "note"
    note.write_text(note.read_text().replace(bundle.name, "gone"))
    assert ask() == 2


def test_a_database_is_asked_anew_each_day(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "sqlite:///market.sqlite"
    today = Source.of(bundle, address)
    assert Source.of(bundle, address) == today

    class Tomorrow(date):
        @classmethod
        def today(cls) -> Tomorrow:
            return cls(2999, 1, 1)

    monkeypatch.setattr("serve.facts.date", Tomorrow)
    assert Source.of(bundle, address) != today


@pytest.mark.parametrize(("day", "is_old"), [(16, False), (15, True), (27, False)])
def test_facts_of_seven_days_before_the_monday_are_the_oldest(day: int, is_old: bool) -> None:
    as_of = date(2026, 11, day)
    if not is_old:
        check_facts(as_of, MONDAY)
        return
    with pytest.raises(MatchingError, match=r"2026-11-15, 8 days before.*--allow-stale"):
        check_facts(as_of, MONDAY)
    check_facts(as_of, MONDAY, allow_stale=True)
