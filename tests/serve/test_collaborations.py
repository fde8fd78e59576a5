from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from matching.columns import EVENTS
from matching.parsing import parse
from serve.collaborations import answered, invitations, joined

Frame = pd.DataFrame


def events(*said: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> Frame:
    """Return events of creator c1 and product p1: kind, time, and what differs."""
    rows = [
        {
            "event_id": f"e{number}",
            "merchant_id": "m1",
            "kind": kind,
            "at": pd.Timestamp(f"2026-{at}"),
            "product_id": "p1",
            "creator_id": "c1",
            **(rest[0] if rest else {}),
        }
        for number, (kind, at, *rest) in enumerate(said)
    ]
    return Frame(
        {
            column.name: parse(
                pd.Series([r.get(column.name) for r in rows], dtype=object), column.kind
            )[0]
            for column in EVENTS.columns
        }
    )


def told(frame: Frame) -> list[tuple[str, str, str]]:
    """Return invited_on, status and responded_on of each collaboration."""
    frame = frame.assign(responded_on=frame["responded_on"].astype("datetime64[s]"))
    days = [frame[name].dt.strftime("%m-%d").fillna("") for name in ("invited_on", "responded_on")]
    return list(zip(days[0], frame["status"], days[1], strict=True))


def made(*said: Any) -> list[tuple[str, str, str]]:
    of = events(*said)
    return told(answered(invitations(of), of)[0])


def test_only_invitations_make_a_collaboration():
    others = [(kind, "11-01") for kind in ("impression", "view", "accept", "decline", "dismiss")]
    assert made(*others) == []
    assert made(*others, ("invite", "11-02 23:59")) == [("11-02", "invited", "")]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([("accept", "11-04")], ("accepted", "11-04")),
        ([("decline", "11-02 12:00")], ("declined", "11-02")),
        ([("accept", "11-04"), ("accept", "11-09")], ("accepted", "11-04")),
        ([("decline", "11-05"), ("accept", "11-04")], ("accepted", "11-04")),  # the first counts
        ([("accept", "11-01")], ("invited", "")),  # before the invitation
        ([("accept", "11-04", {"creator_id": "c2"})], ("invited", "")),
        ([("accept", "11-04", {"product_id": "p2"})], ("invited", "")),
    ],
)
def test_an_answer_follows_its_invitation(answers: list[Any], status: tuple[str, str]):
    assert made(("invite", "11-02"), *answers) == [("11-02", *status)]


def test_an_answer_belongs_to_the_latest_invitation():
    assert made(("invite", "11-02"), ("invite", "11-09"), ("accept", "11-10")) == [
        ("11-02", "invited", ""),
        ("11-09", "accepted", "11-10"),
    ]
    assert made(("invite", "11-02"), ("decline", "11-03"), ("invite", "11-09")) == [
        ("11-02", "declined", "11-03"),
        ("11-09", "invited", ""),
    ]


def test_an_answer_may_lie_a_day_before_an_invitation_of_another_zone():
    """An invitation of a catalog has the local day, the answer that of UTC."""
    known = collaborations(("k1", "10-02", "invited"), ("k2", "11-05", "invited"))
    changed, unmatched = answered(known, events(("accept", "11-04 23:30"), ("decline", "11-03")))
    assert told(changed) == [("10-02", "declined", "11-03"), ("11-05", "accepted", "11-05")]
    assert unmatched == 0
    alone, unmatched = answered(known[1:], events(("accept", "11-04")))
    assert (told(alone), unmatched) == ([("11-05", "accepted", "11-05")], 0)
    near = collaborations(("k1", "11-03", "invited"), ("k2", "11-05", "invited"))
    changed, _ = answered(near, events(("accept", "11-04")))
    assert [status for _, status, _ in told(changed)] == ["accepted", "invited"]


def test_reminders_are_no_new_invitations():
    days = ("11-02 08:00", "11-02 20:00", "11-03", "11-04", "11-06")
    assert [day for day, *_ in made(*(("invite", day) for day in days))] == ["11-02", "11-06"]
    other = ("invite", "11-03", {"creator_id": "c2"})
    assert len(made(("invite", "11-02"), other)) == 2


def test_ids_are_unique_over_merchants():
    several = [
        ("invite", "11-02", {"merchant_id": merchant, "event_id": event, "creator_id": f"c{n}"})
        for n, (merchant, event) in enumerate(
            [("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), ("a", "c")]
        )
    ]
    ids = invitations(events(*several))["collaboration_id"]
    assert ids.is_unique
    assert ids.tolist() == invitations(events(*several))["collaboration_id"].tolist()


PROMISE = {
    "channel": "live",
    "commission_rate": 0.2,
    "slot_fee": 300.0,
    "sample_cost": 15.0,
    "cost_estimated": False,
}
GUESSED = {**PROMISE, "cost_estimated": True}


@pytest.mark.parametrize(
    ("event", "terms"),
    [
        ({"channel": "live", "told": PROMISE}, (0.2, None, 300.0, 15.0)),
        ({"told": PROMISE}, (0.2, None, None, None)),  # of which channel is not known
        ({"channel": "live", "told": GUESSED}, (0.2, None, None, None)),
        (
            {"channel": "live", "told": GUESSED, "terms": {"commission_rate": 0.3}},
            (0.3, None, None, None),
        ),
        (
            {
                "channel": "live",
                "told": PROMISE,
                "terms": {"slot_fee": 0, "service_fee_rate": 0.05},
            },
            (0.2, 0.05, 0.0, 15.0),
        ),
        ({"terms": {"commission_rate": 0.3, "ads_cost": 9.0}}, (0.3, None, None, None)),
        ({}, (None, None, None, None)),
    ],
)
def test_terms_are_those_offered_else_those_told(event: dict[str, Any], terms: Any):
    said = {name: json.dumps(v) if isinstance(v, dict) else v for name, v in event.items()}
    row = invitations(events(("invite", "11-02", said))).iloc[0]
    names = ("commission_rate", "service_fee_rate", "slot_fee", "sample_cost")
    assert tuple(None if pd.isna(row[name]) else row[name] for name in names) == terms


def collaborations(*rows: tuple[str, str, str], **columns: Any) -> Frame:
    """Return known collaborations of c1 and p1: id, invited_on, status."""
    frame = Frame(rows, columns=["collaboration_id", "invited_on", "status"])
    days = pd.to_datetime("2026-" + frame["invited_on"]).astype("datetime64[s]")
    return frame.assign(creator_id="c1", product_id="p1", invited_on=days, **columns)


def test_what_is_known_is_not_joined_again():
    known = collaborations(("k1", "11-02", "fulfilled"), ("k2", "11-20", "invited"))
    days = ("11-01", "11-04", "11-19", "11-25")
    new = invitations(events(*(("invite", day) for day in days)))
    assert told(joined(known, new).assign(responded_on=pd.NaT)) == [
        ("11-02", "fulfilled", ""),
        ("11-20", "invited", ""),
        ("11-04", "invited", ""),
        ("11-25", "invited", ""),
    ]
    twice = joined(joined(known, new), new)
    assert len(twice) == 4
    moved = known.assign(collaboration_id=["k1", new["collaboration_id"][3]])
    assert len(joined(moved, new)) == 3


def test_a_market_without_channels_gets_none():
    new = invitations(events(("invite", "11-02", {"channel": "video"})))
    assert "channel" not in joined(collaborations(("k1", "10-02", "invited")), new)
    known = collaborations(("k1", "10-02", "invited"), channel="live")
    assert joined(known, new)["channel"].tolist() == ["live", "video"]


def test_answers_reach_invitations_that_were_known_before():
    known = collaborations(
        ("k1", "10-02", "invited"), ("k2", "11-02", "invited"), ("k3", "11-20", "fulfilled")
    )
    said = events(("accept", "11-05"), ("decline", "11-21"), ("accept", "09-01"))
    changed, unmatched = answered(known, said)
    assert told(changed) == [
        ("10-02", "invited", ""),
        ("11-02", "accepted", "11-05"),
        ("11-20", "fulfilled", ""),
    ]
    assert unmatched == 1
    assert "responded_on" not in known  # frames of a catalog are not to be changed
