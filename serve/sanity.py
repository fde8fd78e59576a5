"""The gate of a refreshed bundle: are its lists like those of the bundle that serves?

Nothing was fitted, so no figure of quality can have changed; what can have gone wrong is the facts:
a column in other units, a table of another market, everybody opted out. Those show in the lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from matching.batches import rank_batch
from matching.errors import GateError
from matching.matcher import Matcher

PRODUCTS = 256
"""So many products, evenly spaced among those that both bundles have, are listed by both."""
MOST_LISTS_LOST = 0.1
MOST_MOVED = 2.0
_AT_ONCE = 64


@dataclass(frozen=True)
class Sight:
    """What lists look like.

    Attributes
    ----------
    full : share of the products that get as many creators as were asked for
    sales : median over all places of P(accept)·E[S], in money; 0 where no place is filled
    """

    full: float
    sales: float

    @classmethod
    def of(cls, matcher: Matcher, products: list[str], k: int, monday: date) -> Sight:
        """List some products by expected sales and look."""
        full, values = [], [np.zeros(0)]
        for start in range(0, len(products), _AT_ONCE):
            lot = products[start : start + _AT_ONCE]
            ranked = rank_batch(matcher, lot, k, "gmv", monday)
            places = [rows[:k] for rows in ranked.lists]
            full += [len(rows) == k for rows in places]
            rows, outcomes = np.concatenate(places), ranked.scored.outcomes
            values.append(outcomes.accept_probability[rows] * ranked.scored.money.settled_gmv[rows])
        sales = np.concatenate(values)
        return cls(float(np.mean(full)), float(np.median(sales)) if len(sales) else 0.0)


def compare(promoted: Matcher, refreshed: Matcher, k: int, monday: date) -> str:
    """Return what both bundles' lists look like, as a sentence.

    Raises
    ------
    GateError
        If over 10 % of the products lose their full list, or the median of expected sales moves by
        more than a factor of 2.
    """
    products = _common(promoted, refreshed)
    if not products:
        raise GateError("the newest facts know none of the products that the promoted bundle knows")
    before, after = (Sight.of(matcher, products, k, monday) for matcher in (promoted, refreshed))
    told = (
        f"of {len(products):,} products {after.full:.0%} get full lists ({before.full:.0%} "
        f"before), median of expected sales {after.sales:,.2f} ({before.sales:,.2f} before)"
    )
    moved = before.sales > MOST_MOVED * after.sales or after.sales > MOST_MOVED * before.sales
    if moved or before.full - after.full > MOST_LISTS_LOST:
        raise GateError(
            f"the newest facts change the lists too much: {told}. Look at the data "
            "(`matching check`); --force takes them all the same"
        )
    return told


def _common(promoted: Matcher, refreshed: Matcher) -> list[str]:
    ids = promoted.contents.history.product_ids
    names = [ids[row] for row in range(len(ids))]
    both = np.flatnonzero(refreshed.contents.history.product_ids.rows(names) >= 0)
    chosen = (
        both[np.unique(np.linspace(0, len(both) - 1, PRODUCTS).astype(int))] if len(both) else both
    )
    return [names[int(row)] for row in chosen]
