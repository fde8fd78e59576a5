"""Profile: what anybody may know of a creator."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from matching.columns import AUDIENCE, CHANNELS, SLOT_FEES
from matching.history import EPOCH
from matching.results import describe_person, number

if TYPE_CHECKING:
    from matching.matcher import Matcher

_STATISTICS = ("fan_group_size", "live_viewers", "video_views", "engagement_rate")
_ATTRIBUTES = ("reputation", *AUDIENCE)
_FEES = dict(zip(CHANNELS, SLOT_FEES, strict=True))


def describe_profile(matcher: Matcher, creator: int) -> dict[str, Any]:
    """Return the public profile of a row of the creators; what is not known is None.

    What creators tell the platform alone is not in it: the lowest commission that they take, how
    many collaborations they have room for, and what they agreed with anybody.
    """
    contents = matcher.contents
    attributes = contents.history.creators
    works = contents.offers.works[creator]
    channels = [name for name, works_there in zip(CHANNELS, works, strict=True) if works_there]
    return {
        **describe_person(matcher, creator),
        "profile_text": _text(contents.creators, creator),
        "joined_on": _day(attributes.get("joined_on")[creator]),
        "channels": channels,
        "slot_fees": {name: number(attributes.get(_FEES[name])[creator]) for name in channels},
        **{name: _statistic(matcher, name, creator) for name in _STATISTICS},
        **{name: number(attributes.get(name)[creator]) for name in _ATTRIBUTES},
    }


def _text(table: Any, creator: int) -> str | None:
    if "profile_text" not in table.column_names:
        return None
    text: str | None = table.column("profile_text")[creator].as_py()
    return text


def _day(days: float) -> str | None:
    return None if np.isnan(days) else (EPOCH + timedelta(days=int(days))).isoformat()


def _statistic(matcher: Matcher, name: str, creator: int) -> float | None:
    """Return the newest weekly value, else the current one."""
    history = matcher.contents.history
    column = history.statistics.columns.get(name)
    day = np.array(history.as_of)
    row = int(history.statistics.latest(np.array([creator]), day)[0])
    if column is None or not len(column) or row < 0:
        return number(history.creators.get(name)[creator])
    return number(column[row])
