"""Values as a person would say them."""

from __future__ import annotations

import numpy as np
import pytest

from matching.features import Shown
from matching.languages import Text
from matching.telling import Voice

ENGLISH, CHINESE = Voice("en"), Voice("zh")
PLACES = {-1: Text("elsewhere", "别处"), 0: Text("anywhere", "不限"), 1: Text("here", "此处")}


def ln1p(amount: float) -> float:
    return float(np.log1p(amount))


@pytest.mark.parametrize(
    ("shown", "value", "english", "chinese"),
    [
        (Shown.PERCENT, 0.444, "44%", "44%"),
        (Shown.PERCENT, 0.0444, "4.4%", "4.4%"),
        (Shown.PERCENT, -0.05, "-5.0%", "-5.0%"),
        (Shown.PERCENT, -0.0001, "0.0%", "0.0%"),
        (Shown.PERCENT, 41.0, "4,100%", "4,100%"),
        (Shown.AMOUNT, ln1p(123_456), "123,456", "12.3 万"),
        (Shown.AMOUNT, ln1p(9_994), "9,994", "9,994"),
        (Shown.AMOUNT, ln1p(9_999), "9,999", "1 万"),
        (Shown.AMOUNT, ln1p(12_345_678), "12,345,678", "1,230 万"),
        (Shown.AMOUNT, ln1p(99_999_000), "99,999,000", "1 亿"),
        (Shown.AMOUNT, ln1p(12.345), "12.3", "12.3"),
        (Shown.AMOUNT, 0.0, "0", "0"),
        (Shown.MONEY, ln1p(59.9), "CNY 59.9", "59.9 元"),
        (Shown.MONEY, ln1p(12_300), "CNY 12,300", "1.23 万元"),
        (Shown.TIMES, np.log(1.5), "1.5 times", "1.5 倍"),
        (Shown.TIMES, np.log(1234), "1,234 times", "1,234 倍"),
        (Shown.RATE, np.log(0.0123), "1.23%", "1.23%"),
        (Shown.NUMBER, 4.5, "4.5", "4.5"),
        (Shown.NUMBER, 1234.0, "1,234", "1,234"),
        (Shown.NUMBER, 99.96, "100", "100"),
        (Shown.NUMBER, 0.00002, "0", "0"),
        (Shown.NUMBER, -0.00002, "0", "0"),
        (Shown.NUMBER, 100.0, "100", "100"),
        (Shown.NUMBER, 10.0, "10", "10"),
        (Shown.WORDS, 1.0, "here", "此处"),
        (Shown.WORDS, -1.0, "elsewhere", "别处"),
    ],
)
def test_values_are_told_as_a_person_would(shown: Shown, value: float, english: str, chinese: str):
    assert ENGLISH.value(shown, value, PLACES) == english
    assert CHINESE.value(shown, value, PLACES) == chinese


def test_other_money_is_named_by_its_code():
    assert Voice("en", "USD").value(Shown.MONEY, ln1p(20), {}) == "USD 20"
    assert Voice("zh", "USD").value(Shown.MONEY, ln1p(20_000), {}) == "2 万 USD"


@pytest.mark.parametrize("shown", [shown for shown in Shown if shown is not Shown.PRIVATE])
def test_what_is_unknown_is_told_as_such(shown: Shown):
    assert "known" in ENGLISH.unknown(shown)
    assert "未知" in CHINESE.unknown(shown)


def test_a_sentence_begins_with_a_capital():
    share = Text("{value} of buyers came back", "有 {value} 的买家复购")
    told = ENGLISH.reason(share, ENGLISH.unknown(Shown.PERCENT), "", 0.1)
    assert told == "An unknown share of buyers came back (+11% expected sales)"
    assert CHINESE.reason(share, "44%", "", -0.1) == "有 44% 的买家复购（预计销售额 -10%）"
