"""Thrive: do buyers come back, and does the creator keep their word?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.rates import ratio, shrunk_rate


@feature(
    Stage.THRIVE,
    reads=(
        "creator_repeat_orders",
        "creator_repeat_known_orders",
        "market_repeat_orders",
        "market_repeat_known_orders",
    ),
    shown=Shown.PERCENT,
    zh="达人的订单中有 {value} 是复购",
)
def repeat_order_rate(
    repeats: FloatArray, orders: FloatArray, all_repeats: FloatArray, all_orders: FloatArray
) -> FloatArray:
    """{value} of this creator's orders are repurchases."""
    return shrunk_rate(repeats, orders, ratio(all_repeats, all_orders), prior_count=30)


@feature(
    Stage.THRIVE,
    reads=("creator_accepted", "creator_answers", "market_accepted", "market_answers"),
    shown=Shown.PERCENT,
    zh="达人接受了 {value} 的合作邀约",
)
def accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """The creator accepts {value} of invitations."""
    return shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=4)


@feature(
    Stage.THRIVE,
    reads=("creator_fulfilled", "creator_outcomes", "market_fulfilled", "market_outcomes"),
    shown=Shown.PERCENT,
    zh="达人接受的合作中有 {value} 真正发布",
)
def fulfil_rate(
    fulfilled: FloatArray, ended: FloatArray, all_fulfilled: FloatArray, all_ended: FloatArray
) -> FloatArray:
    """The creator really publishes {value} of the collaborations that they accept."""
    return shrunk_rate(fulfilled, ended, ratio(all_fulfilled, all_ended), prior_count=4)


@feature(
    Stage.THRIVE,
    reads=("mcn_accepted", "mcn_answers", "market_accepted", "market_answers"),
    shown=Shown.PERCENT,
    zh="同一 MCN 的达人接受了 {value} 的合作邀约",
)
def mcn_accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """Creators of the same MCN accept {value} of invitations."""
    rate = shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=20)
    return np.where(answers > 0, rate, np.nan)


@feature(
    Stage.THRIVE,
    reads=("merchant_accepted", "merchant_answers", "market_accepted", "market_answers"),
    shown=Shown.PERCENT,
    zh="达人们接受了该商家 {value} 的合作邀约",
)
def merchant_accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """Creators accept {value} of the merchant's invitations."""
    return shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=10)


@feature(
    Stage.THRIVE,
    reads=("creator_merchant_fulfilled",),
    zh="达人与该商家已发布的合作次数为 {value}",
)
def repeat_collaboration_count(fulfilled: FloatArray) -> FloatArray:
    """The number of collaborations that the creator has published with this merchant is {value}."""
    return fulfilled


@feature(
    Stage.THRIVE,
    reads=("creator_invitations_recent",),
    zh="达人近 90 天收到的邀约数为 {value}",
)
def recent_invitation_count(invitations: FloatArray) -> FloatArray:
    """The number of invitations that the creator received in the last 90 days is {value}."""
    return invitations


@feature(
    Stage.THRIVE,
    reads=("creator_reputation",),
    zh="达人在平台的口碑分（0 到 5）为 {value}",
)
def reputation(score: FloatArray) -> FloatArray:
    """The creator's reputation score on the platform (0 to 5) is {value}."""
    return score


@feature(
    Stage.THRIVE,
    reads=("merchant_rating",),
    zh="商家在平台的评分（0 到 5）为 {value}",
)
def merchant_rating(rating: FloatArray) -> FloatArray:
    """The merchant's rating on the platform (0 to 5) is {value}."""
    return rating


@feature(
    Stage.THRIVE,
    reads=("day", "creator_joined_on"),
    zh="达人入驻平台的天数为 {value}",
)
def joined_days(day: FloatArray, joined_on: FloatArray) -> FloatArray:
    """The number of days since the creator joined the platform is {value}."""
    return day - joined_on
