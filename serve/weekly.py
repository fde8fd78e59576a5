"""Weekly match lists: one command, every product, all or nothing."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from matching.batches import match_batch
from matching.drafts import digest, publish
from matching.errors import OptionError
from matching.lists import SCHEMA, match_list
from matching.matcher import Matcher, check_asked
from serve import partitions as parts
from serve.allotment import Rules, choose, chosen_partitions, edge_partitions
from serve.facts import check_facts
from serve.locks import alone, room
from serve.partitions import (
    Partition,
    Run,
    Shelf,
    locally,
    program,
    read_groups,
    split,
)

LISTS = "match_lists.parquet"
MANIFEST = "manifest.json"
WEEK = re.compile(r"(\d{4})-W(\d{2})")
RUN = "run.json"
"""What differs from run to run: the seconds of each step, of the run that completed the week."""


def week_monday(week: str) -> date:
    """Return the Monday of an ISO week such as 2026-W47; OptionError if it is none."""
    match = WEEK.fullmatch(week)
    try:
        if match is None:
            raise ValueError("an ISO week looks like 2026-W47")
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError as error:
        raise OptionError("week", f"{week!r} is no ISO week: {error}") from None


@dataclass(frozen=True)
class ListStep:
    """The best k creators of each product by itself, with evidence."""

    name: ClassVar[str] = "lists"
    k: int
    objective: str
    week: str

    def __call__(self, matcher: Matcher, products: Sequence[str]) -> pa.Table:
        """Return the rows of match_lists.parquet for these products."""
        monday = week_monday(self.week)
        results = match_batch(matcher, products, self.k, self.objective, monday)
        return pa.concat_tables([match_list(result, self.week) for result in results])


def write_weekly(
    matcher: Matcher,
    week: str,
    out: Path,
    k: int = 20,
    objective: str = "roi",
    products: Iterable[str] | None = None,
    allow_stale: bool = False,
    advance: Callable[[int], None] = lambda count: None,
    run: Run | None = None,
    rules: Rules | None = None,
) -> Path:
    """Write `out/week/match_lists.parquet` and its manifest, and return that folder.

    Lists appear whole or not at all. A run that was killed goes on where it was when it is begun
    again, and ends with the same bytes: they follow from the bundle, the week and the arguments. A
    week that is complete is left as it is.

    Parameters
    ----------
    products : ids of the catalog, default all
    advance : called with how many products are done since
    run : computes the partitions, default on every core here
    rules : of an allocation within creators' capacity; default each product by itself

    Raises
    ------
    OptionError
        If the week, k, the objective or a product cannot be used.
    MatchingError
        If the facts are older than seven days before the week's Monday, another run is writing
        to `out`, or the disk is full.
    """
    check_asked(k, objective)
    check_facts(matcher.as_of, week_monday(week), allow_stale)
    chosen = _choose(matcher, products)
    listed, skipped = _with_margin(matcher, chosen) if objective == "profit" else (chosen, [])
    about: dict[str, Any] = {
        "week": week,
        "bundle": matcher.version,
        "as_of": matcher.as_of.isoformat(),
        "objective": objective,
        "k": k,
        "allocation": "none" if rules is None else "capacity",
        "products": len(chosen),
        "skipped_without_margin": skipped,
        "products_sha256": hashlib.sha256("\n".join(chosen).encode()).hexdigest(),
        "products_per_partition": parts.PRODUCTS_PER_PARTITION,
        "program": program(),
    }
    if rules is not None:
        about["rules"] = asdict(rules)
    about["run"] = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    # One thread for matrix products: more add up in another order, to other last bits.
    with threadpool_limits(1, user_api="blas"), room(out), alone(out):
        if not _is_complete(out / week, about["run"]):
            folder = out / f".{week}-{about['run'][:16]}"
            advance(len(skipped))
            compute = run or locally(matcher, advance)
            seconds: dict[str, float] = {}

            def fill(partitions: Sequence[Partition]) -> list[Path]:
                return Shelf(folder).fill(partitions, compute, advance)

            if rules is None:
                partitions, schema = split(ListStep(k, objective, week), listed), SCHEMA
            else:
                monday = week_monday(week)
                with _timed(seconds, "edges"):
                    edges = fill(edge_partitions(listed, k, objective, monday, rules))
                with _timed(seconds, "allocation"):
                    chosen, about["report"] = choose(matcher, edges, k, objective, monday, rules)
                partitions = chosen_partitions(matcher, listed, chosen, objective, week, rules)
                schema = rules.schema
            with _timed(seconds, "lists"):
                files = fill(partitions)
            _write_week(folder / week, partitions, files, about, schema)
            (folder / week / RUN).write_text(json.dumps({"seconds": seconds}), encoding="utf-8")
            publish(folder / week, out / week)
        for left in out.glob(f".{week}-*"):  # this run's, and what others of the week left behind
            shutil.rmtree(left)
    return out / week


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[step] = round(time.monotonic() - started, 1)


def _choose(matcher: Matcher, products: Iterable[str] | None) -> list[str]:
    ids = matcher.contents.history.product_ids
    if products is None:
        return [ids[row] for row in range(len(ids))]
    chosen = sorted(set(products), key=str.encode)
    rows = ids.rows(chosen)
    unknown = [product for product, row in zip(chosen, rows, strict=True) if row < 0]
    if unknown:
        raise OptionError(
            "products", f"{len(unknown)} are not in the bundle, first: {', '.join(unknown[:3])}"
        )
    return chosen


def _with_margin(matcher: Matcher, products: list[str]) -> tuple[list[str], list[str]]:
    """Return products with a known margin, and those that profit has to skip (contract §4)."""
    history = matcher.contents.history
    margins = history.products.get("margin_rate")[history.product_ids.rows(products)]
    known: list[str] = []
    skipped: list[str] = []
    for product, margin in zip(products, margins, strict=True):
        (skipped if np.isnan(margin) else known).append(product)
    return known, skipped


def _is_complete(folder: Path, run: str) -> bool:
    """Whether these are whole lists of the same bundle, week and arguments."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest["run"] == run and manifest["sha256"] == digest(folder / LISTS))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write_week(
    folder: Path,
    partitions: Sequence[Partition],
    files: Sequence[Path],
    about: dict[str, Any],
    schema: pa.Schema,
) -> None:
    """Write the lists of all partitions as one file, and the manifest that completes them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told: list[dict[str, Any]] = []
    empty: list[str] = []
    with pq.ParquetWriter(folder / LISTS, schema, compression="zstd") as writer:
        for partition, file in zip(partitions, files, strict=True):
            found: set[str] = set()
            rows = 0
            for group in _rows_of(file):
                writer.write_table(group, row_group_size=group.num_rows)
                found |= set(pc.unique(group["product_id"]).to_pylist())
                rows += group.num_rows
            empty += [product for product in partition.products if product not in found]
            sha256 = digest(file)
            told.append({"products": len(partition.products), "rows": rows, "sha256": sha256})
    manifest = {
        **about,
        "rows": sum(part["rows"] for part in told),
        "without_creators": empty,
        "partitions": told,
        "sha256": digest(folder / LISTS),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def _rows_of(file: Path) -> Iterator[pa.Table]:
    """Yield the groups of a partition that have rows."""
    return (group for group in read_groups(file) if group.num_rows)


def read_products(path: Path) -> list[str]:
    """Read product ids, one a line; OptionError if the file cannot be read or names none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise OptionError("products", f"{path} cannot be read: {error}") from error
    products = [line.strip() for line in lines if line.strip()]
    if not products:
        raise OptionError("products", f"{path} names no product")
    return products
