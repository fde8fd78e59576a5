"""Ranker: heads and economics → predicted commission ROI, interval and order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching import economics
from matching.economics import Deal
from matching.models.intervals import Interval
from matching.models.outcomes import FloatArray, Head, Matrix, log_probability, probability

HEADS = ("accept", "fulfil", "sale", "sales")
"""Accept on all invitations; fulfil on accepted ones; whether a published one sells anything; and
the settled sales, given that it does."""


@dataclass(frozen=True)
class Outcomes:
    """What is expected to happen to each pair; float64 arrays of one shape.

    `published_gmv` is E[S | fulfilled]; low and high bound what a published collaboration brings,
    given a sale where `Ranker.given_sale` says so.
    """

    accept_probability: FloatArray
    fulfil_probability: FloatArray
    sale_probability: FloatArray
    published_gmv: FloatArray
    published_low: FloatArray
    published_high: FloatArray


@dataclass(frozen=True)
class Money:
    """What outcomes are worth under a deal; float64 arrays, expectations given acceptance."""

    settled_gmv: FloatArray
    cost: FloatArray
    roi: FloatArray
    roi_low: FloatArray
    roi_high: FloatArray
    profit: FloatArray
    break_even_slot_fee: FloatArray
    is_degenerate: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ranker:
    """The four heads, the retransformation of the log head, and the interval.

    Parameters
    ----------
    heads : name → Head, for each of HEADS
    smearing : float
        Mean of actual ÷ exp(predicted logarithm) of sales, on rows not trained on
        (Duan, "Smearing estimate", JASA 1983).
    interval : Interval
    given_sale : bool
        Whether the interval holds given a sale, because more than a tenth sell nothing.
    """

    heads: Mapping[str, Head]
    smearing: float
    interval: Interval
    given_sale: bool

    def predict(self, matrix: Matrix, threads: int = 1) -> Outcomes:
        """Return the outcomes of each row of features."""
        margin = {name: head.margin(matrix, threads) for name, head in self.heads.items()}
        sold = np.exp(margin["sales"]) * self.smearing
        sale = probability(margin["sale"])
        published = sale * sold
        low, high = self.interval.bounds(sold if self.given_sale else published)
        return Outcomes(
            probability(margin["accept"]), probability(margin["fulfil"]), sale, published, low, high
        )

    def describe(self) -> dict[str, Any]:
        """Return all but the trees as plain values."""
        return {
            "heads": {name: head.describe() for name, head in self.heads.items()},
            "smearing": self.smearing,
            "interval": self.interval.to_dict(),
            "given_sale": self.given_sale,
        }

    @classmethod
    def restore(
        cls, description: Mapping[str, Any], features: Sequence[str], texts: Mapping[str, str]
    ) -> Ranker:
        """Rebuild from `describe` and each head's text; BundleError if the features differ."""
        heads = {
            name: Head.restore(description["heads"][name], features, texts.get(name, ""))
            for name in HEADS
        }
        return cls(
            heads,
            float(description["smearing"]),
            Interval.from_dict(description["interval"]),
            bool(description["given_sale"]),
        )

    def contributions(self, matrix: Matrix) -> FloatArray:
        """Return what each feature adds to ln E[S | accepted], (rows, features + 1), base last.

        The contributions of a probability's log-odds are rescaled to its logarithm, so that base
        and features add up exactly.
        """
        parts = self.heads["sales"].contributions(matrix)
        parts[:, -1] += np.log(self.smearing)
        for name in ("fulfil", "sale"):
            parts += _on_log_scale(self.heads[name].contributions(matrix))
        return parts


def value(outcomes: Outcomes, deal: Deal) -> Money:
    """Return the money of outcomes under a deal (contract §1)."""
    published, fulfil = outcomes.published_gmv, outcomes.fulfil_probability
    settled = fulfil * published
    cost = economics.expected_cost(deal, fulfil, published)
    low, high = (
        economics.commission_roi(bound, economics.published_cost(deal, bound))
        for bound in (outcomes.published_low, outcomes.published_high)
    )
    return Money(
        settled_gmv=settled,
        cost=cost,
        roi=economics.commission_roi(settled, cost),
        roi_low=low,
        roi_high=high,
        profit=economics.profit(deal, settled, cost),
        break_even_slot_fee=economics.break_even_slot_fee(deal, fulfil, published),
        is_degenerate=np.broadcast_to(deal.is_degenerate, settled.shape),
    )


def preference(outcomes: Outcomes, money: Money, objective: str) -> tuple[FloatArray, FloatArray]:
    """Return what is compared first and what breaks ties, larger is better, never NaN."""
    expected_sales = outcomes.accept_probability * money.settled_gmv
    if objective == "gmv":
        return expected_sales, expected_sales
    if objective == "profit":
        gain = outcomes.accept_probability * money.profit
        return np.nan_to_num(gain, nan=-np.inf), expected_sales
    return np.nan_to_num(economics.three_digits(money.roi), nan=-np.inf), expected_sales


def order(
    first: FloatArray, second: FloatArray, creators: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the rows from best to worst; rows of creators are in the order of their ids."""
    return np.lexsort((creators, -second, -first))


def _on_log_scale(parts: FloatArray) -> FloatArray:
    """Rescale the contributions to log-odds so that they add up to the log probability."""
    base = parts[:, -1]
    moved = parts[:, :-1].sum(axis=1)
    log_base = log_probability(base)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (log_probability(base + moved) - log_base) / moved
    flat = np.abs(moved) < 1e-9
    slope = np.where(flat, 1.0 - probability(base), slope)
    return np.column_stack((parts[:, :-1] * slope[:, None], log_base))
