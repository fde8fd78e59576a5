"""What the past leaves behind: tired purses, trust, and promises still to keep.

Each is a stock that deals add to and that fades week by week. Only the deals are stored, so the
stocks of any week, later ones too, are well defined: what was added in earlier weeks, faded. After
the last day nothing is added any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MONDAY = 3  # day 0 was a Thursday
TIREDNESS_LEFT, TRUST_LEFT, BACKLOG_LEFT = 0.65, 0.96, 0.5  # after a week


def week_of(day: np.ndarray | int) -> np.ndarray | int:
    """Return the number of the week, Monday to Sunday, of days since 1970."""
    return (day + MONDAY) // 7


@dataclass(frozen=True)
class Stock:
    """Amounts added to keys in weeks; fades by `left` a week. Counts from the week after."""

    left: float
    key: np.ndarray
    week: np.ndarray
    amount: np.ndarray

    @classmethod
    def empty(cls, left: float) -> Stock:
        """Return a stock to which nothing has been added."""
        return cls(left, np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))

    def add(self, key: np.ndarray, week: np.ndarray, amount: np.ndarray) -> Stock:
        """Return the stock with more in it."""
        return Stock(
            self.left,
            np.concatenate((self.key, key)),
            np.concatenate((self.week, week)).astype(np.int32),
            np.concatenate((self.amount, amount)),
        )

    def at(self, week: int, count: int) -> np.ndarray:
        """Return what each of `count` keys has at the start of a week."""
        past = self.week < week
        faded = self.amount[past] * self.left ** (week - 1.0 - self.week[past])
        return np.bincount(self.key[past], faded, count)


@dataclass(frozen=True)
class Past:
    """All stocks: of (creator, category) keys the first, of creators the others."""

    tiredness: Stock
    trust: Stock
    backlog: Stock

    @classmethod
    def none(cls) -> Past:
        """Return the past of a market in which nothing has happened."""
        return cls(Stock.empty(TIREDNESS_LEFT), Stock.empty(TRUST_LEFT), Stock.empty(BACKLOG_LEFT))


@dataclass(frozen=True)
class State:
    """The stocks at the start of a week."""

    week: int
    tiredness: np.ndarray  # (creators, categories)
    trust: np.ndarray  # (creators,), to be added to what a creator had before any deal
    backlog: np.ndarray  # (creators,) collaborations

    @classmethod
    def of(cls, past: Past, week: int, creators: int, categories: int) -> State:
        """Read the stocks."""
        tiredness = past.tiredness.at(week, creators * categories)
        return cls(
            week,
            tiredness.reshape(creators, categories),
            past.trust.at(week, creators),
            past.backlog.at(week, creators),
        )
