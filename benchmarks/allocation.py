"""What lists are worth when creators cannot serve everybody, and what it takes to find them.

    python benchmarks/allocation.py MARKET BUNDLE [--edges FILE] [--objective gmv]
        [--products 5000 20000 100000]

Of a simulated market: the edges of every product are made as in weekly lists within capacity (kept
in FILE for the next run), and places are given by four rules. *True* value is the simulator's:
creators answer with their true probability, in random order; who has accepted as many as they can
serve brings no more: what lists promise beyond capacity counts nothing. A market of more products
than the bundle has repeats their edges, each product's worth changed by a random factor and each
edge's by a smaller one.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from service import machine

from matching.catalog import Catalog
from matching.columns import CHANNELS
from matching.matcher import Matcher
from serve.allocation import allocate, greedy
from serve.allotment import Rules, edge_partitions, edges_of
from serve.candidates import capacity_left
from serve.edges import Edges, Limits, market_of, whole_capacity
from serve.partitions import locally, read_groups
from training.evaluate import truth_of
from training.truth import TrueMarket

K = 20
DRAWS = 20


def main(market: Path, bundle: Path, edges: Path, objective: str, products: list[int]) -> None:
    matcher = Matcher.load(bundle)
    monday = matcher.as_of + timedelta(days=-matcher.as_of.weekday())
    columns = kept_edges(matcher, edges, objective, monday)
    every = edges_of(matcher, columns, objective)
    limits = Limits(K, capacity_left(matcher, monday))
    print(f"{machine()}; {len(limits.capacity):,} creators, k = {K}, by {objective}")
    true = TrueMarket.build(matcher, Catalog.load(market), truth_of(market))
    compare(every, limits, objective, true, columns["channel"])
    print(
        f"{'products':>9}{'edges':>12}{'of bound':>10}{'greedy':>8}{'beyond':>8}{'s':>7}{'GiB':>6}"
    )
    for count in products:
        grown(every, limits, objective, count)


def kept_edges(matcher: Matcher, file: Path, objective: str, monday: Any) -> dict[str, Any]:
    """Return the edges of every product, made if the file is not there."""
    if not file.exists():
        ids = matcher.contents.history.product_ids
        products = [ids[row] for row in range(len(ids))]
        start, tables = time.perf_counter(), []
        parts = edge_partitions(products, K, objective, monday, Rules())
        for number, (_, content) in enumerate(locally(matcher, lambda count: None)(parts)):
            path = file.with_suffix(f".{number}.arrow")
            path.write_bytes(content)
            tables += read_groups(path)
        print(f"edges of {len(products):,} products: {time.perf_counter() - start:.0f} s")
        names = tables[0].column_names
        np.savez(file, **{n: np.concatenate([t[n].to_numpy() for t in tables]) for n in names})
    with np.load(file) as kept:
        return {name: kept[name] for name in kept.files}


def compare(
    edges: Edges, limits: Limits, objective: str, true: TrueMarket, channels: np.ndarray
) -> None:
    """Print what four ways to give places are worth, as predicted and in truth."""
    market = market_of(edges, limits).valued(edges.value)
    start = time.perf_counter()
    found = allocate(edges, limits, objective)
    took = time.perf_counter() - start
    best = np.argsort(-market.worth, axis=1, kind="stable")[:, :K]
    alone = (best + np.arange(len(best))[:, None] * market.worth.shape[1]).ravel()
    alone = alone[np.isfinite(market.worth.ravel()[alone])]
    by_value = greedy(market, limits)
    one_by_one = greedy(market, limits, by_product=True)
    rules = {
        "each product by itself": market.rows_of(np.sort(alone)),
        "greedy, product after product": market.rows_of(one_by_one.edges),
        "greedy, best edge first": market.rows_of(by_value.edges),
        "allocation": found.chosen,
    }
    bound = found.report["bound"]
    print(f"allocated in {took:.0f} s, {found.report['iterations']} iterations, bound {bound:,.0f}")
    print(
        f"{'rule':32}{'promised':>10}{'true':>16}{'of bound':>10}{'too many':>10}{'coverage':>10}"
    )
    for name, rows in rules.items():
        value = edges.value[rows].sum()
        worth, beyond = true_value(edges, rows, limits, true, channels)
        share = len(np.unique(edges.creators[rows])) / (whole_capacity(limits.capacity) >= 1).sum()
        print(
            f"{name:32}{value / bound:10.4f}{worth:16,.0f}{worth / bound:10.4f}{beyond:10.4f}"
            f"{share:10.4f}",
            flush=True,
        )
    print({name: found.report[name] for name in ("allocation", "violations")})


def true_value(
    edges: Edges, rows: np.ndarray, limits: Limits, true: TrueMarket, channels: np.ndarray
) -> tuple[float, float]:
    """Return the settled GMV that lists bring in truth, and the share of creators with too many."""
    creators, products = edges.creators[rows], edges.products[rows]
    accept, settled = np.zeros(len(rows)), np.zeros(len(rows))
    for code, channel in enumerate(CHANNELS):
        mine = np.flatnonzero(channels[rows] == code)
        outcomes = true.truth.outcomes(
            true.creators[creators[mine]],
            true.products[products[mine]],
            true.matcher.as_of,
            channel,
        )
        accept[mine] = outcomes.accept_probability
        settled[mine] = outcomes.fulfil_probability * outcomes.settled_gmv
    capacity = whole_capacity(limits.capacity)
    draw = np.random.default_rng(0)
    worth, beyond = 0.0, 0.0
    for _ in range(DRAWS):
        accepted = draw.permutation(np.flatnonzero(draw.random(len(rows)) < accept))
        order = accepted[np.argsort(creators[accepted], kind="stable")]
        first = np.flatnonzero(np.diff(creators[order], prepend=-1))
        place = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
        served = place < capacity[creators[order]]
        worth += settled[order[served]].sum() / DRAWS
        late = np.unique(creators[order[~served]])
        beyond += len(late) / len(np.unique(creators)) / DRAWS
    return worth, beyond


def grown(edges: Edges, limits: Limits, objective: str, count: int) -> None:
    """Print what a market of so many products takes."""
    known = int(edges.products.max()) + 1
    draw = np.random.default_rng(1)
    copies = []
    for copy in range(-(-count // known)):
        part = edges[: np.searchsorted(edges.products, min(known, count - copy * known))]
        factor = draw.lognormal(0.0, 0.3, known)[part.products]
        factor = factor * draw.lognormal(0.0, 0.1, len(part)) if copy else np.ones(len(part))
        copies.append((part.products + copy * known, part, factor))
    grown = Edges(
        np.concatenate([products for products, _, _ in copies]),
        np.concatenate([part.creators for _, part, _ in copies]),
        *(
            np.concatenate([getattr(part, name) * factor for _, part, factor in copies])
            for name in ("value", "settled_gmv", "cost")
        ),
        *(
            np.concatenate([getattr(part, name) for _, part, _ in copies])
            for name in ("accept_probability", "mcns", "small", "uncertainty")
        ),
    )
    start = time.perf_counter()
    report = allocate(grown, limits, objective).report
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    bound = report["bound"]
    print(
        f"{count:9,}{len(grown):12,}{report['allocation']['value'] / bound:10.4f}"
        f"{report['greedy_with_capacity']['value'] / bound:8.4f}"
        f"{report['violations']['creators_beyond']:8}{took:7.0f}{peak:6.1f}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("market", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--edges", type=Path, default=Path("edges.npz"))
    parser.add_argument("--objective", default="gmv", choices=("gmv", "profit"))
    parser.add_argument("--products", type=int, nargs="*", default=[5000, 20_000, 100_000])
    main(**vars(parser.parse_args()))
