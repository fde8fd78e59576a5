"""Figures and how sure they are: standard errors, bootstraps by creator, paired differences.

A metric is a function of row weights, (draws, rows) → (draws,): a bootstrap draw says how often
each row counts, and every row once gives the figure itself. Metrics that share their draws can be
subtracted, which gives paired differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Metric = Callable[[FloatArray], FloatArray]
Figure = dict[str, Any]

DRAWS = 200
LEVEL = 0.9
_WEIGHTS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Draws:
    """Bootstrap draws of creators: how often each counts, int16 (draws, creators).

    `places` says which of them each row belongs to, int64 (rows,). Rows of one creator stay
    together, because their luck does.
    """

    counts: npt.NDArray[np.int16]
    places: IntArray

    @classmethod
    def build(cls, creators: Any, seed: int = 0, draws: int = DRAWS) -> Self:
        """Draw creators with replacement; `creators` names the creator of each row."""
        names, places = np.unique(np.asarray(creators, dtype=object), return_inverse=True)
        count = len(names)
        even = np.full(count, 1.0 / count) if count else np.zeros(0)
        drawn = np.random.default_rng(seed).multinomial(count, even, draws)
        return cls(drawn.reshape(draws, count).astype(np.int16), places.astype(np.int64))

    def only(self, rows: Any) -> Draws:
        """Return the same draws for some of the rows (a mask or row numbers)."""
        return Draws(self.counts, self.places[rows])

    def estimate(self, metric: Metric, centred: bool = False) -> Estimate:
        """Return a metric of these rows with its bootstrap draws; NaN where it is undefined.

        `centred` moves the draws so that their mean is the value: a draw repeats creators, and
        that alone lifts an NDCG or a calibration error.
        """
        rows = len(self.places)
        if not rows:
            return Estimate(np.nan, np.full(len(self.counts), np.nan), 0)
        step = max(1, _WEIGHTS_AT_ONCE // rows)
        drawn = [
            metric(self.counts[start : start + step, self.places].astype(np.float64))
            for start in range(0, len(self.counts), step)
        ]
        value, spread = float(metric(np.ones((1, rows)))[0]), np.concatenate(drawn)
        if centred and np.isfinite(spread).any():
            spread = spread + value - np.nanmean(spread)
        return Estimate(value, spread, rows)


@dataclass(frozen=True)
class Estimate:
    """A figure and what it was in each bootstrap draw, over so many rows."""

    value: float
    draws: FloatArray
    rows: int

    def __sub__(self, other: Estimate) -> Estimate:
        return Estimate(self.value - other.value, self.draws - other.draws, self.rows)

    def figure(self) -> Figure:
        """Return value, standard error, 90 % interval and number of rows; None where undefined."""
        draws = self.draws[np.isfinite(self.draws)]
        sure = len(draws) > 1 and np.isfinite(self.value)
        tail = (1.0 - LEVEL) / 2.0
        low, high = np.quantile(draws, (tail, 1.0 - tail)) if sure else (np.nan, np.nan)
        return {
            "value": number(self.value),
            "standard_error": number(draws.std(ddof=1)) if sure else None,
            "low": number(low),
            "high": number(high),
            "rows": self.rows,
        }


def beside(mine: Estimate, theirs: Estimate) -> dict[str, Figure]:
    """Return the figure by prediction, by followers alone, and the paired gain."""
    gain = mine - theirs
    return {"predicted": mine.figure(), "followers": theirs.figure(), "gain": gain.figure()}


def pooled(estimates: list[Estimate]) -> Estimate:
    """Return the mean of figures that share their draws; those that are undefined are left out."""
    usable = [estimate for estimate in estimates if np.isfinite(estimate.value)]
    if not usable:
        return Estimate(np.nan, np.full(DRAWS, np.nan), 0)
    return Estimate(
        float(np.mean([estimate.value for estimate in usable])),
        np.mean([estimate.draws for estimate in usable], axis=0),
        sum(estimate.rows for estimate in usable),
    )


def mean_figure(values: Any) -> Figure:
    """Return the mean of independent values and its standard error; None where there are none."""
    values = np.asarray(values, dtype=np.float64)
    return ratio_figure(values, np.ones_like(values))


def ratio_figure(parts: Any, wholes: Any) -> Figure:
    """Return Σ parts ÷ Σ wholes over independent cases; None unless the wholes add up above 0.

    The standard error is that of the ratio estimator: the spread of parts − ratio · wholes.
    """
    parts, wholes = (np.asarray(a, dtype=np.float64) for a in (parts, wholes))
    count, total = len(parts), wholes.sum()
    value = parts.sum() / total if total > 0 else np.nan
    rest = parts - value * wholes
    error = np.sqrt(count / (count - 1) * (rest**2).sum()) / total if count > 1 else np.nan
    return {"value": number(value), "standard_error": number(error), "count": count}


def number(value: Any) -> float | None:
    """Return a plain finite number, None for anything else: JSON has no NaN."""
    return float(value) if np.isfinite(value) else None


def mean(values: FloatArray) -> Metric:
    """Return the metric: mean of the values."""
    return ratio(values, np.ones(len(values)))


def ratio(parts: FloatArray, wholes: FloatArray) -> Metric:
    """Return the metric: sum of the parts ÷ sum of the wholes."""

    def metric(weight: FloatArray) -> FloatArray:
        return _divide(weight @ parts, weight @ wholes)

    return metric


def auc(truth: Any, score: FloatArray) -> Metric:
    """Return the metric: the chance that a case scores above one that is none, ties half."""
    order, starts = _groups(score)
    case = np.asarray(truth, dtype=np.float64)[order]

    def metric(weight: FloatArray) -> FloatArray:
        weight = weight[:, order]
        cases = np.add.reduceat(weight * case, starts, axis=1)
        others = np.add.reduceat(weight * (1.0 - case), starts, axis=1)
        below = np.cumsum(others, axis=1) - others / 2.0
        return _divide((cases * below).sum(axis=1), cases.sum(axis=1) * others.sum(axis=1))

    return metric


def spearman(one: FloatArray, other: FloatArray) -> Metric:
    """Return the metric: correlation of the ranks, ties sharing theirs."""
    ranks = [_ranks(one), _ranks(other)]

    def metric(weight: FloatArray) -> FloatArray:
        total = weight.sum(axis=1, keepdims=True)
        first, second = (rank(weight) for rank in ranks)
        first, second = (
            a - (weight * a).sum(axis=1, keepdims=True) / total for a in (first, second)
        )
        spread = (weight * first**2).sum(axis=1) * (weight * second**2).sum(axis=1)
        return _divide((weight * first * second).sum(axis=1), np.sqrt(spread))

    return metric


def top_share(amounts: FloatArray, score: FloatArray, part: float = 0.1) -> Metric:
    """Return the metric: share of the amounts that the top part by score holds."""
    order = np.argsort(-score, kind="stable")
    amounts = amounts[order]

    def metric(weight: FloatArray) -> FloatArray:
        weight = weight[:, order]
        room = part * weight.sum(axis=1, keepdims=True) - (np.cumsum(weight, axis=1) - weight)
        return _divide(np.clip(room, 0.0, weight) @ amounts, weight @ amounts)

    return metric


def calibration_error(truth: FloatArray, chance: FloatArray, bins: int = 10) -> Metric:
    """Return the metric: expected calibration error over bins of equal width."""
    place = chance_bins(chance, bins)
    inside = np.equal.outer(place, np.arange(bins)).astype(np.float64)
    excess = (truth - chance)[:, None] * inside

    def metric(weight: FloatArray) -> FloatArray:
        return _divide(np.abs(weight @ excess).sum(axis=1), weight.sum(axis=1))

    return metric


def chance_bins(chance: FloatArray, bins: int = 10) -> IntArray:
    """Return the bin of equal width that each probability falls into, from 0."""
    return np.minimum((chance * bins).astype(np.int64), bins - 1)


def ndcg(groups: Any, gain: FloatArray, score: FloatArray, top: int = 10) -> Metric:
    """Return the metric: mean NDCG at `top` over groups in which there is something to gain.

    Groups of one row have no order and are left out (Järvelin and Kekäläinen, "Cumulated
    gain-based evaluation of IR techniques", TOIS 2002).
    """
    _, group = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
    count = int(group.max(initial=-1)) + 1
    orders = [np.lexsort((-by, group)) for by in (score, gain)]
    varied = np.bincount(group, minlength=count) > 1

    def metric(weight: FloatArray) -> FloatArray:
        return np.array([one(draw.astype(np.int64)) for draw in weight])

    def one(times: IntArray) -> float:
        found, best = (_gains(np.repeat(o, times[o]), group, gain, count, top) for o in orders)
        usable = varied & (best > 0)
        return float((found[usable] / best[usable]).mean()) if usable.any() else np.nan

    return metric


def _gains(rows: IntArray, group: IntArray, gain: FloatArray, count: int, top: int) -> FloatArray:
    """Return each group's discounted gain of its first rows; `rows` are sorted by group."""
    sizes = np.bincount(group[rows], minlength=count)
    first = np.cumsum(sizes) - sizes
    place = np.arange(len(rows)) - first[group[rows]]
    shown = place < top
    return np.bincount(
        group[rows[shown]], gain[rows[shown]] / np.log2(place[shown] + 2.0), minlength=count
    )


def _ranks(values: FloatArray) -> Metric:
    """Return each row's rank among weighted rows, (draws, rows)."""
    order, starts = _groups(values)
    group = np.zeros(len(values), dtype=np.int64)
    group[starts[1:]] = 1
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.cumsum(group)

    def ranks(weight: FloatArray) -> FloatArray:
        sizes = np.add.reduceat(weight[:, order], starts, axis=1)
        return (np.cumsum(sizes, axis=1) - sizes / 2.0)[:, place]

    return ranks


def _groups(values: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the order of the values, and where in it each run of equal values starts."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    return order, np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])


def _divide(part: FloatArray, whole: FloatArray) -> FloatArray:
    result = np.full(len(part), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
