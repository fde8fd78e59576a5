"""The ranker: outcomes, their money, the order, and contributions that add up."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from matching.economics import Deal
from matching.errors import BundleError
from matching.models.effects import PARTS, VARIANCES, Effects
from matching.models.intervals import Interval
from matching.models.outcomes import LOG, LOGISTIC, SHARE, Head, HeadConfig, probability
from matching.models.ranker import (
    CERTAIN,
    HEADS,
    Given,
    Money,
    Outcomes,
    Ranker,
    order,
    preference,
    value,
)

NAMES = ("followers", "likeness", "noise")
PRICED = ("followers", "log_price", "noise")
SMALL = HeadConfig(tree_count=20, min_leaf_rows=10)
FORMS = tuple((sale, seen) for sale in (False, True) for seen in (False, True))
"""given_sale and by_impressions."""


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def given(matrix: np.ndarray) -> Given:
    draw = np.random.default_rng(2)
    count = len(matrix)
    return Given(
        draw.integers(2, size=count), draw.normal(4, 1, count), draw.normal(0, 0.3, (count, 4))
    )


@pytest.fixture(scope="module")
def ranker(matrix: np.ndarray) -> Ranker:
    """Followers decide reach, refunds and whether anything sells; likeness decides the rest."""
    draw = np.random.default_rng(1)

    def happens(slope: float, column: int) -> np.ndarray:
        return (draw.random(len(matrix)) < probability(slope * matrix[:, column] + 1)).astype(float)

    def about(start: float, column: int) -> np.ndarray:
        return start + matrix[:, column] + draw.normal(0, 0.5, len(matrix))

    targets = {
        "accept": (LOGISTIC, happens(1.0, 1)),
        "fulfil": (LOGISTIC, happens(2.0, 1)),
        "sale": (LOGISTIC, happens(1.5, 0)),
        "impressions": (LOG, about(8.0, 0)),
        "conversion": (LOG, about(-4.0, 1)),
        "refund": (SHARE, probability(matrix[:, 0] - 2)),
    }
    heads = {
        name: Head.fit(name, link, matrix, target, NAMES, SMALL, threads=1)
        for name, (link, target) in targets.items()
    }
    references = tuple(
        Head.fit("reference", LOG, matrix[i::2], about(-4.0, 1)[i::2], NAMES, SMALL, threads=1)
        for i in range(2)
    )
    sales = np.exp(about(6.0, 0))
    return Ranker(
        heads,
        Effects(dict.fromkeys(VARIANCES, 0.1), 0.5, 4.0),
        references,
        0.9,
        np.array([1.13, 0.9]),
        np.array([1.2, 1.1]),
        Interval.calibrate(np.exp(6.0 + matrix[:, 0].astype(float)), sales),
        given_sale=False,
        by_impressions=True,
    )


def add_up(ranker: Ranker, matrix: np.ndarray, given: Given) -> None:
    """Hold the contributions to be ln E[S | accepted], as the prediction says it."""
    outcomes = ranker.predict(matrix, given)
    settled = outcomes.fulfil_probability * outcomes.published_gmv
    parts = ranker.contributions(matrix, given)
    assert parts.shape == (len(matrix), len(NAMES) + len(PARTS) + 1)
    assert np.abs(parts.sum(axis=1) - np.log(settled)).max() < 1e-6


@pytest.mark.parametrize(("given_sale", "by_impressions"), FORMS)
def test_contributions_add_up_to_expected_sales_given_acceptance(
    ranker: Ranker, matrix: np.ndarray, given: Given, given_sale: bool, by_impressions: bool
):
    form = {"given_sale": given_sale, "by_impressions": by_impressions}
    add_up(replace(ranker, **form), matrix, given)
    plain = replace(given, effects=np.zeros_like(given.effects))
    add_up(replace(ranker, **form), matrix, plain)


def constant(ranker: Ranker, **margins: float) -> Ranker:
    """Return the ranker with some heads as stated constants."""
    fixed = {
        name: Head.fixed(name, ranker.heads[name].link, margin, NAMES, "only 3 known cases")
        for name, margin in margins.items()
    }
    return replace(ranker, heads={**ranker.heads, **fixed})


@pytest.mark.parametrize(
    "margins",
    [
        {"fulfil": CERTAIN, "sale": 0.0},
        {"sale": CERTAIN, "refund": -CERTAIN},
        {"impressions": 0.0, "conversion": 3.0},
        {"refund": 0.4},
        {"refund": CERTAIN},  # all of it is sent back
        dict.fromkeys(HEADS, 0.3),
    ],
)
@pytest.mark.parametrize(("given_sale", "by_impressions"), FORMS[1:3])
def test_contributions_add_up_where_heads_are_constants(
    ranker: Ranker,
    matrix: np.ndarray,
    given: Given,
    margins: dict[str, float],
    given_sale: bool,
    by_impressions: bool,
):
    form = {"given_sale": given_sale, "by_impressions": by_impressions}
    some = replace(constant(ranker, **margins), **form)
    add_up(some, matrix, given)
    outcomes = some.predict(matrix, given)
    if margins.get("fulfil") == CERTAIN:
        assert outcomes.fulfil_probability == pytest.approx(1.0)
        assert outcomes.sale_probability == pytest.approx(0.5)
    if margins.get("refund") == -CERTAIN:
        assert outcomes.refund_share == pytest.approx(0.0)


def test_contributions_follow_their_feature(ranker: Ranker, matrix: np.ndarray, given: Given):
    parts = ranker.contributions(matrix, given)
    for place in (0, 1):
        assert np.corrcoef(parts[:, place], matrix[:, place])[0, 1] > 0.8
        assert parts[:, place].std() > 5 * parts[:, 2].std()


def test_effects_contribute_what_they_are(ranker: Ranker, matrix: np.ndarray, given: Given):
    parts = ranker.contributions(matrix, given)
    assert np.array_equal(parts[:, len(NAMES) : -1], ranker.slope * given.effects)
    plain = replace(given, effects=np.zeros_like(given.effects))
    ratio = (
        ranker.predict(matrix, given).published_gmv / ranker.predict(matrix, plain).published_gmv
    )
    assert np.log(ratio) == pytest.approx(ranker.slope * given.effects.sum(axis=1))


def test_the_price_speaks_as_a_feature_where_there_is_one(
    ranker: Ranker, matrix: np.ndarray, given: Given
):
    """Else it is in the base: what sells in units of the price is the same at any."""
    heads = {name: replace(head, features=PRICED) for name, head in ranker.heads.items()}
    priced = replace(ranker, heads=heads)
    add_up(priced, matrix, given)
    with_price, without = (r.contributions(matrix, given) for r in (priced, ranker))
    moved = with_price - without
    step = ranker.slope * (given.log_price - ranker.effects.log_price)
    assert moved[:, 1] == pytest.approx(step)
    assert moved[:, -1] == pytest.approx(-step)
    others = np.delete(moved, [1, moved.shape[1] - 1], axis=1)
    assert not others.any()


def test_published_sales_compose_what_is_seen_bought_and_kept(
    ranker: Ranker, matrix: np.ndarray, given: Given
):
    outcomes = ranker.predict(matrix, given)
    seen = np.exp(ranker.heads["impressions"].margin(matrix))
    each = np.exp(ranker.heads["conversion"].margin(matrix) + given.effects.sum(axis=1))
    kept = 1 - probability(ranker.heads["refund"].margin(matrix))
    luck = ranker.smearing[given.channels]
    size = (seen * each * np.exp(given.log_price)) ** ranker.slope * kept * luck
    assert np.allclose(outcomes.published_gmv, outcomes.sale_probability * size)
    assert np.allclose(outcomes.impressions, seen * ranker.seen[given.channels])
    assert np.allclose(outcomes.refund_share, 1 - kept)
    whole = replace(ranker, by_impressions=False).predict(matrix, given)
    assert np.allclose(whole.published_gmv, outcomes.published_gmv / seen**ranker.slope)
    assert np.allclose(whole.impressions, outcomes.impressions)


def test_bounds_hold_given_a_sale_only_where_the_ranker_says_so(
    ranker: Ranker, matrix: np.ndarray, given: Given
):
    sold = replace(ranker, given_sale=True).predict(matrix, given)
    every = ranker.predict(matrix, given)
    assert np.array_equal(sold.published_gmv, every.published_gmv)
    for outcomes, size in (
        (every, every.published_gmv),
        (sold, sold.published_gmv / sold.sale_probability),
    ):
        low, high = ranker.interval.bounds(size)
        assert np.allclose(outcomes.published_low, low)
        assert np.allclose(outcomes.published_high, high)
        assert (outcomes.published_low <= size).all()
        assert (outcomes.published_high >= size).all()


def restored(ranker: Ranker, features: tuple[str, ...] = NAMES) -> Ranker:
    return Ranker.restore(json.loads(json.dumps(ranker.describe())), features, ranker.texts())


@pytest.mark.parametrize(("given_sale", "by_impressions"), FORMS)
def test_a_ranker_that_was_written_predicts_the_same(
    ranker: Ranker, matrix: np.ndarray, given: Given, given_sale: bool, by_impressions: bool
):
    form = {"given_sale": given_sale, "by_impressions": by_impressions}
    written = replace(ranker, **form)
    again = restored(written)
    first, second = written.predict(matrix, given), again.predict(matrix, given)
    for name in Outcomes.__dataclass_fields__:
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert set(again.heads) == set(HEADS)
    assert again.effects == written.effects
    assert (again.given_sale, again.by_impressions) == (given_sale, by_impressions)


def test_references_and_constants_are_written_too(ranker: Ranker, matrix: np.ndarray, given: Given):
    """Only trees have a text; a reference head may be a constant as any other."""
    few = Head.fixed("reference 1", LOG, -3.5, NAMES, "only 3 known cases")
    some = replace(constant(ranker, sale=CERTAIN), references=(ranker.references[0], few))
    assert set(some.texts()) == {*HEADS, "reference_0"} - {"sale"}
    again = restored(some)
    assert len(again.references) == 2
    for one, other in zip(some.references, again.references, strict=True):
        assert np.array_equal(one.margin(matrix), other.margin(matrix))
    assert again.references[1].reason == "only 3 known cases"
    assert not np.array_equal(*(head.margin(matrix) for head in again.references))


def test_impressions_that_are_not_known_stay_unknown(
    ranker: Ranker, matrix: np.ndarray, given: Given
):
    blind = replace(ranker, seen=np.array([np.nan, np.nan]), by_impressions=False)
    json.dumps(blind.describe(), allow_nan=False)
    again = restored(blind)
    assert np.isnan(again.seen).tolist() == [True, True]
    assert np.isnan(again.predict(matrix, given).impressions).all()
    assert np.isfinite(again.predict(matrix, given).published_gmv).all()


def test_a_ranker_of_other_features_is_refused(ranker: Ranker):
    with pytest.raises(BundleError, match="other features"):
        restored(ranker, PRICED)


def test_some_of_the_rows_are_those_rows(ranker: Ranker, matrix: np.ndarray, given: Given):
    """Also where all share one price."""
    rows = np.array([5, 0, 77])
    shared = replace(given, log_price=np.array([3.0]))
    for told in (given, shared):
        whole = ranker.predict(matrix, told).published_gmv[rows]
        assert np.array_equal(ranker.predict(matrix[rows], told[rows]).published_gmv, whole)
        parts = ranker.contributions(matrix, told)[rows]
        assert np.allclose(ranker.contributions(matrix[rows], told[rows]), parts)


def outcomes_of(sales: list[float], accept: list[float] | float = 0.5) -> Outcomes:
    published = np.array(sales)
    shape = published.shape
    return Outcomes(
        accept_probability=np.broadcast_to(np.asarray(accept, dtype=float), shape),
        fulfil_probability=np.full(shape, 0.8),
        sale_probability=np.ones(shape),
        impressions=np.full(shape, np.nan),
        refund_share=np.zeros(shape),
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


def test_nothing_to_explain_is_no_error(ranker: Ranker, given: Given):
    nobody = np.zeros((0, len(NAMES)), dtype=np.float32)
    none = given[np.zeros(0, dtype=np.int64)]
    assert ranker.contributions(nobody, none).shape == (0, len(NAMES) + len(PARTS) + 1)
    assert len(ranker.predict(nobody, none).published_gmv) == 0
