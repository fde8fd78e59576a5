"""Medians: what is usual of each feature, in a product's category and in the whole market."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.history import IntArray

Float32Array = npt.NDArray[np.float32]

FEWEST_KNOWN = 30
"""A category where a feature is known of fewer past collaborations has no median of its own."""


@dataclass(frozen=True)
class Usual:
    """What is usual of a product's features; float32 arrays (features,), NaN is unknown.

    `is_category` says where the value is the category's own median rather than the market's.
    """

    values: Float32Array
    is_category: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Medians:
    """Medians over past collaborations.

    Attributes
    ----------
    values : float32 (categories + 1, features)
        Rows in the order of the categories' codes, the last one the market's. NaN where too few
        are known.
    """

    values: Float32Array

    @classmethod
    def build(cls, matrix: Float32Array, categories: IntArray, category_count: int) -> Medians:
        """Take the medians of what is known.

        Parameters
        ----------
        matrix : float32 (collaborations, features)
            NaN is unknown.
        categories : int (collaborations,)
            Codes of the products' categories, -1 where unknown: those count for the market only.
        """
        by_category = np.argsort(categories, kind="stable")
        bounds = np.searchsorted(categories[by_category], np.arange(category_count + 1))
        values = np.empty((category_count + 1, matrix.shape[1]), dtype=np.float32)
        for code in range(category_count):
            rows = by_category[bounds[code] : bounds[code + 1]]
            values[code] = _known_medians(matrix[rows], FEWEST_KNOWN)
        values[-1] = _known_medians(matrix, 1)
        return cls(values)

    def usual(self, category: int) -> Usual:
        """Return what is usual in a category (-1: an unknown one), else in the market."""
        own, market = self.values[category], self.values[-1]  # row -1 is the market's as well
        is_category = ~np.isnan(own) & (category >= 0)
        return Usual(np.where(is_category, own, market), is_category)


def _known_medians(rows: Float32Array, fewest: int) -> Float32Array:
    """Return each column's median, NaN where fewer values are known.

    As `numpy.nanmedian`, which is slow along this axis and warns of empty columns.
    """
    known = np.count_nonzero(~np.isnan(rows), axis=0)
    ordered = np.sort(rows, axis=0)  # unknown ones last
    enough = np.flatnonzero(known >= max(fewest, 1))
    low, high = ((known[enough] - 1) // 2, known[enough] // 2)
    medians = np.full(rows.shape[1], np.nan, dtype=np.float32)
    medians[enough] = (ordered[low, enough] + ordered[high, enough]) / 2
    return medians
