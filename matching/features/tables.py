"""What features say of a creator alone and of a product alone: computed once at a bundle's date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.columns import CHANNELS
from matching.features.build import build_matrix
from matching.features.spec import Feature, Side
from matching.history import History, IntArray
from matching.pairs import Offer, Pairs, Texts

Float32Array = npt.NDArray[np.float32]

_ROWS_AT_ONCE = 50_000
_NO_OFFER = Offer(np.array([np.nan]), np.array([np.nan]))


@dataclass(frozen=True)
class FeatureTables:
    """The features that do not change between the requests of one date.

    Parameters
    ----------
    features : all features, in the order of the matrix columns
    creators : float32 (creators, channels, features of a creator alone)
    products : float32 (products, features of a product alone)
    """

    features: Sequence[Feature]
    creators: Float32Array
    products: Float32Array

    @classmethod
    def build(cls, features: Sequence[Feature], history: History, texts: Texts) -> FeatureTables:
        """Compute them for everybody in a frozen history."""
        day, channels = np.array([history.as_of]), len(CHANNELS)
        first = np.zeros(1, dtype=np.int64)

        def table(side: Side, count: int, pairs_of: Any) -> Float32Array:
            chosen = [feature for feature in features if feature.side is side]
            found = np.empty((count, len(chosen)), dtype=np.float32)
            for start in range(0, count, _ROWS_AT_ONCE):
                rows = np.arange(start, min(start + _ROWS_AT_ONCE, count))
                found[rows] = build_matrix(pairs_of(rows), chosen)
            return found

        def of_creators(rows: IntArray) -> Pairs:
            who, channel = rows // channels, rows % channels
            return Pairs(history, texts, who, first, channel, day, _NO_OFFER)

        def of_products(rows: IntArray) -> Pairs:
            return Pairs(history, texts, np.zeros_like(rows), rows, first, day, _NO_OFFER)

        count = history.creators.count
        creators = table(Side.CREATOR, count * channels, of_creators)
        return cls(
            features,
            creators.reshape(count, channels, -1),
            table(Side.PRODUCT, history.products.count, of_products),
        )

    def matrix(self, pairs: Pairs) -> Float32Array:
        """Return what `build_matrix` does for pairs at this date, float32 (pairs, features)."""
        matrix = np.empty((len(pairs), len(self.features)), dtype=np.float32)
        left = self._places[Side.PAIR]
        matrix[:, self._places[Side.CREATOR]] = self.creators[pairs.creators, pairs.channels]
        if pairs.attributes is None:
            matrix[:, self._places[Side.PRODUCT]] = self.products[pairs.products]
        else:
            left = [*left, *self._places[Side.PRODUCT]]
        matrix[:, left] = build_matrix(pairs, [self.features[place] for place in left])
        return matrix

    @cached_property
    def _places(self) -> dict[Side, list[int]]:
        """Where the features of each side stand in the matrix."""
        sides = [feature.side for feature in self.features]
        return {side: [i for i, found in enumerate(sides) if found is side] for side in Side}

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the state as arrays by name."""
        return {"creators": self.creators, "products": self.products}

    @classmethod
    def from_arrays(
        cls, features: Sequence[Feature], arrays: Mapping[str, npt.NDArray[Any]]
    ) -> FeatureTables:
        """Rebuild from `to_arrays`, for the same features."""
        return cls(features, arrays["creators"], arrays["products"])
