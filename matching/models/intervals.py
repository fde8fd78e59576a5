"""Intervals by split conformal prediction, in bins of predicted size.

Lei et al., "Distribution-free predictive inference for regression", JASA 2018: the quantiles of the
errors that a model made on rows it had not seen bound the next error. Bins by predicted size make
the coverage hold for small and large predictions alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_FLOOR = -10.0  # the logarithm that stands for "nothing was sold"
_ROWS_PER_BIN = 100
_MAX_BINS = 10


@dataclass(frozen=True)
class Interval:
    """Bounds of ln(actual ÷ predicted) by predicted size, interpolated between bins.

    `centers`, `low` and `high` have one entry a bin; none at all means that nothing could be
    calibrated, and the bounds are NaN.
    """

    level: float
    centers: FloatArray
    low: FloatArray
    high: FloatArray
    row_count: int = 0

    @classmethod
    def calibrate(cls, predicted: FloatArray, actual: FloatArray, level: float = 0.8) -> Interval:
        """Return the interval that would have covered `level` of these later rows.

        Both arrays are amounts of money, float64 (rows,).
        """
        with np.errstate(divide="ignore"):
            error = np.maximum(np.log(actual) - np.log(predicted), _FLOOR)
            size = np.log(predicted)
        bins = int(np.clip(len(size) // _ROWS_PER_BIN, 1, _MAX_BINS)) if len(size) >= 20 else 0
        order = np.argsort(size, kind="stable")
        parts = np.array_split(order, bins) if bins else []
        bounds = [_bounds(error[part], level) for part in parts]
        return cls(
            level,
            np.array([np.median(size[part]) for part in parts]),
            np.array([low for low, _ in bounds]),
            np.array([high for _, high in bounds]),
            len(size),
        )

    def bounds(self, predicted: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return low and high bound of the amount for each prediction, NaN if not calibrated."""
        if not len(self.centers):
            nothing = np.full(predicted.shape, np.nan)
            return nothing, nothing
        size = np.log(np.maximum(predicted, 1e-12))
        low = predicted * np.exp(np.interp(size, self.centers, self.low))
        high = predicted * np.exp(np.interp(size, self.centers, self.high))
        return np.where(low < predicted * np.exp(_FLOOR / 2), 0.0, low), high

    def to_dict(self) -> dict[str, Any]:
        """Return the state as plain numbers."""
        return {
            "level": self.level,
            "centers": self.centers.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "row_count": self.row_count,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Interval:
        """Rebuild what `to_dict` returned."""
        centers, low, high = (np.array(state[name]) for name in ("centers", "low", "high"))
        return cls(float(state["level"]), centers, low, high, int(state["row_count"]))


def _bounds(errors: FloatArray, level: float) -> tuple[float, float]:
    """Return low and high error; where the low one is to sell nothing, nothing lies below it."""
    low = _bound(errors, (1 - level) / 2, up=False)
    return low, _bound(errors, level if low <= _FLOOR else (1 + level) / 2, up=True)


def _bound(errors: FloatArray, quantile: float, up: bool) -> float:
    """Return the quantile with the finite-sample correction, outward."""
    count = len(errors)
    ordered = np.sort(errors)
    if up:
        return float(ordered[min(int(np.ceil((count + 1) * quantile)), count) - 1])
    return float(ordered[max(int(np.floor((count + 1) * quantile)), 1) - 1])
