"""The ranker: outcomes, their money, the order, and contributions that add up."""

from __future__ import annotations

import json

import numpy as np
import pytest

from matching.economics import Deal
from matching.models.intervals import Interval
from matching.models.outcomes import LOG, LOGISTIC, Head, HeadConfig, probability
from matching.models.ranker import HEADS, Money, Outcomes, Ranker, order, preference, value

NAMES = ("followers", "likeness", "noise")
SMALL = HeadConfig(tree_count=20, min_leaf_rows=10)


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def ranker(matrix: np.ndarray) -> Ranker:
    draw = np.random.default_rng(1)
    heads = {
        name: Head.fit(
            name,
            LOGISTIC,
            matrix,
            (draw.random(len(matrix)) < probability(slope * matrix[:, column] + 1)).astype(float),
            NAMES,
            SMALL,
            threads=1,
        )
        for name, slope, column in (("accept", 1.0, 1), ("fulfil", 2.0, 1), ("sale", 1.5, 0))
    }
    sales = 6 + matrix[:, 0] + draw.normal(0, 0.5, len(matrix))
    heads["sales"] = Head.fit("sales", LOG, matrix, sales, NAMES, SMALL, threads=1)
    interval = Interval.calibrate(np.exp(heads["sales"].margin(matrix)), np.exp(sales))
    return Ranker(heads, 1.13, interval, given_sale=True)


def test_contributions_add_up_to_expected_sales_given_acceptance(
    ranker: Ranker, matrix: np.ndarray
):
    outcomes = ranker.predict(matrix)
    settled = outcomes.fulfil_probability * outcomes.published_gmv
    parts = ranker.contributions(matrix)
    assert parts.shape == (len(matrix), len(NAMES) + 1)
    assert np.abs(parts.sum(axis=1) - np.log(settled)).max() < 1e-6


def test_contributions_follow_their_feature(ranker: Ranker, matrix: np.ndarray):
    parts = ranker.contributions(matrix)
    assert np.corrcoef(parts[:, 0], matrix[:, 0])[0, 1] > 0.8
    assert parts[:, 0].std() > 5 * parts[:, 2].std()


def test_contributions_add_up_where_heads_are_constants(ranker: Ranker, matrix: np.ndarray):
    certain = Head("fulfil", LOGISTIC, NAMES, None, 40.0, "only 0 known cases")
    even = Head("sale", LOGISTIC, NAMES, None, 0.0, "only 3 known cases")
    some = Ranker({**ranker.heads, "fulfil": certain, "sale": even}, 1.0, ranker.interval, False)
    outcomes = some.predict(matrix)
    assert outcomes.fulfil_probability == pytest.approx(1.0)
    settled = outcomes.fulfil_probability * outcomes.published_gmv
    assert np.abs(some.contributions(matrix).sum(axis=1) - np.log(settled)).max() < 1e-6


def test_published_sales_compose_the_chance_and_the_size_of_a_sale(
    ranker: Ranker, matrix: np.ndarray
):
    outcomes = ranker.predict(matrix)
    size = np.exp(ranker.heads["sales"].margin(matrix)) * 1.13
    assert np.allclose(outcomes.published_gmv, outcomes.sale_probability * size)
    assert (outcomes.published_low <= size).all()
    assert (outcomes.published_high >= size).all()


def test_bounds_hold_given_a_sale_only_where_the_ranker_says_so(ranker: Ranker, matrix: np.ndarray):
    plain = Ranker(ranker.heads, ranker.smearing, ranker.interval, given_sale=False)
    low, high = ranker.interval.bounds(plain.predict(matrix).published_gmv)
    assert np.array_equal(plain.predict(matrix).published_low, low)
    assert np.array_equal(plain.predict(matrix).published_high, high)


def test_a_ranker_that_was_written_predicts_the_same(ranker: Ranker, matrix: np.ndarray):
    texts = {name: head.to_text() for name, head in ranker.heads.items()}
    again = Ranker.restore(json.loads(json.dumps(ranker.describe())), NAMES, texts)
    first, second = ranker.predict(matrix), again.predict(matrix)
    for name in Outcomes.__dataclass_fields__:
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert set(again.heads) == set(HEADS)


def outcomes_of(sales: list[float], accept: list[float] | float = 0.5) -> Outcomes:
    published = np.array(sales)
    shape = published.shape
    return Outcomes(
        accept_probability=np.broadcast_to(np.asarray(accept, dtype=float), shape),
        fulfil_probability=np.full(shape, 0.8),
        sale_probability=np.ones(shape),
        published_gmv=published,
        published_low=published / 2,
        published_high=published * 2,
    )


def test_money_is_the_contracts_formula():
    deal = Deal(0.2, 0.05, slot_fee=1000.0, sample_cost=20.0, margin_rate=0.5)
    money = value(outcomes_of([10_000.0]), deal)
    assert money.settled_gmv == pytest.approx(8000)
    assert money.cost == pytest.approx(20 + 0.8 * (1000 + 2500))
    assert money.roi == pytest.approx(8000 / 2820)
    assert money.profit == pytest.approx(4000 - 2820)
    assert money.break_even_slot_fee == pytest.approx(2500 - 20 / 0.8)


def test_bounds_of_roi_are_bounds_of_sales_put_through_the_cost_formula():
    deal = Deal(0.2, 0.0, slot_fee=1000.0, sample_cost=20.0)
    money = value(outcomes_of([10_000.0]), deal)
    assert money.roi_low == pytest.approx(5000 / (1020 + 1000))
    assert money.roi_high == pytest.approx(20_000 / (1020 + 4000))


def ranked(objective: str, outcomes: Outcomes, money: Money) -> list[int]:
    first, second = preference(outcomes, money, objective)
    return order(first, second, np.arange(len(first))).tolist()


def test_order_by_each_objective():
    """A large one with a fee, a small one without, and one who hardly ever accepts."""
    outcomes = outcomes_of([10_000.0, 1000.0, 50_000.0], [0.5, 0.9, 0.01])
    deal = Deal(0.2, 0.0, np.array([4000.0, 10.0, 100.0]), 5.0, margin_rate=0.6)
    money = value(outcomes, deal)
    roi = 0.8 * np.array([1e4, 1e3, 5e4]) / money.cost
    assert ranked("roi", outcomes, money) == np.argsort(-roi).tolist()
    assert ranked("gmv", outcomes, money) == [0, 1, 2]
    gains = np.array([0.5, 0.9, 0.01]) * money.profit
    assert ranked("profit", outcomes, money) == np.argsort(-gains).tolist()


def test_roi_that_does_not_differ_in_three_digits_is_ordered_by_expected_sales_then_id():
    deal = Deal(0.2, 0.0, slot_fee=0.0, sample_cost=0.0)
    outcomes = outcomes_of([100.0, 900.0, 500.0, 500.0])
    assert ranked("roi", outcomes, value(outcomes, deal)) == [1, 2, 3, 0]


def test_roi_without_a_cost_sorts_last():
    """Row 0 is paid for by the platform; row 1 sells nothing at a cost."""
    deal = Deal(0.2, 0.0, np.array([0.0, 50.0]), 0.0, subsidy_rate=np.array([1.0, 0.0]))
    outcomes = outcomes_of([1e6, 0.0])
    money = value(outcomes, deal)
    assert np.isnan(money.roi[0])
    assert money.roi[1] == 0.0
    assert ranked("roi", outcomes, money) == [1, 0]


def test_profit_without_a_margin_sorts_last():
    deal = Deal(0.2, 0.0, 0.0, 0.0, margin_rate=np.array([np.nan, 0.1]))
    outcomes = outcomes_of([1e6, 10.0])
    assert ranked("profit", outcomes, value(outcomes, deal)) == [1, 0]


def test_nothing_to_explain_is_no_error(ranker: Ranker):
    nobody = np.zeros((0, len(NAMES)), dtype=np.float32)
    assert ranker.contributions(nobody).shape == (0, len(NAMES) + 1)
    assert len(ranker.predict(nobody).published_gmv) == 0
