"""What retrieval loses of the value that scoring everybody finds, with and without a filter.

    python benchmarks/lost.py MARKET BUNDLE [--products 12] [--local 6]

Of a simulated market: the true value of the best 20 among the candidates beside that of the best 20
among everybody who is eligible, both as the models rank them. Filters leave a random share of the
creators. Products that are used at a place are drawn apart: their city decides what they bring.
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
from matching.models.encoder import without_level
from training.evaluate import truth_of
from training.truth import TrueMarket, judged_products

K = 20
SHARES = (1.0, 0.1, 0.01, 0.001)
THREADS = 2


def main(market: Path, bundle: Path, products: int, local: int) -> None:
    matcher = Matcher.load(bundle)
    true = TrueMarket.build(matcher, Catalog.load(market), truth_of(market))
    print(f"{machine()}; {matcher.contents.history.creators.count:,} creators; value kept, in all")
    print(f"{'of':12}{'eligible':>10}" + "".join(f"{name:>10}" for name in OBJECTIVES))
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
            kept = "".join(f"{part / whole:10.3f}" for part, whole in line)
            print(f"{name:12}{share:10.1%}{kept}", flush=True)


def kept_and_all(matcher: Matcher, market: TrueMarket, product: int) -> np.ndarray:
    """Return the best lists' true value, (shares, objectives, 2): retrieved, of everybody."""
    product_id = matcher.contents.history.product_ids[product]
    asked, values = matcher.find_product(product_id), market.values(product)
    may = matcher.eligible(product_id)
    people = np.flatnonzero(may)
    scored = matcher.scorer.score(people, np.array([product]), threads=THREADS)
    draws = np.random.default_rng(1).random(len(may))
    found = np.empty((len(SHARES), len(OBJECTIVES), 2))
    for place, objective in enumerate(OBJECTIVES):
        ranked = scored.ranked(objective, scored.best_channels(objective))
        creators, channels = scored.creators[ranked], scored.channels[ranked]
        query = without_level(matcher.query(asked, objective))
        true = np.nan_to_num(values[objective][creators, channels])
        for line, share in enumerate(SHARES):
            passes = may & (draws < share)
            near = matcher.candidates(asked, query, candidate_count(objective, K), passes)
            inside = passes[creators]
            found[line, place] = (
                true[inside & np.isin(creators, near)][:K].sum(),
                true[inside][:K].sum(),
            )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("market", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--products", type=int, default=12)
    parser.add_argument("--local", type=int, default=6)
    main(**vars(parser.parse_args()))
