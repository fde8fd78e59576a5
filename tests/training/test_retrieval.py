"""The retrieval space keeps the creators that scoring everybody would choose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching.economics import OBJECTIVES
from matching.scoring import Scorer
from tests.conftest import QUICK
from training.retrieval import Places, Shorthand, learn_space, place_products, score_all
from training.run import Trained


@pytest.fixture(scope="module")
def scorer(quick: Trained) -> Scorer:
    contents = quick.contents
    return Scorer(contents.history, contents.texts, contents.offers, contents.ranker)


def test_scoring_in_chunks_is_scoring_one_by_one(scorer: Scorer, monkeypatch: pytest.MonkeyPatch):
    creators, products = np.arange(20), np.array([0, 3, 5])
    whole = score_all(scorer, creators, products, 1)
    monkeypatch.setattr("training.retrieval._PAIRS_AT_ONCE", 25)
    chunked = score_all(scorer, creators, products, 1)
    for objective in OBJECTIVES:
        assert whole[objective].shape == (3, 20)
        assert np.allclose(whole[objective], chunked[objective])
        for row, product in enumerate(products):
            alone = scorer.score(creators, np.array([product])).best_values(objective)
            assert np.allclose(whole[objective][row], alone)


def test_every_product_has_a_query_for_every_objective(quick: Trained):
    contents = quick.contents
    assert set(contents.queries) == set(OBJECTIVES)
    for query in contents.queries.values():
        assert query.shape == (contents.products.num_rows, contents.encoder.vectors.shape[1])
        assert np.isfinite(query).all()


@pytest.mark.parametrize("objective", ["roi", "gmv"])
def test_the_best_by_the_space_are_nearly_the_best_by_the_ranker(
    quick: Trained, scorer: Scorer, objective: str
):
    contents = quick.contents
    everybody = np.arange(contents.history.creators.count)
    products = np.arange(contents.products.num_rows)
    values = score_all(scorer, everybody, products, 1)[objective]
    space = contents.queries[objective] @ contents.encoder.vectors.T
    kept = []
    for truth, likeness in zip(values, space, strict=True):
        best = np.argsort(-truth)[:10]
        found = np.argsort(-likeness)[:30]
        kept.append(len(set(best) & set(found)) / 10)
    assert np.mean(kept) > 0.9


def test_the_same_scorer_gives_the_same_space(scorer: Scorer, quick: Trained):
    encoder = learn_space(scorer, QUICK)
    assert np.array_equal(encoder.vectors, quick.contents.encoder.vectors)
    queries = place_products(scorer, encoder, QUICK)
    for objective in OBJECTIVES:
        assert np.array_equal(queries[objective], quick.contents.queries[objective])


@pytest.mark.parametrize("objective", ["roi", "gmv"])
def test_who_is_placed_by_a_few_values_is_found_as_well(
    quick: Trained, scorer: Scorer, objective: str, monkeypatch: pytest.MonkeyPatch
):
    """Creators and products beyond those that the space is learnt from."""
    monkeypatch.setattr("training.retrieval._PAIRS_AT_ONCE", 64)
    config = replace(QUICK, space_creators=60, space_products=12)
    whole, encoder = quick.contents.encoder, learn_space(scorer, config)
    assert encoder.vectors.shape == whole.vectors.shape
    assert (encoder.vectors[:, -1] == 1.0).all()
    queries = place_products(scorer, encoder, config)[objective]
    assert queries.shape == quick.contents.queries[objective].shape
    everybody, products = np.arange(len(encoder.vectors)), np.arange(len(queries))
    values = score_all(scorer, everybody, products, 1)[objective]
    found = np.argsort(-(queries @ encoder.vectors.T), axis=1)[:, :30]
    best = np.argsort(-values, axis=1)[:, :10]
    kept = [np.isin(b, f).mean() for b, f in zip(best, found, strict=True)]
    assert np.mean(kept) > 0.8


def test_who_has_a_place_is_placed_by_fewer_values(
    quick: Trained, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
):
    """Some creators and products are new; the others were in another space before."""
    contents, asked = quick.contents, []

    def counted(scorer: Scorer, creators: Any, products: Any, threads: int) -> Any:
        asked.append((len(products), len(creators)))
        return score_all(scorer, creators, products, threads)

    monkeypatch.setattr("training.retrieval.score_all", counted)
    monkeypatch.setattr("training.retrieval._ENOUGH", 10)
    config = replace(QUICK, space_creators=60, space_products=12, anchor_products=20)
    dimensions = contents.encoder.vectors.shape[1]
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(dimensions, dimensions)))[0]
    before = (contents.encoder.vectors @ turned).astype(np.float32)
    rows = np.arange(len(before))
    rows[::7] = -1
    encoder = learn_space(scorer, config, earlier=Places(before, rows))
    (_, learnt), *others = asked
    assert learnt == 60
    assert {products for products, _ in others} == {4, 16}
    assert sum(count for products, count in others if products == 16) < len(before) / 7
    queries = np.concatenate([contents.queries[name] for name in OBJECTIVES], axis=1)
    rows = np.arange(len(queries))
    rows[::5] = -1
    asked.clear()
    placed = place_products(scorer, encoder, config, earlier=Places(queries, rows))["gmv"]
    assert {creators for _, creators in asked[1:]} == {8, 24}
    everybody, products = np.arange(len(before)), np.arange(len(queries))
    values = score_all(scorer, everybody, products, 1)["gmv"]
    found = np.argsort(-(placed @ encoder.vectors.T), axis=1)[:, :30]
    best = np.argsort(-values, axis=1)[:, :10]
    assert np.mean([np.isin(b, f).mean() for b, f in zip(best, found, strict=True)]) > 0.8


def test_a_creator_without_channels_can_be_placed(scorer: Scorer):
    """Who works nowhere has no value; they lie where the worst do."""
    draw = np.random.default_rng(0)
    tastes, wishes = draw.normal(size=(80, 3)), draw.normal(size=(3, 12))
    values = dict.fromkeys(OBJECTIVES, tastes @ wishes)
    for block in values.values():
        block[0] = np.nan
    shorthand = Shorthand.fit(values, tastes.astype(np.float32), 4)
    few = {name: block[:, shorthand.columns] for name, block in values.items()}
    found = shorthand.vectors(few)
    assert np.allclose(found[1:], tastes[1:], atol=0.4)
    assert np.isfinite(found[0]).all()
