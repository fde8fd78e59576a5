"""Reach: how many people will see it?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.languages import Text
from matching.rates import ratio, shrunk_rate


@feature(
    Stage.REACH,
    reads=("creator_follower_count",),
    shown=Shown.AMOUNT,
    zh="达人的粉丝数为 {value}",
)
def log_followers(follower_count: FloatArray) -> FloatArray:
    """The creator has {value} followers."""
    return np.log1p(follower_count)


@feature(
    Stage.REACH,
    reads=("is_live", "creator_live_viewers", "creator_video_views"),
    shown=Shown.AMOUNT,
    zh="达人在该渠道日常的观看人数为 {value}",
)
def log_views(is_live: FloatArray, live_viewers: FloatArray, video_views: FloatArray) -> FloatArray:
    """The creator usually has {value} viewers in this channel."""
    return np.log1p(np.where(is_live == 1, live_viewers, video_views))


@feature(
    Stage.REACH,
    reads=("is_live", "creator_live_viewers", "creator_video_views", "creator_follower_count"),
    zh="日常观看人数与粉丝数之比（粉丝有水分时偏低）为 {value}",
)
def views_per_follower(
    is_live: FloatArray, live_viewers: FloatArray, video_views: FloatArray, followers: FloatArray
) -> FloatArray:
    """The ratio of usual viewers to followers (low where followers were bought) is {value}."""
    return ratio(np.where(is_live == 1, live_viewers, video_views), followers)


@feature(
    Stage.REACH,
    reads=("creator_engagement_rate",),
    shown=Shown.PERCENT,
    zh="点赞、评论和分享数相当于观看数的 {value}",
)
def engagement_rate(rate: FloatArray) -> FloatArray:
    """Likes, comments and shares come to {value} of views."""
    return rate


@feature(
    Stage.REACH,
    reads=("creator_follower_count", "creator_follower_count_before"),
    shown=Shown.PERCENT,
    zh="达人近四周的粉丝增长率为 {value}",
)
def follower_growth_rate(now: FloatArray, before: FloatArray) -> FloatArray:
    """The number of the creator's followers changed by {value} in four weeks."""
    return ratio(now, before) - 1.0


@feature(
    Stage.REACH,
    reads=("is_live", "creator_live_sessions", "creator_videos"),
    zh="达人在该渠道每周的直播场次或短视频数为 {value}",
)
def weekly_posts(is_live: FloatArray, live_sessions: FloatArray, videos: FloatArray) -> FloatArray:
    """The number of sessions or videos a week in this channel is {value}."""
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
    zh="达人在该渠道以往合作的曝光量通常为 {value}",
)
def usual_impressions(
    log_impressions: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """The creator's past collaborations in this channel typically had {value} impressions."""
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
    zh="达人近 90 天的曝光量是平时的 {value}",
)
def impression_trend(
    recent: FloatArray, recent_count: FloatArray, every: FloatArray, count: FloatArray
) -> FloatArray:
    """Impressions of the last 90 days are {value} the creator's usual ones."""
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
    zh="该商品以往内容的曝光量通常为 {value}",
)
def product_impressions(
    log_impressions: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Past content about this product typically had {value} impressions."""
    return shrunk_rate(log_impressions, count, ratio(all_log, all_count), prior_count=5)


@feature(
    Stage.REACH,
    reads=("is_live",),
    shown=Shown.WORDS,
    zh="合作渠道为 {value}",
    words={0: Text("a video", "短视频"), 1: Text("a live session", "直播")},
)
def is_live(live: FloatArray) -> FloatArray:
    """The channel is {value}."""
    return live
