"""One text, two languages."""

from __future__ import annotations

import pytest

from matching.errors import OptionError
from matching.languages import DEFAULT_LANGUAGE, LANGUAGES, Text, check_language

FANS = Text("fans bring {value} of it", "粉丝贡献了 {value} 的销售额")


def test_english_is_spoken_where_nothing_else_is_asked_for():
    assert DEFAULT_LANGUAGE == "en"
    assert set(LANGUAGES) == {"en", "zh"}


@pytest.mark.parametrize(
    ("language", "value", "said"),
    [
        ("en", "44%", "fans bring 44% of it"),
        ("zh", "44%", "粉丝贡献了 44% 的销售额"),
        ("zh", "未知比例", "粉丝贡献了未知比例的销售额"),
        ("zh", "3 万", "粉丝贡献了 3 万的销售额"),
    ],
)
def test_values_are_filled_in_without_spaces_between_chinese_words(
    language: str, value: str, said: str
):
    assert FANS.say(language, value=value) == said


@pytest.mark.parametrize("language", ["fr", "zh-CN", "", "EN"])
def test_other_languages_are_refused(language: str):
    with pytest.raises(OptionError, match="must be one of en, zh") as error:
        check_language(language)
    assert error.value.field == "language"


def test_those_that_are_spoken_are_taken():
    for language in LANGUAGES:
        check_language(language)
