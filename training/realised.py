"""What past collaborations really cost, and their realised commission ROI."""

from __future__ import annotations

import numpy as np
import pandas as pd

from matching.catalog import Catalog
from matching.columns import CHANNELS
from matching.economics import Deal, commission_roi, expected_cost
from matching.facts import settled_sales
from matching.history import FloatArray

_FEES = dict(zip(CHANNELS, ("live_slot_fee", "video_slot_fee"), strict=True))


def realised_roi(catalog: Catalog, log: pd.DataFrame) -> FloatArray:
    """Return settled sales ÷ cost of each collaboration that came to an end, float64 (rows,).

    A term that the row does not say is taken from the listing; one that the catalog lacks counts
    as 0. NaN where nothing ended, a term is unknown, or nothing was paid, and everywhere if nobody
    was ever paid anything but a share of sales: ROI is then the same whoever sells. A failed one
    sold nothing and cost its sample.
    """
    status = log["status"].to_numpy(dtype=object)
    published = status == "fulfilled"
    products = catalog.products.set_index("product_id").loc[log["product_id"]]
    extra = [_first_known(log, name=name) for name in ("ads_cost", "return_cost", "subsidy")]
    ads, returns, subsidy = (np.nan_to_num(paid) for paid in extra)
    deal = Deal(
        commission_rate=_first_known(log, products, name="commission_rate"),
        service_fee_rate=_first_known(log, products, name="service_fee_rate"),
        slot_fee=_first_known(log, _asked(catalog, log), name="slot_fee"),
        sample_cost=_first_known(log, products, name="sample_cost"),
        ads_cost=ads + returns - subsidy,
    )
    sales = np.where(published, settled_sales(log), 0.0)
    cost = np.where(published, expected_cost(deal, 1.0, sales), deal.sample_cost)
    ended = published | (status == "failed")
    same = bool(deal.is_degenerate[ended].all())
    return np.where(ended & (not same), commission_roi(sales, cost), np.nan)


def _first_known(*tables: pd.DataFrame, name: str) -> FloatArray:
    """Return the column of the first table that knows it, row by row; 0 if no table has it."""
    columns = [table[name].to_numpy(dtype=np.float64) for table in tables if name in table.columns]
    known = np.full(len(tables[0]), np.nan if columns else 0.0)
    for column in columns:
        known = np.where(np.isnan(known), column, known)
    return known


def _asked(catalog: Catalog, log: pd.DataFrame) -> pd.DataFrame:
    """Return what each row's creator asks for a slot in its channel, where the catalog says it."""
    creators = catalog.creators.set_index("creator_id").loc[log["creator_id"]]
    if not set(_FEES.values()) & set(creators.columns):
        return pd.DataFrame(index=log.index)
    fees = [_first_known(creators, name=_FEES[channel]) for channel in CHANNELS]
    in_video = log["channel"] == CHANNELS[1] if "channel" in log.columns else False
    return pd.DataFrame({"slot_fee": np.where(in_video, fees[1], fees[0])}, index=log.index)
