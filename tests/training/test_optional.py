"""Every optional column and table may be missing, each in turn, and every value may be null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.columns import TABLES, Kind
from matching.errors import CatalogError
from tests.markets import small_market
from tests.marks import OPTIONAL_COLUMNS, one_in
from tests.works import Tables, works

NEEDED_ONCE_ENDED = ("gmv", "settled_on")
"""Columns of collaborations that are optional until one of them has ended (contract §2)."""
PRODUCTS = ("p001", "p005")
"""One without a margin, and a local one."""


def market() -> Tables:
    """Return a small market with every column of every table."""
    tables = small_market(creators=40, products=8, collaborations=260, seed=3)
    for name in ("creators", "merchants", "products", "collaborations"):
        tables[name] = tables[name].assign(updated_on="2026-11-01")
    return {**tables, "events": events(tables)}


def events(tables: Tables) -> pd.DataFrame:
    """Return what merchants saw: a row for each of the first invitations."""
    log = tables["collaborations"].head(20)
    return pd.DataFrame(
        {
            "event_id": [f"e{row}" for row in range(len(log))],
            "merchant_id": "m0",
            "kind": "invite",
            "at": log["invited_on"],
            "product_id": log["product_id"],
            "creator_id": log["creator_id"],
            "request_id": "r1",
            "channel": log["channel"],
            "rank": 1,
            "bundle": "v1",
            "terms": '{"commission_rate": 0.2}',
            "told": '{"roi": 2.0}',
            "received_at": log["invited_on"],
        }
    )


def still_open(log: pd.DataFrame) -> pd.DataFrame:
    """Return the collaborations as if none of those that were accepted had ended yet."""
    ended = log["status"].isin(("fulfilled", "failed"))
    return log.assign(status=log["status"].mask(ended, "accepted"))


def test_the_market_of_these_tests_has_every_column():
    tables = market()
    for table in TABLES:
        assert set(tables[table.name]) == set(table.names), table.name
        empty = [name for name in table.names if tables[table.name][name].isna().all()]
        assert empty == [], table.name


def test_the_market_of_these_tests_teaches_whether_creators_accept_and_publish(tmp_path):
    """A head that learnt nothing would not notice what is missing."""
    working = works(market(), tmp_path, PRODUCTS)
    for name in ("accept", "fulfil"):
        assert "reason" not in working.trained.about["heads"][name]


# Each is a training.
@pytest.mark.parametrize(
    ("table", "column"),
    one_in(12, OPTIONAL_COLUMNS, always=lambda table, column: column in NEEDED_ONCE_ENDED),
)
def test_an_optional_column_may_be_missing(table: str, column: str, tmp_path):
    tables = market()
    tables[table] = tables[table].drop(columns=column)
    if table == "collaborations" and column in NEEDED_ONCE_ENDED:
        with pytest.raises(CatalogError, match=f"{column}: the column is missing"):
            Catalog.from_tables(tables)
        tables[table] = still_open(tables[table])
    works(tables, tmp_path, PRODUCTS)


@pytest.mark.parametrize("table", [table.name for table in TABLES if not table.required])
def test_an_optional_table_may_be_missing(table: str, tmp_path):
    works({name: frame for name, frame in market().items() if name != table}, tmp_path, PRODUCTS)


def test_nothing_but_the_required_columns(tmp_path):
    required = {
        table.name: market()[table.name][[c.name for c in table.columns if c.required]]
        for table in TABLES
        if table.required
    }
    required["collaborations"] = still_open(required["collaborations"])
    notes = works(required, tmp_path, PRODUCTS).matcher.match("p001", k=3).notes
    assert any("settled sales could not be learnt" in note for note in notes)


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_any_optional_value_may_be_null(table: str, tmp_path):
    """Every other row of every optional column is unknown, but what its status promises."""
    tables = market()
    frame = tables[table].copy()
    for column in next(t.columns for t in TABLES if t.name == table):
        if column.required or (table == "collaborations" and column.name in NEEDED_ONCE_ENDED):
            continue
        hidden = np.random.default_rng(len(column.name)).random(len(frame)) < 0.5
        if column.kind is Kind.FLAG:
            frame[column.name] = frame[column.name].astype("boolean")
        frame[column.name] = frame[column.name].mask(hidden)
    works({**tables, table: frame}, tmp_path, PRODUCTS)
