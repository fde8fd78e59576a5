from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from serve.event_payloads import EventBody, EventsBody

EVENT: dict[str, Any] = {
    "event_id": "e1",
    "kind": "view",
    "at": "2026-11-24T09:30:00+08:00",
    "product_id": "p1",
    "creator_id": "c1",
}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-24T09:30:00+08:00", datetime(2026, 11, 24, 1, 30)),
        ("2026-11-24T09:30:00.5Z", datetime(2026, 11, 24, 9, 30, 0, 500_000)),
        ("2026-11-24t09:30:00.123456789z", datetime(2026, 11, 24, 9, 30, 0, 123_456)),
        ("2026-12-31T23:59:60Z", datetime(2027, 1, 1)),  # a leap second
        ("0001-01-01T00:00:00+10:00", datetime.min),
        ("9999-12-31T23:59:59-10:00", datetime.max),
    ],
)
def test_times_are_told_in_utc(text: str, told: datetime) -> None:
    assert EventBody.model_validate({**EVENT, "at": text}).at == told


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-24T09:30:00", "2026-11-24", "2026-02-30T00:00:00Z", "2026-11-24T24:01:00Z"),
        *("yesterday", "", 1764000000, None, "２０２６-11-24T09:30:00Z", "2026-11-24T09:30:00Z\n"),
    ],
)
def test_what_is_no_time_with_its_offset(text: object) -> None:
    with pytest.raises(ValidationError, match="time"):
        EventBody.model_validate({**EVENT, "at": text})


@pytest.mark.parametrize(
    ("since_now", "holds"),
    [
        (timedelta(0), True),
        (timedelta(hours=23), True),
        (timedelta(hours=25), False),
        (timedelta(days=-9000), True),
        (timedelta(days=-15000), False),
    ],
)
def test_times_that_can_be(since_now: timedelta, holds: bool) -> None:
    at = (datetime.now(UTC) + since_now).isoformat()
    assert EventBody.model_validate({**EVENT, "at": at}).is_in_time == holds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_id", "a\0b"),
        ("event_id", "a\nb"),
        ("event_id", ""),
        ("event_id", "x" * 201),
        ("event_id", "\ud800"),
        ("event_id", 7),
        ("kind", "invited"),
        ("product_id", None),
        ("request_id", "no spaces"),
        ("channel", "radio"),
        ("rank", 0),
        ("rank", 1.5),
        ("rank", True),
        ("bundle", "a\0b"),
        ("terms", {"commission_rate": 20}),
        ("terms", {"colour": "red"}),
        ("colour", "red"),
    ],
)
def test_what_an_event_cannot_say(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        EventsBody.model_validate({"events": [EVENT, {**EVENT, name: value}]})
    assert refused.value.errors()[0]["loc"][:3] == ("events", 1, name)
    with pytest.raises(ValidationError) as refused:
        EventsBody.model_validate({**EVENT, name: value})
    assert refused.value.errors()[0]["loc"][0] == name


@pytest.mark.parametrize("count", [0, 1001])
def test_how_many_at_once(count: int) -> None:
    with pytest.raises(ValidationError, match="events"):
        EventsBody.model_validate({"events": [EVENT] * count})
    assert len(EventsBody.model_validate({"events": [EVENT] * 1000}).events) == 1000
