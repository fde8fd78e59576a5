"""What a least share of places for small creators costs: value against the share, as a plot.

python benchmarks/fairness.py BUNDLE FILE.png [--objective gmv] [--products 1000]
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path

import matplotlib as mpl
import numpy as np
from service import machine

from matching.matcher import Matcher
from serve.allocation import allocate
from serve.allotment import Rules, edge_partitions, edges_of
from serve.candidates import capacity_left
from serve.edges import Limits
from serve.partitions import locally, read_groups

K = 20
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


def main(bundle: Path, plot: Path, objective: str, products: int) -> None:
    matcher = Matcher.load(bundle)
    monday = matcher.as_of + timedelta(days=-matcher.as_of.weekday())
    ids = matcher.contents.history.product_ids
    chosen = [ids[row] for row in range(min(products, len(ids)))]
    parts = edge_partitions(chosen, K, objective, monday, Rules(min_share=SHARES[-1]))
    file, tables = plot.with_suffix(".arrow"), []
    for _, content in locally(matcher, lambda count: None)(parts):
        file.write_bytes(content)
        tables += read_groups(file)
    file.unlink()
    names = tables[0].column_names
    columns = {name: np.concatenate([t[name].to_numpy() for t in tables]) for name in names}
    edges = edges_of(matcher, columns, objective)
    capacity = capacity_left(matcher, monday)
    print(f"{machine()}; {len(capacity):,} creators, {len(chosen):,} products, by {objective}")
    print(f"{'least share':>12}{'share':>8}{'value':>8}{'gini':>8}{'coverage':>10}")
    values, free = [], 0.0
    for share in SHARES:
        found = allocate(edges, Limits(K, capacity, min_share=share), objective)
        figures = found.report["allocation"]
        free = free or figures["value"]
        values.append(figures["value"] / free)
        print(
            f"{share:12.0%}{figures['small_share']:8.3f}{values[-1]:8.4f}{figures['gini']:8.3f}"
            f"{figures['coverage']:10.4f}",
            flush=True,
        )
    draw(values, plot, objective)


def draw(values: list[float], plot: Path, objective: str) -> None:
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.0, 3.6))
    axes.plot([100 * share for share in SHARES], [100 * value for value in values], "o-")
    axes.set(
        xlabel="least share of places for small creators, %",
        ylabel="value of all lists, % of lists without it",
        title=f"What a fairer share costs ({objective})",
    )
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(plot, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("plot", type=Path)
    parser.add_argument("--objective", default="gmv", choices=("gmv", "profit"))
    parser.add_argument("--products", type=int, default=1000)
    main(**vars(parser.parse_args()))
