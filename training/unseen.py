"""What a ranker says of outcomes that it has not seen, and what is calibrated on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from matching.columns import CHANNELS
from matching.history import FloatArray, IntArray
from matching.models.intervals import Interval
from matching.models.ranker import Given, Outcomes, Ranker
from training.records import Records
from training.rows import BoolArray, Rows

LEAST_VALIDATION = 200
_ROWS_AT_ONCE = 500_000
_LEAST_SLOPE = 0.5
_LEAST_KEPT = 1e-9  # of gross sales, where everything was always sent back
_LEAST_RATIOS = 100  # fewer in a channel say too little of its luck


@dataclass(frozen=True)
class Unseen:
    """Published collaborations: what an uncalibrated ranker says of them, and what came.

    Attributes
    ----------
    published : int64 (published,)
        Rows that published, and sold anything where sales are those of a sale; `channels`, `gross`
        (sales as predicted, before refunds), `kept` (share that is not sent back) and `sales` (what
        came, settled) in their order.
    seen : int64 (seen,)
        Rows with impressions; `seen_channels` and `view_ratios` (actual ÷ predicted) in their
        order.
    """

    published: IntArray
    channels: IntArray
    gross: FloatArray
    kept: FloatArray
    sales: FloatArray
    seen: IntArray
    seen_channels: IntArray
    view_ratios: FloatArray

    @classmethod
    def of(
        cls,
        ranker: Ranker,
        rows: Rows,
        records: Records,
        later: Mapping[str, tuple[IntArray, FloatArray]],
        threads: int,
    ) -> Self:
        """Ask a ranker, of which nothing is calibrated, for later rows (`Rows.heads`)."""
        published, _ = later["sale"]
        if ranker.given_sale:
            published = published[rows.sales[published] > 0]
        outcomes = replay(ranker, rows, records, published, threads)
        kept = np.maximum(1.0 - outcomes.refund_share, _LEAST_KEPT)
        seen, _ = later["impressions"]
        views = replay(ranker, rows, records, seen, threads).impressions
        return cls(
            published,
            rows.channels[published],
            outcomes.published_gmv / outcomes.sale_probability / kept,
            kept,
            rows.sales[published],
            seen,
            rows.channels[seen],
            rows.impressions[seen] / views,
        )

    def only(self, chosen: BoolArray) -> Self:
        """Return what is said of some rows; bool (rows,)."""
        published, seen = chosen[self.published], chosen[self.seen]
        return replace(
            self,
            **{name: getattr(self, name)[published] for name in _OF_PUBLISHED},
            **{name: getattr(self, name)[seen] for name in _OF_SEEN},
        )

    def calibrate(self, ranker: Ranker, level: float) -> Ranker:
        """Return the ranker with its slope, its smearings and its interval.

        The smearing is by channel: luck differs between sessions and videos. That of impressions
        is NaN where the ranker has learnt none.
        """
        gross = self.gross
        slope = slope_of(gross, self.sales / self.kept, self.channels)
        typical = gross**slope * self.kept
        smearing = _smearing(self.sales / typical, self.channels)
        views = _smearing(self.view_ratios, self.seen_channels)
        return replace(
            ranker,
            slope=slope,
            smearing=smearing,
            seen=np.where(np.isnan(ranker.seen), np.nan, views),
            interval=Interval.calibrate(typical * smearing[self.channels], self.sales, level),
        )


_OF_PUBLISHED = ("published", "channels", "gross", "kept", "sales")
_OF_SEEN = ("seen", "seen_channels", "view_ratios")


def replay(
    ranker: Ranker, rows: Rows, records: Records, chosen: IntArray, threads: int
) -> Outcomes:
    """Return what the ranker would have predicted of these rows on the day of the invitation.

    Features and effects are those of what was known before that day.
    """
    found = {f.name: np.empty(len(chosen)) for f in fields(Outcomes)}
    for start in range(0, len(chosen), _ROWS_AT_ONCE):
        some = chosen[start : start + _ROWS_AT_ONCE]
        given = Given(
            rows.channels[some],
            rows.log_price[some],
            records.at(rows, some, rows.invited[some]),
        )
        outcomes = ranker.predict(rows.matrix[some], given, threads)
        for name, values in found.items():
            values[start : start + len(some)] = getattr(outcomes, name)
    return Outcomes(**found)


def slope_of(predicted: FloatArray, actual: FloatArray, channels: IntArray) -> float:
    """Return the power of the prediction that the mean of what came follows, at most 1.

    A generalised linear model with a logarithmic link, whose variance grows with nearly the square
    of the mean: each row says as much of the slope, whatever its size.
    """
    from sklearn.linear_model import TweedieRegressor

    if len(predicted) < LEAST_VALIDATION or np.ptp(predicted) == 0:
        return 1.0
    size = np.log(predicted)
    design = np.stack((size - size.mean(), channels), axis=1)
    model = TweedieRegressor(power=1.9, alpha=0.0, link="log", max_iter=1000)
    model.fit(design, actual / np.exp(size.mean()))
    return float(np.clip(model.coef_[0], _LEAST_SLOPE, 1.0))


def _smearing(ratios: FloatArray, channels: IntArray) -> FloatArray:
    """Return by channel the mean of actual ÷ predicted, the largest hundredth capped.

    A channel of few rows takes the mean of all: luck differs between sessions and videos.
    """
    means = np.ones(len(CHANNELS))
    if not len(ratios):
        return means
    capped = np.minimum(ratios, np.quantile(ratios, 0.99))
    for channel in range(len(CHANNELS)):
        own = ratios[channels == channel]
        enough = len(own) >= _LEAST_RATIOS
        means[channel] = np.minimum(own, np.quantile(own, 0.99)).mean() if enough else capped.mean()
    return means
