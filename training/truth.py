"""What every creator is really worth for a product, on a market whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np

from matching import economics
from matching.catalog import Catalog
from matching.columns import CHANNELS
from matching.economics import OBJECTIVES, Deal
from matching.errors import MatchingError
from matching.history import FloatArray, Ids, IntArray
from matching.matcher import Matcher

TOP = 10


class Truth(Protocol):
    """The hidden facts of a market, as the simulator keeps them."""

    creators: Any

    def outcomes(self, creators: IntArray, products: IntArray, day: date, channel: str, /) -> Any:
        """Return what inviting these creators for these products is expected to bring."""


@dataclass(frozen=True)
class TrueMarket:
    """What every creator is really worth for a product, in the rows of a bundle.

    `creators` and `products` are the full catalog's rows of the bundle's rows.
    """

    matcher: Matcher
    truth: Truth
    creators: IntArray
    products: IntArray
    slot_fees: FloatArray

    @classmethod
    def build(cls, matcher: Matcher, catalog: Catalog, truth: Truth) -> TrueMarket:
        """Match the bundle's ids with the market's rows."""
        history = matcher.contents.history
        creators, products = (
            Ids.build(known).rows([ids[row] for row in range(len(ids))])
            for known, ids in (
                (catalog.creators["creator_id"], history.creator_ids),
                (catalog.products["product_id"], history.product_ids),
            )
        )
        if (creators < 0).any() or (products < 0).any():
            raise MatchingError(
                "the bundle knows creators or products that this market lacks: judge it on the "
                "market that it was trained on"
            )
        fees = np.stack((truth.creators.live_fee, truth.creators.video_fee), axis=1)
        return cls(matcher, truth, creators, products, fees[creators].astype(np.float64))

    def values(self, product: int) -> dict[str, FloatArray]:
        """Return each creator's true value in each channel, (creators, 2) by objective.

        NaN where the creator does not work in the channel.
        """
        attributes = self.matcher.contents.history.products
        found = {name: np.full(self.slot_fees.shape, np.nan) for name in OBJECTIVES}
        for code, channel in enumerate(CHANNELS):
            true = self.truth.outcomes(
                self.creators, self.products[product : product + 1], self.matcher.as_of, channel
            )
            settled = true.fulfil_probability * true.settled_gmv
            rate = np.divide(
                true.return_cost, true.settled_gmv, where=true.works, out=np.zeros_like(settled)
            )
            deal = Deal(
                commission_rate=attributes["commission_rate"][product],
                service_fee_rate=np.nan_to_num(attributes.get("service_fee_rate")[product]),
                slot_fee=self.slot_fees[:, code],
                sample_cost=np.nan_to_num(attributes.get("sample_cost")[product]),
                return_cost_rate=rate,
                margin_rate=attributes.get("margin_rate")[product],
            )
            cost = economics.expected_cost(deal, true.fulfil_probability, true.settled_gmv)
            worth = {
                "roi": economics.commission_roi(settled, cost),
                "gmv": true.accept_probability * settled,
                "profit": true.accept_probability * economics.profit(deal, settled, cost),
            }
            for name in OBJECTIVES:
                found[name][:, code] = np.where(true.works, worth[name], np.nan)
        return found


def judged_products(matcher: Matcher, count: int, seed: int) -> IntArray:
    """Choose products whose deal is known, so that their true value is; MatchingError if none."""
    attributes = matcher.contents.history.products
    known = ~np.isnan(attributes.get("margin_rate"))  # without one no profit can be asked for
    for name in ("sample_cost", "service_fee_rate"):
        if attributes.has(name):
            known &= ~np.isnan(attributes[name])
    rows = np.flatnonzero(known)
    if not len(rows):
        raise MatchingError(
            "no product has a known margin, sample cost and service fee: none has a known value"
        )
    generator = np.random.default_rng(seed)
    return np.sort(generator.choice(rows, min(count, len(rows)), replace=False))


def better(values: FloatArray) -> FloatArray:
    """Return the better channel's value, NaN where the creator works in none."""
    return np.fmax(values[:, 0], values[:, 1])


def best_creators(values: FloatArray, may: Any) -> IntArray:
    """Return the oracle's top among the creators who may be offered the product."""
    best = np.where(may & ~np.isnan(values).all(axis=1), np.nan_to_num(better(values)), -np.inf)
    order = np.argsort(-best, kind="stable")[:TOP]
    return order[np.isfinite(best[order])]


def mean_top(values: FloatArray) -> float:
    """Return the mean of the first ten; missing ones are worth nothing."""
    top = np.where(np.isfinite(values[:TOP]), values[:TOP], 0.0)
    return float(top.sum() / TOP)
