"""Judge look-alikes: how well a creator's later sales are predicted from its neighbours' sales."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from matching.history import FloatArray, IntArray
from matching.likeness import Likeness
from matching.matcher import Matcher
from training.figures import DRAWS, Estimate

NEIGHBOURS = 10
METHODS = ("this space", "content similarity", "followers")

Neighbours = npt.NDArray[np.int64]


def judge_similar(
    matcher: Matcher, later: pd.DataFrame, neighbours: int = NEIGHBOURS, seed: int = 0
) -> dict[str, Any]:
    """Return how well neighbours foretell a creator, in this space and in two plain ones.

    A creator's sales are the mean of ln(1 + settled sales) over what they published after the
    bundle's date; they are predicted by the mean of the nearest creators who published something
    as well.

    Parameters
    ----------
    later : frame
        Later invitations with columns creator_id and settled_gmv, which is null unless published
        and settled.
    neighbours : how many creators predict one

    Returns
    -------
    dict
        creators (how many are judged), neighbours, least (how many creators it takes), and
        methods: the figures spearman and r2 of each, and the `gain` in Spearman of this space
        over it, paired. Standard errors are those of a bootstrap by creator. Methods are empty
        where there are too few creators, values None where all sold the same.
    """
    creators, sales = later_sales(matcher, later)
    least = neighbours + 2
    report: dict[str, Any] = {"creators": len(creators), "neighbours": neighbours, "least": least}
    if len(creators) < least:
        return {**report, "methods": {}}
    predicted = {
        method: sales[nearest].mean(axis=1)
        for method, nearest in _nearest(matcher, creators, neighbours)
    }
    generator = np.random.default_rng(seed)
    draws = [generator.integers(len(sales), size=len(sales)) for _ in range(DRAWS)]
    rho = {m: _estimate(_spearman, sales, told, draws) for m, told in predicted.items()}
    r2 = {m: _estimate(_r2, sales, told, draws) for m, told in predicted.items()}
    own = METHODS[0]
    report["methods"] = {
        method: {
            "spearman": rho[method].figure(),
            "r2": r2[method].figure(),
            **({} if method == own else {"gain": (rho[own] - rho[method]).figure()}),
        }
        for method in METHODS
    }
    return report


def later_sales(matcher: Matcher, later: pd.DataFrame) -> tuple[IntArray, FloatArray]:
    """Return who published after the bundle's date: rows, and mean ln(1 + settled sales)."""
    published = later[later["settled_gmv"].notna()]
    logs = np.log1p(published["settled_gmv"].astype(np.float64))
    means = logs.groupby(published["creator_id"]).mean()
    return matcher.contents.history.creator_ids.rows(list(means.index)), means.to_numpy()


def _nearest(matcher: Matcher, creators: IntArray, count: int) -> Iterator[tuple[str, Neighbours]]:
    """Yield for each method the neighbours of each creator among these, (creators, count)."""
    followers = np.nan_to_num(matcher.contents.offers.follower_count[creators])
    yield METHODS[0], _most_alike(Likeness(matcher.likeness.vectors[creators]), count)
    yield METHODS[1], _most_alike(Likeness(matcher.contents.texts.creators[creators]), count)
    yield METHODS[2], _nearest_in_size(np.log1p(followers), count)


def _most_alike(likeness: Likeness, count: int) -> Neighbours:
    everybody = np.ones(len(likeness.vectors), dtype=bool)
    return np.stack([likeness.nearest(row, count, everybody)[0] for row in range(len(everybody))])


def _nearest_in_size(sizes: FloatArray, count: int) -> Neighbours:
    """Return for each creator the others of the nearest size; they stand side by side by size."""
    order = np.argsort(sizes, kind="stable")
    ordered, place = sizes[order], np.arange(len(sizes))
    offsets = np.concatenate((np.arange(-count, 0), np.arange(1, count + 1)))
    beside = place[:, None] + offsets
    inside = (beside >= 0) & (beside < len(sizes))
    beside = beside.clip(0, len(sizes) - 1)
    gaps = np.where(inside, np.abs(ordered[beside] - ordered[:, None]), np.inf)
    chosen = np.argsort(gaps, axis=1, kind="stable")[:, :count]
    nearest = np.empty((len(sizes), count), dtype=np.int64)
    nearest[order] = order[np.take_along_axis(beside, chosen, axis=1)]
    return nearest


def _estimate(
    measure: Callable[[FloatArray, FloatArray], float],
    actual: FloatArray,
    told: FloatArray,
    draws: list[IntArray],
) -> Estimate:
    """Return the measure on everybody, and on each draw of creators."""
    spread = np.array([measure(actual[drawn], told[drawn]) for drawn in draws])
    return Estimate(measure(actual, told), spread, len(actual))


def _spearman(actual: FloatArray, told: FloatArray) -> float:
    ranks = [rankdata(values) for values in (actual, told)]
    if any(np.ptp(r) == 0 for r in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def _r2(actual: FloatArray, told: FloatArray) -> float:
    """Return the share of the variance that is explained; below 0 it is worse than the mean."""
    if np.ptp(actual) == 0:
        return float("nan")
    return float(1.0 - ((actual - told) ** 2).sum() / ((actual - actual.mean()) ** 2).sum())
