"""Small markets, and their best allocation by an exact solver."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, vstack

from serve.capacity import use_of
from serve.edges import Edges, Limits


def random_market(products: int, creators: int, each: int, seed: int) -> tuple[Edges, np.ndarray]:
    """Return edges of a few large and many small creators, and capacities."""
    draw = np.random.default_rng(seed)
    size = draw.normal(0.0, 1.5, creators)
    affinity = draw.normal(0.0, 1.0, (products, creators))
    worth = np.exp(size + affinity + draw.normal(0.0, 1.0, (products, 1)))
    near = affinity + 0.3 * size
    chosen = np.sort(np.argsort(-near, axis=1)[:, :each], axis=1)
    rows, columns = np.repeat(np.arange(products), each), chosen.ravel()
    willing = draw.normal(-0.6, 0.5, creators)[columns] + draw.normal(0.0, 0.3, len(columns))
    accept = 1.0 / (1.0 + np.exp(-willing))
    settled = worth[rows, columns] * accept
    mcns = np.where(draw.random(creators) < 0.5, draw.integers(0, 3, creators), -1)
    edges = Edges(
        rows,
        columns,
        settled,
        settled,
        accept * (0.2 * worth[rows, columns] + draw.uniform(0.05, 0.5, len(columns))),
        accept,
        mcns[columns],
        (size < np.quantile(size, 0.5))[columns],
        draw.random(creators)[columns],
    )
    return edges, 1.0 + draw.poisson(4.0, creators)


def best_value(edges: Edges, limits: Limits, values: np.ndarray) -> float:
    """Return the most that whole lists can be worth, within a ten-thousandth, by HiGHS.

    It solves the programme of parts of weeks, and cuts off every choice of a creator that breaks
    the true chance until none is left: a set of promises that does is too large by one, and so is
    any other as large with chances as high.
    """
    count = len(edges)
    use = use_of(limits.capacity[edges.creators], edges.accept_probability, limits.chance)
    groups = [edges.products, edges.creators]
    rows = [
        csr_matrix((w, (g, np.arange(count))))
        for w, g in zip((np.ones(count), use), groups, strict=True)
    ]
    most = [np.full(rows[0].shape[0], float(limits.k)), np.ones(rows[1].shape[0])]
    if limits.per_mcn is not None:
        theirs = np.flatnonzero(edges.mcns >= 0)
        lists, place = np.unique(
            np.stack((edges.products[theirs], edges.mcns[theirs])), axis=1, return_inverse=True
        )
        rows.append(csr_matrix((np.ones(len(theirs)), (place, theirs)), (lists.shape[1], count)))
        most.append(np.full(lists.shape[1], float(limits.per_mcn)))
    if limits.min_share > 0.0:
        rows.append(csr_matrix((limits.min_share - edges.small)[None, :]))
        most.append(np.zeros(1))
    while True:
        found = milp(
            -values,
            constraints=LinearConstraint(vstack(rows), -np.inf, np.concatenate(most)),
            bounds=Bounds(0, 1),
            integrality=np.ones(count),
            options={"mip_rel_gap": 1e-4},
        )
        cuts = list(_cuts(edges, limits, found.x > 0.5))
        if not cuts:
            return float(-found.fun)
        rows.append(csr_matrix(np.array([cut for cut, _ in cuts], dtype=float)))
        most.append(np.array([float(size) for _, size in cuts]))


def _cuts(edges: Edges, limits: Limits, chosen: np.ndarray):
    """Yield (edges, how many of them at most) for each creator who is promised too often."""
    for creator in np.unique(edges.creators[chosen]):
        mine = np.flatnonzero(edges.creators == creator)
        promised = mine[chosen[mine]]
        capacity = limits.capacity[creator]
        if overflow(edges.accept_probability[promised], capacity) <= limits.chance + 1e-12:
            continue
        promised = promised[np.argsort(-edges.accept_probability[promised])]
        while overflow(edges.accept_probability[promised[:-1]], capacity) > limits.chance + 1e-12:
            promised = promised[:-1]
        cut = np.isin(np.arange(len(edges)), promised)
        cut[mine[edges.accept_probability[mine] >= edges.accept_probability[promised].max()]] = True
        yield cut, len(promised) - 1


def overflow(accept: np.ndarray, capacity: float) -> float:
    """Return P(acceptances > capacity) from the whole distribution."""
    chances = np.ones(1)
    for probability in accept:
        chances = np.convolve(chances, [1.0 - probability, probability])
    return float(chances[int(capacity) + 1 :].sum()) if np.isfinite(capacity) else 0.0
