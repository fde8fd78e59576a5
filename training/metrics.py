"""Metrics that a bootstrap can repeat: AUC, rank correlation, NDCG, calibration error.

A metric is a function of row weights, (draws, rows) → (draws,): a bootstrap draw says how often
each row counts, and every row once gives the figure itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from matching.history import FloatArray, IntArray

Metric = Callable[[FloatArray], FloatArray]


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
        total = np.maximum(weight.sum(axis=1, keepdims=True), 1.0)  # a draw may hold none of them
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

    def metric(weight: FloatArray) -> FloatArray:
        return np.array([one(draw.astype(np.int64)) for draw in weight])

    def one(times: IntArray) -> float:
        found, best = (_gains(np.repeat(o, times[o]), group, gain, count, top) for o in orders)
        usable = (np.bincount(group, times, minlength=count) > 1) & (best > 0)
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
