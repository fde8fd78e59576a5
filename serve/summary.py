"""For the reader of a week's lists: one page, what changed and why, and lists by merchant.

It is made of completed weeks and their bundles alone, so it can be made again at any time, to the
same bytes, and lists never wait for it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matching.drafts import draft
from matching.errors import BundleError, MatchingError
from matching.matcher import Matcher
from serve.changes import SCHEMA, Side, changes
from serve.locks import alone, room
from serve.look import Look
from serve.merchants import write_merchants
from serve.summary_page import page
from serve.weekly import WEEK, week_monday
from serve.weeks import DamagedListError, Week, Weeks, completed

SUMMARY = "summary"
PAGE = "summary.html"
CHANGES = "changes.parquet"
MERCHANTS = "merchants"


@dataclass
class Tally:
    """How many pairs changed, by reason and change, and by merchant and change."""

    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    merchants: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, table: pa.Table) -> None:
        """Count some changes."""
        change = table["change"].to_pylist()
        self.reasons.update(zip(table["reason"].to_pylist(), change, strict=True))
        self.merchants.update(zip(table["merchant_id"].to_pylist(), change, strict=True))


def write_summary(
    bundle: Path,
    folder: Path,
    since: Path | None = None,
    per_merchant: bool = False,
    tell: Callable[[str], None] = lambda phase: None,
) -> Path:
    """Write `summary/` into a completed week's folder, whole or not at all, and return it.

    It holds `summary.html`; `changes.parquet` (`changes.SCHEMA`), empty without a week before; and
    `merchants/` where it is asked for (`merchants.write_merchants`).

    Parameters
    ----------
    bundle : of which the lists were made; that of the week before is looked for beside it
    since : the week's folder to compare with, default the last one before it by the same objective

    Raises
    ------
    MatchingError
        If a week is not complete, the lists were made of another bundle, or the weeks cannot be
        compared.
    """
    folder = folder.resolve()
    tell("looking at the lists")
    week, matcher = _completed(folder), Matcher.load(bundle)
    _check_bundle(week, matcher)
    now = Side(week, matcher)
    earlier = _before(folder, now.objective) if since is None else _completed(since.resolve())
    before = (
        None if earlier is None else Side(earlier, _bundle_of(earlier, bundle.resolve().parent))
    )
    looks = [Look.at(side) for side in (now, before) if side is not None]
    with room(folder), alone(folder.parent, "summary"):
        for left in folder.glob(".writing-*"):  # what a run that was killed left behind
            shutil.rmtree(left)
        with draft(folder) as work:
            tell("comparing with the week before")
            tally = _write_changes(before, now, work.folder / CHANGES)
            text = page(now, before, looks, tally.reasons, tally.merchants)
            (work.folder / PAGE).write_text(text, encoding="utf-8")
            if per_merchant:
                tell("lists by merchant")
                changed = work.folder / CHANGES
                write_merchants(week, matcher, changed, work.folder / MERCHANTS)
            return work.publish(SUMMARY)


def _write_changes(before: Side | None, now: Side, path: Path) -> Tally:
    tally = Tally()
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for table in () if before is None else changes(before, now):
            if len(table):
                tally.add(table)
                writer.write_table(table, row_group_size=len(table))
    return tally


def _completed(folder: Path) -> Week:
    week_monday(folder.name)
    return completed(folder)


def _before(folder: Path, objective: str) -> Week | None:
    """Return the last whole week before this one by the same objective, None if none is."""
    for other in sorted(folder.parent.iterdir(), reverse=True):
        if not WEEK.fullmatch(other.name) or other.name >= folder.name:
            continue
        try:
            week = Weeks(folder.parent).open(other.name)
        except DamagedListError:  # this week's summary cannot wait until somebody mends another
            continue
        if week is not None and week.manifest["objective"] == objective:
            return week
    return None


def _check_bundle(week: Week, matcher: Matcher) -> None:
    made_of = week.manifest["bundle"]
    if matcher.version != made_of:
        raise MatchingError(
            f"the lists of {week.week} were made of {made_of}, not of {matcher.version}"
        )


def _bundle_of(week: Week, bundles: Path) -> Matcher | None:
    """Return the bundle of a week's lists, None where it is gone."""
    try:
        return Matcher.load(bundles / week.manifest["bundle"])
    except BundleError:
        return None
