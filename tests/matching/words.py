"""What every sentence that a merchant reads must be, whatever it says."""

from __future__ import annotations

import re

HAN = re.compile(r"[\u4e00-\u9fff]")
FULL_WIDTH = re.compile(r"[，。；：（）、]")
LATIN = re.compile(r"[A-Za-z]+")
SHARED = {"ROI", "MCN", "CNY", "USD"}
"""Words that Chinese merchants use as they are."""
EXPONENT = re.compile(r"\de[+-]?\d")


def check_words(text: str, language: str) -> None:
    """Assert that a sentence is whole, of one language, and no computer's."""
    assert text.strip() == text != ""
    assert "  " not in text
    for broken in ("{", "}", "_", "nan", "inf ", "None", "-0 ", "-0.0%"):
        assert broken not in text, text
    assert not EXPONENT.search(text), text
    if language == "en":
        assert not HAN.search(text) and not FULL_WIDTH.search(text), text
        assert LATIN.search(text), text
    else:
        assert HAN.search(text), text
        assert set(LATIN.findall(text)) <= SHARED, text
        assert not re.search(r"[\u4e00-\u9fff] [\u4e00-\u9fff]", text), text
        assert not re.search(r"[,;:()]\s", text), text
        assert not re.search(r"[\u4e00-\u9fff][0-9A-Za-z]|[0-9A-Za-z%][\u4e00-\u9fff]", text), text
