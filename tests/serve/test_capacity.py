"""Capacity: parts of weeks and the exact chance that too many accept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from serve.capacity import Promises, use_of
from serve.exposure import exposure
from tests.serve.exact import overflow


@pytest.mark.parametrize("capacity", [1.0, 5.0, 12.0, 300.0])
@pytest.mark.parametrize("accept", [0.05, 0.31, 0.7, 1.0])
def test_a_full_week_keeps_the_chance_and_one_more_promise_does_not(capacity, accept):
    promises = 1.0 / use_of(np.array([capacity]), np.array([accept]), 0.05)[0]
    assert binom.sf(capacity, np.floor(promises + 1e-3), accept) <= 0.0505
    assert binom.sf(capacity, np.ceil(promises + 1e-3), accept) > 0.0495


def test_who_has_no_limit_uses_nothing():
    assert use_of(np.array([np.inf, 2.0]), np.array([0.5, 0.5]), 0.05).tolist()[0] == 0.0


@given(st.lists(st.floats(0.0, 1.0), max_size=12), st.integers(1, 6), st.floats(0.0, 1.0))
def test_room_is_what_the_exact_chance_leaves(accept, capacity, more):
    promises = Promises(np.array([float(capacity)]), 0.05)
    for probability in accept:
        promises.add(0, probability)
    assert promises.overflow(0) == pytest.approx(overflow(np.array(accept), capacity), abs=1e-9)
    after = overflow(np.array([*accept, more]), capacity)
    if abs(after - 0.05) > 1e-9:
        assert (more <= promises.room[0]) == (after < 0.05)
    promises.replace(0, np.array(accept[:1]))
    assert promises.overflow(0) == pytest.approx(overflow(np.array(accept[:1]), capacity), abs=1e-9)


def test_nothing_fits_who_is_certain_to_have_too_many():
    promises = Promises(np.array([1.0]), 0.05)
    for _ in range(3):
        promises.add(0, 1.0)
    assert promises.overflow(0) == 1.0
    assert promises.room[0] == -np.inf
    assert promises.room_with(0, np.ones(2)) == -np.inf


def test_nothing_fits_who_has_no_capacity_and_everything_who_has_no_limit():
    promises = Promises(np.array([0.0, np.inf]), 0.05)
    assert promises.room.tolist() == [0.0, np.inf]
    promises.add(1, 1.0)
    assert promises.room[1] == np.inf


def test_exposure():
    """One of four who can serve gets all; the fifth cannot serve and does not count."""
    capacity = np.array([2.0, 2.0, 2.0, 2.0, 0.0])
    assert exposure(np.array([1, 1, 1]), capacity) == {"gini": 0.75, "coverage": 0.25}
    assert exposure(np.arange(4), capacity) == {"gini": 0.0, "coverage": 1.0}
    assert exposure(np.array([], dtype=int), capacity) == {"gini": 0.0, "coverage": 0.0}
