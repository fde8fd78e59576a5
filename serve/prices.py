"""Prices: what a week of each creator is worth to the market, by dual ascent.

The programme gives every product its best k edges after the price of what each uses of its creator
(Σ use ≤ 1 a creator), so prices are all that products have to agree on, and a market of any size is
solved product by product: the way large matching programmes are solved (Ramanath and others,
"Efficient vertex-oriented polytopic projection", ICML 2022: DuaLip). What differs is the step. In
an auction every edge has a bid: the price at which its product would turn to its next best
creator. The bids of a creator, highest first, tell the price that fills the week exactly while
others keep theirs: the minimum of the dual along that coordinate (Bertsekas, "Auction algorithms",
1992). All move half way there at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serve.capacity import FloatArray, IntArray
from serve.edges import Market

MOST_ITERATIONS = 60
_STEP = 0.5
_BLOCK = 4096  # products whose edges are looked at together: bounds the memory
_STILL = 1e-5  # of the bound: less in so many iterations is no progress
_PATIENCE = 5
_LEAST_BID = 0.5  # of the price: bids below cannot move it in one step
_TOLD_BY = 1000  # products that tell the price of the minimum share
_HALVINGS = 7  # of an interval that holds that price
_DEAREST = 1e6  # times the usual worth: a share that costs more cannot be had


@dataclass(frozen=True)
class Prices:
    """Prices of creators' weeks, float64 (creators + 1,), and of the minimum share; what they show.

    No allocation within the linear programme is worth more than `bound`, whatever the prices are
    (weak duality). Whole lists are held to the exact chance instead, of which the programme's
    capacity is a linear stand-in: where few promises with very different probabilities meet, they
    can be worth a little more. `unpriced` is what the best k of every product would be worth if
    creators had no limits.
    """

    creators: FloatArray
    share: float
    bound: float
    unpriced: float
    iterations: int


def solve(market: Market, start: Prices | None = None, most: int = MOST_ITERATIONS) -> Prices:
    """Return prices whose bound is within a few parts in ten thousand of the least."""
    prices = np.zeros(market.creator_count + 1) if start is None else start.creators.copy()
    share = 0.0 if start is None else start.share
    best: Prices | None = None
    unpriced = np.inf if start is None else start.unpriced
    still = 0
    for iteration in range(1, most + 1):
        value, bids = _bids(market, prices, share)
        bound = value + float(prices[:-1].sum())
        if start is None and iteration == 1:
            unpriced = value
        still = 0 if best is None or bound < best.bound * (1.0 - _STILL) else still + 1
        if best is None or bound < best.bound:
            best = Prices(prices.copy(), share, bound, unpriced, iteration)
        if still == _PATIENCE:
            break
        prices += _STEP * (_filling(bids, prices) - prices)
        if market.min_share > 0.0:
            share += _STEP * (_share_price(market, prices, share) - share)
    assert best is not None
    return Prices(best.creators, best.share, best.bound, unpriced, iteration)


def margins(market: Market, prices: Prices) -> FloatArray:
    """Return what each edge is worth beyond its price and its product's next best edge.

    Positive for the edges that the prices choose; -inf where there is no edge.
    """
    found = np.empty(market.worth.shape)
    for rows in _blocks(len(market.worth)):
        found[rows] = _reduced(market, rows, prices.creators, prices.share)
        found[rows] -= _next_best(market, rows, found[rows])[0]
    return found


Bids = tuple[IntArray, FloatArray, FloatArray]


def _bids(market: Market, prices: FloatArray, share: float) -> tuple[float, Bids]:
    """Return what the products' choices are worth after prices, and the bids that may matter."""
    total = 0.0
    found: list[Bids] = []
    for rows in _blocks(len(market.worth)):
        reduced = _reduced(market, rows, prices, share)
        next_best, value = _next_best(market, rows, reduced)
        total += value
        use, creators = market.use[rows], market.creators[rows]
        paid = prices[creators]
        # worth - use·bid = next best
        gain = reduced - next_best + (1.0 - _LEAST_BID) * use * paid
        matter = (use > 0.0) & (gain > 0.0)
        bids = gain[matter] / use[matter] + _LEAST_BID * paid[matter]
        found.append((creators[matter].astype(np.int64), bids, use[matter]))
    creators, bids, uses = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return total, (creators, bids, uses)


def _filling(bids: Bids, prices: FloatArray) -> FloatArray:
    """Return for each creator the price at which the higher bids just fill the week."""
    creators, heights, uses = bids
    order = np.lexsort((-heights, creators))
    creators, heights = creators[order], heights[order]
    used = np.cumsum(uses[order])
    first = np.flatnonzero(np.diff(creators, prepend=-1))
    before = np.repeat(used[first] - uses[order][first], np.diff(first, append=len(creators)))
    over = np.flatnonzero(used - before > 1.0 + 1e-9)
    priced, places = np.unique(creators[over], return_index=True)
    filling = _LEAST_BID * prices  # bids below are not known: the price falls as far at most
    filling[filling < 1e-9] = 0.0
    filling[priced] = heights[over[places]]
    return filling


def _share_price(market: Market, prices: FloatArray, start: float) -> float:
    """Return the price at which small creators get their share while creators' prices stay.

    Products at even distances tell it.
    """
    rows = np.arange(0, len(market.worth), 1 + len(market.worth) // _TOLD_BY)
    worth = market.worth[rows]
    usual = float(np.abs(worth[np.isfinite(worth)]).mean()) if np.isfinite(worth).any() else 0.0

    def suffices(price: float) -> bool:
        reduced = _reduced(market, rows, prices, price)
        taken = reduced - _next_best(market, rows, reduced)[0] > 0.0
        return bool((taken & market.small[rows]).sum() >= market.min_share * taken.sum())

    if suffices(0.0):
        return 0.0
    low, high = 0.0, start or usual
    while not suffices(high) and high < _DEAREST * usual:
        low, high = high, 4.0 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _reduced(
    market: Market, rows: slice | IntArray, prices: FloatArray, share: float
) -> FloatArray:
    """Return what the edges of some products are worth after prices."""
    paid = market.use[rows] * prices[market.creators[rows]]
    return np.asarray(market.tilted(share, rows) - paid)


def _next_best(
    market: Market, rows: slice | IntArray, reduced: FloatArray
) -> tuple[FloatArray, float]:
    """Return for each edge what its place would be worth without it, and all chosen ones' worth.

    A place that nobody is worth stays empty, so nothing is worth less than 0.
    """
    allowed = _within_mcns(reduced, market.mcns[rows], market.k, market.per_mcn)
    ends = -np.partition(-allowed, (market.k - 1, market.k), axis=1)[:, : market.k + 1]
    ends = np.maximum(ends, 0.0)
    last, following = ends[:, -2:-1], ends[:, -1:]
    taken = (allowed >= last) & (allowed > 0.0)
    # An edge beyond the best few of its MCN has no place to hope for at its price.
    kept_out = np.where(allowed < reduced, np.maximum(reduced, last), last)
    return np.where(taken, following, kept_out), float(ends[:, :-1].sum())


def _within_mcns(
    reduced: FloatArray, mcns: npt.NDArray[np.int64], k: int, per_mcn: int | None
) -> FloatArray:
    """Return the worth of edges, -inf for those beyond the best few of their MCN."""
    if per_mcn is None or per_mcn >= k:
        return reduced
    order = np.argsort(-reduced, axis=1, kind="stable")
    theirs = np.take_along_axis(mcns, order, axis=1)
    by_mcn = np.argsort(theirs, axis=1, kind="stable")
    grouped = np.take_along_axis(theirs, by_mcn, axis=1)
    places = np.broadcast_to(np.arange(grouped.shape[1]), grouped.shape)
    starts = np.diff(grouped, axis=1, prepend=-2) != 0
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    beyond = (places - first >= per_mcn) & (grouped >= 0)
    allowed = reduced.copy()
    rows, columns = np.nonzero(beyond)
    allowed[rows, order[rows, by_mcn[rows, columns]]] = -np.inf
    return allowed


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, max(count, 1), _BLOCK))
