"""The list of tables and columns is consistent in itself, and the data dictionary shows it all."""

from __future__ import annotations

import pytest

from matching.columns import (
    CATALOG,
    COLLABORATIONS,
    CREATOR_STATS,
    CREATORS,
    STATISTICS,
    TABLES,
    UNITS,
    Kind,
    data_dictionary,
)
from tests.matching.worlds import tiny_tables

tables = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@tables
def test_names_are_unique_and_the_key_is_required(table):
    assert len(set(table.names)) == len(table.names)
    for name in table.key:
        assert table.column(name).required, f"{table.name} is identified by {name}"
    assert table.key or table is CATALOG


@tables
def test_only_words_have_a_list_of_words(table):
    for column in table.columns:
        assert bool(column.words) == (column.kind is Kind.WORD), column.name


@tables
def test_a_column_that_is_not_there_is_named_in_the_error(table):
    with pytest.raises(KeyError, match=f"{table.name} has no column nonsense"):
        table.column("nonsense")


@tables
def test_the_tiny_world_fills_every_column(table):
    frame = tiny_tables()[table.name]
    assert list(frame) == list(table.names)
    assert frame.notna().any().all()


def test_required_columns_are_those_of_the_contract():
    required = {
        table.name: {column.name for column in table.columns if column.required} for table in TABLES
    }
    assert required["creators"] == {"creator_id"}
    assert required["creator_stats"] == {"creator_id", "week"}
    assert required["merchants"] == {"merchant_id"}
    assert required["products"] == {
        *("product_id", "merchant_id", "title", "category", "price", "commission_rate")
    }
    assert required["collaborations"] == {
        *("collaboration_id", "creator_id", "product_id", "invited_on", "status")
    }
    assert {table.name for table in TABLES if table.required} == {
        *("creators", "products", "collaborations")
    }


def test_creators_may_carry_every_statistic_as_its_current_value():
    assert set(STATISTICS) <= set(CREATORS.names)
    assert set(CREATOR_STATS.names) == {"creator_id", "week", *STATISTICS}


def test_every_kind_has_a_unit():
    assert set(UNITS) == set(Kind)


def test_the_data_dictionary_names_every_table_and_column():
    lines = data_dictionary().splitlines()
    for table in TABLES:
        start = next(i for i, line in enumerate(lines) if line.startswith(f"## {table.name} ("))
        rows = [line for line in lines[start : start + 7 + len(table.columns)] if line[:1] == "|"]
        for column, row in zip(table.columns, rows[2:], strict=False):
            name = f"**{column.name}**" if column.required else column.name
            assert row.startswith(f"| {name} | "), row
            assert column.meaning in row
    assert "invited, declined, accepted, failed, fulfilled" in data_dictionary()
    assert COLLABORATIONS.column("status").words[0] == "invited"
