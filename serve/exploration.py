"""Exploration: places for creators about whom the model is unsure, at a known chance.

Every product gets a small pool of such creators, of whom as many as it has explored places are
drawn with equal chances; they stand in for its worst chosen ones. Every limit holds whoever is
drawn, so the chance of each placement is exact, and what comes of the lists can be judged without
bias (weights of 1 / probability: Horvitz and Thompson, 1952).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serve.capacity import FloatArray, IntArray
from serve.rounding import Lists

_POOL = 4  # creators a place that is explored


@dataclass(frozen=True)
class Placements:
    """The cells that are listed, the chance that each had, and how many are explored."""

    cells: IntArray
    probability: FloatArray
    explored: int


def explore(
    lists: Lists, uncertainty: FloatArray, may: IntArray, share: float, seed: int
) -> Placements:
    """Give a share of the places to creators about whom the model is unsure.

    Parameters
    ----------
    lists : what is chosen; pools are added to its promises
    uncertainty : float64 (cells,)
    may : cells that may be explored
    share : of the k places of a product; where that is not a whole number, one place more or
        less at the chance that makes it right on average
    """
    if share == 0.0:
        return Placements(lists.edges, np.ones(len(lists.edges)), 0)
    k, chosen = lists.k, [list(edges) for edges in lists.of_product]
    lists.make_places(_POOL * int(np.ceil(share * k)))
    lists.fill(may[np.argsort(-uncertainty[may], kind="stable")])
    generator = np.random.default_rng(seed)
    edges: list[int] = []
    chances: list[float] = []
    explored = 0
    for all_edges, kept in zip(lists.of_product, chosen, strict=True):
        pool = all_edges[len(kept) :]
        expected = min(share * k, float(len(pool)))
        drawn = int(expected) + int(generator.random() < expected % 1.0)
        kept.sort(key=lambda edge: -lists.worth[edge])
        stay = kept[: k - drawn]
        edges += [*stay, *(pool[pick] for pick in generator.permutation(len(pool))[:drawn])]
        chances += [_stays(place, k, expected) for place in range(len(stay))]
        chances += [expected / max(len(pool), 1)] * drawn
        explored += drawn
    order = np.argsort(edges, kind="stable")
    cells = np.array(edges, dtype=np.int64)[order]
    return Placements(cells, np.array(chances, dtype=np.float64)[order], explored)


def _stays(place: int, k: int, expected: float) -> float:
    """Return the chance that a chosen place stays when places from the end are given away."""
    fewer = int(expected)
    if place < k - fewer - 1:
        return 1.0
    return 1.0 - expected % 1.0 if place == k - fewer - 1 else 0.0
