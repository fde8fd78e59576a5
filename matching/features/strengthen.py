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
    zh="有 {value} 的粉丝加入了粉丝团",
)
def fan_group_share(fan_group: FloatArray, followers: FloatArray) -> FloatArray:
    """{value} of the creator's followers joined the fan group."""
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
    zh="粉丝贡献了该达人 {value} 的销售额",
)
def fan_gmv_share(
    fan_gmv: FloatArray,
    gmv: FloatArray,
    count: FloatArray,
    all_fan_gmv: FloatArray,
    all_gmv: FloatArray,
) -> FloatArray:
    """Fans bring {value} of this creator's sales."""
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
    zh="粉丝团的销售额占比是其人数占比的 {value}",
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
    """Fans' share of the creator's sales is {value} their share of the followers."""
    share = fan_gmv_share(fan_gmv, gmv, count, all_fan_gmv, all_gmv)
    members = fan_group_share(fan_group, followers)
    return np.log(np.maximum(share, 1e-4)) - np.log(np.maximum(members, 1e-4))
