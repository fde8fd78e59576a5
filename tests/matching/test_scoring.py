"""Scoring: offers in every channel that a creator works in, and the better one of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matching.economics import OBJECTIVES, Terms
from matching.explain import PARTS as EXPLAINED
from matching.features import FEATURES
from matching.history import Attributes
from matching.models.effects import PARTS, VARIANCES
from matching.models.ranker import preference
from matching.models.text import ContentVectors
from matching.scoring import Scored, Scorer, log_values
from training.run import Trained


@pytest.fixture(scope="module")
def scorer(quick: Trained) -> Scorer:
    """Every record counts: this market is too small to have learnt how much each does."""
    contents = quick.contents
    effects = replace(contents.ranker.effects, variances=dict.fromkeys(VARIANCES, 0.05))
    ranker = replace(contents.ranker, effects=effects)
    return Scorer(contents.history, contents.texts, contents.offers, ranker)


@pytest.fixture(scope="module")
def scored(scorer: Scorer) -> Scored:
    everybody = np.arange(scorer.history.creators.count)
    return scorer.score(everybody, np.array([4]))


def test_one_row_a_creator_and_channel_they_work_in(scorer: Scorer, scored: Scored):
    works = scorer.offers.works
    assert len(scored.creators) == works.sum()
    assert works[scored.creators, scored.channels].all()
    assert scored.count == len(works)
    assert (scored.products == 4).all()
    assert len(scored.money.roi) == len(scored.matrix) == len(scored.creators)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_better_channel_is_chosen_by_the_objective(scored: Scored, objective: str):
    best = scored.best_channels(objective)
    assert scored.candidates[best].tolist() == list(range(scored.count))
    first, second = preference(scored.outcomes, scored.money, objective)
    for row in best:
        own = scored.candidates == scored.candidates[row]
        assert (first[row], second[row]) >= max(zip(first[own], second[own], strict=True))


def test_the_channel_depends_on_the_objective(scored: Scored):
    """Else the last test would say little."""
    chosen = {
        objective: tuple(scored.channels[scored.best_channels(objective)])
        for objective in OBJECTIVES
    }
    assert len(set(chosen.values())) > 1
    assert all(set(channels) == {0, 1} for channels in chosen.values())


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_ranked_rows_are_in_order(scored: Scored, objective: str):
    rows = scored.ranked(objective, scored.best_channels(objective))
    first, second = preference(scored.outcomes, scored.money, objective)
    keys = list(zip(-first[rows], -second[rows], scored.creators[rows], strict=True))
    assert keys == sorted(keys)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_values_of_the_space_follow_the_objective(scored: Scored, objective: str):
    values = scored.best_values(objective)
    assert values.shape == (scored.count,)
    per_row = log_values(scored, objective)
    assert values[7] == per_row[scored.candidates == 7].max()
    best = scored.best_channels(objective)
    first, _ = preference(scored.outcomes, scored.money, objective)
    ranks = [np.argsort(np.argsort(v)) for v in (values, first[best])]
    assert np.corrcoef(*ranks)[0, 1] > 0.98


def test_only_the_channels_that_are_allowed(scorer: Scorer):
    live = np.zeros_like(scorer.offers.works)
    live[:, 0] = scorer.offers.works[:, 0]
    scored = scorer.score(np.arange(20), np.array([0]), works=live)
    assert (scored.channels == 0).all()
    values = scored.best_values("gmv")
    assert np.isnan(values).tolist() == (~live[:20, 0]).tolist()


def test_many_pairs_at_once_are_each_pair_alone(scorer: Scorer):
    creators, products = np.array([3, 3, 8, 20]), np.array([0, 5, 5, 7])
    together = scorer.score(creators, products)
    for i in range(4):
        alone = scorer.score(creators[[i]], products[[i]])
        rows = together.candidates == i
        assert np.array_equal(together.matrix[rows], alone.matrix, equal_nan=True)
        for name in ("settled_gmv", "cost", "roi"):
            own = getattr(together.money, name)[rows]
            assert own == pytest.approx(getattr(alone.money, name)), name


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_only_the_promising_are_predicted_in_full_and_to_the_same_bits(
    scorer: Scorer, objective: str
):
    """Of two products; both channels of whoever is kept, and the best few are among them."""
    everybody = np.arange(scorer.history.creators.count)
    creators, products = np.tile(everybody, 2), np.repeat([4, 7], len(everybody))
    every = scorer.score(creators, products)
    some = scorer.score(creators, products, best=(objective, 20))
    assert some.looked_at == 40 and every.looked_at == len(creators)
    assert np.unique(some.products[some.best_channels(objective)], return_counts=True)[
        1
    ].tolist() == [20, 20]
    rows = np.flatnonzero(np.isin(every.candidates, some.candidates))
    np.testing.assert_array_equal(every.candidates[rows], some.candidates)
    for name in ("settled_gmv", "cost", "roi", "profit"):
        np.testing.assert_array_equal(getattr(every.money, name)[rows], getattr(some.money, name))
    best = every.ranked(objective, every.best_channels(objective))
    for product in () if objective == "profit" else (4, 7):  # a third of few trees is too rough
        top = best[every.products[best] == product][:5]
        assert np.isin(every.candidates[top], some.candidates).all()


def test_nobody_to_score_is_no_error(scorer: Scorer):
    nobody = scorer.score(np.zeros(0, dtype=np.int64), np.array([0]))
    assert len(nobody.creators) == len(nobody.best_channels("roi")) == 0


def test_terms_reach_the_deal_and_only_acceptance_among_outcomes(scorer: Scorer):
    everybody = np.arange(scorer.history.creators.count)
    plain = scorer.score(everybody, np.array([4]), Terms(commission_rate=0.1))
    dear = scorer.score(everybody, np.array([4]), Terms(commission_rate=0.3))
    assert (dear.money.cost > plain.money.cost).all()
    assert (dear.outcomes.accept_probability >= plain.outcomes.accept_probability).all()
    assert (dear.outcomes.accept_probability > plain.outcomes.accept_probability).any()
    assert np.array_equal(dear.outcomes.published_gmv, plain.outcomes.published_gmv)
    assert np.array_equal(dear.outcomes.fulfil_probability, plain.outcomes.fulfil_probability)


def test_an_external_product_without_a_past_is_a_catalog_product_without_one(scorer: Scorer):
    """All that a product of the catalog has beyond its description is its own history.

    That is told by its features and by the effect of its record.
    """
    own = scorer.history.products
    attributes = Attributes({name: own[name][[4]] for name in own.columns}, 1)
    texts = ContentVectors(scorer.texts.creators, scorer.texts.products[[4]], scorer.texts.topics)
    everybody = np.arange(scorer.history.creators.count)
    inside = scorer.score(everybody, np.array([4]))
    outside = scorer.score(everybody, np.array([0]), external=(attributes, texts))
    differing = {
        feature.name
        for i, feature in enumerate(FEATURES)
        if not np.array_equal(inside.matrix[:, i], outside.matrix[:, i], equal_nan=True)
    }
    assert differing
    assert all(name.startswith("product_") for name in differing)
    record = PARTS.index("product_record")
    assert not outside.given.effects[:, record].any()
    assert inside.given.effects[:, record].all()
    others = [np.delete(scored.given.effects, record, axis=1) for scored in (inside, outside)]
    assert np.array_equal(*others)
    assert others[0].any()
    assert np.array_equal(inside.given.log_price, outside.given.log_price)


def test_what_is_said_of_some_rows_adds_up_to_their_sales(scorer: Scorer, scored: Scored):
    rows = np.array([3, 0, 40])
    parts = scorer.contributions(scored, rows)
    assert parts.shape == (3, len(EXPLAINED) + 1)
    assert parts.sum(axis=1) == pytest.approx(np.log(scored.money.settled_gmv[rows]), abs=1e-6)
    assert np.array_equal(parts[:, len(FEATURES) : -1], scored.given.effects[rows])
