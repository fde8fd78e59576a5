"""What a match costs beside the raw work in it, and beside the plain pipeline, as markets grow.

    make bench                                       # 10,000 creators, two minutes
    python benchmarks/match.py --sizes 10000 100000 1000000 --folder FOLDER [--plot docs/growth.png]

The floor of a match is what nobody can leave out: the mask of who is eligible, one search of the
index, and the raw predictions of every head for the same rows, timed in the same rounds. Figures
are medians over products and rounds, on one thread, in milliseconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from markets import bundles_of, figures_of
from plain import Plain
from service import machine

from matching import bundle
from matching.economics import OBJECTIVES, Terms
from matching.eligibility import eligible
from matching.matcher import CANDIDATES, NO_FILTERS, Matcher
from matching.models.encoder import without_level
from matching.scoring import NO_TERMS

PRODUCTS = 40
ROUNDS = 5
PLAIN_PRODUCTS = 10
OTHER_TERMS = Terms(commission_rate=0.3, slot_fee=0.0)
SELECTIVITIES = (0.1, 0.01, 0.001)
QUESTIONS = ("without reasons", "with reasons", "other terms", "new product")


@dataclass(frozen=True)
class Asked:
    """A product, and what the raw work for it needs."""

    product: str
    described: dict[str, Any]
    request: Any
    query: Any
    mask: Any
    matrix: Any


def main(sizes: list[int], folder: Path, plot: Path | None, plain: bool) -> None:
    print(f"{machine()}; one thread; {PRODUCTS} products, {ROUNDS} rounds, medians in ms\n")
    growth: dict[str, dict[int, float]] = {}
    for creators in sizes:
        bundles = bundles_of(folder, creators)
        told = figures_of(bundles)
        print(
            f"{creators:,} creators: trained in {told['seconds']:,.0f} s, "
            f"peak {told['peak_gib']:.1f} GiB"
        )
        matcher = Matcher.load(bundle.promoted(bundles))
        engineer = Plain(matcher) if plain else None
        for objective in OBJECTIVES:
            tell(matcher, objective, creators, engineer, growth)
        print()
    if plot is not None:
        draw(growth, plot)


def tell(
    matcher: Matcher,
    objective: str,
    creators: int,
    engineer: Plain | None,
    growth: dict[str, dict[int, float]],
) -> None:
    asked = ask_about(matcher, objective)
    took = measure(matcher, objective, asked)
    floor = took["mask"] + took["search"] + took["heads"]
    rows = np.mean([len(each.matrix) for each in asked])
    print(
        f"  {objective:7}floor {floor:6.2f} = mask {took['mask']:.2f} + search "
        f"{took['search']:.2f} + heads {took['heads']:.2f} ({rows:,.0f} rows); "
        f"recall {recall(matcher, objective, asked):.3f}"
    )
    for question in QUESTIONS:
        print(f"    {question:18}{took[question]:7.2f}   ratio {took[question] / floor:5.2f}")
        growth.setdefault(f"{objective}, {question}", {})[creators] = took[question]
    if engineer is not None:
        took["plain"] = plainly(matcher, engineer, objective, asked)
        ours = took["with reasons"]
        print(f"    {'plain pipeline':18}{took['plain']:7.2f}   {took['plain'] / ours:5.1f} × ours")
    shares = ", ".join(
        f"{s:.1%}: {filtered(matcher, objective, asked, s):.3f}" for s in SELECTIVITIES
    )
    print(f"    recall where a filter leaves {shares}")


def ask_about(matcher: Matcher, objective: str) -> list[Asked]:
    """Draw products that the objective can be asked for."""
    contents = matcher.contents
    products = contents.history.products
    may = np.arange(products.count)
    if objective == "profit":
        may = np.flatnonzero(products.get("margin_rate") > 0)
    rows = np.random.default_rng(0).choice(may, min(len(may), PRODUCTS), replace=False)
    asked = []
    for row in rows.tolist():
        product = contents.history.product_ids[row]
        about = matcher.find_product(product)
        request = matcher.request(about, NO_FILTERS, NO_TERMS, None)
        query = without_level(matcher.query(about, objective))
        mask = eligible(contents.history, contents.offers, request)
        found = matcher.candidates(about, objective, CANDIDATES[objective], mask)
        matrix = matcher.scorer.score(found, np.array([row])).matrix
        fields = ("title", "category", "price", "commission_rate", "margin_rate")
        described = {n: v for n in fields if (v := matcher.product(product)[n]) is not None}
        asked.append(Asked(product, described, request, query, mask, matrix))
    return asked


def measure(matcher: Matcher, objective: str, asked: list[Asked]) -> dict[str, float]:
    contents, heads = matcher.contents, matcher.contents.ranker.heads.values()

    def match(**others: Any) -> Callable[[Asked], object]:
        return lambda each: matcher.match(each.product, objective=objective, **others)

    pieces: dict[str, Callable[[Asked], object]] = {
        "mask": lambda each: eligible(contents.history, contents.offers, each.request),
        "search": lambda each: contents.index.search(each.query, CANDIDATES[objective], each.mask),
        "heads": lambda each: [head.margin(each.matrix) for head in heads],
        "without reasons": match(explain=False),
        "with reasons": match(),
        "other terms": match(explain=False, terms=OTHER_TERMS),
        "new product": lambda each: matcher.match(
            each.described, objective=objective, explain=False
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in pieces}
    for _ in range(ROUNDS):
        for name, piece in pieces.items():
            times[name] += milliseconds(piece, asked)
    return {name: median(values) for name, values in times.items()}


def plainly(matcher: Matcher, engineer: Plain, objective: str, asked: list[Asked]) -> float:
    """Return the median of the plain pipeline, after seeing that it answers the same."""
    some = asked[:PLAIN_PRODUCTS]
    alike = []
    for each in some:
        theirs = engineer.match(each.product, objective=objective)
        ours = matcher.match(each.product, objective=objective).to_dict()["creators"]
        ids = {creator["creator_id"] for creator in ours}
        alike.append(len(ids & {creator for creator, _ in theirs}) / max(1, len(ids)))
    print(f"    the plain pipeline answers {np.mean(alike):.0%} of the same creators")
    return median(milliseconds(lambda e: engineer.match(e.product, objective=objective), some))


def recall(matcher: Matcher, objective: str, asked: list[Asked]) -> float:
    """Return the share of the nearest, found by comparing with everybody, that a search finds."""
    return found_share(matcher, objective, [(each.query, each.mask) for each in asked])


def filtered(matcher: Matcher, objective: str, asked: list[Asked], share: float) -> float:
    draw_from = np.random.default_rng(1)
    passes = draw_from.random(len(asked[0].mask)) < share
    return found_share(matcher, objective, [(each.query, each.mask & passes) for each in asked])


def found_share(
    matcher: Matcher, objective: str, searches: Iterable[tuple[Any, Any]], most: int = 15
) -> float:
    count, shares = CANDIDATES[objective], []
    vectors = matcher.contents.encoder.directions
    for (query, mask), _ in zip(searches, range(most), strict=False):
        rows = np.flatnonzero(mask)
        nearest = rows[np.argsort(-(vectors[rows] @ query), kind="stable")[:count]]
        shares.append(np.isin(nearest, matcher.contents.index.search(query, count, mask)).mean())
    return float(np.mean(shares))


def milliseconds(piece: Callable[[Asked], object], asked: list[Asked]) -> list[float]:
    times = []
    for each in asked:
        start = time.perf_counter()
        piece(each)
        times.append(1000 * (time.perf_counter() - start))
    return times


def draw(growth: dict[str, dict[int, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for name, points in growth.items():
        if name.endswith(("without reasons", "with reasons")):
            style = "-" if name.endswith("with reasons") else "--"
            axes.plot(list(points), list(points.values()), style, marker="o", label=name)
    axes.set(xscale="log", xlabel="creators", ylabel="one match, ms", ylim=(0, None))
    axes.set_title("What a match costs as the market grows (k = 20, one thread)")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--folder", type=Path, help="where markets and bundles are kept")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--no-plain", dest="plain", action="store_false")
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        main(options.sizes, options.folder or Path(scratch), options.plot, options.plain)
