"""True values follow the contract, and the oracle takes the best of them."""

from __future__ import annotations

import numpy as np
import pytest

from matching.errors import MatchingError
from training.truth import TOP, best_creators, better, judged_products, mean_top


def test_true_values_follow_the_contract(true_market):
    values = true_market.values(3)
    works = ~np.isnan(values["gmv"])
    assert works.any()
    assert (values["gmv"][works] >= 0).all()
    assert (values["roi"][works & ~np.isnan(values["roi"])] >= 0).all()


def test_the_better_channel_counts_and_no_channel_is_unknown():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(better(values), [2.0, 3.0, np.nan])


def test_the_oracle_takes_the_best_who_may():
    values = np.stack((np.arange(30.0), np.full(30, np.nan)), axis=1)
    values[29] = np.nan
    may = np.arange(30) != 28
    assert best_creators(values, may).tolist() == list(range(27, 27 - TOP, -1))
    assert best_creators(values, np.arange(30) < 3).tolist() == [2, 1, 0]


def test_missing_places_are_worth_nothing():
    assert mean_top(np.array([10.0, np.nan])) == 1.0
    assert mean_top(np.arange(20.0)) == 4.5


def test_products_are_those_whose_deal_is_known(earlier, monkeypatch):
    products = judged_products(earlier, 20, seed=1)
    assert len(products) == len(set(products.tolist())) == 20
    margins = earlier.contents.history.products["margin_rate"]
    assert not np.isnan(margins[products]).any()
    assert (judged_products(earlier, 20, seed=1) == products).all()
    monkeypatch.setitem(
        earlier.contents.history.products.columns, "margin_rate", np.full(len(margins), np.nan)
    )
    with pytest.raises(MatchingError, match="no product has a known margin"):
        judged_products(earlier, 20, seed=1)


def test_without_any_margin_there_is_no_profit_to_judge(earlier, monkeypatch):
    monkeypatch.delitem(earlier.contents.history.products.columns, "margin_rate")
    with pytest.raises(MatchingError, match="no product has a known margin"):
        judged_products(earlier, 20, seed=1)
