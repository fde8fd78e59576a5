"""Realised ROI follows the contract: what was paid, on what settled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from tests.matching.worlds import tiny_tables
from training.realised import realised_roi


def tables(**columns: object) -> dict[str, pd.DataFrame]:
    """Return the tiny world with other values in its first collaboration, which sold."""
    found = tiny_tables()
    log = found["collaborations"]
    for name in ("ads_cost", "return_cost", "subsidy"):
        log.loc[0, name] = 0.0
    for name, value in columns.items():
        log[name] = log[name].astype(float)
        log.loc[0, name] = value
    return found


def first_roi(found: dict[str, pd.DataFrame]) -> float:
    catalog = Catalog.from_tables(found)
    log = catalog.collaborations
    row = int(np.flatnonzero(log["collaboration_id"] == found["collaborations"].iloc[0, 0])[0])
    return float(realised_roi(catalog, log)[row])


PAID = {"commission_rate": 0.2, "service_fee_rate": 0.05, "slot_fee": 100.0, "sample_cost": 20.0}


def test_every_cost_counts():
    found = tables(**PAID, gmv=1000.0, refunded_gmv=200.0, ads_cost=30.0, return_cost=10.0)
    found["collaborations"]["subsidy"] = found["collaborations"]["subsidy"].astype(float)
    found["collaborations"].loc[0, "subsidy"] = 15.0
    assert first_roi(found) == pytest.approx(800 / (100 + 20 + 30 + 10 - 15 + 0.25 * 800))


def test_a_term_that_is_not_said_is_that_of_the_listing():
    found = tables(**PAID, gmv=1000.0, refunded_gmv=0.0)
    found["collaborations"].loc[0, ["commission_rate", "sample_cost"]] = np.nan
    product = found["collaborations"]["product_id"].iloc[0]
    at = found["products"]["product_id"] == product
    found["products"].loc[at, ["commission_rate", "sample_cost"]] = [0.4, 7.0]
    assert first_roi(found) == pytest.approx(1000 / (100 + 7 + 0.45 * 1000))


def test_what_is_still_open_has_none_and_a_failure_only_costs():
    catalog = Catalog.from_tables(tiny_tables())
    status = catalog.collaborations["status"]
    roi = realised_roi(catalog, catalog.collaborations)
    assert np.isnan(roi[~status.isin(["fulfilled", "failed"])]).all()
    failed = roi[status == "failed"]
    assert (np.isnan(failed) | (failed == 0)).all()


def test_where_only_shares_of_sales_are_paid_it_tells_nobody_apart():
    found = tiny_tables()
    fixed = {"slot_fee", "sample_cost", "ads_cost", "return_cost", "subsidy", "live_slot_fee"}
    found = {
        name: table.drop(columns=list((fixed | {"video_slot_fee"}) & set(table.columns)))
        for name, table in found.items()
    }
    catalog = Catalog.from_tables(found)
    assert np.isnan(realised_roi(catalog, catalog.collaborations)).all()
