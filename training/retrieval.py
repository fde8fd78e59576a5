"""Retrieval: the space of creators and products, distilled from the ranker.

Learnt from all values of some creators and products. The others are placed by a few values each: in
a space of few dimensions the rest follows from them.
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


@dataclass(frozen=True)
class Shorthand:
    """Vectors from the values at a few columns, where those at all of them have taught how.

    Parameters
    ----------
    columns : int64 (few,)
        What each further row has to be scored with: those that tell most, by pivoted QR.
    floor : float64 (few × objectives,)
        Stands for a value that is missing.
    model : fitted on the values at these columns, of all objectives side by side
    """

    columns: IntArray
    floor: FloatArray
    model: Any

    @classmethod
    def fit(cls, values: Values, vectors: Float32Array, few: int) -> Self:
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
        model.fit(np.concatenate([block[:, columns] for block in filled], axis=1), vectors)
        floor = np.concatenate([floors[name][columns] for name in values])
        return cls(columns, floor, model)

    def vectors(self, values: Values) -> Float32Array:
        """Return the vectors of rows by their values at the columns, (rows, few)."""
        told = np.concatenate(list(values.values()), axis=1)
        return np.asarray(
            self.model.predict(np.where(np.isnan(told), self.floor, told)), dtype=np.float32
        )


def learn_space(scorer: Scorer, config: TrainConfig, advance: Advance = unheard) -> Encoder:
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
    shorthand = Shorthand.fit(values, encoder.vectors, _FEW_PRODUCTS)
    vectors = np.empty((count, encoder.vectors.shape[1]), dtype=np.float32)
    vectors[learnt] = encoder.vectors
    others = np.setdiff1d(np.arange(count), learnt)
    for rows in _chunks(others, _PAIRS_AT_ONCE, advance):
        few = score_all(scorer, rows, products[shorthand.columns], config.threads)
        vectors[rows] = shorthand.vectors({name: block.T for name, block in few.items()})
    vectors[:, -1] = 1.0
    return replace(encoder, vectors=vectors, anchors=learnt[encoder.anchors])


def place_products(
    scorer: Scorer, encoder: Encoder, config: TrainConfig, advance: Advance = unheard
) -> dict[str, Float32Array]:
    """Return the query vectors of the catalog's products, by objective."""
    count = scorer.history.products.count
    learnt = _draw(count, config.space_products, config.seed)
    values = score_all(scorer, encoder.anchors, learnt, config.threads)
    placed = {name: encoder.queries(values[name]) for name in OBJECTIVES}
    if len(learnt) == count:
        return placed
    shorthand = Shorthand.fit(values, np.concatenate(list(placed.values()), axis=1), _FEW_CREATORS)
    queries = np.empty((len(OBJECTIVES), count, encoder.vectors.shape[1]), dtype=np.float32)
    queries[:, learnt] = np.stack(list(placed.values()))
    others = np.setdiff1d(np.arange(count), learnt)
    anchors = encoder.anchors[shorthand.columns]
    for rows in _chunks(others, _PAIRS_AT_ONCE, advance):
        told = shorthand.vectors(score_all(scorer, anchors, rows, config.threads))
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
