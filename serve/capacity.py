"""Capacity: how many creators may be promised so that rarely too many accept.

A creator who can serve c collaborations this week may be promised to more merchants than c, since
not all promises are accepted, as long as P(acceptances > c) stays within a stated chance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_LEAST_PROBABILITY = 0.002
_GRID = np.concatenate((np.geomspace(_LEAST_PROBABILITY, 0.1, 100), np.linspace(0.11, 1.0, 179)))
_SLACK = 1e-12  # of sums of probabilities


def use_of(capacity: FloatArray, accept_probability: FloatArray, chance: float) -> FloatArray:
    """Return which part of a creator's week each promise uses, so that a full week is 1.

    It is 1 / n, where n is the number, not necessarily whole, of promises with this probability at
    which P(Binomial(n, p) > c) is `chance`: the regularised incomplete beta function continues that
    probability between whole numbers. Creators whose promises are equally likely to be accepted
    keep the chance exactly as long as the parts sum to 1 at most; for mixed ones the sum is a
    linear stand-in, which a mixture exceeds a little before it breaks the chance.

    Parameters
    ----------
    capacity : float64 (edges,)
        Whole numbers from 1; infinite is unlimited and uses nothing.
    accept_probability : float64 (edges,)
    """
    use = np.zeros(len(capacity))
    levels, places = np.unique(capacity, return_inverse=True)
    for place, level in enumerate(levels):
        if np.isfinite(level):
            rows = np.flatnonzero(places == place)
            use[rows] = np.interp(accept_probability[rows], _GRID, 1.0 / _promises(level, chance))
    return use


def _promises(capacity: float, chance: float) -> FloatArray:
    """Return for each probability of the grid how many promises keep the chance."""
    low = np.zeros(len(_GRID))
    high = np.full(len(_GRID), (capacity + 1.0) * 10.0 / _LEAST_PROBABILITY)
    for _ in range(60):
        beyond = (low + high) / 2.0
        kept = betainc(capacity + 1.0, beyond, _GRID) <= chance
        low, high = np.where(kept, beyond, low), np.where(kept, high, beyond)
    return capacity + low


class Promises:
    """What every creator has been promised for, and what more fits: the exact distribution.

    The number of acceptances is a sum of independent answers (Poisson binomial); of its
    distribution only what is within the capacity has to be known.

    Parameters
    ----------
    capacity : float64 (creators,)
        Whole numbers from 0; infinite is unlimited.
    """

    def __init__(self, capacity: FloatArray, chance: float) -> None:
        self.capacity = capacity
        self.chance = chance
        self.room = np.where(np.isfinite(capacity) & (capacity < 1), 0.0, np.inf)
        """The largest probability of acceptance that a further promise may have; -inf is none."""
        self._within: dict[int, FloatArray] = {}

    def add(self, creator: int, probability: float) -> None:
        """Promise the creator once more."""
        if np.isinf(self.capacity[creator]):
            return
        within = self._within.get(creator)
        if within is None:
            within = self._none(creator)
        self._set(creator, _with(within, probability))

    def replace(self, creator: int, probabilities: FloatArray) -> None:
        """Promise the creator just these."""
        if np.isfinite(self.capacity[creator]):
            self._set(creator, self._sum(creator, probabilities))

    def room_with(self, creator: int, probabilities: FloatArray) -> float:
        """Return the room that these promises alone would leave."""
        return self._room(self._sum(creator, probabilities))

    def overflow(self, creator: int) -> float:
        """Return P(acceptances > capacity)."""
        within = self._within.get(creator)
        return 0.0 if within is None else max(0.0, 1.0 - float(within.sum()))

    def _none(self, creator: int) -> FloatArray:
        within = np.zeros(int(self.capacity[creator]) + 1)
        within[0] = 1.0
        return within

    def _sum(self, creator: int, probabilities: FloatArray) -> FloatArray:
        within = self._none(creator)
        for probability in probabilities.tolist():
            within = _with(within, probability)
        return within

    def _set(self, creator: int, within: FloatArray) -> None:
        self._within[creator] = within
        self.room[creator] = self._room(within)

    def _room(self, within: FloatArray) -> float:
        """A promise moves its probability of the mass at capacity beyond it."""
        left = float(within.sum()) - (1.0 - self.chance) + _SLACK
        if left < 0.0:
            return -np.inf
        at_capacity = float(within[-1])
        return np.inf if at_capacity <= left else left / at_capacity


def _with(within: FloatArray, probability: float) -> FloatArray:
    after = within * (1.0 - probability)
    after[1:] += within[:-1] * probability
    return after


def simulate_overflow(
    creators: IntArray,
    accept_probability: FloatArray,
    capacity: FloatArray,
    generator: np.random.Generator,
    draws: int = 200,
) -> FloatArray:
    """Return how often more accepted than the creator can serve, by simulating their answers.

    float64 (creators of the market,): a share of the draws.
    """
    beyond = np.zeros(len(capacity))
    for _ in range(draws):
        accepted = creators[generator.random(len(creators)) < accept_probability]
        beyond += np.bincount(accepted, minlength=len(capacity)) > capacity
    return beyond / draws
