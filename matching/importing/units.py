"""Numbers as people and platforms write them: 3.60万, 1.2亿, 20%, ¥1,299.00, 99,000₫, 12.5k."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from matching.columns import Kind

UNITS = {
    "percent": -2,
    "per_mille": -3,
    "per_10000": -4,
    "cents": -2,
    "分": -2,
    "thousand": 3,
    "千": 3,
    "万": 4,
    "million": 6,
    "亿": 8,
}
"""What a unit's name means, as a power of ten."""
_SHARES = {"%": -2, "‰": -3, "‱": -4}
_SIZES = {"千": 3, "k": 3, "万": 4, "萬": 4, "w": 4, "m": 6, "tr": 6, "亿": 8, "億": 8, "b": 9}
_CURRENCIES: dict[str, tuple[str, ...]] = {
    "¥": ("CNY", "JPY"),
    "元": ("CNY",),
    "rmb": ("CNY",),
    "円": ("JPY",),
    "₫": ("VND",),
    "đ": ("VND",),
    "€": ("EUR",),
    "£": ("GBP",),
    "฿": ("THB",),
    "₱": ("PHP",),
    "₩": ("KRW",),
    "₹": ("INR",),
    "rp": ("IDR",),
    "rm": ("MYR",),
    "s$": ("SGD",),
    "$": ("USD", "SGD", "AUD", "CAD", "HKD", "TWD", "MXN"),
}
_WITHOUT_FRACTIONS = ("VND", "JPY", "KRW", "IDR", "CLP")
_CODE = re.compile(r"[a-z]{3}")
_NUMBER = {
    mark: rf"(?:\d{{1,3}}(?:\{thousands}\d{{3}})+|\d+)(?:\{mark}\d*)?|\{mark}\d+"
    for mark, thousands in ((".", ","), (",", "."))
}
_FORM = {
    mark: re.compile(
        rf"(?P<minus>-?)(?P<before>[^\d.,\s-]*)\s*(?P<number>{number})(?P<exponent>e[+-]?\d+)?"
        r"\s*(?P<after>\D*)"
    )
    for mark, number in _NUMBER.items()
}


def number_reader(
    kind: Kind, currency: str, decimal: str = ".", unit: str | float | None = None
) -> Callable[[str], float]:
    """Return what reads a text as a number, in the units of a catalog.

    The readers raise ValueError, whose message follows "is", for a text that is no such number.
    What the text says of its size (`20%`, `3.6万`) counts before the unit.

    Parameters
    ----------
    currency : of the catalog, ISO 4217; a sign of another one is refused
    decimal : the mark before the fraction, "." or ","; the other one parts thousands
    unit : a name of UNITS, or what one is worth; of numbers that say nothing themselves
    """
    form = _FORM[decimal]
    shift = UNITS[unit] if isinstance(unit, str) else 0
    factor = 1.0 if unit is None or isinstance(unit, str) else float(unit)

    def read(text: str) -> float:
        found = form.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold())
        if found is None:
            raise ValueError("no number")
        sign, size = _size(found["after"], kind)
        for said in (found["before"], sign):
            _check_currency(said, kind, currency)
        number = _plain(found["number"], decimal)
        if size is None and kind is Kind.MONEY and currency in _WITHOUT_FRACTIONS:
            _check_whole(number, currency)
        exponent = int((found["exponent"] or "e0")[1:]) + (shift if size is None else size)
        value = float(f"{found['minus']}{number}e{exponent}")  # by the text: 20e-2 is 0.2 exactly
        return value if size is not None else value * factor

    return read


def is_read_plainly(kind: Kind, currency: str, decimal: str) -> bool:
    """Whether digits with a point can mean but one number: they need not be read one by one."""
    return decimal == "." and not (kind is Kind.MONEY and currency in _WITHOUT_FRACTIONS)


def _plain(number: str, decimal: str) -> str:
    thousands = "," if decimal == "." else "."
    return number.replace(thousands, "").replace(decimal, ".")


def _size(after: str, kind: Kind) -> tuple[str, int | None]:
    """Return what of the text after a number is no size, and the power of ten that it says."""
    sizes = _SHARES if kind is Kind.RATE else _SIZES
    after = after.strip()
    for size in sorted(sizes, key=len, reverse=True):
        rest = after.removeprefix(size).strip()
        if rest != after and (not rest or _is_currency(rest)):
            return rest, sizes[size]
    return after, None


def _is_currency(said: str) -> bool:
    return said in _CURRENCIES or _CODE.fullmatch(said) is not None


def _check_currency(said: str, kind: Kind, currency: str) -> None:
    if not said:
        return
    if kind is not Kind.MONEY or not _is_currency(said):
        raise ValueError(f"no number: {said!r} says nothing here")
    if currency not in _CURRENCIES.get(said, (said.upper(),)):
        raise ValueError(f"money of another currency than {currency}")


def _check_whole(number: str, currency: str) -> None:
    """Refuse 99.000 where the currency has no fractions: it would be 99."""
    if len(number.partition(".")[2]) == 3:
        raise ValueError(f'a fraction of {currency}; where points part thousands, decimal = ","')
