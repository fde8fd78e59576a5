"""Monday morning: refresh, gate, lists, publication; one after the other, each told of.

What is finished is not done again when the run was killed: the refreshed bundle is noted once it
has passed the gate, lists keep their partitions, and publishing twice is as publishing once. Lists
are made where nobody reads, so where anything fails, what was published before stays so.
"""

from __future__ import annotations

import json
import os
import shutil
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from matching import bundle, gate
from matching.drafts import draft, sync, write_synced
from matching.errors import MatchingError, OptionError
from matching.matcher import Matcher
from serve.facts import check_facts, refreshed_once, source_of
from serve.locks import alone
from serve.sanity import compare
from serve.summary import SUMMARY
from serve.weekly import MANIFEST, week_monday

PUBLISHED = "published.json"


@dataclass(frozen=True)
class Job:
    """What a Monday's run is asked for.

    Attributes
    ----------
    bundles, out : folders of versions and of weeks
    data : folder or address of the catalog
    k : places of a list, for the gate
    allow_stale, allow_shrunk : take facts that are refused otherwise
    force : publish though the gate refuses
    again : make a week anew that is published already
    """

    bundles: Path
    out: Path
    data: str
    week: str
    k: int
    allow_stale: bool = False
    allow_shrunk: bool = False
    force: bool = False
    again: bool = False

    @property
    def note(self) -> Path:
        """The file that remembers the refreshed bundle: not that of `weekly`, which has no gate."""
        return self.out / f".monday-{self.week}.json"

    @property
    def aside(self) -> Path:
        """The folder in which lists are made."""
        return self.out / ".unpublished"


@dataclass
class Report:
    """What was done: a line for each step, with its time."""

    week: str
    lines: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is put into the list is told of it, or why it failed."""
        started, told = clock.monotonic(), list[str]()
        try:
            yield told
        except BaseException as error:
            told[:] = [f"FAILED: {str(error) or type(error).__name__}"]
            raise
        finally:
            took = timedelta(seconds=round(clock.monotonic() - started))
            self.lines.append(f"{name:<12}{took!s:>8}  {'; '.join(told)}")

    def __str__(self) -> str:
        head = f"{self.week}, the week of {week_monday(self.week)}"
        return "\n".join([head, *(f"  {line}" for line in self.lines)])


def run_monday(
    job: Job,
    report: Report,
    refresh: Callable[[Path], Path],
    write: Callable[[Path, str, Path], Path],
    deliver: Callable[[Path], str] | None = None,
    sum_up: Callable[[Path, Path], Path] | None = None,
) -> None:
    """Publish a week's lists, made of the newest facts, unless they are published already.

    Parameters
    ----------
    report : told of each step, also of the one that fails
    refresh : makes a new bundle of the promoted one and the newest facts
    write : makes the lists of a bundle and a week below a folder
    deliver : brings a week's lists to where others read them, and returns what it did
    sum_up : writes the summary of a bundle's week and returns its folder

    Raises
    ------
    MatchingError
        If a step is refused; everything published before is as it was. A summary that fails is
        made when the same is run again.
    """
    with alone(job.out, "facts"):
        if published(job.out).get("week") == job.week and not job.again:
            _clear(job)
            report.lines.append("is published already; --again makes it anew of the newest facts")
            if not (job.out / job.week / SUMMARY).is_dir():
                _sum_up(job, report, sum_up)
            return
        with report.step("refresh") as told:
            promoted = bundle.promoted(job.bundles)

            def accept(refreshed: Path) -> None:
                told.append(_judge(job, promoted, refreshed))

            allowed = job.allow_stale, job.allow_shrunk, job.force
            source = source_of(promoted, job.data, *allowed)
            fresh = refreshed_once(job.note, source, lambda: refresh(promoted), accept)
            told.insert(0, f"{fresh.name}, facts of {bundle.read_manifest(fresh)['as_of']}")
        with report.step("lists") as told:
            folder = write(fresh, job.week, job.aside)
            manifest = _manifest(folder)
            told.append(f"{manifest['rows']:,} rows for {manifest['products']:,} products")
        with report.step("publication") as told:
            if (serving := bundle.promoted(job.bundles)) != promoted:
                raise MatchingError(
                    f"{serving.name} was promoted while lists were made; give the same command "
                    "again, which begins with it"
                )
            gate.pass_gate(job.bundles, fresh.name, job.force)
            if deliver is not None:
                told.append(deliver(folder))
            verdict = gate.promote(job.bundles, fresh.name, job.force, Matcher.load)
            told[:0] = [f"{fresh.name} serves", *verdict.losses, *verdict.notes]
            _show(folder, job.out)
            _point(job.out, {"week": job.week, "bundle": fresh.name})
        _clear(job)
        _sum_up(job, report, sum_up)


def published(out: Path) -> dict[str, Any]:
    """Return which week is published and of which bundle; empty where none is."""
    try:
        pointer = json.loads((out / PUBLISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return pointer if isinstance(pointer, dict) else {}


def this_week() -> str:
    """Return the ISO week of today."""
    year, week, _ = date.today().isocalendar()
    return f"{year}-W{week:02}"


def deadline(week: str, by: str | None) -> datetime | None:
    """Return the moment, local where no zone is given, when a week's lists are due on Monday."""
    day = week_monday(week)
    try:
        return None if by is None else datetime.combine(day, time.fromisoformat(by)).astimezone()
    except ValueError:
        raise OptionError("by", f"{by!r} is no time of day such as 07:00") from None


def is_late(out: Path, week: str, due: datetime | None) -> bool:
    """Whether a week was published after it was due."""
    told = published(out)
    if due is None or told.get("week") != week:
        return False
    return datetime.fromisoformat(told["at"]) > due


def _judge(job: Job, promoted: Path, refreshed: Path) -> str:
    """Verify a refreshed bundle, and return how its lists look beside the promoted one's."""
    check_facts(
        date.fromisoformat(bundle.read_manifest(refreshed)["as_of"]),
        week_monday(job.week),
        job.allow_stale,
    )
    now = Matcher.load(refreshed)
    if job.force:
        return "lists not compared with those of the bundle that serves (--force)"
    return compare(Matcher.load(promoted), now, job.k, week_monday(job.week))


def _clear(job: Job) -> None:
    """Remove what only a run that goes on needs."""
    job.note.unlink(missing_ok=True)
    shutil.rmtree(job.aside, ignore_errors=True)


def _show(folder: Path, out: Path) -> None:
    """Put a week's lists where they are read, in place of those that are there, in one step."""
    with draft(out) as work:
        shutil.copytree(folder, work.folder, copy_function=os.link, dirs_exist_ok=True)
        work.publish(folder.name)


def _sum_up(job: Job, report: Report, sum_up: Callable[[Path, Path], Path] | None) -> None:
    if sum_up is None:
        return
    with report.step("summary") as told:
        made = published(job.out)["bundle"]
        told.append(str(sum_up(job.bundles / made, job.out / job.week)))


def _manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def _point(out: Path, pointer: dict[str, str]) -> None:
    """Make a week the published one, in one step."""
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    aside = out / f".{PUBLISHED}"
    write_synced(aside, json.dumps({**pointer, "at": at}, indent=1))
    aside.rename(out / PUBLISHED)
    sync(out)
