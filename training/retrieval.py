"""Retrieval: the space of creators and products, distilled from the ranker.

Learnt from all values of some creators and products. The others are placed by a few values each: in
a space of few dimensions the rest follows from them. Where they have a place already, in the space
of the bundle that is refreshed, fewer values tell how it changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from matching.economics import OBJECTIVES
from matching.history import FloatArray, IntArray
from matching.models.encoder import Encoder
from matching.scoring import Scorer
from training.config import TrainConfig
from training.phases import Advance, unheard

Float32Array = npt.NDArray[np.float32]
Values = Mapping[str, FloatArray]

_PAIRS_AT_ONCE = 100_000
_FEW_PRODUCTS = 16  # each creator beyond `space_creators` is scored for so many
_FEW_CREATORS = 24  # each product beyond `space_products` is scored with so many
_FEWER_PRODUCTS, _FEWER_CREATORS = 4, 8  # of those that have a place already
_ENOUGH = 1000  # rows that are learnt from and have a place: fewer teach nothing of the change


@dataclass(frozen=True)
class Places:
    """Vectors in an earlier space.

    Attributes
    ----------
    vectors : float32 (earlier rows, dimensions)
    rows : int64 (rows,), the earlier row of each, -1 of who is new
    """

    vectors: Float32Array
    rows: IntArray

    def of(self, rows: IntArray) -> Float32Array:
        """Return the earlier vectors of rows that have one."""
        return self.vectors[self.rows[rows]]

    def have(self, rows: IntArray) -> IntArray:
        """Return those of the rows that have one."""
        return rows[self.rows[rows] >= 0]


NOWHERE = Places(np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.int64))
"""Nobody has a place yet."""


@dataclass(frozen=True)
class Shorthand:
    """Vectors from the values at a few columns, where those at all of them have taught how.

    Parameters
    ----------
    columns : int64 (few,)
        What each further row has to be scored with: those that tell most, by pivoted QR.
    floor : float64 (few × objectives,)
        Stands for a value that is missing.
    model : fitted on the values at these columns, of all objectives side by side, and on the
        earlier vectors where there are any
    """

    columns: IntArray
    floor: FloatArray
    model: Any

    @classmethod
    def fit(
        cls, values: Values, vectors: Float32Array, few: int, earlier: Float32Array | None = None
    ) -> Self:
        """Learn from the values (rows, columns) of rows whose vectors are known."""
        from scipy.linalg import qr
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        floors = {name: np.nanmin(block, axis=0, initial=0.0) for name, block in values.items()}
        filled = [np.where(np.isnan(block), floors[name], block) for name, block in values.items()]
        scaled = np.concatenate([StandardScaler().fit_transform(block) for block in filled])
        _, order = qr(scaled, mode="r", pivoting=True)
        columns = np.sort(order[:few])
        model = make_pipeline(StandardScaler(), Ridge())
        told = [block[:, columns] for block in filled]
        model.fit(np.concatenate([*told, *_given(earlier)], axis=1), vectors)
        floor = np.concatenate([floors[name][columns] for name in values])
        return cls(columns, floor, model)

    def vectors(self, values: Values, earlier: Float32Array | None = None) -> Float32Array:
        """Return the vectors of rows by their values at the columns, (rows, few)."""
        told = np.concatenate(list(values.values()), axis=1)
        told = np.where(np.isnan(told), self.floor, told)
        found = self.model.predict(np.concatenate([told, *_given(earlier)], axis=1))
        return np.asarray(found, dtype=np.float32)


def _given(earlier: Float32Array | None) -> list[Float32Array]:
    return [] if earlier is None else [earlier]


@dataclass(frozen=True)
class Placement:
    """Rows that are placed alike: by a few values, or by fewer and their earlier place."""

    rows: IntArray
    shorthand: Shorthand
    earlier: Places | None

    def vectors(self, rows: IntArray, values: Values) -> Float32Array:
        """Return the vectors of some of the rows by their values at the shorthand's columns."""
        return self.shorthand.vectors(values, self.earlier and self.earlier.of(rows))


def placements(
    count: int,
    learnt: IntArray,
    values: Values,
    vectors: Float32Array,
    few: tuple[int, int],
    earlier: Places,
) -> list[Placement]:
    """Return how rows are placed that were not learnt from.

    Parameters
    ----------
    values, vectors : of the rows that were, (learnt, columns) and (learnt, dimensions)
    few : how many values tell of a row, and how many of one that has a place
    """
    others = np.setdiff1d(np.arange(count), learnt)
    if not len(others):
        return []
    before = earlier.have(learnt) if len(earlier.rows) else learnt[:0]
    if len(before) < _ENOUGH:
        return [Placement(others, Shorthand.fit(values, vectors, few[0]), None)]
    placed, at = earlier.have(others), np.searchsorted(learnt, before)
    seen = {name: block[at] for name, block in values.items()}
    again = Shorthand.fit(seen, vectors[at], few[1], earlier.of(before))
    new = np.setdiff1d(others, placed)
    found = [Placement(placed, again, earlier)]
    if len(new):
        found.append(Placement(new, Shorthand.fit(values, vectors, few[0]), None))
    return found


def learn_space(
    scorer: Scorer, config: TrainConfig, advance: Advance = unheard, earlier: Places = NOWHERE
) -> Encoder:
    """Score creators for a few anchor products, and compress what comes out."""
    products = _draw(scorer.history.products.count, config.anchor_products, config.seed)
    count = scorer.history.creators.count
    learnt = _draw(count, config.space_creators, config.seed)
    values = {
        name: block.T.astype(np.float32)
        for name, block in score_all(scorer, learnt, products, config.threads).items()
    }
    encoder = Encoder.fit(
        np.concatenate(list(values.values()), axis=1),
        config.anchor_creators,
        config.space_dimensions,
        config.seed,
    )
    if len(learnt) == count:
        return encoder
    vectors = np.empty((count, encoder.vectors.shape[1]), dtype=np.float32)
    vectors[learnt] = encoder.vectors
    few = _FEW_PRODUCTS, _FEWER_PRODUCTS
    for placement in placements(count, learnt, values, encoder.vectors, few, earlier):
        anchors = products[placement.shorthand.columns]
        for rows in _chunks(placement.rows, _PAIRS_AT_ONCE, advance):
            told = score_all(scorer, rows, anchors, config.threads)
            vectors[rows] = placement.vectors(rows, {n: block.T for n, block in told.items()})
    vectors[:, -1] = 1.0
    return replace(encoder, vectors=vectors, anchors=learnt[encoder.anchors])


def place_products(
    scorer: Scorer,
    encoder: Encoder,
    config: TrainConfig,
    advance: Advance = unheard,
    earlier: Places = NOWHERE,
) -> dict[str, Float32Array]:
    """Return the query vectors of the catalog's products, by objective.

    Those of all objectives lie side by side in `earlier`.
    """
    count = scorer.history.products.count
    learnt = _draw(count, config.space_products, config.seed)
    values = score_all(scorer, encoder.anchors, learnt, config.threads)
    placed = {name: encoder.queries(values[name]) for name in OBJECTIVES}
    if len(learnt) == count:
        return placed
    together = np.concatenate(list(placed.values()), axis=1)
    queries = np.empty((len(OBJECTIVES), count, encoder.vectors.shape[1]), dtype=np.float32)
    queries[:, learnt] = np.stack(list(placed.values()))
    few = _FEW_CREATORS, _FEWER_CREATORS
    for placement in placements(count, learnt, values, together, few, earlier):
        anchors = encoder.anchors[placement.shorthand.columns]
        for rows in _chunks(placement.rows, _PAIRS_AT_ONCE, advance):
            told = placement.vectors(rows, score_all(scorer, anchors, rows, config.threads))
            queries[:, rows] = np.stack(np.split(told, len(OBJECTIVES), axis=1))
    return dict(zip(OBJECTIVES, queries, strict=True))


def score_all(
    scorer: Scorer, creators: IntArray, products: IntArray, threads: int
) -> dict[str, FloatArray]:
    """Return the values of every creator for every product, (products, creators) by objective."""
    values = {name: np.empty((len(products), len(creators))) for name in OBJECTIVES}
    step = max(1, _PAIRS_AT_ONCE // max(1, len(creators)))
    for start in range(0, len(products), step):
        chunk = products[start : start + step]
        scored = scorer.score(
            np.tile(creators, len(chunk)), np.repeat(chunk, len(creators)), threads=threads
        )
        for name, block in values.items():
            block[start : start + step] = scored.best_values(name).reshape(len(chunk), -1)
    return values


def _draw(count: int, most: int, seed: int) -> IntArray:
    """Return rows drawn at random, in order; all of them where there are no more."""
    return np.sort(np.random.default_rng(seed).choice(count, min(count, most), replace=False))


def _chunks(rows: IntArray, size: int, advance: Advance) -> Iterator[IntArray]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
        advance(min(1.0, (start + size) / len(rows)))
