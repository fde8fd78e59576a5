"""What must hold between the columns of a table and between the tables of a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from matching import columns
from matching.asof import among
from matching.columns import COLLABORATIONS, CREATOR_STATS, CREATORS, EVENTS, PRODUCTS
from matching.errors import Problem
from matching.validation import Findings, Rows, at

# Sums of the same sales in another order differ in the last bits.
_ROUNDING = 1e-9
_DAYS = ("responded_on", "published_on", "settled_on")


def check(tables: Mapping[str, pd.DataFrame], findings: Findings) -> None:
    """Note every rule between columns or tables that does not hold.

    `tables` are typed frames; one that could not be read is absent, and what would need it
    is not judged.
    """
    _check_catalog(tables, findings)
    if "creator_stats" in tables:
        _check_weeks(tables["creator_stats"], findings)
    if "collaborations" in tables:
        _check_outcomes(tables["collaborations"], findings)
        _check_order(tables["collaborations"], findings)
    _check_references(tables, findings)
    _check_categories(tables, findings)


def _check_catalog(tables: Mapping[str, pd.DataFrame], findings: Findings) -> None:
    frame = tables.get("catalog", pd.DataFrame())
    if len(frame) > 1:
        advice = "Keep the one that describes this catalog"
        findings.error(Problem("catalog", None, "has more than one row", len(frame), (), advice))
    if "currency" in frame:
        bad = ~frame["currency"].fillna("CNY").str.fullmatch("[A-Z]{3}").to_numpy(dtype=bool)
        advice = "Give the ISO 4217 code, such as CNY"
        findings.error(at(columns.CATALOG, "currency", frame, bad, "is no currency code", advice))


def _check_weeks(stats: pd.DataFrame, findings: Findings) -> None:
    if "week" in stats:
        bad = (stats["week"].notna() & (stats["week"].dt.day_of_week != 0)).to_numpy()
        advice = "Date a row by the Monday after the seven days that it holds"
        findings.error(at(CREATOR_STATS, "week", stats, bad, "is not a Monday", advice))


def _check_outcomes(rows: pd.DataFrame, findings: Findings) -> None:
    """What a status promises must be there, and refunds cannot exceed sales."""
    if "status" in rows:
        for name, words in (("settled_on", ("fulfilled", "failed")), ("gmv", ("fulfilled",))):
            bad = rows["status"].isin(words).to_numpy()
            if name in rows:
                bad = bad & rows[name].isna().to_numpy()
                message = f"is empty though the status is {' or '.join(words)}"
                findings.error(at(COLLABORATIONS, name, rows, bad, message, "Fill it in"))
            elif bad.any():
                message = f"the column is missing though there are {' or '.join(words)} rows"
                advice = "Without it no outcome is known; add the column"
                findings.error(Problem("collaborations", name, message, int(bad.sum()), (), advice))
    if {"gmv", "refunded_gmv"} <= set(rows):
        bad = (rows["refunded_gmv"] > rows["gmv"] * (1 + _ROUNDING)).to_numpy()
        advice = "gmv is gross: give it before refunds"
        message = "is more than gmv"
        findings.error(at(COLLABORATIONS, "refunded_gmv", rows, bad, message, advice))


def _check_order(rows: pd.DataFrame, findings: Findings) -> None:
    """No day of a collaboration comes before its invitation, no outcome before its answer."""
    for name in _DAYS:
        if {name, "invited_on"} <= set(rows):
            bad = (rows[name] < rows["invited_on"]).to_numpy()
            message = "is before invited_on"
            advice = "Correct one of the two days"
            findings.error(at(COLLABORATIONS, name, rows, bad, message, advice))
    for name in _DAYS[:2]:
        if {name, "settled_on"} <= set(rows):
            bad = (rows[name] > rows["settled_on"]).to_numpy()
            advice = "The outcome counts as known at settled_on all the same"
            findings.warn(at(COLLABORATIONS, name, rows, bad, "is after settled_on", advice))
    if {"responded_on", "status"} <= set(rows):
        bad = (rows["responded_on"].notna() & (rows["status"] == "invited")).to_numpy()
        message = "is given though the status is invited"
        advice = "The invitation counts as not answered"
        findings.warn(at(COLLABORATIONS, "responded_on", rows, bad, message, advice))


def _check_references(tables: Mapping[str, pd.DataFrame], findings: Findings) -> None:
    for table, name, target, fatal in (
        (COLLABORATIONS, "creator_id", "creators", True),
        (COLLABORATIONS, "product_id", "products", True),
        (CREATOR_STATS, "creator_id", "creators", True),
        (EVENTS, "creator_id", "creators", False),
        (EVENTS, "product_id", "products", False),
        (PRODUCTS, "merchant_id", "merchants", False),
    ):
        frame, other = tables.get(table.name), tables.get(target)
        if frame is None or other is None or name not in frame or name not in other:
            continue
        bad = _unknown(frame[name], other[name])
        noun = target.removesuffix("s")
        advice = f"Add the {noun} to {target}" + (", or drop the row" if fatal else "")
        problem = at(table, name, frame, bad, f"names a {noun} that is not in {target}", advice)
        (findings.error if fatal else findings.warn)(problem)


def _unknown(ids: pd.Series[Any], known: pd.Series[Any]) -> Rows:
    return np.asarray(ids.notna()) & ~among(ids, known)


def _check_categories(tables: Mapping[str, pd.DataFrame], findings: Findings) -> None:
    creators, products = tables.get("creators"), tables.get("products")
    if creators is None or products is None:
        return
    if "category" not in creators or "category" not in products:
        return
    here = set(creators["category"].dropna().unique())
    there = set(products["category"].dropna().str.split("/").str[0].unique())
    if here and there and not here & there:
        message = "has no word in common with the first part of the products' categories"
        advice = "The same words for both make better matches"
        first = (f"{min(here)!r} here", f"{min(there)!r} there")
        findings.warn(Problem(CREATORS.name, "category", message, 0, first, advice))
