"""What people do without predictions: the orders that a ranking must beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.history import FloatArray, History
from matching.offers import latest_statistic


@dataclass(frozen=True)
class Baselines:
    """Orders creators for a product by one simple score, larger is better.

    `history` is everything known before `day`, frozen or not.
    """

    history: History
    day: int
    seed: int = 0

    def scores(self, name: str, product: int) -> FloatArray:
        """Return the score of every creator for a product, float64 (creators,)."""
        return BASELINES[name](self, product)

    def random(self, product: int) -> FloatArray:
        """Return anything."""
        return np.random.default_rng((self.seed, product)).random(self.history.creators.count)

    def followers(self, product: int) -> FloatArray:
        """Return the number of followers."""
        return np.nan_to_num(latest_statistic(self.history, "follower_count", self.day))

    def past_gmv(self, product: int) -> FloatArray:
        """Return past sales within the product's category; ties go to past sales in all."""
        here, everywhere = (self._sales(key, product) for key in ("creator_category", "creator"))
        return here + 1e-6 * everywhere

    def _sales(self, key: str, product: int) -> FloatArray:
        creators = np.arange(self.history.creators.count)
        keys = self.history.key(key, creators, np.array([product]), np.zeros_like(creators))
        return self.history.total(key, "gmv", keys, np.array(self.day))


BASELINES: dict[str, Callable[[Baselines, int], FloatArray]] = {
    "random": Baselines.random,
    "followers": Baselines.followers,
    "past GMV within the category": Baselines.past_gmv,
}
"""By the name that the report gives them."""
