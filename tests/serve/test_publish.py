"""Lists in a database: all of a week or nothing of it, however often; other weeks stay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from matching.errors import DatabaseError, MatchingError
from matching.lists import SCHEMA
from serve.allotment import Rules
from serve.publish import check_target, publish
from serve.weeks import DamagedListError
from tests.conftest import Run
from tests.serve.lists import row, write_lists

WEEK, LAST = "2026-W47", "2026-W46"
TABLE = "match_lists"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without lists, of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/lists.db"
        return
    address: str = request.getfixturevalue("postgresql_url")
    yield address
    execute(address, f"DROP TABLE IF EXISTS {TABLE}")


@pytest.fixture
def week(tmp_path: Path) -> Path:
    return lists(tmp_path / "weeks", WEEK)


def lists(out: Path, week: str, roi: float | None = 0.1 + 0.2) -> Path:
    groups = [[row("m0", f"p{n}", f"c{n}", predicted_roi=roi), row("m0", f"p{n}", "c9", rank=2)]
              for n in range(3)]  # fmt: skip
    return write_lists(out, week, groups).parent


def execute(url: str, statement: str) -> list[dict[str, Any]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        done = connection.execute(sa.text(statement))
        return [dict(each) for each in done.mappings()] if done.returns_rows else []


def rows(url: str, week: str = WEEK) -> list[dict[str, Any]]:
    where = f"WHERE week = '{week}' ORDER BY product_id, rank"
    return execute(url, f"SELECT * FROM {TABLE} {where}")


def test_a_table_holds_what_the_file_holds(url: str, week: Path) -> None:
    assert publish(week, url) == 6
    found = rows(url)
    assert [(each["product_id"], each["rank"]) for each in found[:3]] == [
        ("p0", 1),
        ("p0", 2),
        ("p1", 1),
    ]
    assert list(found[0]) == [*SCHEMA.names, "placement_probability"]
    assert found[0]["placement_probability"] is None
    assert found[0]["predicted_roi"] == 0.1 + 0.2  # to the last bit
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    (index,) = sa.inspect(engine).get_indexes(TABLE)
    assert index["column_names"] == ["week", "merchant_id"]


def test_weeks_that_explore_and_weeks_that_do_not_share_a_table(
    url: str, week: Path, tmp_path: Path
) -> None:
    publish(week, url)
    explored = lists(tmp_path / "weeks", LAST)
    file, manifest = explored / "match_lists.parquet", explored / "manifest.json"
    table = pq.read_table(file)
    pq.write_table(table.append_column("placement_probability", pa.array([0.25] * 6)), file)
    told = json.loads(manifest.read_text())
    told["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(told))
    check_target(url)
    assert publish(explored, url) == 6
    execute(url, f"ALTER TABLE {TABLE} RENAME COLUMN placement_probability TO other")
    assert publish(week, url) == 6
    for use in (
        lambda: publish(explored, url),
        lambda: check_target(url, schema=Rules(explore=0.1).schema),
    ):
        with pytest.raises(MatchingError, match="has no column placement_probability"):
            use()
    execute(url, f"ALTER TABLE {TABLE} RENAME COLUMN other TO placement_probability")
    assert {each["placement_probability"] for each in rows(url, LAST)} == {0.25}
    assert {each["placement_probability"] for each in rows(url)} == {None}


def test_publishing_twice_is_as_publishing_once(url: str, week: Path, tmp_path: Path) -> None:
    publish(lists(tmp_path / "weeks", LAST, roi=None), url)
    publish(week, url)
    first = rows(url)
    publish(week, url)
    assert rows(url) == first
    assert [each["predicted_roi"] for each in rows(url, LAST)] == [None, 1.0] * 3
    publish(lists(tmp_path / "other", WEEK, roi=7.0), url)  # made anew, of other facts
    assert [each["predicted_roi"] for each in rows(url)] == [7.0, 1.0] * 3
    assert len(rows(url, LAST)) == 6


def test_a_connection_that_is_killed_leaves_the_old_rows(
    postgresql_url: str, week: Path, tmp_path: Path
) -> None:
    publish(week, postgresql_url)
    before = rows(postgresql_url)
    new = lists(tmp_path / "new", WEEK, roi=7.0)

    def kill(count: int) -> None:
        assert rows(postgresql_url) == before  # in the middle a reader sees the old ones
        execute(
            postgresql_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE state = 'idle in transaction'",
        )

    with pytest.raises(DatabaseError, match=r"connection was lost: give the same command again"):
        publish(new, postgresql_url, advance=kill)
    assert rows(postgresql_url) == before
    publish(new, postgresql_url)
    assert [each["predicted_roi"] for each in rows(postgresql_url)] == [7.0, 1.0] * 3
    execute(postgresql_url, f"DROP TABLE {TABLE}")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("week text, rank integer", "has no column merchant_id, product_id"),
        (
            ", ".join(f"{name} text" for name in SCHEMA.names) + ", shop text NOT NULL",
            "asks for a value of its column shop",
        ),
    ],
)
def test_a_table_of_other_columns_is_refused(url: str, week: Path, columns: str, told: str) -> None:
    execute(url, f"CREATE TABLE {TABLE} ({columns})")
    for use in (lambda: publish(week, url), lambda: check_target(url)):
        with pytest.raises(MatchingError, match=f"the table match_lists {told}"):
            use()


def test_a_column_that_may_be_empty_is_left_empty(url: str, week: Path) -> None:
    publish(week, url)
    execute(url, f"ALTER TABLE {TABLE} ADD COLUMN remark text")
    publish(week, url)
    assert {each["remark"] for each in rows(url)} == {None}


def test_only_whole_weeks_are_published(url: str, week: Path) -> None:
    check_target(url)  # makes nothing
    with pytest.raises(MatchingError, match="holds no lists"):
        publish(week.with_name("2026-W01"), url)
    with (week / "match_lists.parquet").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(DamagedListError):
        publish(week, url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    assert not sa.inspect(engine).has_table(TABLE)


def test_a_file_that_is_still_to_come_is_not_made_by_a_check(tmp_path: Path) -> None:
    check_target("sqlite://")
    check_target(f"sqlite:///{tmp_path}/lists.db")
    with pytest.raises(DatabaseError, match=r"there is no folder .*nowhere\. Check the address"):
        check_target(f"sqlite:///{tmp_path}/nowhere/lists.db")
    with pytest.raises(DatabaseError, match="unable to open"):
        check_target(f"sqlite:///{tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_did(run: Run, url: str, week: Path) -> None:
    code, printed, _ = run("publish", week, "--to", url, "--table", "match_lists")
    assert (code, printed.startswith("6 rows in match_lists of ")) == (0, True)
    assert len(rows(url)) == 6
    code, _, err = run("publish", week, "--to", url.replace("://", "://x:s3cret@h:1x/"))
    assert (code, "s3cret" in err) == (1, False)


@pytest.mark.parametrize("command", ["weekly", "monday"])
def test_a_database_that_is_not_there_stops_a_week_before_it_begins(
    run: Run, command: str, tmp_path: Path
) -> None:
    where = ("versions", "data") if command == "monday" else ("version",)
    to = ("--to", "postgresql://shop:s3cret@127.0.0.1:1/lists?password=s3cret")
    code, _, err = run(command, *where, "--week", WEEK, "--out", tmp_path / "out", *to)
    assert code == 1
    assert "postgresql+psycopg://shop:***@127.0.0.1:1/lists" in err
    assert "Check the address" in err
    assert "s3cret" not in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
