"""Cursors: where a list goes on, in words that only the service reads."""

from __future__ import annotations

import base64
import binascii
import json

from matching.errors import UnknownIdError


def to_cursor(*parts: str | int) -> str:
    """Return what leads to the page after these."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_cursor(cursor: str | None, *kinds: type) -> tuple | None:
    """Return the parts of a cursor, of these kinds; None without one, 404 if it is not ours."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        ours = isinstance(parts, list) and [type(part) for part in parts] == list(kinds)
        if ours and all(_is_possible(part) for part in parts):
            return tuple(parts)
    except (binascii.Error, ValueError, RecursionError):
        pass  # said below
    raise UnknownIdError("page", cursor, "take next_cursor of the page before")


def _is_possible(part: str | int) -> bool:
    """Whether a number is a place in a list; ValueError if a text has no bytes."""
    return 0 <= part < 2**31 if isinstance(part, int) else part.encode() is not None
