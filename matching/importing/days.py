"""Days and times as they are exported, of other forms and time zones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_STAMPS = {"unix": 1.0, "unix_ms": 1e-3}
EXCEL = "excel"
FORMATS = (*_STAMPS, EXCEL)
"""Formats with a name: seconds and milliseconds since 1970 in UTC, days since 1899-12-30."""
_BEYOND = "beyond the calendar; if it stands for nothing known, say so in `empty`"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXCEL_EPOCH = datetime(1899, 12, 30)
_FORM = re.compile(
    r"(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2}))"
    r"(?P<time>[T\s]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
    r"\s*(?P<zone>(?<=\d)(?:Z|[+-]\d{2}(?::?\d{2})?))?"
)


def time_reader(
    form: str | None, zone: ZoneInfo | None, home: ZoneInfo | None
) -> Callable[[str], datetime]:
    """Return what reads a text as a time, local to `home`.

    The readers raise ValueError, whose message follows "is". A day without a time stays that day.

    Parameters
    ----------
    form : one of FORMATS or of `strptime`; default: year, month and day in this order
    zone : where a time that does not say so was taken, default `home`
    home : whose days the catalog's are; without it every time stays as it is written, and what
        counts from 1970 is UTC
    """

    def read(text: str) -> datetime:
        text = unicodedata.normalize("NFKC", text).strip()
        try:
            moment, is_day = _parse(text, form)
        except (ValueError, OverflowError):
            plain = "no day: write 2026-11-20 or 2026年11月20日"
            raise ValueError(f"no time of the form {form}" if form else plain) from None
        if is_day or (moment.tzinfo is None and (zone is None or home is None)):
            return moment.replace(tzinfo=None)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        try:
            return (moment.astimezone(home) if home else moment).replace(tzinfo=None)
        except OverflowError:
            raise ValueError(_BEYOND) from None

    return read


def monday_after(day: datetime) -> datetime:
    """Return the first Monday after a day: the week whose row holds that day.

    Raises ValueError, as readers do, after the last Monday of all.
    """
    try:
        return day + timedelta(days=7 - day.weekday())
    except OverflowError:
        raise ValueError(_BEYOND) from None


def _parse(text: str, form: str | None) -> tuple[datetime, bool]:
    """Return the time, aware where the text says its zone, and whether it is but a day."""
    if form in _STAMPS:
        return _EPOCH + timedelta(seconds=float(text) * _STAMPS[form]), False
    if form == EXCEL:
        return _EXCEL_EPOCH + timedelta(seconds=round(float(text) * 86_400)), "." not in text
    if form is not None:
        has_time = any(f"%{letter}" in form for letter in "HIMcXTR")
        return datetime.strptime(text, form), not has_time
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError
    year, month, day = (int(part) for part in found.group(*range(1, 7)) if part)
    hour, minute, second = (int(part or 0) for part in found.group(8, 9, 10))
    moment = datetime(year, month, day, hour, minute, second)
    if found["zone"] and found["time"]:
        moment = datetime.fromisoformat(f"{moment.isoformat()}{found['zone']}")
    return moment, not found["time"]
