"""The index against brute force, with filters of every selectivity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.models import index as index_module
from matching.models.index import CreatorIndex

COUNT, DIMENSIONS = 6000, 8


def brute_force(vectors: np.ndarray, query: np.ndarray, count: int, mask: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(mask)
    scores = vectors[rows] @ query
    return rows[np.lexsort((rows, -scores))][:count]


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    draw = np.random.default_rng(0)
    centers = draw.normal(size=(30, DIMENSIONS))
    spread = 0.4 * draw.normal(size=(COUNT, DIMENSIONS))
    return (centers[draw.integers(30, size=COUNT)] + spread).astype(np.float32)


@pytest.fixture(scope="module")
def queries() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(20, DIMENSIONS)).astype(np.float32)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_a_small_set_is_searched_exactly_under_any_filter(seed: int, share: float, count: int):
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(50, 4)).astype(np.float32)
    query = draw.normal(size=4).astype(np.float32)
    mask = draw.random(50) < share
    found = CreatorIndex.build(vectors).search(query, count, mask)
    assert found.dtype == np.int64
    assert found.tolist() == brute_force(vectors, query, count, mask).tolist()


def test_equal_creators_come_in_the_order_of_their_rows():
    vectors = np.ones((20, 3), dtype=np.float32)
    found = CreatorIndex.build(vectors).search(np.ones(3, dtype=np.float32), 20, np.ones(20, bool))
    assert found.tolist() == list(range(20))


def test_nobody_eligible_is_nobody_found():
    index = CreatorIndex.build(np.ones((5, 3), dtype=np.float32))
    assert len(index.search(np.ones(3, dtype=np.float32), 3, np.zeros(5, bool))) == 0


@pytest.fixture
def inverted(vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> CreatorIndex:
    """The path of large markets, on a set that brute force can follow."""
    monkeypatch.setattr(index_module, "EXACT_COUNT", 200)
    monkeypatch.setattr(index_module, "_PROBES", 16)
    built = CreatorIndex.build(vectors)
    assert built.inverted is not None
    return built


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.05])
def test_inverted_lists_find_nearly_all_under_filters(
    inverted: CreatorIndex, vectors: np.ndarray, queries: np.ndarray, share: float
):
    mask = np.random.default_rng(2).random(COUNT) < share
    recall = []
    for query in queries:
        found = inverted.search(query, 50, mask)
        assert len(found) == len(set(found.tolist())) == 50
        assert mask[found].all()
        best = brute_force(vectors, query, 50, mask)
        recall.append(len(set(found) & set(best)) / 50)
    assert np.mean(recall) > 0.85


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_the_longest_vectors_are_found_where_lengths_differ(
    monkeypatch: pytest.MonkeyPatch, share: float
):
    """As in a market: a few creators are many times as large, and most questions want those."""
    monkeypatch.setattr(index_module, "EXACT_COUNT", 200)
    monkeypatch.setattr(index_module, "_PROBES", 16)
    draw = np.random.default_rng(3)
    directions = draw.normal(size=(COUNT, DIMENSIONS)) * 0.8 ** np.arange(DIMENSIONS)
    vectors = (directions * draw.lognormal(0.0, 1.0, (COUNT, 1))).astype(np.float32)
    index, mask = CreatorIndex.build(vectors), draw.random(COUNT) < share
    recall = []
    for _ in range(20):
        query = (draw.normal(size=DIMENSIONS) + 1.0).astype(np.float32)
        best = brute_force(vectors, query, 50, mask)
        recall.append(np.isin(best, index.search(query, 50, mask)).mean())
    assert np.mean(recall) > 0.8


def test_few_eligible_are_searched_exactly_within_a_large_set(
    inverted: CreatorIndex, vectors: np.ndarray, queries: np.ndarray
):
    mask = np.zeros(COUNT, dtype=bool)
    mask[::40] = True
    for query in queries[:5]:
        found = inverted.search(query, 50, mask)
        assert found.tolist() == brute_force(vectors, query, 50, mask).tolist()


def test_lists_that_hold_too_few_are_not_the_last_word(
    inverted: CreatorIndex,
    vectors: np.ndarray,
    queries: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
):
    """The eligible lie far from the query, in lists that are not probed: FAISS pads with -1."""
    monkeypatch.setattr(index_module, "_PROBES", 1)
    query = queries[0]
    mask = np.zeros(COUNT, dtype=bool)
    mask[np.argsort(vectors @ query)[: COUNT // 2]] = True
    found = inverted.search(query, 300, mask)
    assert found.tolist() == brute_force(vectors, query, 300, mask).tolist()


def test_more_than_are_eligible_are_all_of_them(inverted: CreatorIndex, queries: np.ndarray):
    mask = np.arange(COUNT) % 2 == 0
    found = inverted.search(queries[0], COUNT, mask)
    assert sorted(found) == np.flatnonzero(mask).tolist()


@pytest.mark.parametrize("large", [False, True])
def test_an_index_that_was_written_finds_the_same(
    large: bool, vectors: np.ndarray, queries: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    if large:
        monkeypatch.setattr(index_module, "EXACT_COUNT", 200)
    built = CreatorIndex.build(vectors)
    stored = built.to_array()
    assert (stored is not None) == large
    again = CreatorIndex.from_array(vectors, stored)
    mask = np.random.default_rng(3).random(COUNT) < 0.5
    for query in queries[:5]:
        assert np.array_equal(again.search(query, 20, mask), built.search(query, 20, mask))
