"""Rates and shares, drawn toward what is usual where little is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from matching.history import FloatArray

REFUND_PRIOR_COUNT = 20.0
"""Collaborations that a category's refunds are drawn toward those of the market by."""


def shrunk_rate(successes: Any, trials: Any, prior_rate: Any, prior_count: float) -> FloatArray:
    """Return successes per trial, drawn toward the prior rate by that many pseudo-trials.

    Where the prior is not known the plain rate is returned, NaN without a trial.
    """
    successes, trials, prior_rate = np.broadcast_arrays(
        np.asarray(successes, dtype=np.float64),
        np.asarray(trials, dtype=np.float64),
        np.asarray(prior_rate, dtype=np.float64),
    )
    weight = np.where(np.isnan(prior_rate), 0.0, prior_count)
    total = trials + weight
    rate = np.full(total.shape, np.nan)
    np.divide(successes + np.nan_to_num(prior_rate) * weight, total, out=rate, where=total > 0)
    return rate


def shrunk_share(part: Any, whole: Any, count: Any, prior: Any, prior_count: float) -> FloatArray:
    """Return part ÷ whole of a key seen `count` times, drawn toward the prior share.

    The prior weighs as much as `prior_count` occasions, whatever unit the whole is in.
    """
    share = ratio(part, whole)
    occasions = np.where(np.isnan(share), 0.0, count)
    return shrunk_rate(np.nan_to_num(share) * occasions, occasions, prior, prior_count)


def ratio(part: Any, whole: Any) -> FloatArray:
    """Return part ÷ whole, NaN where the whole is not positive."""
    part, whole = np.broadcast_arrays(
        np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    )
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
