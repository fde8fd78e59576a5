"""Small worlds with obvious right answers, shared by the tests of the matching package."""

from __future__ import annotations

import pandas as pd


def tiny_tables() -> dict[str, pd.DataFrame]:
    """Return a valid catalog, every column of every table filled, small enough to read whole.

    Three creators (c1 large with food, c2 small with beauty, c3 new), three products of two
    merchants, seven collaborations between 2026-09-01 and 2026-11-05 in every status and channel,
    three weeks of statistics, two events. Each call returns frames of its own.
    """
    return {
        "catalog": pd.DataFrame({"name": ["tiny market"], "currency": ["CNY"]}),
        "creators": _creators(),
        "creator_stats": _creator_stats(),
        "merchants": pd.DataFrame(
            {
                "merchant_id": ["m1", "m2"],
                "name": ["坚果铺", "美妆店"],
                "city": ["成都", "杭州"],
                "rating": [4.8, 4.2],
                "updated_on": ["2026-11-01", "2026-11-01"],
            }
        ),
        "products": _products(),
        "collaborations": _collaborations(),
        "events": _events(),
    }


def _creators() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "creator_id": ["c1", "c2", "c3"],
            "name": ["大厨老王", "小美", "新人"],
            "profile_text": ["家常菜 坚果 零食", "口红 护肤 测评", "探店 火锅"],
            "category": ["食品", "美妆", "食品"],
            "city": ["成都", "杭州", "成都"],
            "mcn_id": ["n1", None, "n1"],
            "joined_on": ["2025-01-06", "2025-06-02", "2026-10-20"],
            "live_slot_fee": [5000.0, 0.0, None],
            "video_slot_fee": [2000.0, 100.0, 0.0],
            "min_commission_rate": [0.15, 0.1, None],
            "weekly_capacity": [3, 10, None],
            "opted_out": [False, False, True],
            "reputation": [4.9, 4.5, 3.0],
            "audience_female": [0.5, 0.9, 0.6],
            "audience_18_24": [0.2, 0.5, 0.4],
            "audience_25_34": [0.4, 0.4, 0.4],
            "audience_35_plus": [0.4, 0.1, 0.2],
            "audience_tier1": [0.3, 0.6, 0.2],
            "follower_count": [1_200_000, 30_000, 500],
            "fan_group_size": [60_000, 900, 0],
            "live_viewers": [8000.0, 300.0, None],
            "video_views": [90_000.0, 12_000.0, 400.0],
            "engagement_rate": [0.04, 0.09, 0.1],
            "live_sessions": [5, 1, 0],
            "videos": [3, 7, 2],
            "updated_on": ["2026-11-01", "2026-11-01", "2026-11-01"],
        }
    )


def _creator_stats() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "creator_id": ["c1", "c1", "c2"],
            "week": ["2026-09-07", "2026-10-05", "2026-10-05"],
            "follower_count": [1_000_000, 1_100_000, 28_000],
            "fan_group_size": [50_000, 55_000, 800],
            "live_viewers": [7000.0, 7500.0, 280.0],
            "video_views": [80_000.0, 85_000.0, 11_000.0],
            "engagement_rate": [0.05, 0.045, 0.08],
            "live_sessions": [4, 5, 1],
            "videos": [2, 3, 6],
        }
    )


def _products() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product_id": ["p1", "p2", "p3"],
            "merchant_id": ["m1", "m2", "m1"],
            "title": ["每日坚果 30包", "哑光口红", "双人火锅套餐"],
            "category": ["食品/坚果", "美妆/口红", "食品/餐饮"],
            "price": [39.9, 89.0, 128.0],
            "commission_rate": [0.2, 0.3, 0.1],
            "description": ["混合果仁", "不掉色", "到店使用"],
            "brand": ["果仁家", "唇色", "蜀香"],
            "margin_rate": [0.5, 0.7, 0.4],
            "service_fee_rate": [0.05, 0.02, 0.0],
            "sample_cost": [15.0, 20.0, 0.0],
            "scene": ["shop", "service", "local"],
            "city": [None, None, "成都"],
            "listed_on": ["2026-01-05", "2026-03-02", "2026-10-10"],
            "buyer_female": [0.6, 0.95, 0.5],
            "updated_on": ["2026-11-01", "2026-11-01", "2026-11-01"],
        }
    )


def _collaborations() -> pd.DataFrame:
    """Return k1 to k7: two sold well, one failed, one declined, one sold nothing, two are open."""
    return pd.DataFrame(
        {
            "collaboration_id": ["k1", "k2", "k3", "k4", "k5", "k6", "k7"],
            "creator_id": ["c1", "c2", "c2", "c1", "c2", "c1", "c3"],
            "product_id": ["p1", "p2", "p1", "p2", "p2", "p3", "p3"],
            "invited_on": [
                *("2026-09-01", "2026-09-03", "2026-09-10", "2026-09-15"),
                *("2026-10-01", "2026-10-15", "2026-11-05"),
            ],
            "status": [
                *("fulfilled", "fulfilled", "failed", "declined"),
                *("fulfilled", "accepted", "invited"),
            ],
            "responded_on": [
                *("2026-09-03", "2026-09-04", "2026-09-12", "2026-09-18"),
                *("2026-10-02", "2026-10-20", None),
            ],
            "published_on": [
                *("2026-09-08", "2026-09-10", None, None),
                *("2026-10-08", "2026-10-28", None),
            ],
            "settled_on": [
                *("2026-09-29", "2026-10-01", "2026-10-12", "2026-09-18"),
                *("2026-10-29", None, None),
            ],
            "gmv": [60_000.0, 4_450.0, None, None, 0.0, None, None],
            "channel": ["live", "video", "video", "live", "video", "live", "video"],
            "commission_rate": [0.2, 0.3, 0.2, 0.3, 0.3, 0.15, 0.1],
            "service_fee_rate": [0.05, 0.02, 0.05, 0.02, 0.02, 0.0, 0.0],
            "slot_fee": [5000.0, 100.0, 100.0, 5000.0, 100.0, 5000.0, 0.0],
            "sample_cost": [15.0, 20.0, 15.0, 20.0, 20.0, 0.0, 0.0],
            "ads_cost": [300.0, 0.0, None, None, 0.0, None, None],
            "subsidy": [100.0, 0.0, None, None, 0.0, None, None],
            "return_cost": [240.0, 30.0, None, None, 0.0, None, None],
            "impressions": [9000, 12_500, None, None, 8000, None, None],
            "clicks": [2700, 800, None, None, 90, None, None],
            "orders": [1504, 50, None, None, 0, None, None],
            "refunded_gmv": [6000.0, 890.0, None, None, 0.0, None, None],
            "fan_gmv": [36_000.0, 1_000.0, None, None, 0.0, None, None],
            "repeat_orders": [300, 5, None, None, 0, None, None],
            "content_text": ["坚果专场", "口红试色", None, None, "秋冬口红", "火锅探店", None],
            "updated_on": ["2026-11-06"] * 7,
        }
    )


def _events() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": ["e1", "e2"],
            "merchant_id": ["m1", "m1"],
            "kind": ["impression", "invite"],
            "at": ["2026-11-05T08:30:00Z", "2026-11-05T08:31:10Z"],
            "product_id": ["p3", "p3"],
            "creator_id": ["c3", "c3"],
            "request_id": ["r1", "r1"],
            "channel": ["video", "video"],
            "rank": [1, 1],
            "bundle": ["20261101T000000-abcdef", "20261101T000000-abcdef"],
            "terms": [None, '{"slot_fee": 0.0}'],
            "told": [None, '{"roi": 2.5}'],
            "received_at": ["2026-11-05T08:30:01Z", "2026-11-05T08:31:11Z"],
        }
    )
