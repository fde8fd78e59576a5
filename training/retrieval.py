"""Retrieval: the space of creators and products, distilled from the ranker."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.economics import OBJECTIVES
from matching.history import FloatArray, IntArray
from matching.models.encoder import Encoder
from matching.scoring import Scorer
from training.config import TrainConfig

Float32Array = npt.NDArray[np.float32]

_PAIRS_AT_ONCE = 100_000


def learn_space(scorer: Scorer, config: TrainConfig) -> Encoder:
    """Score all creators for a few anchor products, and compress what comes out."""
    products = _anchor_products(scorer.history.products.count, config)
    everybody = np.arange(scorer.history.creators.count)
    values = score_all(scorer, everybody, products, config.threads)
    side_by_side = np.concatenate([values[objective] for objective in OBJECTIVES])
    return Encoder.fit(
        side_by_side.T.astype(np.float32),
        config.anchor_creators,
        config.space_dimensions,
        config.seed,
    )


def place_products(
    scorer: Scorer, encoder: Encoder, config: TrainConfig
) -> dict[str, Float32Array]:
    """Return the query vectors of the catalog's products, by objective."""
    products = np.arange(scorer.history.products.count)
    values = score_all(scorer, encoder.anchors, products, config.threads)
    return {objective: encoder.queries(values[objective]) for objective in OBJECTIVES}


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


def _anchor_products(count: int, config: TrainConfig) -> IntArray:
    """Choose products at random; all of them where there are few."""
    chosen = min(count, config.anchor_products)
    return np.sort(np.random.default_rng(config.seed).choice(count, chosen, replace=False))
