"""Which creators are alike: by direction, never the creator itself, in a settled order."""

from __future__ import annotations

import numpy as np
import pytest

from matching.likeness import Likeness
from matching.models.encoder import Encoder

VECTORS = np.array([[1, 0], [2, 0.1], [0, 3], [-1, 0], [0, 0], [5, 0], [1, 1]], dtype=np.float32)
EVERYBODY = np.ones(len(VECTORS), dtype=bool)


@pytest.fixture
def likeness() -> Likeness:
    return Likeness(VECTORS)


def test_likeness_is_the_cosine_whatever_the_length(likeness: Likeness):
    expected = [1, 2 / np.hypot(2, 0.1), 0, -1, 0, 1, np.sqrt(0.5)]
    assert likeness.similarity(0) == pytest.approx(expected, abs=1e-6)


def test_nobody_is_like_one_of_whom_nothing_is_known(likeness: Likeness):
    assert likeness.similarity(4).tolist() == [0] * len(VECTORS)


def test_the_nearest_come_first_without_the_creator(likeness: Likeness):
    rows, similarity = likeness.nearest(0, 3, EVERYBODY)
    assert rows.tolist() == [5, 1, 6]
    assert (np.diff(similarity) <= 0).all()


def test_only_those_among_whom_is_asked(likeness: Likeness):
    among = EVERYBODY.copy()
    among[[5, 6]] = False
    rows, _ = likeness.nearest(0, 3, among)
    assert rows.tolist() == [1, 2, 4]


def test_there_may_be_fewer_than_asked_for(likeness: Likeness):
    rows, similarity = likeness.nearest(0, 50, EVERYBODY)
    assert sorted(rows) == [1, 2, 3, 4, 5, 6]
    assert len(similarity) == 6
    assert len(likeness.nearest(0, 5, ~EVERYBODY)[0]) == 0


def test_equals_come_in_the_order_of_their_rows():
    vectors = np.tile(np.array([[1.0, 2.0]], dtype=np.float32), (40, 1))
    rows, _ = Likeness(vectors).nearest(7, 10, np.ones(40, dtype=bool))
    assert rows.tolist() == [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]


def test_few_of_many_are_the_first_of_all():
    vectors = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    likeness, everybody = Likeness(vectors), np.ones(500, dtype=bool)
    few, every = (likeness.nearest(3, count, everybody)[0] for count in (20, 499))
    assert few.tolist() == every[:20].tolist()


def test_creators_of_the_same_taste_are_alike_in_a_space_distilled_from_values():
    """Half of the creators sell what the other half does not; all values are far from 0."""
    draw = np.random.default_rng(0)
    taste = np.repeat([1.0, -1.0], 30)
    products = draw.choice([1.0, -1.0], 40)
    values = 7.0 + taste[:, None] * products + draw.normal(0, 0.3, (60, 40))
    likeness = Likeness.of(Encoder.fit(values.astype(np.float32), 20, 5, seed=0))
    for creator in (0, 45):
        rows, similarity = likeness.nearest(creator, 59, np.ones(60, dtype=bool))
        assert (taste[rows[:29]] == taste[creator]).all()
        assert similarity[28] > 0.5 > -0.5 > similarity[29]
