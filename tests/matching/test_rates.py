from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.rates import ratio, shrunk_rate, shrunk_share

counts = st.integers(0, 10_000)
shares = st.floats(0, 1)


@given(counts, counts, shares, st.floats(0.1, 1000))
def test_a_shrunk_rate_lies_between_its_own_and_the_usual(
    first: int, second: int, prior: float, weight: float
):
    successes, trials = min(first, second), max(first, second)
    rate = float(shrunk_rate(successes, trials, prior, weight))
    own = successes / trials if trials else prior
    assert min(own, prior) - 1e-12 <= rate <= max(own, prior) + 1e-12


def test_nothing_known_is_the_usual_rate():
    assert shrunk_rate(0, 0, 0.3, 4) == pytest.approx(0.3)


def test_pseudo_observations_weigh_like_observations():
    assert shrunk_rate(4, 4, 0.5, 4) == pytest.approx(0.75)


def test_without_a_usual_rate_the_own_rate_stands_and_nothing_stays_unknown():
    rates = shrunk_rate([3, 0], [4, 0], np.nan, 10)
    assert rates[0] == 0.75
    assert np.isnan(rates[1])


def test_a_share_is_drawn_by_occasions_not_by_money():
    """Three collaborations worth millions weigh no more than three worth a little."""
    large = shrunk_share(2e6, 4e6, 3, 0.1, 3)
    small = shrunk_share(2.0, 4.0, 3, 0.1, 3)
    assert large == pytest.approx(small) == pytest.approx(0.3)


def test_a_share_of_nothing_is_the_usual_share_or_unknown():
    assert shrunk_share(0.0, 0.0, 5, 0.2, 3) == pytest.approx(0.2)
    assert np.isnan(shrunk_share(0.0, 0.0, 5, np.nan, 3))


def test_ratio_of_nothing_is_unknown():
    result = ratio([1.0, 1.0, 0.0, np.nan], [2.0, 0.0, 4.0, 1.0])
    assert result[0] == 0.5
    assert np.isnan(result[1])
    assert result[2] == 0.0
    assert np.isnan(result[3])
