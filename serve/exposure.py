"""Exposure: how evenly places on lists are spread over creators."""

from __future__ import annotations

import numpy as np

from serve.capacity import FloatArray, IntArray


def exposure(creators: IntArray, capacity: FloatArray) -> dict[str, float]:
    """Return Gini coefficient and coverage of the places that creators get.

    Over everybody who can serve anything: 0 is even, 1 is all places to one; coverage is the share
    of them who get a place at all.

    Parameters
    ----------
    creators : int (places,)
        Row of the creator of each place.
    capacity : float64 (creators,)
    """
    places = np.sort(np.bincount(creators, minlength=len(capacity))[capacity >= 1])
    count, total = len(places), places.sum()
    if total == 0:
        return {"gini": 0.0, "coverage": 0.0}
    ranks = np.arange(1, count + 1)
    gini = float((2 * ranks - count - 1) @ places / (count * total))
    return {"gini": round(gini, 6), "coverage": round(float((places > 0).mean()), 6)}
