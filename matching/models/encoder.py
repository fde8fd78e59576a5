"""Creators and products in one space whose inner product follows the ranker's own values.

A creator's vector is what the ranker says of them for a few anchor products, under all objectives,
compressed to its main directions, and a constant. A product's query vector is found by scoring a
few hundred anchor creators for it and regressing those values on the anchors' vectors, so that
products outside the catalog and changed terms are placed the same way. The inner product is on the
scale of the values, so that it compares products for a creator as well as creators for a product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_TOP_SHARE = 0.1
_TOP_WEIGHT = 9.0
_RIDGE = 1e-3


@dataclass(frozen=True)
class Encoder:
    """The space: creators' vectors, and the anchors that place a product.

    Parameters
    ----------
    vectors : float32 (creators, dimensions)
        The last direction is constant.
    anchors : int64 (anchors,)
        Rows of the creators who are scored to place a product.
    """

    vectors: Float32Array
    anchors: IntArray

    @property
    def directions(self) -> Float32Array:
        """What tells creators apart: their vectors without the constant direction."""
        return self.vectors[:, :-1]

    @classmethod
    def fit(cls, values: Float32Array, anchor_count: int, dimensions: int, seed: int) -> Encoder:
        """Learn the space from the ranker's values.

        Parameters
        ----------
        values : float32 (creators, anchor products × objectives)
            On a scale on which they are nearly additive; NaN where a creator works nowhere.
        """
        usable = np.asarray(np.isfinite(values).all(axis=1))
        filled = np.where(usable[:, None], values, np.nanmin(values, axis=0, initial=0.0))
        scale = filled[usable].std(axis=0) if usable.any() else np.ones(values.shape[1])
        centered = (filled - filled.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
        _, directions = np.linalg.eigh(centered.T.astype(np.float64) @ centered)
        kept = directions[:, ::-1][:, : min(dimensions, values.shape[1])]
        vectors = np.column_stack((centered @ kept, np.ones(len(values)))).astype(np.float32)
        return cls(vectors, _choose_anchors(centered, usable, anchor_count, seed))

    def queries(self, values: FloatArray) -> Float32Array:
        """Return the query vectors of products, float32 (products, dimensions).

        Parameters
        ----------
        values : float64 (products, anchors)
            What the ranker says of the anchors; the best tenth weighs more, since the top of the
            list is what is asked for.
        """
        anchors = self.vectors[self.anchors].astype(np.float64)
        ridge = _RIDGE * len(anchors) * np.eye(anchors.shape[1])
        cut = np.quantile(values, 1.0 - _TOP_SHARE, axis=1, keepdims=True)
        weights = 1.0 + _TOP_WEIGHT * (values >= cut)
        centered = values - values.mean(axis=1, keepdims=True)
        weighted = (weights * centered) @ anchors
        normal = np.einsum("pa,ai,aj->pij", weights, anchors, anchors, optimize=True) + ridge
        queries = np.linalg.solve(normal, weighted[:, :, None])[:, :, 0]
        queries[:, -1] += values.mean(axis=1)  # the level: no creator gains by it
        return queries.astype(np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the state as arrays by name."""
        return {"vectors": self.vectors, "anchors": self.anchors}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Encoder:
        """Rebuild from `to_arrays`."""
        return cls(arrays["vectors"], arrays["anchors"])  # type: ignore[arg-type]


def without_level(query: Float32Array) -> Float32Array:
    """Return the query that finds creators, float32 (dimensions - 1,).

    The product's level is left out: it is the same for all of them.
    """
    return query[:-1]


def _choose_anchors(
    centered: npt.NDArray[np.floating], usable: npt.NDArray[np.bool_], count: int, seed: int
) -> IntArray:
    """Choose half of the anchors among those whom the ranker likes best, half at random."""
    rows = np.flatnonzero(usable)
    if len(rows) <= count:
        return rows.astype(np.int64)
    liked = rows[np.argsort(-centered[rows].mean(axis=1), kind="stable")]
    head = liked[: max(count, len(rows) // 10)]
    generator = np.random.default_rng(seed)
    best = generator.choice(head, count // 2, replace=False)
    others = generator.choice(np.setdiff1d(rows, best), count - count // 2, replace=False)
    return np.sort(np.concatenate((best, others))).astype(np.int64)
