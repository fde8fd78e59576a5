"""Scoring: creators × channels for products → what will happen and what it is worth.

The one path from facts to predictions. Matching, weekly lists, training's retrieval space and
`matching score` all go through it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matching.deadline import check_deadline
from matching.economics import Deal, Terms
from matching.features import FEATURES, FeatureTables, build_matrix
from matching.history import Attributes, FloatArray, History, IntArray
from matching.models.outcomes import Matrix
from matching.models.ranker import (
    Given,
    Margins,
    Money,
    Outcomes,
    Ranker,
    order,
    preference,
    value,
)
from matching.offers import BoolArray, Offers
from matching.pairs import Pairs, Texts

NO_TERMS = Terms()
_LEAST_PRICE = 0.01


@dataclass(frozen=True)
class Scored:
    """Predictions for offers: one row a creator and channel.

    `creators`, `products` and `channels` are int64 (rows,); everything else has the same length.
    `candidates` says which of the `count` pairs that were asked for each row belongs to; pairs that
    were left out have no row.
    """

    count: int
    candidates: IntArray
    creators: IntArray
    products: IntArray
    channels: IntArray
    matrix: Matrix
    given: Given
    deal: Deal
    estimated: BoolArray
    outcomes: Outcomes
    money: Money

    @property
    def looked_at(self) -> int:
        """How many pairs were predicted in full."""
        return int(np.count_nonzero(np.diff(self.candidates, prepend=-1)))

    def best_channels(self, objective: str) -> IntArray:
        """Return one row for each pair, in the order asked: the better channel by the objective."""
        first, second = preference(self.outcomes, self.money, objective)
        rows = np.lexsort((self.channels, -second, -first, self.candidates))
        return np.asarray(rows[np.diff(self.candidates[rows], prepend=-1) != 0])

    def best_values(self, objective: str) -> FloatArray:
        """Return each pair's value in the better channel, on the retrieval space's scale.

        float64 (count,); NaN where the creator works in no channel.
        """
        best = np.full(self.count, -np.inf)
        np.maximum.at(best, self.candidates, log_values(self, objective))
        return np.where(np.isinf(best), np.nan, best)

    def promising(self, objective: str, count: int) -> IntArray:
        """Return the rows of the best pairs of each product, so many of each, in order."""
        rows = self.best_channels(objective)
        first, second = preference(self.outcomes, self.money, objective)
        group = np.cumsum(np.diff(self.products[rows], prepend=-1) != 0)
        ranked = np.lexsort((-second[rows], -first[rows], group))
        place = np.arange(len(rows)) - np.searchsorted(group, group)
        kept = np.zeros(self.count, dtype=bool)
        kept[self.candidates[rows[ranked[place < count]]]] = True
        return np.flatnonzero(kept[self.candidates])

    def ranked(self, objective: str, rows: IntArray) -> IntArray:
        """Return these rows from best to worst by the objective."""
        first, second = preference(self.outcomes, self.money, objective)
        return rows[order(first[rows], second[rows], self.creators[rows])]


@dataclass(frozen=True)
class Scorer:
    """Everything that a prediction needs, at the date of a frozen history.

    `tables` hold the features of creators alone and products alone at that date; without them all
    are computed, to the same bits.
    """

    history: History
    texts: Texts
    offers: Offers
    ranker: Ranker
    tables: FeatureTables | None = None

    def score(
        self,
        creators: IntArray,
        products: IntArray,
        terms: Terms = NO_TERMS,
        works: BoolArray | None = None,
        external: tuple[Attributes, Texts] | None = None,
        threads: int = 1,
        best: tuple[str, int] | None = None,
    ) -> Scored:
        """Predict for each (creator, product) in every channel that the creator works in.

        Parameters
        ----------
        creators : int (n,)
        products : int (n,) or (1,)
            Rows of the catalog's products, or of the `external` ones.
        works : bool (creators of the catalog, 2), optional
            Only these channels.
        external : (Attributes, Texts), optional
            Products that are not in the catalog, with their content vectors.
        best : (objective, count), optional
            Predict in full only so many creators of each product (adjacent in `products`), who come
            first by what a third of the trees say: as good as all for finding the best few.
        """
        check_deadline("scoring")
        count = len(creators)
        open_channels = self.offers.works if works is None else works
        candidates, channels = np.nonzero(open_channels[creators])
        creators = np.asarray(creators)[candidates]
        shared = len(products) == 1
        products = np.asarray(products) if shared else np.asarray(products)[candidates]
        attributes, texts = external or (self.history.products, self.texts)
        deal, offer, estimated = self.offers.deal(attributes, creators, products, channels, terms)
        pairs = Pairs(
            self.history,
            texts,
            creators,
            products,
            channels,
            np.array([self.history.as_of]),
            offer,
            attributes=None if external is None else attributes,
        )
        tables = self.tables
        matrix = build_matrix(pairs, FEATURES) if tables is None else tables.matrix(pairs)
        check_deadline("predicting")
        log_price = log_prices(attributes["price"][products])
        effects = self.ranker.effects.parts(pairs.total, log_price, len(pairs))
        given = Given(channels, log_price, effects)
        products = np.broadcast_to(products, creators.shape)

        def scored(margins: Margins, rows: Any = slice(None)) -> Scored:
            outcomes = self.ranker.outcomes(margins, given[rows])
            returns = self.offers.return_cost_rate(
                attributes, products[:1] if shared else products[rows], outcomes.refund_share
            )
            priced = replace(deal[rows], return_cost_rate=returns)
            return Scored(
                count,
                candidates[rows],
                creators[rows],
                products[rows],
                channels[rows],
                matrix[rows],
                given[rows],
                priced,
                estimated[rows],
                outcomes,
                value(outcomes, priced),
            )

        margins = self.ranker.rough_margins(matrix, threads)
        rows: Any = slice(None)
        if best is not None:
            rows = scored(margins).promising(*best)
            margins = {name: margin[rows] for name, margin in margins.items()}
        margins = self.ranker.all_margins(margins, matrix[rows], threads)
        return scored(margins, rows)

    def contributions(self, scored: Scored, rows: IntArray) -> FloatArray:
        """Return what each feature and effect adds to ln E[S | accepted] of some rows, base last.

        float64 (rows, parts + 1), in the order of `explain.PARTS`.
        """
        check_deadline("explaining")
        return self.ranker.contributions(scored.matrix[rows], scored.given[rows])


def log_prices(prices: FloatArray) -> FloatArray:
    """Return the logarithm of prices; what costs nothing counts as a hundredth."""
    return np.log(np.maximum(prices, _LEAST_PRICE))


def log_values(scored: Scored, objective: str) -> FloatArray:
    """Return the objective on a scale on which it is nearly additive, for the retrieval space."""
    sales = scored.outcomes.accept_probability * scored.money.settled_gmv
    if objective == "profit":
        gain = scored.outcomes.accept_probability * scored.money.profit
        return np.arcsinh(np.nan_to_num(gain) / 100.0)
    log_sales = np.log(np.maximum(sales, 1e-6))
    if objective == "gmv":
        return log_sales
    roi = np.log(np.maximum(np.nan_to_num(scored.money.roi), 1e-6))
    return roi + 0.01 * log_sales  # the tie-break among offers of equal ROI
