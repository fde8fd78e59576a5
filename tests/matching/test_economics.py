"""The money of contract §1: properties of the formulas, and the worked cases of the trade."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matching.economics import (
    Deal,
    Terms,
    break_even_slot_fee,
    commission_roi,
    expected_cost,
    profit,
    published_cost,
    three_digits,
)
from matching.errors import OptionError

money = st.just(0.0) | st.floats(0.01, 1e7)
rates = st.just(0.0) | st.floats(1e-6, 1)
chances = st.floats(0.01, 1)
deals = st.builds(
    Deal,
    commission_rate=rates,
    service_fee_rate=rates,
    slot_fee=money,
    sample_cost=money,
    handling_cost=money,
    ads_cost=money,
    return_cost_rate=st.just(0.0) | st.floats(1e-6, 3),
    subsidy_rate=rates,
    margin_rate=rates,
)


def test_gross_figures_mislead():
    """Slot fee 200,000, commission 20 %, 1.5 million gross, half refunded, goods for 450,000."""
    deal = Deal(
        commission_rate=0.2,
        service_fee_rate=0.0,
        slot_fee=200_000,
        sample_cost=0.0,
        margin_rate=1 - 450_000 / 750_000,
    )
    gross_cost = 200_000 + 0.2 * 750_000
    assert commission_roi(1_500_000, gross_cost) == pytest.approx(4.3, abs=0.05)
    cost = published_cost(deal, 750_000)
    assert cost == pytest.approx(350_000)
    assert commission_roi(750_000, cost) == pytest.approx(2.1, abs=0.05)
    assert profit(deal, 750_000, cost) == pytest.approx(-50_000)


def test_a_slot_fee_for_few_sales_is_nearly_lost():
    """A fee of 100,000 paid to a creator with 10.2 million followers sold about 2,000."""
    deal = Deal(commission_rate=0.2, service_fee_rate=0.0, slot_fee=100_000, sample_cost=0.0)
    assert commission_roi(2_000, published_cost(deal, 2_000)) == pytest.approx(0.0199, abs=1e-4)


def test_cost_names_every_part_of_the_contract():
    """C = slot + sample + handling + ads + returns + (commission + service)·S − subsidy."""
    deal = Deal(
        commission_rate=0.2,
        service_fee_rate=0.05,
        slot_fee=1000.0,
        sample_cost=20.0,
        handling_cost=30.0,
        ads_cost=40.0,
        return_cost_rate=0.01,
        subsidy_rate=0.5,
    )
    returns, fees, subsidy = 0.01 * 10_000, 0.25 * 10_000, 0.5 * 0.2 * 10_000
    expected = 1000 + 20 + 30 + 40 + returns + fees - subsidy
    assert published_cost(deal, 10_000) == pytest.approx(expected)


def test_sample_and_handling_are_spent_though_nothing_is_published():
    deal = Deal(0.2, 0.0, slot_fee=1000.0, sample_cost=20.0, handling_cost=30.0, ads_cost=40.0)
    assert expected_cost(deal, 0.0, 10_000) == pytest.approx(50)
    assert expected_cost(deal, 0.5, 10_000) == pytest.approx(50 + 0.5 * (1040 + 2000))


@given(deals, money)
def test_a_certain_publication_costs_what_was_published(deal: Deal, sales: float):
    assert expected_cost(deal, 1.0, sales) == pytest.approx(published_cost(deal, sales))


@given(deals, chances, money)
def test_cost_is_linear_in_the_chance_to_publish(deal: Deal, fulfil: float, sales: float):
    never, always = expected_cost(deal, 0.0, sales), expected_cost(deal, 1.0, sales)
    mixed = (1 - fulfil) * never + fulfil * always
    assert expected_cost(deal, fulfil, sales) == pytest.approx(mixed)


@given(deals, chances, money)
def test_the_break_even_fee_leaves_no_profit(deal: Deal, fulfil: float, sales: float):
    fee = break_even_slot_fee(deal, fulfil, sales)
    at_fee = Deal(**{**deal.__dict__, "slot_fee": float(fee)})
    cost = expected_cost(at_fee, fulfil, sales)
    scale = 1.0 + abs(cost) + sales + abs(float(fee))
    assert abs(profit(at_fee, fulfil * sales, cost)) <= 1e-9 * scale


def test_no_fee_breaks_even_where_nothing_is_published_or_the_margin_is_unknown():
    deal = Deal(0.2, 0.0, slot_fee=0.0, sample_cost=10.0, margin_rate=0.5)
    assert np.isnan(break_even_slot_fee(deal, 0.0, 1000.0))
    unknown = Deal(0.2, 0.0, slot_fee=0.0, sample_cost=10.0)
    assert np.isnan(break_even_slot_fee(unknown, 0.5, 1000.0))
    assert np.isnan(profit(unknown, 1000.0, 200.0))


@given(st.floats(0.001, 1), rates, chances, st.floats(0.01, 1e9))
def test_roi_is_the_same_for_everybody_where_nothing_is_fixed(
    commission: float, service: float, fulfil: float, sales: float
):
    deal = Deal(commission, service, slot_fee=0.0, sample_cost=0.0)
    assert deal.is_degenerate
    roi = commission_roi(fulfil * sales, expected_cost(deal, fulfil, sales))
    assert roi == pytest.approx(1 / (commission + service))


@pytest.mark.parametrize(
    "fixed", ["slot_fee", "sample_cost", "handling_cost", "ads_cost", "return_cost_rate"]
)
def test_anything_fixed_lets_roi_tell_creators_apart(fixed: str):
    nothing = {"slot_fee": 0.0, "sample_cost": 0.0}
    assert not Deal(0.2, 0.05, **{**nothing, fixed: 0.01}).is_degenerate


def test_degenerate_is_told_for_each_pair():
    deal = Deal(np.array([0.2, 0.2]), 0.0, np.array([0.0, 100.0]), 0.0)
    assert deal.is_degenerate.tolist() == [True, False]


def test_roi_where_nothing_is_sold_or_nothing_is_paid():
    assert commission_roi(0.0, 100.0) == 0.0
    roi = commission_roi([1000.0, 1000.0, 0.0], [0.0, -5.0, 0.0])
    assert np.isnan(roi).all()


def test_a_platform_that_pays_the_whole_commission_leaves_no_cost():
    deal = Deal(0.2, 0.0, slot_fee=0.0, sample_cost=0.0, subsidy_rate=1.0)
    assert np.isnan(commission_roi(1000.0, expected_cost(deal, 0.9, 1000.0)))


@given(deals, chances, st.floats(1, 1e7), st.floats(1, 1e6))
def test_a_higher_fee_never_pays(deal: Deal, fulfil: float, sales: float, more: float):
    dearer = Deal(**{**deal.__dict__, "slot_fee": deal.slot_fee + more})
    cost, dearer_cost = (expected_cost(d, fulfil, sales) for d in (deal, dearer))
    assume(cost > 0)
    settled = fulfil * sales
    assert commission_roi(settled, dearer_cost) <= commission_roi(settled, cost)
    assert profit(dearer, settled, dearer_cost) <= profit(deal, settled, cost)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(4.2857, 4.29), (1234.5, 1230.0), (0.019998, 0.02), (999.6, 1000.0), (0.0, 0.0)],
)
def test_three_significant_digits(value: float, rounded: float):
    assert three_digits(value) == pytest.approx(rounded, rel=1e-12)


@given(st.floats(1e-300, 1e300))
def test_rounding_moves_a_value_by_half_a_percent_at_most(value: float):
    rounded = float(three_digits(value))
    assert rounded == pytest.approx(value, rel=0.00501)
    assert three_digits(rounded) == pytest.approx(rounded, rel=1e-12)


def test_rounding_keeps_what_is_no_number():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rounded = three_digits([np.nan, np.inf, -3.14159])
    assert np.isnan(rounded[0])
    assert rounded[1:].tolist() == [np.inf, -3.14]


def test_terms_tell_what_was_given():
    assert Terms().given() == {}
    assert Terms(slot_fee=0.0, subsidy_rate=1.0).check().given() == {
        "slot_fee": 0.0,
        "subsidy_rate": 1.0,
    }


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(commission_rate=25), "terms.commission_rate"),
        (Terms(service_fee_rate=1.2), "terms.service_fee_rate"),
        (Terms(subsidy_rate=2), "terms.subsidy_rate"),
        (Terms(slot_fee=-1), "terms.slot_fee"),
        (Terms(ads_cost=float("nan")), "terms.ads_cost"),
        (Terms(handling_cost=float("inf")), "terms.handling_cost"),
    ],
)
def test_terms_that_cannot_be_are_named(terms: Terms, field: str):
    with pytest.raises(OptionError) as error:
        terms.check()
    assert error.value.field == field
