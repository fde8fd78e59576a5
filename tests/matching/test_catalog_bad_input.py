"""What can be wrong with a catalog is said in a sentence: where, how often, what to do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.errors import CatalogError
from tests.matching.worlds import tiny_tables

Tables = dict[str, pd.DataFrame]


def complaint(tables: Tables) -> str:
    with pytest.raises(CatalogError) as caught:
        Catalog.from_tables(tables, "the shop")
    return str(caught.value)


def warned(tables: Tables) -> str:
    return "\n".join(Catalog.from_tables(tables).warnings)


def write(tables: Tables, folder, form: str = "csv") -> None:
    for name, frame in tables.items():
        if form == "csv":
            frame.to_csv(folder / f"{name}.csv", index=False)
        else:
            frame.to_parquet(folder / f"{name}.parquet")


def put(table: str, column: str, row: int, value: object) -> Callable[[Tables], None]:
    """Return a fault: one value of one column replaced."""

    def fault(tables: Tables) -> None:
        frame = tables[table]
        if not isinstance(value, float) or frame[column].dtype.kind != "f":
            frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value

    return fault


def fill(table: str, column: str, value: object) -> Callable[[Tables], None]:
    """Return a fault: a whole column replaced."""

    def fault(tables: Tables) -> None:
        tables[table][column] = value

    return fault


def drop(table: str, *columns: str) -> Callable[[Tables], None]:
    def fault(tables: Tables) -> None:
        tables[table] = tables[table].drop(columns=list(columns))

    return fault


def repeat(table: str, row: int) -> Callable[[Tables], None]:
    """Return a fault: one row twice, in a table that no `updated_on` orders."""

    def fault(tables: Tables) -> None:
        frame = tables[table].drop(columns="updated_on", errors="ignore")
        tables[table] = pd.concat([frame, frame.iloc[[row]]], ignore_index=True)

    return fault


def without_rows(table: str) -> Callable[[Tables], None]:
    def fault(tables: Tables) -> None:
        tables[table] = tables[table].iloc[:0]

    return fault


FAULTS = {
    "missing table": (
        lambda tables: tables.pop("creators"),
        ["creators: the table is missing", "Add creators.parquet or creators.csv"],
    ),
    "missing column": (
        drop("products", "price"),
        ["products.price: the column is missing", "It is required"],
    ),
    "misspelt column": (
        lambda tables: tables.update(
            {"products": tables["products"].rename(columns={"title": "Titel"})}
        ),
        ["products.title: the column is missing", "rename 'Titel' if that is meant"],
    ),
    "no creators": (without_rows("creators"), ["creators: has no rows"]),
    "no products": (without_rows("products"), ["products: has no rows"]),
    "no collaborations": (
        without_rows("collaborations"),
        ["collaborations: has no rows", "nothing to learn from"],
    ),
    "null in a required column": (
        put("products", "title", 1, None),
        ["products.title: is empty (1 row), first: row 2 (product_id p2)"],
    ),
    "empty text as an id": (
        put("creators", "creator_id", 2, ""),
        ["creators.creator_id: is empty (1 row), first: row 3"],
    ),
    "same id twice": (
        repeat("creators", 0),
        [
            "creators.creator_id: comes more than once (1 row), first: row 4: 'c1'",
            "add updated_on: then the latest counts",
        ],
    ),
    "same week twice": (
        repeat("creator_stats", 1),
        [
            "creator_stats.week: comes more than once (1 row), "
            "first: row 4: 2026-10-05 (creator_id c1)",
            "Keep one row for each creator_id and week",
        ],
    ),
    "negative price": (
        put("products", "price", 0, -39.9),
        ["products.price: is negative (1 row), first: row 1: -39.9 (product_id p1)"],
    ),
    "negative count": (
        put("creators", "follower_count", 1, -1),
        ["creators.follower_count: is negative (1 row), first: row 2: -1 (creator_id c2)"],
    ),
    "infinite amount": (
        put("creators", "live_viewers", 0, np.inf),
        ["creators.live_viewers: is infinite (1 row), first: row 1: inf"],
    ),
    "rates in percent": (
        fill("products", "commission_rate", [20.0, 30.0, 10.0]),
        [
            "products.commission_rate: is outside 0 to 1 (3 rows), first: row 1: 20 ",
            "looks like percent: divide the whole column by 100",
        ],
    ),
    "rates in ten-thousandths": (
        fill("products", "commission_rate", [2000.0, 3000.0, 1000.0]),
        ["looks like ten-thousandths: divide the whole column by 10000"],
    ),
    "negative rate": (
        put("products", "margin_rate", 2, -0.1),
        ["products.margin_rate: is outside 0 to 1 (1 row), first: row 3: -0.1", "0.2 is 20 %"],
    ),
    "score": (
        put("creators", "reputation", 0, 9.8),
        ["creators.reputation: is outside 0 to 5 (1 row), first: row 1: 9.8"],
    ),
    "unknown word": (
        put("collaborations", "status", 3, "rejected"),
        [
            "collaborations.status: is none of the words invited, declined, accepted, failed, "
            "fulfilled (1 row), first: row 4: 'rejected' (collaboration_id k4)"
        ],
    ),
    "unknown creator": (
        put("collaborations", "creator_id", 6, "c9"),
        [
            "collaborations.creator_id: names a creator that is not in creators (1 row), "
            "first: row 7: 'c9' (collaboration_id k7)"
        ],
    ),
    "unknown product": (
        put("collaborations", "product_id", 6, "p9"),
        ["collaborations.product_id: names a product that is not in products (1 row)", "'p9'"],
    ),
    "statistics of an unknown creator": (
        put("creator_stats", "creator_id", 2, "c9"),
        ["creator_stats.creator_id: names a creator that is not in creators (1 row)", "'c9'"],
    ),
    "refunds above sales": (
        put("collaborations", "refunded_gmv", 1, 4450.01),
        ["collaborations.refunded_gmv: is more than gmv (1 row), first: row 2: 4450.01"],
    ),
    "fulfilled without sales": (
        put("collaborations", "gmv", 0, np.nan),
        ["collaborations.gmv: is empty though the status is fulfilled (1 row), first: row 1"],
    ),
    "failed without a day": (
        put("collaborations", "settled_on", 2, None),
        ["collaborations.settled_on: is empty though the status is fulfilled or failed (1 row)"],
    ),
    "outcomes without the column of their day": (
        drop("collaborations", "settled_on"),
        ["collaborations.settled_on: the column is missing though there are fulfilled or failed"],
    ),
    "sales without their column": (
        drop("collaborations", "gmv"),
        ["collaborations.gmv: the column is missing though there are fulfilled rows (3 rows)"],
    ),
    "settled before the invitation": (
        put("collaborations", "settled_on", 0, "2026-08-01"),
        ["collaborations.settled_on: is before invited_on (1 row), first: row 1: 2026-08-01"],
    ),
    "answered before the invitation": (
        put("collaborations", "responded_on", 1, "2026-08-01"),
        ["collaborations.responded_on: is before invited_on (1 row)"],
    ),
    "published before the invitation": (
        put("collaborations", "published_on", 1, "2026-08-01"),
        ["collaborations.published_on: is before invited_on (1 row)"],
    ),
    "week that is no Monday": (
        put("creator_stats", "week", 0, "2026-09-08"),
        ["creator_stats.week: is not a Monday (1 row), first: row 1: 2026-09-08", "Monday after"],
    ),
    "days that do not parse": (
        fill("creators", "joined_on", ["06/01/2025", "2025-02-30", "2026-W47"]),
        [
            "creators.joined_on: is not a day (3 rows), first: row 1: '06/01/2025' "
            "(creator_id c1), row 2: '2025-02-30' (creator_id c2), row 3: '2026-W47'",
            "Write days as 2026-11-20",
        ],
    ),
    "times that do not parse": (
        put("events", "at", 1, "yesterday"),
        [
            "events.at: is not a time (1 row), first: row 2: 'yesterday'",
            "(merchant_id m1, event_id e2)",
        ],
    ),
    "numbers that do not parse": (
        fill("products", "price", ["39,90", "89 元", "128"]),
        ["products.price: is not a number (2 rows), first: row 1: '39,90'", "decimal point"],
    ),
    "rates that do not parse": (
        fill("products", "commission_rate", ["20%", "0.3", "0.1"]),
        ["products.commission_rate: is not a number (1 row), first: row 1: '20%'", "0.2 for 20 %"],
    ),
    "flags that do not parse": (
        fill("creators", "opted_out", ["true", "maybe", "no"]),
        ["creators.opted_out: is not true or false (1 row), first: row 2: 'maybe'"],
    ),
    "flags that are other numbers": (
        fill("creators", "opted_out", [0, 1, 2]),
        ["creators.opted_out: is not true or false (1 row), first: row 3: 2"],
    ),
    "ids as floats": (
        lambda tables: tables.update(
            {"products": tables["products"].assign(product_id=[1.7e18, 2.0, 3.0])}
        ),
        ["products.product_id: holds ids as floating-point numbers", "Store it as text"],
    ),
    "days as numbers": (
        fill("products", "listed_on", 20260105),
        ["products.listed_on: holds int64, not dates", "Write days as 2026-11-20"],
    ),
    "lists where a number belongs": (
        fill("products", "price", [[1], [2], [3]]),
        ["products.price: holds list"],
    ),
    "column twice": (
        lambda tables: tables["products"].insert(0, "price", 1.0, allow_duplicates=True),
        ["products.price: the column is there more than once"],
    ),
    "two descriptions of the catalog": (
        lambda tables: tables.update({"catalog": pd.concat([tables["catalog"]] * 2)}),
        ["catalog: has more than one row (2 rows)"],
    ),
    "currency": (
        fill("catalog", "currency", "元"),
        ["catalog.currency: is no currency code (1 row), first: row 1: '元'"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_place(name):
    fault, phrases = FAULTS[name]
    tables = tiny_tables()
    fault(tables)
    message = complaint(tables)
    assert message.startswith("the shop: ")
    for phrase in phrases:
        assert phrase in message


def test_everything_is_said_at_once_and_nothing_twice():
    tables = tiny_tables()
    for name in ("missing column", "negative count", "unknown creator", "refunds above sales"):
        FAULTS[name][0](tables)
    put("creators", "creator_id", 2, None)(tables)
    lines = complaint(tables).splitlines()
    assert lines[0] == "the shop: 5 problems"
    assert len(lines) == 6


def test_a_value_that_does_not_parse_is_not_called_empty_as_well():
    tables = tiny_tables()
    tables["products"]["price"] = ["39.9", "free", None]
    message = complaint(tables)
    assert "is not a number (1 row), first: row 2: 'free' (product_id p2)" in message
    assert "is empty (1 row), first: row 3 (product_id p3)" in message


def test_only_the_first_rows_are_shown_and_all_are_counted():
    tables = tiny_tables()
    fill("collaborations", "slot_fee", -1.0)(tables)
    message = complaint(tables)
    assert "(7 rows)" in message
    assert "row 3" in message
    assert "row 4" not in message


WARNINGS = {
    "unused column": (
        fill("creators", "shoe_size", 41),
        ["creators: columns that are not used: shoe_size"],
    ),
    "unused table": (
        lambda tables: tables.update({"weather": pd.DataFrame({"day": [1]})}),
        ["weather is not a table of a catalog"],
    ),
    "column without a value": (
        fill("creators", "city", None),
        ["creators.city: no row has a value; treated as absent"],
    ),
    "merchant outside": (
        put("products", "merchant_id", 1, "m9"),
        ["products.merchant_id: names a merchant that is not in merchants (1 row)", "'m9'"],
    ),
    "event of an unknown creator": (
        put("events", "creator_id", 0, "c9"),
        ["events.creator_id: names a creator that is not in creators (1 row)"],
    ),
    "event of an unknown product": (
        put("events", "product_id", 0, "p9"),
        ["events.product_id: names a product that is not in products (1 row)"],
    ),
    "other words for categories": (
        fill("creators", "category", ["Food", "Beauty", "Food"]),
        ["creators.category: has no word in common", "'Beauty' here, '美妆' there"],
    ),
    "answer after the outcome": (
        put("collaborations", "responded_on", 0, "2026-10-05"),
        ["collaborations.responded_on: is after settled_on (1 row), first: row 1: 2026-10-05"],
    ),
    "answer of an open invitation": (
        put("collaborations", "responded_on", 6, "2026-11-06"),
        ["collaborations.responded_on: is given though the status is invited (1 row)"],
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_stops_nothing_is_a_warning(name):
    fault, phrases = WARNINGS[name]
    tables = tiny_tables()
    fault(tables)
    warnings = warned(tables)
    for phrase in phrases:
        assert phrase in warnings


def test_the_tiny_world_has_nothing_to_warn_of():
    assert Catalog.from_tables(tiny_tables()).warnings == ()


def test_rounding_is_no_refund_above_sales():
    tables = tiny_tables()
    tables["collaborations"].loc[1, "gmv"] = 0.1 + 0.2
    tables["collaborations"].loc[1, "refunded_gmv"] = 0.3 * (1 + 3e-16)
    Catalog.from_tables(tables)


# --- folders ---


def loading(source) -> str:
    with pytest.raises(CatalogError) as caught:
        Catalog.load(source)
    return str(caught.value)


def test_a_folder_that_is_not_there(tmp_path):
    message = loading(tmp_path / "nowhere")
    assert "nowhere" in message
    assert "there is no such folder" in message


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "creators.csv").write_text("creator_id\nc1\n")
    assert "is a file, not a folder" in loading(tmp_path / "creators.csv")


def test_an_empty_folder_lacks_the_three_required_tables(tmp_path):
    message = loading(tmp_path)
    assert "3 problems" in message
    for name in ("creators", "products", "collaborations"):
        assert f"{name}: the table is missing" in message


@pytest.mark.parametrize(
    ("content", "phrases"),
    [
        (b"", ["creators.csv cannot be read: the file is empty", "Fill it"]),
        (b"creator_id,name\nc1\n", ["Expected 2 columns, got 1", "comma-separated"]),
        ("creator_id,name\nc1,老王\n".encode("gb18030"), ["UTF8", "Save the file as UTF-8"]),
        ("达人,name\nc1,w\n".encode("gb18030"), ["Save the file as UTF-8"]),
        ("creator_id,name\nc1,w\n".encode("utf-16"), ["Save the file as UTF-8"]),
        (b"creator_id;name\nc1;w\n", ["creator_id: the column is missing", "by commas"]),
        (b"creator_id\n", ["creators: has no rows"]),
        (b"creator_id,name,name\nc1,a,b\n", ["creators.name: the column is there more than once"]),
    ],
)
def test_a_csv_file_that_cannot_be_read(tmp_path, content, phrases):
    write(tiny_tables(), tmp_path)
    (tmp_path / "creators.csv").write_bytes(content)
    message = loading(tmp_path)
    for phrase in phrases:
        assert phrase in message


@pytest.mark.parametrize("keep", [0, 7, 400])
def test_a_truncated_parquet_file(tmp_path, keep):
    write(tiny_tables(), tmp_path, "parquet")
    path = tmp_path / "products.parquet"
    path.write_bytes(path.read_bytes()[:keep])
    message = loading(tmp_path)
    assert "1 problem\n" in message
    assert "products: products.parquet cannot be read" in message


def test_a_table_in_two_forms(tmp_path):
    write(tiny_tables(), tmp_path)
    tiny_tables()["creators"].to_parquet(tmp_path / "creators.parquet")
    message = loading(tmp_path)
    assert "creators: is there more than once: creators.parquet and creators.csv. Keep" in message


def test_a_table_folder_without_parquet(tmp_path):
    write(tiny_tables(), tmp_path)
    (tmp_path / "products.csv").unlink()
    (tmp_path / "products").mkdir()
    assert "the folder products holds no Parquet file" in loading(tmp_path)


def test_a_table_folder_whose_files_disagree(tmp_path):
    write(tiny_tables(), tmp_path)
    (tmp_path / "products.csv").unlink()
    (tmp_path / "products").mkdir()
    frame = tiny_tables()["products"]
    frame.to_parquet(tmp_path / "products" / "a.parquet")
    frame.assign(price="dear").to_parquet(tmp_path / "products" / "b.parquet")
    assert "products: products cannot be read" in loading(tmp_path)


def test_other_files_beside_the_tables_are_warned_of(tmp_path):
    write(tiny_tables(), tmp_path)
    (tmp_path / "creator.csv").write_text("creator_id\nc1\n")
    (tmp_path / "README.md").write_text("# A market\n")
    assert Catalog.load(tmp_path).warnings == (
        "creator.csv is not a table of a catalog and is not used",
    )


def test_row_numbers_are_those_of_the_file(tmp_path):
    tables = tiny_tables()
    tables["collaborations"] = tables["collaborations"].iloc[::-1]
    write(tables, tmp_path)
    text = (tmp_path / "collaborations.csv").read_text().replace("2026-09-03,", "3 Sept,", 1)
    (tmp_path / "collaborations.csv").write_text(text)
    assert "first: row 6: '3 Sept' (collaboration_id k2)" in loading(tmp_path)


# --- databases ---


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    message = loading(f"sqlite:///{tmp_path / 'shop.db'}")
    assert "the database cannot be read: there is no file" in message
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "shop.db").write_bytes(b"not a database, but long enough to look at" * 50)
    assert "file is not a database" in loading(f"sqlite:///{tmp_path / 'shop.db'}")


def test_an_address_of_an_unknown_kind():
    assert "the database cannot be read" in loading("smoke://signals")


def test_a_password_is_not_repeated():
    message = loading("smoke://user:geheim@host/shop")
    assert "smoke://user:***@host/shop" in message
    assert "geheim" not in message
