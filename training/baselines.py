"""What others do: simple orders, collaborative filtering and learned ranks that must be beaten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits

from matching.history import FloatArray, IntArray
from matching.offers import latest_statistic
from matching.scoring import Scored
from training.known import LEAST_ROWS, Known, NothingToLearnError
from training.quiet import without_bars

Score = Callable[[Scored], FloatArray]
"""One score an offer, larger is better, float64 (rows,); for products of the bundle's catalog."""

_GRADES = 5
_ROWS_A_QUERY = 10_000
_FACTORS = 32
_TREES = 150
"""Trees of the same number and shape as the heads', so that it is not size that decides."""
_THREADS = 2
_TREE_SHAPE = {
    "learning_rate": 0.08,
    "max_depth": 4,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.6,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": _THREADS,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Baseline:
    """A way to order creators, fitted on what was known.

    One that chooses no channel is granted the better one.
    """

    fit: Callable[[Known], Score]
    chooses_channel: bool = False


def random_order(known: Known) -> Score:
    """Order creators anyhow."""

    def score(scored: Scored) -> FloatArray:
        seed = (known.seed, int(scored.products[0])) if len(scored.products) else known.seed
        return np.random.default_rng(seed).random(scored.count)[scored.candidates]

    return score


def followers(known: Known) -> Score:
    """Order by the number of followers."""
    count = np.nan_to_num(latest_statistic(known.history, "follower_count", known.day))
    return lambda scored: count[scored.creators]


def past_gmv(known: Known) -> Score:
    """Order by past sales within the product's category; ties go to past sales in all."""
    return lambda scored: (
        known.sales("creator_category", scored) + 1e-6 * known.sales("creator", scored)
    )


def content_similarity(known: Known) -> Score:
    """Order by the cosine of the creator's texts and the product's."""
    texts = known.matcher.contents.texts
    creators, products = (_unit(vectors) for vectors in (texts.creators, texts.products))
    return lambda scored: _inner(creators[scored.creators], products[scored.products])


def implicit_als(known: Known) -> Score:
    """Order by implicit alternating least squares on who sold what.

    Confidence rises with the logarithm of settled sales (Hu, Koren and Volinsky, "Collaborative
    filtering for implicit feedback datasets", ICDM 2008). Creators and products that have sold
    nothing have no place in it: among them the order is random.
    """
    with without_bars():
        from implicit.als import AlternatingLeastSquares

    sold = np.flatnonzero(np.nan_to_num(known.rows.sales) > 0)
    if not len(sold):
        raise NothingToLearnError("nobody has sold anything yet")
    shape = (known.history.creators.count, known.history.products.count)
    places = (known.rows.creators[sold], known.rows.products[sold])
    table = csr_array((known.rows.sales[sold], places), shape=shape)
    table.sum_duplicates()
    table.data = np.log1p(table.data)
    with threadpool_limits(1, "blas"):  # its own threads and those of BLAS get in each other's way
        model = AlternatingLeastSquares(
            factors=_FACTORS, num_threads=1, random_state=known.seed, use_gpu=False
        )
        model.fit(csr_matrix(table, dtype=np.float32), show_progress=False)
    anyhow = random_order(known)
    creators, products = model.user_factors, model.item_factors

    return lambda scored: (
        _inner(creators[scored.creators], products[scored.products]) + 1e-9 * anyhow(scored)
    )


def lambda_mart(known: Known) -> Score:
    """Order by LambdaMART on grades of realised ROI: fifths within each product."""
    rows, roi = known.ended()
    products = known.rows.products[rows]
    order = np.argsort(products, kind="stable")
    rows, grades = rows[order], _grades(products[order], roi[order])
    if not grades.any():
        raise NothingToLearnError("realised ROI does not differ within any product")
    queries = _query_sizes(products[order])
    parameters = {
        **_TREE_SHAPE,
        "objective": "lambdarank",
        "label_gain": [2**grade - 1 for grade in range(_GRADES)],
        "lambdarank_truncation_level": 20,
        "seed": known.seed,
    }
    data = lightgbm.Dataset(known.rows.matrix[rows], grades, group=queries)
    return _by_booster(lightgbm.train(parameters, data, _TREES))


def roi_regression(known: Known) -> Score:
    """Order by a LightGBM regression of the logarithm of realised ROI, where anything was sold."""
    rows, roi = known.ended()
    rows, roi = rows[roi > 0], roi[roi > 0]
    if len(rows) < LEAST_ROWS or np.ptp(roi) == 0:
        raise NothingToLearnError(f"only {len(rows)} collaborations sold, or all at one ROI")
    parameters = {**_TREE_SHAPE, "objective": "regression", "seed": known.seed}
    data = lightgbm.Dataset(known.rows.matrix[rows], np.log(roi))
    return _by_booster(lightgbm.train(parameters, data, _TREES))


BASELINES: dict[str, Baseline] = {
    "random": Baseline(random_order),
    "followers": Baseline(followers),
    "past GMV within the category": Baseline(past_gmv),
    "content similarity": Baseline(content_similarity),
    "implicit ALS": Baseline(implicit_als),
    "LambdaMART on ROI grades": Baseline(lambda_mart, chooses_channel=True),
    "regression of log ROI": Baseline(roi_regression, chooses_channel=True),
}
"""By the name that the report gives them."""


def fit_baselines(known: Known) -> tuple[dict[str, Score], dict[str, str]]:
    """Return the score of each baseline, and why those that are absent are."""
    scores, absent = {}, {}
    for name, baseline in BASELINES.items():
        try:
            scores[name] = baseline.fit(known)
        except NothingToLearnError as error:
            absent[name] = str(error)
    return scores, absent


def _by_booster(booster: Any) -> Score:
    return lambda scored: np.asarray(booster.predict(scored.matrix, num_threads=_THREADS))


def _grades(products: IntArray, roi: FloatArray) -> IntArray:
    """Return 0 to 4: the fifth of each ROI within its product, equal ones in the lower fifth."""
    grades = np.zeros(len(roi), dtype=np.int64)
    starts = np.flatnonzero(np.diff(products, prepend=-1))
    for group in np.split(np.arange(len(roi)), starts[1:]):
        below = np.searchsorted(np.sort(roi[group]), roi[group])
        grades[group] = _GRADES * below // max(1, len(group))
    return grades


def _query_sizes(products: IntArray) -> IntArray:
    """Return the sizes of the queries, one a product; LightGBM takes 10,000 rows in each."""
    _, sizes = np.unique(products, return_counts=True)
    parts = [np.full(size // _ROWS_A_QUERY, _ROWS_A_QUERY) for size in sizes]
    rests = [[size % _ROWS_A_QUERY] if size % _ROWS_A_QUERY else [] for size in sizes]
    return np.concatenate([np.r_[a, b] for a, b in zip(parts, rests, strict=True)]).astype(int)


def _inner(one: Any, other: Any) -> FloatArray:
    return np.einsum("ij,ij->i", one, other, dtype=np.float64)


def _unit(vectors: Any) -> FloatArray:
    """Return vectors of length one; those of nothing stay nothing."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0), dtype=np.float64)
