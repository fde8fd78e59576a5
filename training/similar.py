"""Judge look-alikes: how well a creator's later sales are predicted from its neighbours' sales."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from matching.history import FloatArray, IntArray
from matching.likeness import Likeness
from matching.matcher import Matcher

NEIGHBOURS = 10
METHODS = ("this space", "content similarity", "followers")
_DRAWS = 200

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
        creators (how many are judged), neighbours, and methods: spearman and r2 by method, each
        with its standard error, and the `gain` in Spearman of this space over it, paired.
        Standard errors are those of a bootstrap by creator. Figures are None where there are too
        few creators, or all sold the same.
    """
    creators, sales = later_sales(matcher, later)
    report: dict[str, Any] = {"creators": len(creators), "neighbours": neighbours}
    if len(creators) <= neighbours + 1:
        return {**report, "methods": dict.fromkeys(METHODS)}
    predicted = {
        method: sales[nearest].mean(axis=1)
        for method, nearest in _nearest(matcher, creators, neighbours)
    }
    generator = np.random.default_rng(seed)
    draws = [generator.integers(len(sales), size=len(sales)) for _ in range(_DRAWS)]
    rho = {m: _drawn(_spearman, sales, told, draws) for m, told in predicted.items()}
    r2 = {m: _drawn(_r2, sales, told, draws) for m, told in predicted.items()}
    own = rho[METHODS[0]]
    report["methods"] = {
        method: {
            **_figure("spearman", rho[method]),
            **_figure("r2", r2[method]),
            **({} if method == METHODS[0] else _figure("gain", own - rho[method])),
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


def _drawn(measure: Any, actual: FloatArray, told: FloatArray, draws: list[IntArray]) -> FloatArray:
    """Return the measure on everybody, then on each draw of creators."""
    return np.array([measure(actual, told), *(measure(actual[d], told[d]) for d in draws)])


def _figure(name: str, values: FloatArray) -> dict[str, float | None]:
    """Return the figure on everybody and the standard error of its draws; None is unknown."""
    known = bool(np.isfinite(values).all())
    error = float(values[1:].std(ddof=1)) if known else None
    return {name: float(values[0]) if known else None, f"{name}_se": error}


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
