"""Reach: how many people will see it?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.rates import ratio, shrunk_rate


@feature(Stage.REACH, reads=("creator_follower_count",), shown=Shown.AMOUNT)
def log_followers(follower_count: FloatArray) -> FloatArray:
    """Followers of the creator."""
    return np.log1p(follower_count)


@feature(
    Stage.REACH,
    reads=("is_live", "creator_live_viewers", "creator_video_views"),
    shown=Shown.AMOUNT,
)
def log_views(is_live: FloatArray, live_viewers: FloatArray, video_views: FloatArray) -> FloatArray:
    """Usual viewers of the creator in this channel."""
    return np.log1p(np.where(is_live == 1, live_viewers, video_views))


@feature(
    Stage.REACH,
    reads=("is_live", "creator_live_viewers", "creator_video_views", "creator_follower_count"),
)
def views_per_follower(
    is_live: FloatArray, live_viewers: FloatArray, video_views: FloatArray, followers: FloatArray
) -> FloatArray:
    """Usual viewers per follower: low where followers were bought."""
    return ratio(np.where(is_live == 1, live_viewers, video_views), followers)


@feature(Stage.REACH, reads=("creator_engagement_rate",), shown=Shown.PERCENT)
def engagement_rate(rate: FloatArray) -> FloatArray:
    """Likes, comments and shares per view."""
    return rate


@feature(
    Stage.REACH,
    reads=("creator_follower_count", "creator_follower_count_before"),
    shown=Shown.PERCENT,
)
def follower_growth_rate(now: FloatArray, before: FloatArray) -> FloatArray:
    """Growth of followers over four weeks."""
    return ratio(now, before) - 1.0


@feature(Stage.REACH, reads=("is_live", "creator_live_sessions", "creator_videos"))
def weekly_posts(is_live: FloatArray, live_sessions: FloatArray, videos: FloatArray) -> FloatArray:
    """Sessions or videos a week in this channel."""
    return np.where(is_live == 1, live_sessions, videos)


@feature(
    Stage.REACH,
    reads=(
        "creator_channel_log_impressions",
        "creator_channel_impressions_known",
        "market_log_impressions",
        "market_impressions_known",
    ),
    shown=Shown.AMOUNT,
)
def usual_impressions(
    log_impressions: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Impressions of the creator's past collaborations in this channel."""
    return shrunk_rate(log_impressions, count, ratio(all_log, all_count), prior_count=1)


@feature(
    Stage.REACH,
    reads=(
        "creator_log_impressions_recent",
        "creator_impressions_known_recent",
        "creator_log_impressions",
        "creator_impressions_known",
    ),
    shown=Shown.TIMES,
)
def impression_trend(
    recent: FloatArray, recent_count: FloatArray, every: FloatArray, count: FloatArray
) -> FloatArray:
    """Impressions of the last 90 days against all before."""
    usual = ratio(every, count)
    return shrunk_rate(recent, recent_count, usual, prior_count=2) - usual


@feature(
    Stage.REACH,
    reads=(
        "product_log_impressions",
        "product_impressions_known",
        "subcategory_log_impressions",
        "subcategory_impressions_known",
    ),
    shown=Shown.AMOUNT,
)
def product_impressions(
    log_impressions: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Impressions of past content about this product."""
    return shrunk_rate(log_impressions, count, ratio(all_log, all_count), prior_count=5)


@feature(Stage.REACH, reads=("is_live",), shown=Shown.YES_NO)
def is_live(live: FloatArray) -> FloatArray:
    """Whether it is a live session rather than a video."""
    return live
