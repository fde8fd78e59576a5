"""Fit the ranker: heads on what was known, the interval on what came later, the heads again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from matching.features import FEATURES
from matching.history import IntArray, day_number
from matching.models.intervals import Interval
from matching.models.outcomes import LOG, LOGISTIC, FloatArray, Head, HeadConfig
from matching.models.ranker import HEADS, Ranker
from training.config import TrainConfig
from training.rows import Rows

LINKS = {"accept": LOGISTIC, "fulfil": LOGISTIC, "sale": LOGISTIC, "sales": LOG}
TERMS_FEATURES = ("commission_rate", "commission_step", "slot_fee_step")
"""Only whether a creator accepts follows from the terms; what they then sell does not."""
_SALES_RISE_WITH = (
    "log_followers",
    "log_views",
    "usual_impressions",
    "product_impressions",
    "creator_sales",
    "creator_channel_sales",
    "creator_category_sales",
    "creator_subcategory_sales",
    "product_sales",
    "creator_conversion",
    "product_conversion",
    "creator_sale_rate",
    "product_sale_rate",
)
MONOTONE = {
    "accept": dict.fromkeys(("commission_rate", "commission_step", "slot_fee_step"), 1),
    "sale": dict.fromkeys(_SALES_RISE_WITH, 1),
    "sales": dict.fromkeys(_SALES_RISE_WITH, 1),
}
"""What can only help: better terms to be accepted; reach and a good record to sell. Where there is
little data this keeps trees from learning noise."""
_LEAST_VALIDATION = 200
GIVEN_SALE_SHARE = 0.1
FEW_SELL_NOTHING = "at most a tenth of published collaborations sell nothing"


def fit_ranker(rows: Rows, as_of: date, config: TrainConfig) -> tuple[Ranker, dict[str, Any]]:
    """Fit the heads, calibrate on the newest outcomes what was fitted before, fit again on all."""
    day = day_number(as_of)
    split = _calibration_day(rows, config)
    later = rows.heads(day, invited_from=split)
    _, sold = rows.heads(day)["sale"]
    given_sale = bool(len(sold)) and float(1.0 - sold.mean()) > GIVEN_SALE_SHARE
    earlier = _fit_heads(rows, split, config, given_sale, validation=later)
    held_back, _ = later["sale"]
    sales, matrix = rows.sales[held_back], rows.matrix[held_back]
    smearing = _smearing(earlier["sales"], matrix, sales)
    trial = Ranker(earlier, smearing, Interval.calibrate(np.zeros(0), np.zeros(0)), given_sale)
    outcomes = trial.predict(matrix, config.threads)
    predicted = outcomes.published_gmv
    if given_sale:
        predicted, sales = (predicted / outcomes.sale_probability)[sales > 0], sales[sales > 0]
    interval = Interval.calibrate(predicted, sales, config.interval_level)
    heads = _fit_heads(rows, day, config, given_sale, tree_counts=_tree_counts(earlier, later))
    fitted = {
        name: {"rows": len(target), **heads[name].describe()}
        for name, (_, target) in rows.heads(day).items()
    }
    return Ranker(heads, smearing, interval, given_sale), fitted


def _fit_heads(
    rows: Rows,
    known_before: int,
    config: TrainConfig,
    given_sale: bool,
    validation: Mapping[str, tuple[IntArray, FloatArray]] | None = None,
    tree_counts: Mapping[str, int] | None = None,
) -> dict[str, Head]:
    """Fit every head on what was known before a day.

    `validation` are later rows that say when enough trees have grown; `tree_counts` are what was
    found that way before.
    """
    names = [feature.name for feature in FEATURES]
    shape = HeadConfig(
        **{f: getattr(config, f) for f in HeadConfig.__dataclass_fields__ if f != "seed"},
        seed=config.seed,
    )
    judges = {}
    for name, (chosen, target) in (validation or {}).items():
        if _judges(name, target):
            judges[name] = (rows.matrix[chosen], target)
    heads = {}
    for name, (chosen, target) in rows.heads(known_before).items():
        if name == "sale" and len(target) and not given_sale:
            heads[name] = Head.mean(name, LINKS[name], target, names, FEW_SELL_NOTHING)
            continue
        weight = _recency(rows.invited[chosen], config)
        heads[name] = Head.fit(
            name,
            LINKS[name],
            rows.matrix[chosen],
            target,
            names,
            replace(shape, tree_count=(tree_counts or {}).get(name, config.tree_count)),
            monotone=MONOTONE.get(name),
            ignored=config.without_features + (() if name == "accept" else TERMS_FEATURES),
            weight=weight,
            validation=judges.get(name),
            threads=config.threads,
        )
    return {name: heads[name] for name in HEADS}


def _judges(name: str, target: FloatArray) -> bool:
    """Return whether later rows are many enough to say how many trees help."""
    rarer = len(target) if LINKS[name] == LOG else min(target.sum(), len(target) - target.sum())
    return bool(rarer >= _LEAST_VALIDATION / 4 and len(target) >= _LEAST_VALIDATION)


def _tree_counts(
    earlier: Mapping[str, Head],
    later: Mapping[str, tuple[IntArray, FloatArray]],
) -> dict[str, int]:
    """Return how many trees helped on later rows, where those were many enough to say."""
    return {
        name: head.tree_count
        for name, head in earlier.items()
        if head.tree_count and _judges(name, later[name][1])
    }


def _recency(invited: IntArray, config: TrainConfig) -> FloatArray:
    """Return weights, 1 for the newest row; only their ratios matter."""
    age = invited.max(initial=0) - invited
    return np.asarray(0.5 ** (age / config.half_life_days))


def _calibration_day(rows: Rows, config: TrainConfig) -> int:
    """Return the day from which the newest share of settled collaborations was invited."""
    settled = rows.invited[~np.isnan(rows.sales)]
    if not len(settled):
        return int(rows.invited.max(initial=0))
    return int(np.quantile(settled, 1.0 - config.calibration_share))


def _smearing(head: Head, matrix: Any, sales: FloatArray) -> float:
    """Return mean of actual ÷ exp(predicted logarithm), the largest hundredth capped."""
    sold = sales > 0
    if not sold.any():
        return 1.0
    ratios = sales[sold] / np.exp(head.margin(matrix[sold]))
    return float(np.minimum(ratios, np.quantile(ratios, 0.99)).mean())
