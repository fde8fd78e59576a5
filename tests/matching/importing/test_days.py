"""Days and times of many forms, and of which day they are."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from matching.importing.days import monday_after, time_reader

SHANGHAI, UTC = ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC")


@pytest.mark.parametrize(
    "text",
    ["2026-03-02", "2026/3/2", "2026.3.2", "2026年3月2日", "20260302", " ２０２６-03-02 "],
)
def test_a_day_is_that_day_in_any_zone(text: str) -> None:
    assert time_reader(None, UTC, SHANGHAI)(text) == datetime(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2026/3/2 18:05", None, datetime(2026, 3, 3, 2, 5)),
        ("2026年3月2日 18:05:07", None, datetime(2026, 3, 3, 2, 5, 7)),
        ("2026-03-02T18:05:00.250Z", None, datetime(2026, 3, 3, 2, 5)),
        ("2026-03-02 18:05+08:00", None, datetime(2026, 3, 2, 18, 5)),
        ("02/03/2026", "%d/%m/%Y", datetime(2026, 3, 2)),
        ("02/03/2026 18:05", "%d/%m/%Y %H:%M", datetime(2026, 3, 3, 2, 5)),
        ("1772474700", "unix", datetime(2026, 3, 3, 2, 5)),
        ("1772474700000", "unix_ms", datetime(2026, 3, 3, 2, 5)),
        ("46083", "excel", datetime(2026, 3, 2)),
        ("46083.75", "excel", datetime(2026, 3, 3, 2, 0)),
    ],
)
def test_a_time_is_of_the_day_that_it_is_at_home(text: str, form: str | None, expected: datetime):
    assert time_reader(form, UTC, SHANGHAI)(text) == expected


def test_without_a_zone_a_time_stays_as_it_is_written() -> None:
    read = time_reader(None, None, None)
    assert read("2026-03-02 23:05") == datetime(2026, 3, 2, 23, 5)
    assert read("2026-03-02 23:05-08:00") == datetime(2026, 3, 2, 23, 5)


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        ("02/03/2026", None, "no day: write 2026-11-20"),
        ("2026-02-30", None, "no day"),
        ("昨天", None, "no day"),
        ("2026-03-02", "%d/%m/%Y", "no time of the form %d/%m/%Y"),
        ("1e99", "unix", "no time of the form unix"),
        ("nan", "excel", "no time of the form excel"),
    ],
)
def test_what_is_no_day_is_refused(text: str, form: str | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        time_reader(form, None, SHANGHAI)(text)


@pytest.mark.parametrize("text", ["9999-12-31 23:00:00", "0001-01-01T00:00+14:00"])
def test_a_time_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"beyond the calendar; .* say so in `empty`"):
        time_reader(None, UTC, SHANGHAI if text > "2" else UTC)(text)


def test_a_day_without_a_monday_after_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        monday_after(datetime(9999, 12, 31))


@pytest.mark.parametrize(("day", "monday"), [(2, 9), (8, 9), (9, 16)])
def test_the_week_of_a_day_is_the_monday_after(day: int, monday: int) -> None:
    assert monday_after(datetime(2026, 3, day)) == datetime(2026, 3, monday)
