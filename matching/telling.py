"""Telling: values and reasons as a person would say them, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching.features import Shown
from matching.languages import DEFAULT_LANGUAGE, Text

_MORE, _LESS = Text("more", "更多"), Text("less", "更少")
_NOT_KNOWN = Text("not known", "未知")
_UNKNOWN = {
    Shown.PERCENT: Text("an unknown share", "未知比例"),
    Shown.RATE: Text("an unknown share", "未知比例"),
    Shown.AMOUNT: Text("an unknown number of", "未知"),
    Shown.MONEY: Text("an unknown amount", "未知"),
    Shown.TIMES: Text("an unknown multiple of", "未知倍数"),
}
_TIMES = Text("{value} times", "{value} 倍")
_MONEY = Text("{currency} {value}", "{value} {currency}")
_REASON = Text(
    "{sentence}{compared} ({effect} expected sales)", "{sentence}{compared}（预计销售额 {effect}）"
)
_PLACES = {True: Text("category", "类目"), False: Text("market", "市场")}
"""What a value is compared with: the category's past, or the market's where that is too thin."""
_MEDIAN = Text("; the {place}'s median is {value}", "，{place}中位数为 {value}")
_MOSTLY = Text(
    "; in past collaborations of the {place} mostly {value}", "，{place}以往合作多为 {value}"
)
_DIVIDED = Text(
    "; past collaborations of the {place} are evenly divided", "，{place}以往合作各占一半"
)


@dataclass(frozen=True)
class Voice:
    """The language in which values are told, and the currency of what is money (ISO 4217)."""

    language: str = DEFAULT_LANGUAGE
    currency: str = "CNY"

    def reason(self, question: Text, answer: str, compared: str, contribution: float) -> str:
        """Return a whole reason; `contribution` is in ln of expected sales."""
        sentence = question.say(self.language, value=answer)
        return _REASON.say(
            self.language,
            sentence=sentence[0].upper() + sentence[1:],
            compared=compared,
            effect=f"{np.expm1(contribution):+,.0%}",
        )

    def more_or_less(self, contribution: float) -> str:
        """Return the answer of what has no value to be told: whether it adds."""
        return (_MORE if contribution > 0 else _LESS).say(self.language)

    def unknown(self, shown: Shown) -> str:
        """Return what stands where a value would, had it been known."""
        return _UNKNOWN.get(shown, _NOT_KNOWN).say(self.language)

    def compared(
        self, shown: Shown, median: float, words: Mapping[float, Text], is_category: bool
    ) -> str:
        """Return what is usual, to follow the sentence about a value."""
        template, told = _MEDIAN, self.value(shown, median, words)
        if shown is Shown.WORDS:
            template = _MOSTLY if median in words else _DIVIDED  # between two of them
        return template.say(
            self.language, place=_PLACES[is_category].say(self.language), value=told
        )

    def value(self, shown: Shown, value: float, words: Mapping[float, Text]) -> str:
        """Return a feature's value; `words` are what values shown as words stand for."""
        if shown is Shown.WORDS:
            nearest = min(words, key=lambda code: abs(code - value))
            return words[nearest].say(self.language)
        if shown is Shown.PERCENT:
            return f"{value:,.0%}" if abs(value) >= 0.1 else f"{round(value, 3) + 0.0:.1%}"
        if shown is Shown.RATE:
            return f"{np.exp(value):.2%}"
        if shown is Shown.TIMES:
            return _TIMES.say(self.language, value=_plain(float(np.exp(value)), 2))
        if shown is Shown.NUMBER:
            return _plain(value)
        amount = self._amount(float(np.expm1(value)))
        return amount if shown is Shown.AMOUNT else self._money(amount)

    def _money(self, amount: str) -> str:
        yuan = self.language == "zh" and self.currency == "CNY"
        return _MONEY.say(self.language, value=amount, currency="元" if yuan else self.currency)

    def _amount(self, value: float) -> str:
        """Return a number; Chinese counts large ones in 万 and 亿, to three digits."""
        rounded = float(f"{value:.3g}")
        if self.language == "zh" and rounded >= 1e4:
            unit, word = (1e8, "亿") if rounded >= 1e8 else (1e4, "万")
            return f"{_plain(rounded / unit)} {word}"
        return _plain(value)


DEFAULT_VOICE = Voice()


def _plain(value: float, digits: int = 3) -> str:
    """Return a number in so many significant digits, never with an exponent."""
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    decimals = f"{float(f'{value:.{digits}g}'):.4f}".rstrip("0").rstrip(".")
    return "0" if decimals == "-0" else decimals
