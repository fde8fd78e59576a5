"""Weekly lists as files: verified, read in part, replaced under the readers' eyes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from serve.weeks import DamagedListError, Week, Weeks
from tests.serve.lists import row, write_lists

WEEK = "2026-W47"
GROUPS = [
    [row("m0", "p1", "c1"), row("m0", "p1", "c2", rank=2), row("m1", "p2", "c1")],
    [],
    [row("m1", "p4", "c3")],
    [row("m0", "p5", "c1", profit=None), row("m0", "p5", "c4", rank=2)],
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_lists(tmp_path, WEEK, GROUPS)


@pytest.fixture
def weeks(tmp_path: Path, path: Path) -> Weeks:
    return Weeks(tmp_path)


@pytest.fixture
def week(weeks: Weeks) -> Week:
    found = weeks.open(WEEK)
    assert found is not None
    return found


def places(rows: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [(each["product_id"], each["rank"], each["creator_id"]) for each in rows]


ALL = [("p1", 1, "c1"), ("p1", 2, "c2"), ("p2", 1, "c1"), ("p4", 1, "c3")]
ALL += [("p5", 1, "c1"), ("p5", 2, "c4")]


def test_all_rows_in_the_order_of_the_file(week: Week) -> None:
    rows = week.page(100)
    assert places(rows) == ALL
    assert rows[4]["profit"] is None
    assert rows[0]["evidence_thrive"] == 1.0


@pytest.mark.parametrize("limit", [1, 2, 3, 6])
def test_pages_follow_each_other(week: Week, limit: int) -> None:
    seen: list[tuple[str, int, str]] = []
    after = None
    while page := week.page(limit, after=after):
        seen += places(page)
        after = seen[-1][:2]
    assert seen == ALL


def test_a_merchants_rows_and_a_products(week: Week) -> None:
    assert places(week.page(9, "m1")) == [ALL[2], ALL[3]]
    assert places(week.page(9, "m0", "p5")) == ALL[4:]
    assert places(week.page(9, None, "p1", ("p1", 1))) == [ALL[1]]
    assert week.page(9, "m0", "p4") == []
    assert week.page(9, "nobody") == []


def test_pairs_are_found(week: Week) -> None:
    found = week.find({"p1", "p5", "p3", "p9"}, {"c1", "c4"}, ["cost"])
    assert found == [
        {"product_id": "p1", "creator_id": "c1", "cost": 1.0},
        {"product_id": "p5", "creator_id": "c1", "cost": 1.0},
        {"product_id": "p5", "creator_id": "c4", "cost": 1.0},
    ]
    assert week.find({"p3", "p9"}, {"c1"}, []) == []
    assert week.find(set(), set(), []) == []


def test_only_the_row_groups_that_may_hold_it_are_read(
    week: Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    plain = pq.ParquetFile.read_row_groups

    def note(file: Any, groups: list[int], *rest: Any, **named: Any) -> Any:
        read.extend(groups)
        return plain(file, groups, *rest, **named)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", note)
    week.page(9, None, "p4")
    assert set(read) == {2}
    read.clear()
    week.find({"p2", "p5"}, {"c1"}, [])
    assert set(read) == {0, 3}
    read.clear()
    week.page(2)
    assert set(read) == {0}
    read.clear()
    week.page(9, after=("p4", 1))
    assert set(read) == {2, 3}


def test_weeks_that_are_not_there(weeks: Weeks) -> None:
    assert weeks.open("2026-W48") is None
    assert Weeks(None).open(WEEK) is None


def test_a_file_is_verified_once(
    weeks: Weeks, week: Week, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.weeks._read_whole", lambda *a: pytest.fail("verified again"))
    assert weeks.open(WEEK) is week


@pytest.mark.parametrize("place", [10, -30])
def test_a_byte_that_was_changed_is_noticed(tmp_path: Path, path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedListError, match="match_lists"):
        Weeks(tmp_path).open(WEEK)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"sha256": 1, "week": "2026-W47"}'])
def test_a_manifest_that_is_damaged(tmp_path: Path, path: Path, manifest: str) -> None:
    path.with_name("manifest.json").write_text(manifest)
    with pytest.raises(DamagedListError):
        Weeks(tmp_path).open(WEEK)
    path.with_name("manifest.json").unlink()
    with pytest.raises(DamagedListError):
        Weeks(tmp_path).open(WEEK)


def test_lists_of_another_week_are_refused(tmp_path: Path, path: Path) -> None:
    path.parent.rename(tmp_path / "2026-W46")
    with pytest.raises(DamagedListError, match="another SHA-256 or week"):
        Weeks(tmp_path).open("2026-W46")


def test_what_takes_its_place_is_read_next_time(
    tmp_path: Path, weeks: Weeks, week: Week, path: Path
) -> None:
    """Who holds the old lists reads them to the end."""
    path.parent.rename(tmp_path / ".earlier")
    assert weeks.open(WEEK) is None
    write_lists(tmp_path, WEEK, [[row("m9", "p9", "c9")]])
    now = weeks.open(WEEK)
    assert now is not None
    assert places(now.page(9)) == [("p9", 1, "c9")]
    assert places(week.page(9)) == ALL


def test_lists_that_were_being_replaced_are_read_again(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest read was of the old lists, the file already the new one."""
    old = path.with_name("manifest.json").read_text()
    write_lists(tmp_path, WEEK, [[row("m9", "p9", "c9")]])
    new = path.with_name("manifest.json").read_text()
    path.with_name("manifest.json").write_text(old)
    plain = Weeks(tmp_path)
    looks = iter([(1, 1, 1), (2, 2, 2)])

    def look(asked: Path) -> tuple[int, ...]:
        found = next(looks)
        if found == (2, 2, 2):
            path.with_name("manifest.json").write_text(new)
        return found

    monkeypatch.setattr("serve.weeks._look", look)
    now = plain.open(WEEK)
    assert now is not None
    assert places(now.page(9)) == [("p9", 1, "c9")]


def test_a_file_that_is_cut_off_later_is_said(week: Week, path: Path) -> None:
    os.truncate(path, 100)
    with pytest.raises(DamagedListError, match=WEEK):
        week.page(9)


def test_a_file_is_opened_once(weeks: Weeks, week: Week) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        again = weeks.open(WEEK)
        assert again is not None
        assert again.page(9)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
