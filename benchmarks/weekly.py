"""How many products a second weekly lists take, beside the raw work in them.

    python benchmarks/weekly.py BUNDLE [--products 512] [--objective roi]

The floor is the raw work of the same rows, done on all cores at once: the searches, the predictions
of every head in one call a batch, and the contributions of the rows that are listed.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from service import machine

from matching.batches import match_batch
from matching.eligibility import eligible
from matching.matcher import CANDIDATES, NO_FILTERS, Matcher
from matching.models.encoder import without_level
from matching.models.index import use_one_thread
from matching.scoring import NO_TERMS
from serve.weekly import write_weekly

ROUNDS = 5
AT_ONCE = 64


def main(bundle: Path, products: int, objective: str) -> None:
    matcher = Matcher.load(bundle)
    ids = matcher.contents.history.product_ids
    chosen = [ids[row] for row in range(min(products, len(ids)))]
    monday = matcher.as_of + timedelta(days=-matcher.as_of.weekday())
    year, number, _ = monday.isocalendar()
    took, floors = [], []
    for _ in range(ROUNDS):
        with TemporaryDirectory() as out:
            start = time.perf_counter()
            write_weekly(
                matcher, f"{year}-W{number:02}", Path(out), 20, objective, chosen, allow_stale=True
            )
            took.append((time.perf_counter() - start) / len(chosen))
        floors.append(raw(matcher, chosen[:AT_ONCE], objective))
    ours, floor = median(took), median(floors)
    print(f"{machine()}; {len(chosen)} products by {objective}, {ROUNDS} rounds")
    print(f"{1 / ours:,.0f} products a second; floor {1 / floor:,.0f}; ratio {ours / floor:.2f}")


def raw(matcher: Matcher, products: list[str], objective: str) -> float:
    """Return the seconds a product of what nobody can leave out, when all cores do it."""
    contents, heads = matcher.contents, matcher.contents.ranker.heads
    results = match_batch(matcher, products, 20, objective, matcher.as_of)
    listed = results[0].scored.matrix[np.concatenate([result.rows for result in results])]
    searches, matrices = [], []
    for product in products:
        asked = matcher.find_product(product)
        request = matcher.request(asked, NO_FILTERS, NO_TERMS, None)
        mask = eligible(contents.history, contents.offers, request)
        query = without_level(matcher.query(asked, objective))
        searches.append((query, CANDIDATES[objective], mask))
        found = matcher.candidates(asked, objective, CANDIDATES[objective], mask)
        matrices.append(matcher.scorer.score(found, np.array([asked.row])).matrix)
    matrix = np.concatenate(matrices)

    def work(_: int) -> None:
        for search in searches:
            contents.index.search(*search)
        for head in heads.values():
            head.margin(matrix)
        for name in ("fulfil", "sale", "impressions", "conversion", "refund"):
            heads[name].contributions(listed)

    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores, initializer=use_one_thread) as pool:
        start = time.perf_counter()
        list(pool.map(work, range(cores)))
        return (time.perf_counter() - start) / len(products) / cores


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--products", type=int, default=512)
    parser.add_argument("--objective", default="roi")
    main(**vars(parser.parse_args()))
