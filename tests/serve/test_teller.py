"""Who told it: the list of the week, the stored invitation, else a replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.history import EPOCH
from serve import teller as module
from serve.promises import TOLD_BY, Promises
from serve.teller import Events, Teller
from serve.weeks import Weeks
from tests.serve.lists import row, write_lists
from tests.serve.test_promises import DAY, past

WEEK, WEEK_BEFORE = "2024-W40", "2024-W39"
FRIDAY = EPOCH + timedelta(days=DAY)
BEFORE = "2024-09-27"
NOTHING: Events = {}


def tell(folder: Path | None = None, events: Events = NOTHING, **columns: Any) -> Promises:
    return Teller(Weeks(folder)).tell(past(**columns), events, "v1", "m1")


def told_by(told: Promises) -> list[str]:
    return [TOLD_BY[place] for place in told.told_by]


def invitation(channel: str = "live", as_of: str = BEFORE, **values: Any) -> dict[str, Any]:
    """Return what was predicted when an invitation was stored."""
    numbers = dict.fromkeys(("roi", "settled_gmv", "settled_gmv_low", "settled_gmv_high"), 7.0)
    chances = {"cost": 3.0, "accept_probability": 0.7, "fulfil_probability": 0.6}
    return {"bundle": "v0", "channel": channel, "as_of": as_of, **numbers, **chances, **values}


def test_without_lists_and_events_everything_is_replayed() -> None:
    told = tell()
    assert told_by(told) == ["replay"] * 4
    assert told.bundles == {}
    assert told.past.cases.promised_gmv.tolist() == [100.0] * 4


def test_a_list_of_that_week_told_it(tmp_path: Path) -> None:
    values = {
        "settled_gmv": 321.0,
        "settled_gmv_low": 200.0,
        "settled_gmv_high": None,
        "cost": 77.0,
        "accept_probability": 0.25,
        "fulfil_probability": 0.75,
    }
    write_lists(tmp_path, WEEK, [[row("m1", "p1", "c1", **values)]], as_of=BEFORE)
    told = tell(tmp_path)
    assert told_by(told) == ["list", "replay", "replay", "replay"]
    case = told.describe(0, "v1")
    assert case["bundle"] == "20261101T000000-abcdef"
    assert case["promised"] == {**values, "roi": 321 / 77}
    assert told.past.cases.promised_gmv.tolist() == [321.0, 100.0, 100.0, 100.0]
    assert told.totals("list")["promised_settled_gmv"] == 321.0


def test_whoever_told_it_had_not_learnt_what_came(tmp_path: Path) -> None:
    write_lists(tmp_path, WEEK_BEFORE, [[row("m1", "p2", "c1")]], as_of="2024-09-21")
    told = tell(tmp_path)
    assert told_by(told)[2] == "list"
    assert told.past.cases.learnt.tolist() == [False, False, False, True]


def test_the_list_of_another_week_told_nothing(tmp_path: Path) -> None:
    for week in (WEEK_BEFORE, "2024-W41"):
        write_lists(tmp_path, week, [[row("m1", "p1", "c1")]], as_of="2024-09-14")
    assert told_by(tell(tmp_path)) == ["replay"] * 4


def test_a_list_in_another_channel_told_nothing_of_this_one(tmp_path: Path) -> None:
    """Of k4 the channel is not known: whatever the list told was of it."""
    rows = [row("m1", "p1", "c1", channel="video"), row("m1", "p1", "c2", channel="video")]
    write_lists(tmp_path, WEEK, [rows], as_of=BEFORE)
    ten_weeks_before = "2024-W30"
    write_lists(tmp_path, ten_weeks_before, [[row("m1", "p2", "c2")]], as_of="2024-07-20")
    assert told_by(tell(tmp_path)) == ["replay", "list", "replay", "list"]


@pytest.mark.parametrize(("as_of", "found"), [("2024-10-04", "list"), ("2024-10-05", "replay")])
def test_a_list_of_later_facts_told_nothing(tmp_path: Path, as_of: str, found: str) -> None:
    """Lists can be written for a week that is over; they know what came."""
    write_lists(tmp_path, WEEK, [[row("m1", "p1", "c1")]], as_of=as_of)
    assert told_by(tell(tmp_path))[0] == found


def test_an_invitation_that_was_stored_told_it() -> None:
    told = tell(events={("p1", "c1"): [(FRIDAY, invitation())]})
    assert told_by(told) == ["bundle", "replay", "replay", "replay"]
    assert told.bundles == {0: "v0"}
    assert told.describe(0, "v1")["promised"]["fulfil_probability"] == 0.6
    assert told.totals("bundle")["promised_cost"] == 3.0


@pytest.mark.parametrize(
    ("days", "found"),
    [(-8, "replay"), (-7, "bundle"), (0, "bundle"), (1, "bundle"), (2, "replay")],
)
def test_an_invitation_of_another_time_is_another_one(days: int, found: str) -> None:
    """A day later still counts: events are dated in UTC."""
    at = FRIDAY + timedelta(days=days)
    assert told_by(tell(events={("p1", "c1"): [(at, invitation())]}))[0] == found


def test_the_latest_invitation_in_time_counts() -> None:
    days = [
        (FRIDAY - timedelta(days=6), invitation(settled_gmv=1.0)),
        (FRIDAY - timedelta(days=1), invitation(settled_gmv=2.0)),
        (FRIDAY - timedelta(days=1), invitation("video", settled_gmv=3.0)),
        (FRIDAY, invitation(settled_gmv=4.0, as_of="2024-10-05")),
        (FRIDAY + timedelta(days=5), invitation(settled_gmv=5.0)),
    ]
    told = tell(events={("p1", "c1"): days})
    assert told.past.cases.promised_gmv[0] == 2.0


def test_of_unknown_things_nothing_was_told() -> None:
    events = {("p9", "c1"): [(FRIDAY, invitation())], ("p1", "c9"): [(FRIDAY, invitation())]}
    assert told_by(tell(events=events)) == ["replay"] * 4


def test_a_list_goes_before_an_invitation(tmp_path: Path) -> None:
    write_lists(tmp_path, WEEK, [[row("m1", "p1", "c1", settled_gmv=9.0)]], as_of=BEFORE)
    told = tell(tmp_path, {("p1", "c1"): [(FRIDAY, invitation())]})
    assert told_by(told)[0] == "list"
    assert told.past.cases.promised_gmv[0] == 9.0


def test_damaged_lists_are_named_and_left_out(tmp_path: Path) -> None:
    path = write_lists(tmp_path, WEEK, [[row("m1", "p1", "c1")]], as_of=BEFORE)
    write_lists(tmp_path, WEEK_BEFORE, [[row("m1", "p2", "c1")]], as_of="2024-09-21")
    path.write_bytes(path.read_bytes()[:-5])
    told = tell(tmp_path)
    assert told.damaged == (WEEK,)
    assert told_by(told) == ["replay", "replay", "list", "replay"]


def test_what_was_found_is_kept_until_the_lists_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    plain = module._among_lists

    def look(found: Any, rows: np.ndarray, week: Any) -> Any:
        looked.append(week.week)
        return plain(found, rows, week)

    monkeypatch.setattr(module, "_among_lists", look)
    write_lists(tmp_path, WEEK, [[row("m1", "p1", "c1")]], as_of=BEFORE)
    teller = Teller(Weeks(tmp_path))
    for _ in range(3):
        assert told_by(teller.tell(past(), {}, "v1", "m1"))[0] == "list"
    assert looked == [WEEK]
    teller.tell(past(), {}, "v1", "m2")
    teller.tell(past(), {}, "v2", "m1")
    assert looked == [WEEK] * 3
    write_lists(tmp_path, WEEK, [[row("m1", "p2", "c2")], []], as_of=BEFORE)
    assert told_by(teller.tell(past(), {}, "v1", "m1"))[0] == "replay"


def test_what_is_replayed_stays_as_it_was(tmp_path: Path) -> None:
    """The bundle's own arrays are shared by all requests."""
    write_lists(tmp_path, WEEK, [[row("m1", "p1", "c1", settled_gmv=9.0)]], as_of=BEFORE)
    found = past()
    Teller(Weeks(tmp_path)).tell(found, {}, "v1", "m1")
    assert found.cases.promised_gmv.tolist() == [100.0] * 4
    assert replace(found) == found


def test_an_empty_past() -> None:
    nothing = past()
    nothing = replace(nothing, cases=nothing.cases[0:0], merchants=nothing.merchants[0:0])
    told = Teller(Weeks(None)).tell(nothing, {("p1", "c1"): [(date(2024, 1, 1), invitation())]})
    assert told.totals("all")["cases"] == 0
    assert told.worst() == []
