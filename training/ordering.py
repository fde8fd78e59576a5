"""Are later collaborations put in the right order? Beside followers alone, with paired gains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from matching.history import FloatArray
from training import figures, metrics
from training.figures import Draws, Estimate
from training.metrics import Metric

Order = tuple[Any, Callable[[pd.DataFrame, FloatArray], Metric], str]


def ranking(later: pd.DataFrame, draws: Draws) -> dict[str, Any]:
    """Return how well each outcome is put in order, beside followers alone.

    `sold` (AUC), `sales` (Spearman) and `top_tenth` (share of the sales that the tenth by
    prediction holds) are of published collaborations. `ndcg_sales` is NDCG@10 within a product,
    among all invited whose end is due: the gain is ln(1 + sales ÷ the median sale), nothing for who
    declined or failed. `ndcg_roi` is the same among accepted ones, with gain ln(1 + realised ROI).
    """
    return {name: figures.beside(*pair) for name, pair in estimates(later, draws).items()}


def estimates(
    later: pd.DataFrame, draws: Draws, by: str | None = None
) -> dict[str, tuple[Estimate, Estimate]]:
    """Return each measure by prediction (or by another column) and by followers alone."""
    found = {}
    for name, (rows, make, predicted) in orders(later).items():
        column = by or predicted
        usable = rows & later[column].notna().to_numpy()
        chosen, drawn = later[usable], draws.only(usable)
        scores = (chosen[column], chosen["follower_count"].fillna(0))
        mine, theirs = (
            drawn.estimate(make(chosen, score.to_numpy(dtype=np.float64)), name.startswith("ndcg"))
            for score in scores
        )
        found[name] = (mine, theirs)
    return found


def orders(later: pd.DataFrame) -> dict[str, Order]:
    """Return of each measure its rows, the metric of a score, and the column that predicts it."""
    published = later["settled_gmv"].notna().to_numpy()
    declined = (later["accepted"] == 0).to_numpy()
    failed = (later["fulfilled"] == 0).to_numpy()
    due = later["outcome_due"].to_numpy(dtype=bool)

    def sales(frame: pd.DataFrame) -> FloatArray:
        return frame["settled_gmv"].fillna(0).to_numpy()

    sold = later["settled_gmv"][later["settled_gmv"] > 0]
    usual = float(sold.median()) if len(sold) else 1.0
    return {
        "sold": (published, lambda f, s: metrics.auc(sales(f) > 0, s), "published_gmv"),
        "sales": (published, lambda f, s: metrics.spearman(sales(f), s), "published_gmv"),
        "top_tenth": (published, lambda f, s: metrics.top_share(sales(f), s), "published_gmv"),
        "ndcg_sales": (
            (published | declined | failed) & due,
            lambda f, s: metrics.ndcg(f["product_id"], np.log1p(sales(f) / usual), s),
            "expected_gmv",
        ),
        "ndcg_roi": (
            later["roi"].notna().to_numpy() & due,
            lambda f, s: metrics.ndcg(f["product_id"], np.log1p(f["roi"].to_numpy()), s),
            "predicted_roi",
        ),
    }
