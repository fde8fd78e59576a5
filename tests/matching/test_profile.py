"""The public profile: what a creator lists, and nothing that is private."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.errors import UnknownIdError
from matching.matcher import Matcher
from tests.conftest import QUICK
from tests.matching.worlds import tiny_tables
from training.run import Trained, train

PRIVATE = {"min_commission_rate", "weekly_capacity", "opted_out"}


@pytest.fixture(scope="module")
def tiny() -> Matcher:
    return train(Catalog.from_tables(tiny_tables()), QUICK).matcher()


def test_a_profile_is_what_the_creator_lists(tiny: Matcher):
    assert tiny.creator("c1") == {
        "creator_id": "c1",
        "name": "大厨老王",
        "category": "食品",
        "city": "成都",
        "mcn_id": "n1",
        "follower_count": 1_100_000,
        "profile_text": "家常菜 坚果 零食",
        "joined_on": "2025-01-06",
        "channels": ["live", "video"],
        "slot_fees": {"live": 5000.0, "video": 2000.0},
        "fan_group_size": 55_000.0,
        "live_viewers": 7500.0,
        "video_views": 85_000.0,
        "engagement_rate": 0.045,
        "reputation": 4.9,
        "audience_female": 0.5,
        "audience_18_24": 0.2,
        "audience_25_34": 0.4,
        "audience_35_plus": 0.4,
        "audience_tier1": 0.3,
    }


def test_what_is_not_known_is_null_and_never_estimated(tiny: Matcher):
    """c3 lists no live fee; without a dated row the current statistics serve."""
    profile = tiny.creator("c3")
    assert profile["live_viewers"] is None
    assert profile["video_views"] == 400.0
    assert profile["slot_fees"] == {"video": 0.0}


def test_a_catalog_that_says_nothing_of_creators():
    tables = tiny_tables()
    tables = {
        **{name: tables[name] for name in ("products", "collaborations")},
        "creators": tables["creators"][["creator_id"]],
    }
    profile = train(Catalog.from_tables(tables), QUICK).matcher().creator("c2")
    known = {name for name, value in profile.items() if value is not None}
    assert known == {"creator_id", "channels", "slot_fees"}
    assert profile["slot_fees"] == {"video": None}


def test_private_fields_are_not_shown(quick: Trained, small: Catalog):
    matcher = quick.matcher()
    told = small.creators.assign(weekly_capacity=small.creators["weekly_capacity"] + 0.125)
    assert set(told.columns) >= PRIVATE
    for creator in small.creators["creator_id"]:
        profile = matcher.creator(creator)
        json.dumps(profile, allow_nan=False)
        assert not PRIVATE & set(profile)


def test_nobody_known(tiny: Matcher):
    with pytest.raises(UnknownIdError, match="nobody"):
        tiny.creator("nobody")


def test_names_survive_as_they_are(small: Catalog, quick: Trained):
    people = small.creators.set_index("creator_id")
    matcher = quick.matcher()
    for creator, row in people.iloc[::9].iterrows():
        profile = matcher.creator(str(creator))
        assert profile["name"] == row["name"]
        fee = row["video_slot_fee"]
        if "video" in profile["channels"]:
            assert profile["slot_fees"]["video"] == (None if pd.isna(fee) else fee)
