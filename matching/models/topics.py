"""Topics: how much a creator's texts speak of each sub-category of products.

What is typical of a sub-category is learnt from the products' texts alone: the character n-grams
that its products have more often than others do. No outcome is read, so nothing can leak.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.models.text import HASH_COUNT

MAX_TOPICS = 256
_PRIOR_TEXTS = 5.0
_LEAST_SHARE = 0.05
_CHUNK = 50_000


@dataclass(frozen=True)
class Topics:
    """The n-grams that are typical of each sub-category, and how creators usually speak of it.

    Parameters
    ----------
    lift : float32 (topics, HASH_COUNT)
        ln of how much more often the sub-category's products have an n-gram; 0 where not typical.
    mean, scale : float32 (topics,)
        Of the creators' raw scores.
    """

    lift: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]

    @classmethod
    def fit(
        cls, products: Any, places: npt.NDArray[Any], count: int, creators: Any
    ) -> tuple[Topics, npt.NDArray[np.float16]]:
        """Learn the topics; return them and the creators' scores, float16 (creators, topics).

        Parameters
        ----------
        products, creators : sparse (products or creators, HASH_COUNT)
            How often each of their texts has each n-gram (`count_ngrams`).
        places : int (products,)
            Codes of the products' sub-categories, below `count`; those from MAX_TOPICS on have no
            topic, so that memory stays bounded.
        """
        from scipy.sparse import csr_matrix

        count = min(count, MAX_TOPICS)
        grams = _presence(products)
        chosen = np.flatnonzero((places >= 0) & (places < count))
        member = csr_matrix(
            (np.ones(len(chosen), np.float32), (places[chosen], chosen)),
            shape=(count, grams.shape[0]),
        )
        size = np.asarray(member.sum(axis=1))
        usual = np.asarray(grams.mean(axis=0)) if grams.shape[0] else np.zeros((1, HASH_COUNT))
        here = ((member @ grams).toarray() + _PRIOR_TEXTS * usual) / (size + _PRIOR_TEXTS)
        typical = (here >= _LEAST_SHARE) & (usual > 0)
        lift = np.zeros(here.shape, dtype=np.float32)
        np.log(here / np.where(usual > 0, usual, 1.0), out=lift, where=typical, casting="unsafe")
        raw = cls(np.maximum(lift, 0.0), np.zeros(count, np.float32), np.ones(count, np.float32))
        scores = raw.encode(creators)
        mean, scale = scores.mean(axis=0, dtype=np.float64), scores.std(axis=0, dtype=np.float64)
        scale = np.where(scale > 0, scale, 1.0)
        topics = cls(raw.lift, mean.astype(np.float32), scale.astype(np.float32))
        return topics, topics.encode(creators)  # to the bits that they have when asked for again

    def encode(self, creators: Any) -> npt.NDArray[np.float16]:
        """Return how much each text speaks of each topic, float16 (texts, topics).

        `creators` are counts of n-grams (`count_ngrams`). 0 is usual among creators, 1 a standard
        deviation more.
        """
        scores = np.empty((creators.shape[0], len(self.lift)), dtype=np.float16)
        for start in range(0, len(scores), _CHUNK):
            spoken = _presence(creators[start : start + _CHUNK]) @ self.lift.T
            scores[start : start + _CHUNK] = (np.sqrt(spoken) - self.mean) / self.scale
        return scores

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the state as arrays by name."""
        return {"lift": self.lift, "mean": self.mean, "scale": self.scale}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Topics:
        """Rebuild from `to_arrays`."""
        return cls(arrays["lift"], arrays["mean"], arrays["scale"])


def _presence(counts: Any) -> Any:
    """Return which n-grams each text has, sparse float32 (texts, HASH_COUNT) of ones."""
    grams = counts.copy()
    grams.data[:] = 1.0
    return grams
