"""Numbers as they are written, and what is no number of that kind."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.columns import Kind
from matching.importing.units import number_reader

MONEY, COUNT, RATE = Kind.MONEY, Kind.COUNT, Kind.RATE


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (COUNT, "3.60万", 36_000),
        (COUNT, "1.2亿", 120_000_000),
        (COUNT, "12.5k", 12_500),
        (COUNT, "2W", 20_000),
        (COUNT, "1.5M", 1_500_000),
        (COUNT, "1,234,567", 1_234_567),
        (COUNT, "１２３", 123),
        (COUNT, "1e3", 1000),
        (MONEY, "¥1,299.00", 1299),
        (MONEY, "￥ 1299元", 1299),
        (MONEY, "3.60万元", 36_000),
        (MONEY, "1.2 亿 CNY", 120_000_000),
        (MONEY, "-5", -5),
        (RATE, "20%", 0.2),
        (RATE, "12.3％", 0.123),
        (RATE, "5‰", 0.005),
        (RATE, "35‱", 0.0035),
        (RATE, "0.2", 0.2),
    ],
)
def test_a_text_is_the_number_it_says(kind: Kind, text: str, value: float) -> None:
    assert number_reader(kind, "CNY")(text) == value  # to the last bit


@pytest.mark.parametrize("text", ["99,000₫", "99000 VND", "99,000.00 đ"])
def test_money_without_fractions(text: str) -> None:
    assert number_reader(MONEY, "VND")(text) == 99_000


def test_points_that_part_thousands_are_not_taken_for_a_fraction() -> None:
    with pytest.raises(ValueError, match='where points part thousands, decimal = ","'):
        number_reader(MONEY, "VND")("99.000 đ")


def test_a_comma_may_be_the_decimal_mark() -> None:
    read = number_reader(MONEY, "VND", decimal=",")
    assert [read(text) for text in ("99.000₫", "1,2tr", "1.299.000")] == [99e3, 1.2e6, 1_299_000]


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (MONEY, "$12", "money of another currency than CNY"),
        (MONEY, "12 usd", "money of another currency than CNY"),
        (MONEY, "20%", "'%' says nothing here"),
        (RATE, "3万", "'万' says nothing here"),
        (COUNT, "¥5", "'¥' says nothing here"),
        (COUNT, "5人", "'人' says nothing here"),
        (COUNT, "1,23", "no number"),
        (COUNT, "1~2", "no number"),
        (COUNT, "面议", "no number"),
        (COUNT, "", "no number"),
    ],
)
def test_what_is_no_number_of_the_kind_is_refused(kind: Kind, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        number_reader(kind, "CNY")(text)


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("percent", "20", 0.2),
        ("per_mille", "20", 0.02),
        ("per_10000", "2000", 0.2),
        ("percent", "20%", 0.2),  # what the text says counts before the unit
        ("percent", "5‰", 0.005),
        (0.5, "0.4", 0.2),
        (None, "0.2", 0.2),
    ],
)
def test_a_unit_is_of_what_says_none_itself(unit: str | float | None, text: str, value: float):
    assert number_reader(RATE, "CNY", unit=unit)(text) == value


@given(st.integers(0, 10**9), st.sampled_from(["percent", "per_10000", "万"]))
def test_units_are_exact(number: int, unit: str) -> None:
    scale = {"percent": 100, "per_10000": 10_000, "万": 1 / 10_000}[unit]
    assert number_reader(COUNT, "CNY", unit=unit)(str(number)) == number / scale
