"""How each head is grown: its link, what it may read, and how much each row counts."""

from __future__ import annotations

import numpy as np

from matching.history import FloatArray, IntArray
from matching.models.outcomes import LOG, LOGISTIC, SHARE, HeadConfig
from training.config import TrainConfig
from training.rows import Rows

LINKS = {
    "accept": LOGISTIC,
    "fulfil": LOGISTIC,
    "sale": LOGISTIC,
    "impressions": LOG,
    "conversion": LOG,
    "refund": SHARE,
}
TERMS_FEATURES = ("commission_rate", "commission_step", "slot_fee_step")
"""Only whether a creator accepts follows from the terms; what they then sell does not."""
OWN_RECORD = (
    "creator_sales",
    "creator_channel_sales",
    "creator_category_sales",
    "creator_subcategory_sales",
    "creator_conversion",
    "creator_sale_rate",
    "creator_refund_share",
    "creator_refund_step",
    "fan_gmv_share",
    "fan_conversion",
    "repeat_order_rate",
    "impression_trend",
    "category_experience_share",
    "subcategory_experience_count",
    "repeat_collaboration_count",
)
"""Features of the creator's own past sales: where effects tell that record, heads do without."""
TOLD_BETTER = {"refund": ("creator_refund_share",)}
"""What a head does without because another feature tells it net of what the creator sells."""
_REACH = ("log_followers", "log_views", "usual_impressions", "product_impressions")
_RECORD = (
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
_LUCK = 0.45  # variance of the logarithm of sales beyond counting; only the weights depend on it
_REFUND_UNITS = 20.0  # a refund share of so many orders weighs half as much as one of endless ones


def monotone(name: str, by_impressions: bool) -> dict[str, int]:
    """Return what can only help a head: better terms to be accepted, reach and a good record to
    sell. Where there is little data this keeps trees from learning noise.
    """
    if name == "accept":
        return dict.fromkeys(("commission_rate", "commission_step", "slot_fee_step"), 1)
    if name == "impressions":
        return dict.fromkeys(_REACH, 1)
    if name == "conversion" and by_impressions:
        return dict.fromkeys(_RECORD, 1)
    if name in ("sale", "conversion"):
        return dict.fromkeys((*_REACH, *_RECORD), 1)
    return {}


def head_config(config: TrainConfig) -> HeadConfig:
    """Return how the trees of every head are grown."""
    names = HeadConfig.__dataclass_fields__
    return HeadConfig(**{name: getattr(config, name) for name in names})


def weights(name: str, rows: Rows, chosen: IntArray, config: TrainConfig) -> FloatArray:
    """Return how much each row counts: by age, and by how many orders tell its outcome."""
    invited = rows.invited[chosen]
    weight = 0.5 ** ((invited.max(initial=0) - invited) / config.half_life_days)
    if name == "conversion":
        return np.asarray(weight / (_LUCK + rows.counting[chosen]))
    if name == "refund":
        units = rows.units[chosen]
        return np.asarray(weight * units / (1.0 + units / _REFUND_UNITS))
    return np.asarray(weight)
