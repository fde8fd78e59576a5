"""Allocation: who is listed for what, when creators cannot serve everybody.

Choose edges (product, creator) that maximise the total expected value: at most k a product and n an
MCN and list, a least share of places for small creators, and for every creator
P(acceptances > capacity) within a stated chance. Prices solve the programme's linear relaxation
(`prices`), rounding makes whole lists of it (`rounding`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matching.errors import MatchingError
from serve.capacity import FloatArray, IntArray, Promises, simulate_overflow
from serve.edges import Edges, Limits, Market, market_of, whole_capacity
from serve.exploration import explore
from serve.exposure import exposure
from serve.prices import Prices, margins, solve
from serve.rounding import Lists

SETTLED_SHARE = 0.5
"""By ROI the best list holds one creator only. Unless another least is asked for, lists must bring
this part of the settled GMV that they could bring under the same limits."""
_SPARE = 1.01  # of the least settled GMV, since whole lists bring a little less than the relaxation
_ATTEMPTS = 4
_HALVINGS = 12
_LEFT = 0.9  # of the places that lists have without the least share
_FREE = 1e-12  # of all value: a price that is none
_QUICK = 8  # iterations of prices that start from others nearby


@dataclass(frozen=True)
class Allocation:
    """The chosen edges as rows of `Edges`, in order, the chance that each had, and a report.

    The report is plain values, the same for the same edges, limits and seed.
    """

    chosen: IntArray
    placement_probability: FloatArray
    report: dict[str, Any]


def allocate(edges: Edges, limits: Limits, objective: str, seed: int = 0) -> Allocation:
    """Choose the edges that are listed.

    Raises
    ------
    OptionError
        If a limit cannot be.
    MatchingError
        If the least share of small creators or the least settled GMV cannot be reached.
    """
    market = market_of(edges, limits.check())
    if objective == "roi":
        market, prices, lists, rate, least = _by_roi(edges, market, limits)
    else:
        # As good as no edge: a least share must not bring in what would lose money.
        market = market.valued(np.where(edges.value > 0.0, edges.value, -np.inf))
        prices = solve(market)
        lists = _round(market, prices, limits)
    report = _compare(market, prices, lists, limits)
    if objective == "roi":
        ratio = _ratio(edges, market.rows_of(lists.edges))
        report["roi"] = {"rate": rate, "min_settled_gmv": least, **ratio}
    if limits.min_share > 0.0:
        report["without_min_share"] = free = _without_share(market, limits)
        if report["allocation"]["places"] < _LEFT * free["places"]:
            raise MatchingError(
                f"small creators can have {limits.min_share:.0%} of the places only where lists "
                f"are cut from {free['places']:,} to {report['allocation']['places']:,}; lower "
                "--min-share"
            )
    uncertainty = market.laid(edges.uncertainty, 0.0).ravel()
    placed = explore(lists, uncertainty, _unsure(market, lists), limits.explore, seed)
    if limits.explore > 0.0:
        told = {"places": placed.explored, **_figures(market, placed.cells, limits)}
        if objective == "roi":
            told |= _ratio(edges, market.rows_of(placed.cells))
        report["with_exploration"] = told
    rows = market.rows_of(placed.cells)
    report["violations"] = _violations(edges[rows], limits, seed)
    return Allocation(rows, placed.probability, report)


def _by_roi(
    edges: Edges, market: Market, limits: Limits
) -> tuple[Market, Prices, Lists, float, float]:
    """Return the market, its prices and lists at the highest rate that brings enough sales.

    Total ROI is a ratio of sums, so no edge has a value by itself. At a rate t an edge is worth
    P(accept)·(E[S] - t·E[C]). The best lists that bring the least settled GMV are those at some t
    (Dinkelbach, 1967, with the price of that least inside t), and the higher t, the higher the
    ROI and the lower the sales.
    """
    prices = solve(market.valued(edges.settled_gmv), most=4 * _QUICK)
    least = limits.min_settled_gmv or SETTLED_SHARE * prices.bound
    if least > prices.unpriced:
        raise MatchingError(
            f"no lists bring settled sales of {least:,.0f}: at most {prices.unpriced:,.0f}, had "
            "creators no limits; lower --min-settled-gmv"
        )
    goal = least * _SPARE
    for _ in range(_ATTEMPTS):
        rate, prices = _highest_rate(edges, market, goal, prices)
        valued = market.valued(edges.settled_gmv - rate * edges.cost)
        prices = solve(valued, prices)
        lists = _round(valued, prices, limits)
        settled = float(edges.settled_gmv[market.rows_of(lists.edges)].sum())
        if settled >= least:
            return valued, prices, lists, rate, least
        goal *= 2.0 * least / settled - 1.0 if settled > 0.0 else 2.0
    raise MatchingError(
        f"whole lists within these limits bring settled sales of {settled:,.0f}, not {least:,.0f}; "
        "lower --min-settled-gmv"
    )


def _highest_rate(edges: Edges, market: Market, goal: float, start: Prices) -> tuple[float, Prices]:
    """Return the highest rate at which what the prices choose settles at the goal, and prices."""
    costly = (edges.cost > 0.0) & (edges.settled_gmv > 0.0)
    rates = edges.settled_gmv[costly] / edges.cost[costly]
    if not len(rates):
        return 0.0, start
    settled = market.laid(edges.settled_gmv, 0.0)
    low, high = float(rates.min()), float(rates.max())
    rate, prices = 0.0, start
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        valued = market.valued(edges.settled_gmv - middle * edges.cost)
        tried = solve(valued, prices, _QUICK)
        if settled[margins(valued, tried) > 0.0].sum() >= goal:
            low = rate = middle
            prices = tried
        else:
            high = middle
    return rate, prices


def _round(market: Market, prices: Prices, limits: Limits) -> Lists:
    """Return whole lists within every limit, near what the prices choose."""
    gains = margins(market, prices)
    lists = Lists(market, market.tilted(prices.share), _nothing_promised(limits))
    paid = market.use * prices.creators[market.creators]
    # Of edges that gain, those go first that gain most for what their creator's time costs.
    ratio = gains / np.maximum(paid, _FREE * max(prices.bound, 1.0))
    lists.fill(np.argsort(-ratio.ravel(), kind="stable"))
    lists.improve(gains)
    if market.min_share > 0.0:
        lists.worth = market.worth.ravel()  # the share has a price no more, it is kept
        lists.raise_share()
        lists.improve(gains, keep_share=True)
    return lists


def _nothing_promised(limits: Limits) -> Promises:
    """Return promises to nobody; whoever stands where there is no edge can take none."""
    return Promises(np.append(whole_capacity(limits.capacity), 0.0), limits.chance)


def greedy(market: Market, limits: Limits, by_product: bool = False) -> Lists:
    """Return what taking the best edge that still fits, again and again, chooses.

    The best of the market, or, `by_product`, the best of one product after the other.
    """
    lists = Lists(market, market.worth, _nothing_promised(limits))
    order = np.argsort(-market.worth.ravel(), kind="stable")
    if by_product:
        order = order[np.argsort(order // lists.columns, kind="stable")]
    lists.fill(order)
    return lists


def _compare(market: Market, prices: Prices, lists: Lists, limits: Limits) -> dict[str, Any]:
    """Return what the lists are worth beside the programme's bound, and beside simpler ones."""
    found = _figures(market, lists.edges, limits)
    alone = np.argsort(-market.worth, axis=1, kind="stable")[:, : market.k]
    cells = np.sort((alone + np.arange(len(alone))[:, None] * market.worth.shape[1]).ravel())
    cells = cells[market.worth.ravel()[cells] > 0.0]
    return {
        "allocation": found,
        "bound": prices.bound,
        "duality_gap": 1.0 - found["value"] / prices.bound if prices.bound > 0.0 else 0.0,
        "iterations": prices.iterations,
        "share_price": prices.share,
        "each_product_by_itself": _figures(market, cells, limits),
        "greedy_with_capacity": _figures(market, greedy(market, limits).edges, limits),
    }


def _without_share(market: Market, limits: Limits) -> dict[str, float]:
    """Return the figures of lists that are free of the least share: what it costs."""
    free = replace(market, min_share=0.0)
    return _figures(market, _round(free, solve(free), limits).edges, limits)


def _figures(market: Market, cells: IntArray, limits: Limits) -> dict[str, float]:
    creators = market.creators.ravel()[cells]
    small = market.small.ravel()[cells]
    return {
        "value": float(market.worth.ravel()[cells].sum()),
        "places": len(cells),
        "small_share": round(float(small.mean()), 6) if len(cells) else 0.0,
        **exposure(creators, whole_capacity(limits.capacity)),
    }


def _ratio(edges: Edges, rows: IntArray) -> dict[str, float]:
    settled, cost = float(edges.settled_gmv[rows].sum()), float(edges.cost[rows].sum())
    return {"total": settled / cost if cost > 0.0 else 0.0, "settled_gmv": settled, "cost": cost}


def _unsure(market: Market, lists: Lists) -> IntArray:
    """Return the cells that may be explored; under a least share those of small creators only.

    So a place that is given away never lowers the share.
    """
    may = ~lists.taken & np.isfinite(market.worth.ravel())
    return np.flatnonzero(may & market.small.ravel() if market.min_share > 0.0 else may)


def _violations(listed: Edges, limits: Limits, seed: int) -> dict[str, Any]:
    """Return how often too many accept, exactly and as simulated answers show it."""
    capacity = whole_capacity(limits.capacity)
    promises = Promises(capacity, limits.chance)
    for creator, accept in zip(
        listed.creators.tolist(), listed.accept_probability.tolist(), strict=True
    ):
        promises.add(creator, accept)
    promised = np.unique(listed.creators)
    exact = np.array([promises.overflow(creator) for creator in promised.tolist()])
    seen = simulate_overflow(
        listed.creators, listed.accept_probability, capacity, np.random.default_rng(seed)
    )
    return {
        "chance": limits.chance,
        "creators": len(promised),
        "creators_beyond": int((exact > limits.chance + 1e-9).sum()),
        "largest_chance": round(float(exact.max(initial=0.0)), 6),
        "simulated_mean": round(float(seen[promised].mean()) if len(promised) else 0.0, 6),
    }
