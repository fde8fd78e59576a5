"""Monday morning: the whole chain, killed anywhere, refused, late; and the units that start it."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from configparser import ConfigParser
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from matching import bundle as bundle_folder
from matching.errors import GateError, MatchingError, OptionError
from matching.history import Ids
from matching.matcher import Matcher
from serve import monday
from serve.monday import Job, Report, deadline, published, run_monday, this_week
from serve.publish import publish
from serve.sanity import Sight, compare
from serve.summary import SUMMARY, write_summary
from serve.weekly import LISTS, MANIFEST, write_weekly
from tests.conftest import Run, write_csv
from tests.markets import small_market
from training.run import Trained

ROOT = Path(__file__).parents[2]
WEEK, LAST = "2026-W45", "2026-W44"
K = 3
CHILD = """
import serve.monday, training.refresh
from matching.cli import main
print("begun", flush=True)
main()
"""
LONG = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(small_market(), tmp_path_factory.mktemp("market") / "data")


@pytest.fixture(scope="module")
def first(quick: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of versions with one in it, which is promoted."""
    folder = tmp_path_factory.mktemp("first")
    bundle_folder.promote(folder, quick.save(folder).name)
    return folder


@pytest.fixture
def versions(first: Path, tmp_path: Path) -> Path:
    return shutil.copytree(first, tmp_path / "versions")


def write(bundle: Path, week: str, out: Path) -> Path:
    return write_weekly(Matcher.load(bundle), week, out, K)


@pytest.fixture
def refreshed(first: Path) -> list[Path]:
    """The bundles that `renew` has made."""
    return []


@pytest.fixture
def renew(refreshed: list[Path]) -> Callable[[Path], Path]:
    """Make a new version, of the same content, in no time."""

    def refresh(promoted: Path) -> Path:
        version = promoted.parent / f"20261102T04000{len(refreshed)}-abcdef"
        shutil.copytree(promoted, version)
        manifest = bundle_folder.read_manifest(promoted)
        origin = manifest.get("refreshed", manifest)["version"]
        manifest |= {"version": version.name, "refreshed": {"version": origin}}
        manifest["sha256"] = bundle_folder._seal(manifest)
        (version / "manifest.json").write_text(bundle_folder._manifest_text(manifest))
        refreshed.append(version)
        return version

    return refresh


@pytest.fixture
def job(versions: Path, data: Path, tmp_path: Path) -> Job:
    return Job(versions, tmp_path / "lists", str(data), WEEK, K)


def is_whole(job: Job, week: str = WEEK, left: Collection[str] = ()) -> None:
    """Check that a week is published, of the promoted bundle, with the bytes it has to have."""
    promoted = bundle_folder.promoted(job.bundles)
    pointer = published(job.out)
    assert (pointer["week"], pointer["bundle"]) == (week, promoted.name)
    alone = write(promoted, week, job.out.with_name("alone"))
    for name in (LISTS, MANIFEST):
        assert (job.out / week / name).read_bytes() == (alone / name).read_bytes()
    hidden = {path.name for path in job.out.iterdir() if path.name.startswith(".")}
    assert hidden <= {".facts.lock", ".summary.lock", *left}


def test_from_this_mornings_facts_to_published_lists(
    run: Run, versions: Path, data: Path, tmp_path: Path
) -> None:
    promoted = bundle_folder.promoted(versions)
    out = tmp_path / "lists"
    arguments = ("monday", versions, data, "--out", out, "--week", WEEK, "-k", K)
    code, printed, err = run(*arguments)
    assert code == 0, err
    assert re.search(r"refresh +0:00:\d\d  \S+, facts of 2026-1\d-\d\d; of 24 products", printed)
    assert f"lists {' ' * 7}" in printed
    assert "72 rows for 24 products" in printed
    assert f"published: {WEEK}" in printed
    assert bundle_folder.promoted(versions) != promoted
    is_whole(Job(versions, out, str(data), WEEK, K))
    assert (out / WEEK / SUMMARY / "summary.html").is_file()
    code, printed, _ = run(*arguments, "--by", "00:00")
    assert (code, "is published already" in printed) == (3, True)  # it was late, and stays so
    assert len(bundle_folder.versions(versions)) == 2


def test_lists_that_are_late_are_published_and_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When they were published counts, not when the command was given again."""
    monkeypatch.setattr("serve.monday.run_monday", lambda *arguments: None)
    arguments = ("monday", tmp_path, tmp_path, "--out", tmp_path, "--week", "2020-W01")
    for at, by, late in (
        ("2019-12-30T12:00:01+00:00", "12:00+00:00", True),
        ("2019-12-30T12:00:00+00:00", "12:00+00:00", False),
        ("2019-12-30T12:00:00+00:00", "19:00+08:00", True),
        ("2020-01-02T12:00:00+00:00", "07:00", True),
        ("2019-12-28T12:00:00+00:00", "07:00", False),
    ):
        (tmp_path / "published.json").write_text(json.dumps({"week": "2020-W01", "at": at}))
        code, _, err = run(*arguments, "--by", by)
        assert (code, "LATE: it was due by 20" in err) == ((3, True) if late else (0, False))
    assert run(*arguments[:-1], "2020-W02", "--by", "07:00")[0] == 0
    week = this_week()
    assert deadline(week, None) is None
    assert deadline("2026-W48", "07:00") == datetime(2026, 11, 23, 7).astimezone()
    with pytest.raises(OptionError, match="by: 'soon' is no time"):
        deadline(week, "soon")
    year, number, _ = date.today().isocalendar()
    assert week == f"{year}-W{number:02}"


class Killed(BaseException):
    """What ends a run at once, as a kill does."""


@pytest.mark.parametrize("place", ["refresh", "lists", "publication", "the end"])
def test_what_is_finished_is_not_done_again(
    job: Job,
    renew: Callable[[Path], Path],
    refreshed: list[Path],
    place: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is killed at the end of a step; last week stays published until all is done."""
    run_monday(replace(job, week=LAST), Report(LAST), renew, write)
    before = bundle_folder.promoted(job.bundles)
    ended: list[str] = []

    def stop_at(where: str) -> None:
        if where == place and not ended:
            ended.append(where)
            raise Killed

    def watched(bundle: Path, week: str, out: Path) -> Path:
        stop_at("refresh")
        folder = write(bundle, week, out)
        stop_at("lists")
        return folder

    def point(out: Path, pointer: dict[str, str]) -> None:
        stop_at("publication")
        plain(out, pointer)
        stop_at("the end")

    plain = monday._point
    monkeypatch.setattr(monday, "_point", point)
    with pytest.raises(Killed):
        run_monday(job, Report(WEEK), renew, watched)
    assert published(job.out)["week"] == (WEEK if place == "the end" else LAST)
    is_promoted = bundle_folder.promoted(job.bundles) == before
    assert is_promoted == (place in ("refresh", "lists"))
    run_monday(job, Report(WEEK), renew, watched)
    assert len(refreshed) == 2  # one each week
    is_whole(job)


@pytest.mark.parametrize("step", ["refresh", "lists", "publication"])
def test_a_step_that_fails_leaves_last_week_published(
    job: Job, renew: Callable[[Path], Path], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = replace(job, week=LAST)
    run_monday(last, Report(LAST), renew, write)
    promoted = bundle_folder.promoted(job.bundles)

    def fail(*arguments: object, **named: object) -> Path:
        raise MatchingError("it broke off")

    if step == "publication":
        monkeypatch.setattr("matching.gate.promote", fail)
    report = Report(WEEK)
    with pytest.raises(MatchingError, match="it broke off"):
        run_monday(
            job,
            report,
            fail if step == "refresh" else renew,
            fail if step == "lists" else write,
        )
    assert report.lines[-1].startswith(step)
    assert "FAILED: it broke off" in str(report)
    assert published(job.out)["week"] == LAST
    assert bundle_folder.promoted(job.bundles) == promoted
    assert (job.out / LAST / LISTS).is_file()


def test_lists_are_in_the_database_before_the_week_is_published(
    job: Job, renew: Callable[[Path], Path], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/none/lists.db"

    def deliver(folder: Path) -> str:
        assert published(job.out) == {}
        return f"{publish(folder, url)} rows delivered"

    with pytest.raises(MatchingError, match="unable to open database file"):
        run_monday(job, Report(WEEK), renew, write, deliver)
    assert published(job.out) == {}
    (tmp_path / "none").mkdir()
    report = Report(WEEK)
    run_monday(job, report, renew, write, deliver)
    assert "72 rows delivered" in report.lines[-1]
    is_whole(job)


def test_lists_that_cannot_be_delivered_leave_everything_as_it_was(
    job: Job, renew: Callable[[Path], Path]
) -> None:
    """The week was published before: its lists and its bundle stay."""
    run_monday(job, Report(WEEK), renew, write)
    promoted, lists = bundle_folder.promoted(job.bundles), (job.out / WEEK / LISTS).read_bytes()

    def fail(folder: Path) -> str:
        assert (job.out / WEEK / LISTS).read_bytes() == lists != (folder / LISTS).read_bytes()
        raise MatchingError("the database is down")

    again = replace(job, again=True)
    with pytest.raises(MatchingError, match="database is down"):
        run_monday(again, Report(WEEK), renew, write, fail)
    assert bundle_folder.promoted(job.bundles) == promoted
    assert (job.out / WEEK / LISTS).read_bytes() == lists
    is_whole(job, left={".unpublished", f".monday-{WEEK}.json"})
    run_monday(again, Report(WEEK), renew, write)
    assert bundle_folder.promoted(job.bundles) != promoted
    is_whole(job)


def test_what_is_promoted_meanwhile_is_not_written_over(
    job: Job, renew: Callable[[Path], Path], quick: Trained
) -> None:
    other = replace(quick, about={**quick.about, "notes": ["of another training"]})
    saved: list[Path] = []

    def promoting(bundle: Path, week: str, out: Path) -> Path:
        if not saved:
            saved.append(other.save(job.bundles))
            bundle_folder.promote(job.bundles, saved[0].name)
        return write(bundle, week, out)

    with pytest.raises(MatchingError, match="was promoted while lists were made"):
        run_monday(job, Report(WEEK), renew, promoting)
    assert bundle_folder.promoted(job.bundles) == saved[0]
    assert published(job.out) == {}
    run_monday(job, Report(WEEK), renew, promoting)
    serving = bundle_folder.read_manifest(bundle_folder.promoted(job.bundles))
    assert serving["refreshed"]["version"] == saved[0].name
    is_whole(job)


def test_a_summary_that_failed_is_made_by_the_next_run(
    job: Job, renew: Callable[[Path], Path], refreshed: list[Path]
) -> None:
    def fail(bundle: Path, folder: Path) -> Path:
        raise MatchingError("no room")

    for _ in range(2):
        with pytest.raises(MatchingError, match="no room"):
            run_monday(job, Report(WEEK), renew, write, None, fail)
        is_whole(job)
    report = Report(WEEK)
    run_monday(job, report, renew, write, None, write_summary)
    assert (job.out / WEEK / SUMMARY / "summary.html").is_file()
    assert report.lines[-1].startswith("summary")
    run_monday(job, report, renew, write, None, fail)  # it is there
    assert len(refreshed) == 1


@pytest.mark.parametrize(
    "wrong",
    [("-k", 0), ("-k", -1), ("--objective", "foo"), ("--week", "foo"), ("--by", "soon")],
    ids=str,
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    run: Run, job: Job, wrong: tuple[str, object]
) -> None:
    before = sorted(job.bundles.iterdir())
    code, _, err = run("monday", job.bundles, job.data, "--out", job.out, *wrong)
    assert (code, len(err.splitlines())) == (1, 1), err
    assert wrong[0].strip("-") in err
    assert sorted(job.bundles.iterdir()) == before
    assert not job.out.exists()


def test_nothing_is_refreshed_without_a_bundle(run: Run, data: Path, tmp_path: Path) -> None:
    options = ("--out", tmp_path / "lists", "--week", WEEK)
    code, printed, err = run("monday", tmp_path / "none", data, *options)
    assert (code, "no bundle is promoted" in err) == (1, True)
    assert "FAILED" in printed
    assert "published: nothing" in printed


def test_old_facts_are_refused_before_lists_are_made(
    job: Job, renew: Callable[[Path], Path], refreshed: list[Path]
) -> None:
    late = replace(job, week="2026-W50")
    with pytest.raises(MatchingError, match="--allow-stale"):
        run_monday(late, Report(late.week), renew, write)
    assert not refreshed[0].exists()
    assert [path.name for path in job.out.iterdir()] == [".facts.lock"]


def with_facts(trained: Trained, **facts: object) -> Matcher:
    """The same models with other facts."""
    history = replace(trained.contents.history, **facts)
    return Matcher("changed", trained.as_of, replace(trained.contents, history=history))


def test_lists_that_are_like_before_pass(quick: Trained) -> None:
    matcher = quick.matcher()
    told = compare(matcher, matcher, K, date(2026, 11, 2))
    assert told.startswith("of 24 products 100% get full lists (100% before)")


def test_lists_that_lose_their_creators_are_refused(quick: Trained) -> None:
    people = quick.contents.history.creators
    everybody = np.ones_like(people.columns["opted_out"])
    nobody = replace(people, columns={**people.columns, "opted_out": everybody})
    with pytest.raises(GateError, match=r"0% get full lists \(100% before\).*--force"):
        compare(quick.matcher(), with_facts(quick, creators=nobody), K, date(2026, 11, 2))


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_lists_of_other_sales_are_refused(
    quick: Trained, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    sights = iter([Sight(1.0, 100.0), Sight(1.0, 100.0 * factor)])
    monkeypatch.setattr(Sight, "of", lambda *arguments: next(sights))
    with pytest.raises(GateError, match="change the lists too much"):
        compare(quick.matcher(), quick.matcher(), K, date(2026, 11, 2))


def test_what_the_gate_refuses_can_be_forced(
    job: Job, renew: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.sanity.MOST_MOVED", 0.5)
    with pytest.raises(GateError):
        run_monday(job, Report(WEEK), renew, write)
    report = Report(WEEK)
    run_monday(replace(job, force=True), report, renew, write)
    assert "--force" in str(report)


def test_a_market_of_other_products_is_refused(quick: Trained) -> None:
    ids = quick.contents.history.product_ids.encoded
    other = with_facts(quick, product_ids=Ids(np.char.add(b"other-", ids)))
    with pytest.raises(GateError, match="none of the products"):
        compare(quick.matcher(), other, K, date(2026, 11, 2))


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=LONG)])
def test_killed_at_any_moment_a_rerun_publishes(
    run: Run, job: Job, first: Path, kills: int
) -> None:
    draw = random.Random(kills)
    arguments = [str(job.bundles), job.data, "--out", str(job.out), "--week", WEEK, "-k", str(K)]
    started = time.perf_counter()
    assert run("monday", *arguments)[0] == 0
    took = time.perf_counter() - started
    for _ in range(kills):
        for folder in (job.bundles, job.out, job.out.with_name("alone")):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(first, job.bundles)
        command = [sys.executable, "-c", CHILD, "monday", *arguments]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"begun\n"
            time.sleep(draw.uniform(0.0, 1.2 * took))
            child.kill()
        assert run("monday", *arguments)[0] == 0
        is_whole(job)
        assert (job.out / WEEK / SUMMARY / "summary.html").is_file()


UNITS = [ROOT / "deploy" / f"matching-monday.{kind}" for kind in ("service", "timer")]


def test_the_timer_is_of_mondays_at_four() -> None:
    timer = UNITS[1].read_text()
    assert "OnCalendar=Mon *-*-* 04:00:00\n" in timer
    assert "Persistent=yes\n" in timer
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS)
    assert parser["Timer"]["Unit"] == UNITS[0].name
    assert (
        "matching monday ${BUNDLES} ${DATA} --out ${LISTS} --by" in parser["Service"]["ExecStart"]
    )


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not here")
    for unit in UNITS:
        text = unit.read_text().replace("/opt/matching/bin/matching", sys.executable)
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_published_week_of_a_damaged_pointer_is_none(tmp_path: Path) -> None:
    assert published(tmp_path) == {}
    for text in ("", "[]"):
        (tmp_path / "published.json").write_text(text)
        assert published(tmp_path) == {}
    (tmp_path / "published.json").write_text(json.dumps({"week": WEEK}))
    assert published(tmp_path)["week"] == WEEK
