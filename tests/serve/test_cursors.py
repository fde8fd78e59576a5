from __future__ import annotations

import base64

import pytest

from matching.errors import UnknownIdError
from serve.cursors import from_cursor, to_cursor


def test_a_cursor_comes_back_as_it_went() -> None:
    assert from_cursor(to_cursor("商品|1", 7), str, int) == ("商品|1", 7)
    assert from_cursor(None, str, int) is None


def written(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "***",
        "",
        to_cursor(7),
        to_cursor(7, "p1"),
        to_cursor("p1", -1),
        to_cursor("p1", 2**31),
        written('["p1", true]'),
        written('["p1", 1.0]'),
        written('["\\ud800", 1]'),
        written("[" * 100_000),
        written('{"p1": 1}'),
        "p1é",
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(UnknownIdError, match="next_cursor"):
        from_cursor(cursor, str, int)
