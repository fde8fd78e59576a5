"""The retrieval space: a structure that was planted is found again, for new products too."""

from __future__ import annotations

import numpy as np
import pytest

from matching.models.encoder import Encoder, without_level

CREATORS, ANCHOR_PRODUCTS, RANK = 400, 40, 3


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray]:
    """Return creators' tastes, size first, and products' wishes: the value is their product."""
    draw = np.random.default_rng(0)
    creators = draw.normal(0.0, (3.0, 1.0, 1.0), size=(CREATORS, RANK))
    products = draw.normal((2.0, 0.0, 0.0), 1.0, size=(ANCHOR_PRODUCTS + 20, RANK))
    return creators, products


@pytest.fixture(scope="module")
def values(planted: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    creators, products = planted
    return creators @ products.T + 7.0


@pytest.fixture(scope="module")
def encoder(values: np.ndarray) -> Encoder:
    return Encoder.fit(values[:, :ANCHOR_PRODUCTS].astype(np.float32), 60, RANK, seed=0)


def test_products_never_seen_find_their_best_creators(encoder: Encoder, values: np.ndarray):
    """Placed by the values of 60 anchors, a new product ranks all 400 creators."""
    new = values[:, ANCHOR_PRODUCTS:]
    queries = encoder.queries(new[encoder.anchors].T)
    scores = encoder.vectors @ queries.T
    for product in range(new.shape[1]):
        assert np.corrcoef(scores[:, product], new[:, product])[0, 1] > 0.99
        best = np.argsort(-scores[:, product])[:20]
        truly = np.argsort(-new[:, product])[:20]
        assert len(set(best) & set(truly)) >= 18


def test_products_compare_for_a_creator(encoder: Encoder, values: np.ndarray):
    """The inner product is on the scale of the values, whatever a product's own level is."""
    level = np.linspace(-5.0, 5.0, 20)
    new = values[:, ANCHOR_PRODUCTS:] + level
    scores = encoder.vectors @ encoder.queries(new[encoder.anchors].T).T
    assert np.abs(scores - new).mean() < 0.3
    for creator in range(0, CREATORS, 40):
        assert np.corrcoef(scores[creator], new[creator])[0, 1] > 0.99


def test_a_products_level_does_not_move_its_creators(encoder: Encoder, values: np.ndarray):
    asked = values[encoder.anchors, ANCHOR_PRODUCTS:].T
    low, high = encoder.queries(asked), encoder.queries(asked + 9.0)
    assert np.allclose(low[:, :-1], high[:, :-1], rtol=1e-5, atol=1e-6)
    assert np.allclose(high[:, -1] - low[:, -1], 9.0, rtol=1e-6)
    for one, other in zip(encoder.vectors @ low.T, encoder.vectors @ high.T, strict=True):
        assert np.allclose(other - one, 9.0, rtol=1e-5)


def test_creators_are_found_without_the_level(encoder: Encoder, values: np.ndarray):
    """However large it is: it would decide which inverted lists are looked into."""
    asked = values[encoder.anchors, ANCHOR_PRODUCTS:].T
    for low, high in zip(encoder.queries(asked), encoder.queries(asked + 50.0), strict=True):
        assert high[-1] - low[-1] == pytest.approx(50.0)
        assert without_level(high) == pytest.approx(without_level(low), abs=1e-4)
        told = encoder.vectors @ low - low[-1]
        assert encoder.directions @ without_level(low) == pytest.approx(told, abs=1e-3)


def test_size_is_a_direction(encoder: Encoder, planted: tuple[np.ndarray, np.ndarray]):
    """The first direction of the space is the one in which creators differ most."""
    creators, _ = planted
    assert abs(np.corrcoef(encoder.vectors[:, 0], creators[:, 0])[0, 1]) > 0.99
    assert (encoder.vectors[:, -1] == 1).all()


def test_a_query_does_not_depend_on_its_neighbours(encoder: Encoder, values: np.ndarray):
    asked = values[encoder.anchors, :5].T
    together = encoder.queries(asked)
    alone = np.concatenate([encoder.queries(asked[[i]]) for i in range(5)])
    assert np.allclose(together, alone, rtol=1e-4, atol=1e-6)


def test_anchors_are_the_liked_and_others(encoder: Encoder, values: np.ndarray):
    anchors = encoder.anchors
    assert len(anchors) == len(set(anchors.tolist())) == 60
    liked = np.argsort(-values[:, :ANCHOR_PRODUCTS].mean(axis=1))[:60]
    assert len(set(anchors) & set(liked)) >= 30
    assert len(set(anchors) - set(liked)) >= 15


def test_the_same_values_give_the_same_space(values: np.ndarray):
    first, second = (Encoder.fit(values.astype(np.float32), 60, RANK, seed=5) for _ in range(2))
    assert np.array_equal(first.vectors, second.vectors)
    assert np.array_equal(first.anchors, second.anchors)


def test_few_creators_are_all_anchors(values: np.ndarray):
    few = Encoder.fit(values[:10].astype(np.float32), 60, RANK, seed=0)
    assert few.anchors.tolist() == list(range(10))


def test_values_that_do_not_differ_are_no_error():
    """Where ROI is degenerate, every creator is worth the same."""
    flat = Encoder.fit(np.full((50, 8), 1.5, dtype=np.float32), 20, 5, seed=0)
    assert np.isfinite(flat.vectors).all()
    assert np.isfinite(flat.queries(np.full((2, len(flat.anchors)), 1.5))).all()


def test_a_creator_who_works_nowhere_is_no_anchor(values: np.ndarray):
    with_gap = values[:100].astype(np.float32)
    with_gap[::10] = np.nan
    encoder = Encoder.fit(with_gap, 40, RANK, seed=0)
    assert np.isfinite(encoder.vectors).all()
    assert not set(encoder.anchors) & set(range(0, 100, 10))


def test_a_space_that_was_written_is_the_same(encoder: Encoder, values: np.ndarray):
    again = Encoder.from_arrays(encoder.to_arrays())
    asked = values[encoder.anchors, :3].T
    assert np.array_equal(again.queries(asked), encoder.queries(asked))
