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
)
def repeat_order_rate(
    repeats: FloatArray, orders: FloatArray, all_repeats: FloatArray, all_orders: FloatArray
) -> FloatArray:
    """Share of this creator's orders that are repurchases."""
    return shrunk_rate(repeats, orders, ratio(all_repeats, all_orders), prior_count=30)


@feature(
    Stage.THRIVE,
    reads=("creator_accepted", "creator_answers", "market_accepted", "market_answers"),
    shown=Shown.PERCENT,
)
def accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """Share of invitations that the creator accepts."""
    return shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=4)


@feature(
    Stage.THRIVE,
    reads=("creator_fulfilled", "creator_outcomes", "market_fulfilled", "market_outcomes"),
    shown=Shown.PERCENT,
)
def fulfil_rate(
    fulfilled: FloatArray, ended: FloatArray, all_fulfilled: FloatArray, all_ended: FloatArray
) -> FloatArray:
    """Share of accepted collaborations that the creator really publishes."""
    return shrunk_rate(fulfilled, ended, ratio(all_fulfilled, all_ended), prior_count=4)


@feature(
    Stage.THRIVE,
    reads=("mcn_accepted", "mcn_answers", "market_accepted", "market_answers"),
    shown=Shown.PERCENT,
)
def mcn_accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """Share of invitations that creators of the same MCN accept."""
    rate = shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=20)
    return np.where(answers > 0, rate, np.nan)


@feature(
    Stage.THRIVE,
    reads=("merchant_accepted", "merchant_answers", "market_accepted", "market_answers"),
    shown=Shown.PERCENT,
)
def merchant_accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """Share of the merchant's invitations that creators accept."""
    return shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=10)


@feature(Stage.THRIVE, reads=("creator_merchant_fulfilled",))
def repeat_collaboration_count(fulfilled: FloatArray) -> FloatArray:
    """Collaborations the creator has published with this merchant before."""
    return fulfilled


@feature(Stage.THRIVE, reads=("creator_invitations_recent",))
def recent_invitation_count(invitations: FloatArray) -> FloatArray:
    """Invitations the creator received in the last 90 days."""
    return invitations


@feature(Stage.THRIVE, reads=("creator_reputation",))
def reputation(score: FloatArray) -> FloatArray:
    """The platform's reputation score of the creator, 0 to 5."""
    return score


@feature(Stage.THRIVE, reads=("merchant_rating",))
def merchant_rating(rating: FloatArray) -> FloatArray:
    """The platform's rating of the merchant, 0 to 5."""
    return rating


@feature(Stage.THRIVE, reads=("day", "creator_joined_on"))
def joined_days(day: FloatArray, joined_on: FloatArray) -> FloatArray:
    """Days since the creator joined the platform."""
    return day - joined_on
