"""Strengthen: has the creator a following of their own (private domain, 粉丝团)?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.rates import ratio, shrunk_share


@feature(
    Stage.STRENGTHEN,
    reads=("creator_fan_group_size", "creator_follower_count"),
    shown=Shown.PERCENT,
)
def fan_group_share(fan_group: FloatArray, followers: FloatArray) -> FloatArray:
    """Share of followers who joined the fan group."""
    return ratio(fan_group, followers)


@feature(
    Stage.STRENGTHEN,
    reads=(
        "creator_fan_gmv",
        "creator_fan_known_gmv",
        "creator_fulfilled",
        "market_fan_gmv",
        "market_fan_known_gmv",
    ),
    shown=Shown.PERCENT,
)
def fan_gmv_share(
    fan_gmv: FloatArray,
    gmv: FloatArray,
    count: FloatArray,
    all_fan_gmv: FloatArray,
    all_gmv: FloatArray,
) -> FloatArray:
    """Share of the creator's sales that their own fans bring."""
    return shrunk_share(fan_gmv, gmv, count, ratio(all_fan_gmv, all_gmv), 3)


@feature(
    Stage.STRENGTHEN,
    reads=(
        "creator_fan_group_size",
        "creator_follower_count",
        "creator_fan_gmv",
        "creator_fan_known_gmv",
        "creator_fulfilled",
        "market_fan_gmv",
        "market_fan_known_gmv",
    ),
    shown=Shown.TIMES,
)
def fan_conversion(
    fan_group: FloatArray,
    followers: FloatArray,
    fan_gmv: FloatArray,
    gmv: FloatArray,
    count: FloatArray,
    all_fan_gmv: FloatArray,
    all_gmv: FloatArray,
) -> FloatArray:
    """Sales that fans bring, against the share of fans among the creator's followers."""
    share = fan_gmv_share(fan_gmv, gmv, count, all_fan_gmv, all_gmv)
    members = fan_group_share(fan_group, followers)
    return np.log(np.maximum(share, 1e-4)) - np.log(np.maximum(members, 1e-4))
