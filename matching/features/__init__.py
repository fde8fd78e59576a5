"""Features of pairs, by the five TRUST stages, and columns of one's own.

FEATURES lists them in the order of the matrix columns; `build_matrix` computes them, and
`FeatureTables` keeps those that do not change between the requests of one date.
"""

from matching.features import reach, strengthen, thrive, transform, utilize
from matching.features.build import build_matrix
from matching.features.own import register_own
from matching.features.spec import Feature, Shown, Side, Stage, registered
from matching.features.tables import FeatureTables
from matching.own import OWN_COLUMNS

STAGE_MODULES = (transform, reach, utilize, strengthen, thrive)
register_own(OWN_COLUMNS)
FEATURES: tuple[Feature, ...] = registered()

__all__ = [
    "FEATURES",
    "STAGE_MODULES",
    "Feature",
    "FeatureTables",
    "Shown",
    "Side",
    "Stage",
    "build_matrix",
]
