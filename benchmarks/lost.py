"""What retrieval loses of the value that scoring everybody finds, with and without a filter.

    python benchmarks/lost.py MARKET BUNDLE [--products 12] [--local 6]

Of a simulated market: the value of the best 20 among the candidates beside that of the best 20
among everybody who is eligible, both as the models rank them: as predicted, which is what retrieval
is to find, and in truth, which is noisy. Filters leave a random share of the creators. Products
used at a place are drawn apart: their city decides what they bring.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from service import machine

from matching.catalog import Catalog
from matching.columns import SCENES
from matching.economics import OBJECTIVES
from matching.matcher import Matcher, candidate_count
from matching.models.ranker import preference
from training.evaluate import truth_of
from training.truth import TrueMarket, judged_products

K = 20
SHARES = (1.0, 0.1, 0.01, 0.001)
THREADS = 2


def main(market: Path, bundle: Path, products: int, local: int) -> None:
    matcher = Matcher.load(bundle)
    true = TrueMarket.build(matcher, Catalog.load(market), truth_of(market))
    print(f"{machine()}; {matcher.contents.history.creators.count:,} creators; value kept, in all")
    names = [f"{kind} {name}" for name in OBJECTIVES for kind in ("predicted", "true")]
    print(f"{'of':10}{'eligible':>9}" + "".join(f"{name:>17}" for name in names))
    rows = judged_products(matcher, 10**9, 0)
    scene = matcher.contents.history.products.get("scene")[rows]
    is_local = scene == SCENES.index("local")
    draw = np.random.default_rng(0)
    for name, chosen in (
        ("all kinds", draw.permutation(rows)[:products]),
        ("local", draw.permutation(rows[is_local])[:local]),
    ):
        sums = sum(kept_and_all(matcher, true, int(row)) for row in chosen)
        for share, line in zip(SHARES, sums, strict=True):
            kept = "".join(f"{part / whole:17.3f}" for part, whole in line.reshape(-1, 2))
            print(f"{name:10}{share:9.1%}{kept}", flush=True)


def kept_and_all(matcher: Matcher, market: TrueMarket, product: int) -> np.ndarray:
    """Return the best lists' value, (shares, objectives, 2, 2): as predicted and in truth,
    retrieved and of everybody."""
    product_id = matcher.contents.history.product_ids[product]
    asked, values = matcher.find_product(product_id), market.values(product)
    may = matcher.eligible(product_id)
    people = np.flatnonzero(may)
    scored = matcher.scorer.score(people, np.array([product]), threads=THREADS)
    draws = np.random.default_rng(1).random(len(may))
    found = np.empty((len(SHARES), len(OBJECTIVES), 2, 2))
    for place, objective in enumerate(OBJECTIVES):
        ranked = scored.ranked(objective, scored.best_channels(objective))
        creators, channels = scored.creators[ranked], scored.channels[ranked]
        true = np.nan_to_num(values[objective][creators, channels])
        predicted = preference(scored.outcomes, scored.money, objective)[0][ranked]
        for line, share in enumerate(SHARES):
            passes = may & (draws < share)
            near = matcher.candidates(asked, objective, candidate_count(objective, K), passes)
            inside = passes[creators]
            retrieved = inside & np.isin(creators, near)
            for row, worth in enumerate((predicted, true)):
                found[line, place, row] = worth[retrieved][:K].sum(), worth[inside][:K].sum()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("market", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--products", type=int, default=12)
    parser.add_argument("--local", type=int, default=6)
    main(**vars(parser.parse_args()))
