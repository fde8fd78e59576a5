"""Weekly match lists: one command, every product, all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from matching.batches import match_batch
from matching.drafts import draft
from matching.errors import MatchingError, OptionError
from matching.lists import SCHEMA, match_list
from matching.matcher import Matcher
from matching.models.index import use_one_thread

LISTS = "match_lists.parquet"
MANIFEST = "manifest.json"
_OLDEST_FACTS = timedelta(days=7)
# Fixed, so that the same lists are the same bytes.
_PRODUCTS_AT_ONCE = 64
_BATCHES_PER_GROUP = 4


def week_monday(week: str) -> date:
    """Return the Monday of an ISO week such as 2026-W47; OptionError if it is none."""
    match = re.fullmatch(r"(\d{4})-W(\d{2})", week)
    try:
        if match is None:
            raise ValueError("an ISO week looks like 2026-W47")
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError as error:
        raise OptionError("week", f"{week!r} is no ISO week: {error}") from None


def write_weekly(
    matcher: Matcher,
    week: str,
    out: Path,
    k: int = 20,
    objective: str = "roi",
    products: Iterable[str] | None = None,
    allow_stale: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> Path:
    """Write `out/week/match_lists.parquet` and its manifest, and return that folder.

    Lists appear whole or not at all: they are written under another name, synced and renamed. The
    same bundle, week and arguments give the same bytes.

    Parameters
    ----------
    products : ids of the catalog, default all
    advance : called after each product

    Raises
    ------
    OptionError
        If the week or an argument cannot be used.
    MatchingError
        If the facts are older than seven days before the week's Monday.
    """
    monday = week_monday(week)
    if not allow_stale and matcher.as_of < monday - _OLDEST_FACTS:
        raise MatchingError(
            f"the bundle's facts are of {matcher.as_of}, more than seven days before {week} begins "
            f"({monday}); train on newer data, or give --allow-stale"
        )
    chosen = _choose(matcher, products)
    with draft(out) as work:
        lists = work.folder / LISTS
        counts = _write_lists(lists, matcher, chosen, week, monday, k, objective, advance)
        about = {
            "week": week,
            "bundle": matcher.version,
            "as_of": matcher.as_of.isoformat(),
            "objective": objective,
            "k": k,
            "allocation": "none",
            "products": len(chosen),
            **counts,
            "sha256": hashlib.sha256(lists.read_bytes()).hexdigest(),
        }
        text = json.dumps(about, indent=1, ensure_ascii=False)
        (work.folder / MANIFEST).write_text(text, encoding="utf-8")
        return work.publish(week)


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


def _write_lists(
    path: Path,
    matcher: Matcher,
    products: list[str],
    week: str,
    monday: date,
    k: int,
    objective: str,
    advance: Callable[[], None],
) -> dict[str, Any]:
    """Write the lists in fixed groups of products and return what the manifest says of them."""
    rows = 0
    empty: list[str] = []
    listed, skipped = _with_margin(matcher, products) if objective == "profit" else (products, [])
    batches = [
        listed[start : start + _PRODUCTS_AT_ONCE]
        for start in range(0, len(listed), _PRODUCTS_AT_ONCE)
    ]

    def match(batch: list[str]) -> pa.Table:
        results = match_batch(matcher, batch, k, objective, monday)
        return pa.concat_tables([match_list(result, week) for result in results])

    cores = os.cpu_count() or 1
    with (
        pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer,
        ThreadPoolExecutor(cores, initializer=use_one_thread) as pool,
    ):
        group: list[pa.Table] = []
        for number, (batch, table) in enumerate(
            zip(batches, _in_order(pool, match, batches, 2 * cores), strict=True), start=1
        ):
            with_creators = set(table["product_id"].unique().to_pylist())
            empty += [product for product in batch if product not in with_creators]
            group.append(table)
            if number % _BATCHES_PER_GROUP == 0 or number == len(batches):
                rows += _write_group(writer, group)
                group = []
            for _ in batch:
                advance()
    for _ in skipped:
        advance()
    return {"rows": rows, "skipped_without_margin": skipped, "without_creators": empty}


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[list[str]], pa.Table],
    batches: list[list[str]],
    ahead: int,
) -> Iterator[pa.Table]:
    """Yield what each batch becomes, in order; at most so many are begun before they are asked for.

    So memory does not grow with the market, and a failure is told at once.
    """
    begun: deque[Future[pa.Table]] = deque()
    for batch in batches:
        begun.append(pool.submit(work, batch))
        if len(begun) > ahead:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _write_group(writer: pq.ParquetWriter, tables: list[pa.Table]) -> int:
    """Write tables as one group of rows, and return how many rows."""
    group = pa.concat_tables(tables)
    writer.write_table(group, row_group_size=max(1, group.num_rows))
    return int(group.num_rows)


def _with_margin(matcher: Matcher, products: list[str]) -> tuple[list[str], list[str]]:
    """Return products with a known margin, and those that profit has to skip (contract §4)."""
    history = matcher.contents.history
    margins = history.products.get("margin_rate")[history.product_ids.rows(products)]
    known: list[str] = []
    skipped: list[str] = []
    for product, margin in zip(products, margins, strict=True):
        (skipped if np.isnan(margin) else known).append(product)
    return known, skipped


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
