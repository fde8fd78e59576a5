"""Features of pairs as one float32 matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matching.features.spec import Feature
from matching.pairs import Pairs


def build_matrix(pairs: Pairs, features: Sequence[Feature]) -> npt.NDArray[np.float32]:
    """Return the features of each pair, float32 (pairs, features); NaN is unknown."""
    columns = {name: pairs[name] for feature in features for name in feature.reads}
    matrix = np.empty((len(pairs), len(features)), dtype=np.float32, order="F")
    with np.errstate(invalid="ignore"):
        for position, feature in enumerate(features):
            matrix[:, position] = feature.compute(*(columns[name] for name in feature.reads))
    return matrix
