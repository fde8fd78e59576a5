"""The summary of a week: one page, the same bytes, whole or not at all; files by merchant."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.errors import MatchingError
from matching.matcher import Matcher
from serve import summary
from serve.changes import REASONS
from serve.summary import write_summary
from serve.weekly import write_weekly
from tests.conftest import Run
from tests.serve.lists import row, write_lists

LAST, WEEK = "2026-W47", "2026-W48"


@pytest.fixture(scope="module")
def listed(matcher: Matcher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week's folder; in the week before, lists were of other products and longer."""
    out = tmp_path_factory.mktemp("weeks")
    ids = list(matcher.contents.history.product_ids)
    write_weekly(matcher, LAST, out, k=6, objective="gmv", products=ids[:30])
    return write_weekly(matcher, WEEK, out, k=4, objective="gmv", products=ids[5:40])


@pytest.fixture
def week(listed: Path, tmp_path: Path) -> Path:
    """A copy of both weeks."""
    shutil.copytree(listed.parent, tmp_path / "weeks")
    return tmp_path / "weeks" / WEEK


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_summary_is_one_page_and_what_changed(run: Run, bundle: Path, week: Path) -> None:
    code, printed, err = run("summary", bundle, week)
    assert (code, printed.strip()) == (0, str(week / "summary")), err
    assert sorted(path.name for path in (week / "summary").iterdir()) == [
        "changes.parquet",
        "summary.html",
    ]
    changed = pq.read_table(week / "summary" / "changes.parquet").to_pandas()
    counts = changed.groupby(["reason", "change"]).size()
    assert counts["new_product", "entered"] == 10 * 4
    assert counts["product_gone", "left"] == 5 * 6
    assert counts["others", "left"] == 25 * 2  # lists are shorter
    assert changed["change"].ne("moved").all()
    text = (week / "summary" / "summary.html").read_text(encoding="utf-8")
    page = ElementTree.fromstring(text.replace("<!doctype html>", "").replace("&nbsp;", " "))
    assert len(page.findall(".//{http://www.w3.org/2000/svg}svg")) == 3
    assert not re.search(r"<script|<link|<img|src=|url\((?!#)", text)  # it needs nothing else
    rows = {cells[0].text: [c.text for c in cells[1:]] for cells in page.findall(".//tr")}
    assert rows["places"] == ["140", "180", "-22.2%"]
    assert rows["products with a list"][:2] == ["35", "30"]
    assert rows[REASONS["new_product"]] == ["40", "0", "0"]
    assert page.find(".//h1").text == f"Match lists of {WEEK}"


def test_the_same_weeks_give_the_same_bytes(bundle: Path, week: Path) -> None:
    before = digests(week)
    first = digests(write_summary(bundle, week, per_merchant=True))
    (week / "summary" / "summary.html").write_text("other")
    (week / ".writing-killed").mkdir()  # what a killed run leaves
    assert digests(write_summary(bundle, week, per_merchant=True)) == first
    assert digests(week) == before | {f"summary/{name}": value for name, value in first.items()}


def test_a_summary_that_fails_leaves_the_one_before(
    bundle: Path, week: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = digests(write_summary(bundle, week))

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(summary, "write_merchants", fail)
    with pytest.raises(MatchingError, match="no room on the disk"):
        write_summary(bundle, week, per_merchant=True)
    assert digests(week / "summary") == whole
    assert not list(week.glob(".writing-*"))


def test_each_merchant_has_files_for_a_spreadsheet(
    bundle: Path, week: Path, matcher: Matcher, tmp_path: Path
) -> None:
    lists = pq.read_table(week / "match_lists.parquet")
    folder = write_summary(bundle, week, per_merchant=True) / "merchants"
    merchants = sorted(set(lists["merchant_id"].to_pylist()))
    assert sorted(path.name for path in folder.glob("*.parquet")) == [
        f"{m}.parquet" for m in merchants
    ]
    parts = [pq.read_table(folder / f"{merchant}.parquet") for merchant in merchants]
    whole = pa.concat_tables(parts).sort_by([("product_id", "ascending"), ("rank", "ascending")])
    assert whole.select(lists.column_names).equals(lists)
    text = (folder / f"{merchants[0]}.csv").read_text(encoding="utf-8")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))
    assert len(rows) == parts[0].num_rows
    assert rows[0]["creator_id"] == f"{parts[0]['creator_id'][0]}\t"
    product = matcher.product(parts[0]["product_id"][0].as_py())
    assert rows[0]["product_title"] == product["title"]
    changed = (folder / "changes" / f"{merchants[0]}.csv").read_text(encoding="utf-8")
    assert "creator_name" in changed.splitlines()[0]


def test_a_merchant_whose_lists_ended_is_told_so(
    bundle: Path, matcher: Matcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.merchants._ROWS_AT_ONCE", 1)  # each merchant by itself
    one, other = (matcher.contents.history.creator_ids[place] for place in range(2))
    about = {"bundle": matcher.version}
    old = [row(m, p, one, **about) for m, p in (("a", "p1"), ("a-changes", "p2"), ("gone", "p3"))]
    new = [row(m, p, other, **about) for m, p in (("a", "p1"), ("a-changes", "p2"), ("new", "p4"))]
    write_lists(tmp_path, LAST, [old], **about)
    week = write_lists(tmp_path, WEEK, [new], **about).parent
    folder = write_summary(bundle, week, per_merchant=True) / "merchants"
    listed = {path.stem for path in folder.glob("*.csv")}
    assert listed == {path.stem for path in folder.glob("*.parquet")} == {"a", "a-changes", "new"}
    changed = {
        path.stem: [f"{each['change']} {each['product_id'].strip()}" for each in rows_of(path)]
        for path in (folder / "changes").iterdir()
    }
    assert {name: sorted(rows) for name, rows in changed.items()} == {
        "a": ["entered p1", "left p1"],
        "a-changes": ["entered p2", "left p2"],
        "gone": ["left p3"],
        "new": ["entered p4"],
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_names_of_files_and_cells_are_harmless(bundle: Path, matcher: Matcher, tmp_path: Path):
    creator = matcher.contents.history.creator_ids[0]
    group = [row("../=m;@1", "=p", creator, bundle=matcher.version)]
    lists = write_lists(tmp_path, WEEK, [group], bundle=matcher.version)
    folder = write_summary(bundle, lists.parent, per_merchant=True) / "merchants"
    assert sorted(path.name for path in folder.iterdir()) == [
        "..%2F%3Dm%3B%401.csv",
        "..%2F%3Dm%3B%401.parquet",
        "changes",
    ]
    text = (folder / "..%2F%3Dm%3B%401.csv").read_text(encoding="utf-8")
    assert '"../=m;\'@1\t"' in text
    assert '"\'=p\t"' in text


def test_merchants_of_long_names_have_files_too(bundle: Path, matcher: Matcher, tmp_path: Path):
    creator = matcher.contents.history.creator_ids[0]
    long = ["店" * 90 + "甲", "店" * 90 + "乙"]
    groups = [[row(name, name, creator, bundle=matcher.version)] for name in sorted(long)]
    lists = write_lists(tmp_path, WEEK, groups, bundle=matcher.version)
    folder = write_summary(bundle, lists.parent, per_merchant=True) / "merchants"
    found = [pq.read_table(path)["merchant_id"].to_pylist() for path in folder.glob("*.parquet")]
    assert sorted(found) == [[name] for name in sorted(long)]


def test_what_lies_beside_the_weeks_does_not_matter(bundle: Path, week: Path) -> None:
    """Other folders, other files, and a week that is damaged."""
    shutil.copytree(week, week.with_name(f"{WEEK}-old"))
    shutil.copytree(week.with_name(LAST), week.with_name("2026-W46"))
    with (week.with_name(LAST) / "match_lists.parquet").open("ab") as stream:
        stream.write(b"x")
    text = (write_summary(bundle, week) / "summary.html").read_text(encoding="utf-8")
    assert "There is no week before" in text  # that of W46 says that it is of another week


def test_a_first_week_has_nothing_to_compare_with(bundle: Path, week: Path) -> None:
    shutil.rmtree(week.with_name(LAST))
    folder = write_summary(bundle, week)
    assert "There is no week before" in (folder / "summary.html").read_text(encoding="utf-8")
    assert pq.read_metadata(folder / "changes.parquet").num_rows == 0


def test_a_bundle_that_is_gone_is_told(bundle: Path, week: Path, tmp_path: Path) -> None:
    alone = tmp_path / "bundles" / bundle.name
    shutil.copytree(bundle, alone)
    other = write_lists(tmp_path / "other", LAST, [[row("m0", "p", "c")]], objective="gmv").parent
    text = (write_summary(alone, week, since=other) / "summary.html").read_text(encoding="utf-8")
    assert "why creators entered is not known" in text


@pytest.mark.parametrize("fault", ["week", "bundle", "damaged"])
def test_what_cannot_be_summed_up_is_refused(
    run: Run, bundle: Path, week: Path, fault: str
) -> None:
    if fault == "bundle":
        lists = write_lists(week.parent / "x", WEEK, [[row("m0", "p", "c")]], objective="gmv")
        told, folder = "were made of 20261101T000000-abcdef, not of", lists.parent
    elif fault == "week":
        told, folder = "holds no lists", week.with_name("2026-W50")
    else:
        with (week / "match_lists.parquet").open("ab") as stream:
            stream.write(b"x")
        told, folder = "is not what was written", week
    code, _, err = run("summary", bundle, folder)
    assert (code, told in err, len(err.splitlines())) == (1, True, 1), err
    assert not (week / "summary").exists()
