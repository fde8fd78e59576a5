"""Figures and how sure they are: standard errors, bootstraps by creator, paired differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from matching.history import FloatArray, IntArray
from training.metrics import Metric

Figure = dict[str, Any]
"""Plain values for the report: value, standard_error and so on, None where not known."""

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
        if not count:
            return cls(np.zeros((draws, 0), dtype=np.int16), np.zeros(0, dtype=np.int64))
        drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), draws)
        return cls(drawn.astype(np.int16), places.astype(np.int64))

    def only(self, rows: Any) -> Draws:
        """Return the same draws for some of the rows (a mask or row numbers)."""
        return Draws(self.counts, self.places[rows])

    def estimate(self, metric: Metric, centred: bool = False) -> Estimate:
        """Return a metric of these rows with its bootstrap draws; NaN where it is undefined.

        `centred` moves the draws so that their mean is the value: a draw repeats creators, and
        that alone changes an NDCG and lifts a calibration error.
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
