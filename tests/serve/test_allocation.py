"""Allocation: every limit holds, and the lists are worth nearly as much as lists can be."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.errors import MatchingError, OptionError
from serve.allocation import allocate, greedy
from serve.capacity import simulate_overflow
from serve.edges import Edges, Limits, market_of
from serve.exploration import explore
from tests.serve.exact import best_value, overflow, random_market

LIMITS = ({}, {"per_mcn": 2}, {"min_share": 0.4})


def keeps(edges: Edges, limits: Limits, rows: np.ndarray) -> None:
    """Assert every limit of the choice."""
    listed = edges[rows]
    assert len(np.unique(np.stack((listed.products, listed.creators)), axis=1).T) == len(listed)
    assert np.bincount(listed.products).max(initial=0) <= limits.k
    if limits.per_mcn is not None:
        theirs = np.stack((listed.products, listed.mcns))[:, listed.mcns >= 0]
        assert np.unique(theirs, axis=1, return_counts=True)[1].max(initial=0) <= limits.per_mcn
    assert listed.small.sum() >= limits.min_share * len(listed) - 1e-9
    for creator in np.unique(listed.creators):
        capacity = limits.capacity[creator]
        accept = listed.accept_probability[listed.creators == creator]
        assert not capacity < 1
        assert np.isnan(capacity) or overflow(accept, capacity) <= limits.chance + 1e-9


@pytest.mark.parametrize("limited", LIMITS)
@pytest.mark.parametrize("seed", range(2))
def test_lists_are_within_half_a_percent_of_the_best(limited, seed):
    edges, capacity = random_market(30, 40, 20, seed)
    limits = Limits(5, capacity, **limited)
    found = allocate(edges, limits, "gmv")
    keeps(edges, limits, found.chosen)
    best = best_value(edges, limits, edges.value)
    value = edges.value[found.chosen].sum()
    assert found.report["allocation"]["value"] == pytest.approx(value)
    assert 0.995 * best <= value <= 1.0001 * best
    assert best <= 1.0001 * found.report["bound"]
    assert found.report["bound"] < 1.03 * best


@pytest.mark.slow
@pytest.mark.parametrize("limited", LIMITS)
@pytest.mark.parametrize("seed", range(6))
def test_larger_lists_are_within_half_a_percent_of_the_best(limited, seed):
    edges, capacity = random_market(60, 80, 40, seed)
    limits = Limits(5, capacity, **limited)
    found = allocate(edges, limits, "gmv")
    assert edges.value[found.chosen].sum() >= 0.995 * best_value(edges, limits, edges.value)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_no_limit_is_ever_broken(data):
    draw = data.draw
    seed = draw(st.integers(0, 10**6))
    edges, capacity = random_market(draw(st.integers(1, 12)), 15, draw(st.integers(1, 10)), seed)
    generator = np.random.default_rng(seed)
    capacity = generator.choice([0.0, 0.5, 1.0, 2.0, 3.7, 40.0, np.nan, np.inf], len(capacity))
    edges = replace(edges, value=edges.value * generator.choice([-1.0, 0.0, 1.0, 1.0], len(edges)))
    limits = Limits(
        draw(st.integers(1, 12)),
        capacity,
        per_mcn=draw(st.sampled_from([None, 1, 3])),
        explore=draw(st.sampled_from([0.0, 0.05, 0.5])),
    )
    found = allocate(edges, limits, "gmv", seed)
    keeps(edges, limits, found.chosen)
    assert found.report["allocation"]["value"] <= found.report["bound"] * (1 + 1e-9) + 1e-9
    assert (found.placement_probability > 0).all()
    assert (found.placement_probability <= 1).all()


def test_simulated_answers_rarely_exceed_a_capacity():
    edges, capacity = random_market(60, 40, 30, 3)
    listed = edges[allocate(edges, Limits(10, capacity), "gmv").chosen]
    draws = 4000
    beyond = simulate_overflow(
        listed.creators, listed.accept_probability, capacity, np.random.default_rng(1), draws
    )
    noise = 4.0 * np.sqrt(0.05 * 0.95 / draws)
    assert 0.03 < beyond.max() < 0.05 + noise


def test_a_creator_without_limit_is_on_every_list():
    edges, capacity = random_market(20, 15, 15, 4)
    star = int(edges.creators[edges.value.argmax()])
    edges = replace(edges, value=np.where(edges.creators == star, 1e6, edges.value))
    capacity[star] = np.nan
    listed = edges[allocate(edges, Limits(3, capacity), "gmv").chosen]
    assert np.count_nonzero(listed.creators == star) == 20


def test_a_star_goes_to_the_product_that_has_nobody_else():
    """One place each; the star is worth 10 and 9, the other creator 8 and nothing."""
    products, creators = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    value = np.array([10.0, 8.0, 9.0, 0.0])
    sure = np.ones(4)
    edges = Edges(products, creators, value, value, sure, sure, -products - 1, sure > 2, sure)
    found = allocate(edges, Limits(1, np.ones(2)), "gmv")
    assert found.chosen.tolist() == [1, 2]
    assert found.report["greedy_with_capacity"]["value"] == 10.0
    assert found.report["each_product_by_itself"]["value"] == 19.0


def test_again_gives_the_same():
    edges, capacity = random_market(20, 30, 15, 5)
    limits = Limits(4, capacity, per_mcn=2, min_share=0.2, explore=0.1)
    first, again = (allocate(edges, limits, "gmv", 7) for _ in range(2))
    assert first.chosen.tolist() == again.chosen.tolist()
    assert first.report == again.report
    other = allocate(edges, limits, "gmv", 8)
    assert first.chosen.tolist() != other.chosen.tolist()


def test_by_roi_lists_bring_the_least_that_is_asked_for():
    edges, capacity = random_market(40, 50, 25, 6)
    rois = []
    for least in (0.3, 0.6, 0.9):
        reach = allocate(edges, Limits(4, capacity), "gmv").report["allocation"]["value"]
        limits = Limits(4, capacity, min_settled_gmv=least * reach)
        found = allocate(edges, limits, "roi")
        keeps(edges, limits, found.chosen)
        settled, cost = edges.settled_gmv[found.chosen].sum(), edges.cost[found.chosen].sum()
        assert settled >= least * reach
        rois.append(settled / cost)
        assert found.report["roi"]["total"] == pytest.approx(rois[-1])
    assert rois[0] > rois[1] > rois[2] > edges.settled_gmv.sum() / edges.cost.sum()


def test_by_roi_an_edge_that_sells_nothing_changes_nothing():
    edges, capacity = random_market(30, 40, 20, 7)
    before = allocate(edges, Limits(4, capacity), "roi").report["roi"]["total"]
    worst = int(np.argmin(edges.settled_gmv / edges.cost))
    edges.settled_gmv[worst] = 0.0
    after = allocate(edges, Limits(4, capacity), "roi").report["roi"]["total"]
    assert after == pytest.approx(before, rel=0.01)


def test_by_roi_the_choice_is_the_best_at_its_rate():
    """At the rate that was found no other lists are worth more: Dinkelbach's condition."""
    edges, capacity = random_market(30, 40, 20, 7)
    limits = Limits(5, capacity)
    found = allocate(edges, limits, "roi")
    values = edges.settled_gmv - found.report["roi"]["rate"] * edges.cost
    assert values[found.chosen].sum() >= 0.99 * best_value(edges, limits, values)


def test_a_least_share_costs_value_and_its_price_is_told():
    edges, capacity = random_market(40, 50, 25, 8)
    values = []
    for share in (0.0, 0.2, 0.4, 0.6):
        report = allocate(edges, Limits(4, capacity, min_share=share), "gmv").report
        assert report["allocation"]["small_share"] >= share
        values.append(report["allocation"]["value"])
    assert values == sorted(values, reverse=True)
    assert report["without_min_share"]["value"] == values[0]
    assert report["share_price"] > 0


def plain_edges(
    products: np.ndarray,
    creators: np.ndarray,
    value: np.ndarray,
    accept: np.ndarray,
    small: np.ndarray,
) -> Edges:
    """Return edges of no MCN and one cost, that settle what they are worth."""
    one, nobody = np.ones(len(value)), np.full(len(value), -1)
    return Edges(products, creators, value, value, one, accept, nobody, small, 0.0 * one)


def test_a_least_share_brings_in_nobody_who_loses_money():
    """Ten products could have a small creator each, and would lose by it."""
    products, creators = np.repeat(np.arange(10), 4), np.tile(np.arange(4), 10)
    small = creators == 3
    value = np.where(small, -10.0, 100.0)
    edges = plain_edges(products, creators, value, np.ones(40), small)
    with pytest.raises(MatchingError, match="lower --min-share"):
        allocate(edges, Limits(3, np.full(4, np.inf), min_share=0.3), "profit")


def test_lists_that_are_within_the_exact_chance_can_bring_more_than_the_programme():
    """Promises of 1 and .05 keep the chance, though their parts of the week are more than 1."""
    one = np.ones(2)
    edges = plain_edges(np.arange(2), 0 * np.arange(2), one, np.array([1.0, 0.05]), one == 0)
    found = allocate(edges, Limits(1, np.ones(1), min_settled_gmv=1.99), "roi")
    assert found.report["roi"]["settled_gmv"] == 2.0
    assert found.report["violations"]["creators_beyond"] == 0


def test_chances_of_placements_are_true():
    """Over many seeds every creator is listed as often as was said beforehand."""
    edges, capacity = random_market(8, 30, 20, 9)
    limits = Limits(5, capacity)
    market = market_of(edges, limits).valued(edges.value)
    lists = greedy(market, limits)
    may = np.flatnonzero(~lists.taken)
    uncertainty = market.laid(edges.uncertainty, 0.0).ravel()
    seen, said = np.zeros(len(lists.taken)), np.zeros(len(lists.taken))
    runs = 400
    for seed in range(runs):
        placed = explore(deepcopy(lists), uncertainty, may, 0.3, seed)
        seen[placed.cells] += 1
        said[placed.cells] = placed.probability
    assert np.count_nonzero((said > 0) & (said < 1)) > 30
    assert np.abs(seen / runs - said).max() < 4.5 * np.sqrt(0.25 / runs)
    assert said.sum() == pytest.approx(8 * 5)


def test_exploration_prefers_those_of_whom_the_model_is_unsure():
    edges, capacity = random_market(20, 40, 25, 10)
    chosen = allocate(edges, Limits(5, capacity), "gmv").chosen
    with_unsure = allocate(edges, Limits(5, capacity, explore=0.2), "gmv").chosen
    new = np.setdiff1d(with_unsure, chosen)
    assert len(new) == 20
    assert edges.uncertainty[new].mean() > edges.uncertainty.mean() + 0.2


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"per_mcn": 0}, "per-mcn"),
        ({"min_share": 1.0}, "min-share"),
        ({"explore": -0.1}, "explore"),
        ({"min_settled_gmv": np.nan}, "min-settled-gmv"),
    ],
)
def test_limits_that_cannot_be(wrong, option):
    with pytest.raises(OptionError, match=option):
        Limits(5, np.ones(3), **wrong).check()


def test_what_cannot_be_reached_is_said():
    edges, capacity = random_market(20, 20, 10, 11)
    with pytest.raises(MatchingError, match="lower --min-settled-gmv"):
        allocate(edges, Limits(5, capacity, min_settled_gmv=1e12), "roi")
    nobody = replace(edges, small=np.zeros(len(edges), dtype=bool))
    with pytest.raises(MatchingError, match="lower --min-share"):
        allocate(nobody, Limits(5, capacity, min_share=0.2), "gmv")
