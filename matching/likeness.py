"""Likeness: which creators are alike, by the directions of their vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.history import IntArray
from matching.models.encoder import Encoder

BoolArray = npt.NDArray[np.bool_]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Likeness:
    """Cosines of creators' vectors.

    In the retrieval space two creators are alike when the ranker expects more, or less, of both for
    the same products. `training/similar.py` judges it by how well neighbours predict a creator's
    later sales. Over two markets the cosine of all directions as they stand did best; whitened
    directions, fewer of them, without the first, or Euclidean distance won on one market at most.

    Attributes
    ----------
    vectors : float32 (creators, dimensions)
        Centred, or nearly so: of vectors that all point one way the cosine says little.
    """

    vectors: Float32Array

    @classmethod
    def of(cls, encoder: Encoder) -> Likeness:
        """Return the likeness of creators in the retrieval space, whose fit centres it.

        The last direction is constant: it serves queries and says nothing of a creator.
        """
        return cls(encoder.directions)

    @cached_property
    def lengths(self) -> Float32Array:
        """Length of each vector, float32 (creators,)."""
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", self.vectors, self.vectors)))

    def similarity(self, creator: int) -> Float32Array:
        """Return how much each creator is like this one, float32 (creators,), from -1 to 1.

        0 where nothing is known: a vector of length 0.
        """
        scale = self.lengths * self.lengths[creator]
        # as fast as the BLAS product, whose threads wait milliseconds for each other on busy cores
        cosines = np.einsum("ij,j->i", self.vectors, self.vectors[creator])
        found = np.divide(cosines, scale, out=np.zeros_like(scale), where=scale > 0)
        return np.asarray(np.clip(found, -1.0, 1.0))  # rounding may go beyond

    def nearest(self, creator: int, count: int, among: BoolArray) -> tuple[IntArray, Float32Array]:
        """Return up to `count` rows of the creators most like this one, and their similarity.

        Most alike first, equal ones in the order of their rows; never the creator itself.

        Parameters
        ----------
        among : bool (creators,)
        """
        similarity = self.similarity(creator)
        rows = np.flatnonzero(among)
        rows = rows[rows != creator]
        similarity = similarity[rows]
        if len(rows) > count:  # sort only those who can be among the first
            close = np.flatnonzero(similarity >= np.partition(similarity, -count)[-count])
            rows, similarity = rows[close], similarity[close]
        first = np.lexsort((rows, -similarity))[:count]
        return rows[first], similarity[first]
