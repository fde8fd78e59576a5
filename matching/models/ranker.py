"""Ranker: heads, effects and economics → predicted commission ROI, interval and order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching import economics
from matching.economics import Deal
from matching.models.effects import Effects
from matching.models.intervals import Interval
from matching.models.outcomes import FloatArray, Head, Matrix, log_probability, probability

IntArray = npt.NDArray[np.int64]
Margins = Mapping[str, FloatArray]

HEADS = ("accept", "fulfil", "sale", "impressions", "conversion", "refund")
"""Accept on all invitations; fulfil on accepted ones; of published ones whether they sell anything,
how many see it, what is sold (in units of the price, for each who sees it) and the share of the
sales that is sent back."""
CERTAIN = 40.0  # log-odds that are as good as certain


@dataclass(frozen=True)
class Given:
    """What the ranker is told of each pair beside the features.

    Attributes
    ----------
    channels : int64 (rows,)
        0 live, 1 video.
    log_price : float64 (rows,) or (1,)
    effects : float64 (rows, len(PARTS))
        What the pair's own record adds (`Effects.parts`).
    """

    channels: IntArray
    log_price: FloatArray
    effects: FloatArray

    def __getitem__(self, rows: Any) -> Given:
        """Return some of the rows."""
        price = np.broadcast_to(self.log_price, self.channels.shape)
        return Given(self.channels[rows], price[rows], self.effects[rows])


@dataclass(frozen=True)
class Outcomes:
    """What is expected to happen to each pair; float64 arrays of one shape.

    `published_gmv` is E[S | fulfilled]; low and high bound what a published collaboration brings,
    given a sale where `Ranker.given_sale` says so. `impressions` is NaN where the catalog has none.
    """

    accept_probability: FloatArray
    fulfil_probability: FloatArray
    sale_probability: FloatArray
    impressions: FloatArray
    refund_share: FloatArray
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
    """The heads, the effects, the retransformation of logarithms, and the interval.

    Parameters
    ----------
    heads : name → Head, for each of HEADS
    effects : Effects
        Of residuals of the conversion head.
    references : heads of conversion that have not seen a fold of the creators
        What residuals are taken against, also those of outcomes that come later.
    slope : float
        What the predicted logarithm of sales is multiplied with: below 1 where large predictions
        are larger than what came, on rows not trained on.
    smearing : float64 (2,)
        By channel, mean of actual sales ÷ exp(that logarithm), on the same rows
        (Duan, "Smearing estimate", JASA 1983).
    seen : float64 (2,)
        The same for impressions; NaN where the catalog has none.
    interval : Interval
    given_sale : bool
        Whether conversion and interval hold given a sale, because more than a tenth sell nothing.
    by_impressions : bool
        Whether conversion is for each impression; else it is for a collaboration.
    """

    heads: Mapping[str, Head]
    effects: Effects
    references: tuple[Head, ...]
    slope: float
    smearing: FloatArray
    seen: FloatArray
    interval: Interval
    given_sale: bool
    by_impressions: bool

    def predict(self, matrix: Matrix, given: Given, threads: int = 1) -> Outcomes:
        """Return the outcomes of each row of features."""
        rough = self.rough_margins(matrix, threads)
        return self.outcomes(self.all_margins(rough, matrix, threads), given)

    def rough_margins(self, matrix: Matrix, threads: int = 1) -> Margins:
        """Return what each head's first trees say, by the head's name."""
        return {name: head.rough_margin(matrix, threads) for name, head in self.heads.items()}

    def all_margins(self, rough: Margins, matrix: Matrix, threads: int = 1) -> Margins:
        """Return what all trees say: what the first have said, and what the others add."""
        return {
            name: rough[name] + head.margin_left(matrix, threads)
            for name, head in self.heads.items()
        }

    def outcomes(self, margins: Margins, given: Given) -> Outcomes:
        """Return the outcomes that the heads' margins tell."""
        accept, fulfil, sale = (probability(margins[name]) for name in ("accept", "fulfil", "sale"))
        refunded = margins["refund"]
        kept = probability(-refunded)  # exact, and above 0, where 1 - refund is not
        impressions = margins["impressions"]
        logs = margins["conversion"] + given.log_price
        logs = logs + given.effects.sum(axis=1) + (impressions if self.by_impressions else 0.0)
        sold = np.exp(self.slope * logs) * self.smearing[given.channels] * kept
        published = sale * sold
        low, high = self.interval.bounds(sold if self.given_sale else published)
        return Outcomes(
            accept_probability=accept,
            fulfil_probability=fulfil,
            sale_probability=sale,
            impressions=np.exp(impressions) * self.seen[given.channels],
            refund_share=probability(refunded),
            published_gmv=published,
            published_low=low,
            published_high=high,
        )

    def describe(self) -> dict[str, Any]:
        """Return all but the trees as plain values."""
        return {
            "heads": {name: head.describe() for name, head in self.heads.items()},
            "references": [head.describe() for head in self.references],
            "effects": self.effects.to_dict(),
            "slope": self.slope,
            "smearing": self.smearing.tolist(),
            "seen": [None if np.isnan(value) else value for value in self.seen.tolist()],
            "interval": self.interval.to_dict(),
            "given_sale": self.given_sale,
            "by_impressions": self.by_impressions,
        }

    def texts(self) -> dict[str, str]:
        """Return the trees of each head that has some, as text by the head's name."""
        named = {**self.heads, **{f"reference_{i}": h for i, h in enumerate(self.references)}}
        return {name: head.to_text() for name, head in named.items() if head.booster is not None}

    @classmethod
    def restore(
        cls, description: Mapping[str, Any], features: Sequence[str], texts: Mapping[str, str]
    ) -> Ranker:
        """Rebuild from `describe` and `texts`; BundleError if the features differ."""
        return cls(
            {
                name: Head.restore(description["heads"][name], features, texts.get(name, ""))
                for name in HEADS
            },
            Effects.from_dict(description["effects"]),
            tuple(
                Head.restore(state, features, texts.get(f"reference_{i}", ""))
                for i, state in enumerate(description["references"])
            ),
            float(description["slope"]),
            np.array(description["smearing"], dtype=np.float64),
            np.array(description["seen"], dtype=np.float64),
            Interval.from_dict(description["interval"]),
            bool(description["given_sale"]),
            bool(description["by_impressions"]),
        )

    def contributions(self, matrix: Matrix, given: Given) -> FloatArray:
        """Return what each feature and effect adds to ln E[S | accepted], base last.

        float64 (rows, features + len(PARTS) + 1). The contributions of a probability's log-odds are
        rescaled to its logarithm, so that base, features and effects add up exactly.
        """
        parts = self.heads["conversion"].contributions(matrix)
        if self.by_impressions:
            parts += self.heads["impressions"].contributions(matrix)
        self._add_price(parts, given.log_price)
        parts *= self.slope
        for name in ("fulfil", "sale"):
            parts += _on_log_scale(self.heads[name].contributions(matrix))
        parts += _on_log_scale(-self.heads["refund"].contributions(matrix))  # of what is kept
        parts[:, -1] += np.log(self.smearing[given.channels])
        return np.column_stack((parts[:, :-1], self.slope * given.effects, parts[:, -1]))

    def _add_price(self, parts: FloatArray, log_price: FloatArray) -> None:
        """Let the price speak as a feature, as far as it differs from the usual one."""
        features = self.heads["conversion"].features
        usual = self.effects.log_price if "log_price" in features else log_price
        if "log_price" in features:
            parts[:, features.index("log_price")] += log_price - usual
        parts[:, -1] += usual


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
