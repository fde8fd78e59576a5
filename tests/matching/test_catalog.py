"""A catalog loads the same from every source, and cut to a day it knows what that day knew."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from matching.asof import OUTCOMES
from matching.catalog import Catalog, answer_days, is_accepted
from matching.columns import TABLES, Kind
from matching.errors import MatchingError
from matching.own import OwnColumn
from tests.marks import OPTIONAL_COLUMNS, one_in
from tests.matching.worlds import tiny_tables

REAL_SHOP = Path(__file__).parents[3] / "shared" / "real" / "tiktokshop-vn"
FRAMES = ("creators", "products", "collaborations", "creator_stats", "merchants", "events")
DTYPES = {
    **dict.fromkeys((Kind.ID, Kind.REFERENCE, Kind.TEXT, Kind.WORD), "str"),
    **dict.fromkeys((Kind.DATE, Kind.TIME), "datetime64[s]"),
    **dict.fromkeys((Kind.MONEY, Kind.RATE, Kind.COUNT, Kind.SCORE), "float64"),
    Kind.FLAG: "boolean",
}


def tiny() -> Catalog:
    return Catalog.from_tables(tiny_tables())


def assert_same(one: Catalog, other: Catalog) -> None:
    for name in FRAMES:
        assert_frame_equal(getattr(one, name), getattr(other, name))
    assert one.currency == other.currency


def unresolved_tables() -> dict[str, pd.DataFrame]:
    """Return the tiny world before anything has settled: gmv and settled_on may be absent."""
    tables = tiny_tables()
    tables["collaborations"] = tables["collaborations"].assign(
        status=["accepted", "accepted", "declined", "declined", "accepted", "accepted", "invited"]
    )
    return tables


# --- loading ---


def test_every_column_has_the_dtype_of_its_kind():
    catalog = tiny()
    for table in TABLES[1:]:
        frame = getattr(catalog, table.name)
        assert list(frame) == [name for name in table.names if name != "updated_on"]
        for name in frame:
            assert frame[name].dtype == DTYPES[table.column(name).kind], f"{table.name}.{name}"
    assert (catalog.name, catalog.currency) == ("tiny market", "CNY")


def test_days_lose_their_hour_and_times_keep_it():
    tables = tiny_tables()
    tables["creators"]["joined_on"] = "2026-10-20T23:30:00+08:00"
    tables["events"]["at"] = ["2026-11-05T08:30:00+08:00", "2026-11-05 00:31"]
    catalog = Catalog.from_tables(tables)
    assert catalog.creators["joined_on"].tolist() == [pd.Timestamp("2026-10-20")] * 3
    assert catalog.events["at"].tolist() == [
        *(pd.Timestamp("2026-11-05 00:30"), pd.Timestamp("2026-11-05 00:31"))
    ]


def test_rows_are_in_the_byte_order_of_their_ids():
    tables = tiny_tables()
    ids = ["z", "é", "Z", "店", "𠮷", "10", "9"]
    tables["creators"] = pd.DataFrame({"creator_id": [*ids, "c1", "c2", "c3"]})
    found = Catalog.from_tables(tables).creators
    assert found["creator_id"].tolist() == sorted([*ids, "c1", "c2", "c3"], key=str.encode)
    assert found.index.equals(pd.RangeIndex(10))


def test_collaborations_are_in_order_of_invitation_and_then_id():
    tables = tiny_tables()
    tables["collaborations"] = tables["collaborations"].iloc[[0, 6, 1, 3, 2, 5, 4]]
    tables["collaborations"].loc[4, "invited_on"] = "2026-09-15"
    found = Catalog.from_tables(tables).collaborations
    assert found["collaboration_id"].tolist() == ["k1", "k2", "k3", "k4", "k5", "k6", "k7"]
    assert found.index.equals(pd.RangeIndex(7))


def test_the_frames_given_are_left_as_they_are():
    tables, before = tiny_tables(), tiny_tables()
    Catalog.from_tables(tables).cut(date(2026, 10, 1))
    for name, frame in tables.items():
        assert_frame_equal(frame, before[name])


@pytest.mark.parametrize(("table", "column"), one_in(3, OPTIONAL_COLUMNS))
def test_every_optional_column_may_be_missing(table, column):
    tables = unresolved_tables() if column in {"gmv", "settled_on"} else tiny_tables()
    if table == "creator_stats":
        assert column in tables["creators"]
    tables[table] = tables[table].drop(columns=column)
    catalog = Catalog.from_tables(tables)
    if table == "catalog":
        assert catalog.name == ("tables" if column == "name" else "tiny market")
        assert catalog.currency == "CNY"
    else:
        assert not catalog.has(table, column)
        assert column not in getattr(catalog.cut(date(2026, 10, 5)), table)


@pytest.mark.parametrize("table", [table for table in TABLES if not table.required])
def test_every_optional_table_may_be_missing(table):
    tables = tiny_tables()
    del tables[table.name]
    catalog = Catalog.from_tables(tables, "market")
    if table.name == "catalog":
        assert (catalog.name, catalog.currency) == ("market", "CNY")
        return
    frame = getattr(catalog, table.name)
    required = [column for column in table.columns if column.required]
    assert list(frame) == [column.name for column in required]
    assert [str(frame[column.name].dtype) for column in required] == [
        DTYPES[column.kind] for column in required
    ]
    assert len(frame) == 0
    assert not any(catalog.has(table.name, column.name) for column in table.columns)
    assert_frame_equal(getattr(catalog.cut(date(2026, 10, 5)), table.name), frame)


def test_the_required_columns_alone_are_a_catalog():
    tables = unresolved_tables()
    least = {
        table.name: tables[table.name][[c.name for c in table.columns if c.required]]
        for table in TABLES
        if table.required
    }
    catalog = Catalog.from_tables(least)
    assert catalog.warnings == ()
    assert catalog.newest_day() == date(2026, 11, 6)
    assert catalog.undated_columns() == (
        *("products.merchant_id", "products.title", "products.category"),
        *("products.price", "products.commission_rate"),
    )
    cut = catalog.cut(date(2026, 9, 26))
    assert cut.collaborations["status"].tolist() == ["invited", "invited", "declined", "invited"]


def test_has_tells_what_the_source_had():
    tables = tiny_tables()
    tables["creators"] = tables["creators"].drop(columns="city")
    tables["products"]["brand"] = None
    catalog = Catalog.from_tables(tables)
    assert catalog.has("creators", "name")
    assert not catalog.has("creators", "city")
    assert not catalog.has("products", "brand"), "no row has a value"
    assert not catalog.has("creators", "shoe_size")
    with pytest.raises(KeyError, match="no table shops"):
        catalog.has("shops", "name")


def test_a_column_stays_in_a_cut_that_empties_it():
    cut = tiny().cut(date(2020, 1, 1))
    assert len(cut.collaborations) == 0
    assert cut.has("collaborations", "gmv")


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (["2026-01-01", "2026-01-03", "2026-01-02"], "b"),
        (["2026-01-01", "2026-01-01", "2026-01-01"], "c"),
        (["2026-01-01", None, None], "a"),
        ([None, None, "2026-01-01"], "c"),
    ],
)
def test_the_latest_row_of_an_id_counts(days, kept):
    tables = tiny_tables()
    others = tables["merchants"].iloc[[1]]
    rows = pd.DataFrame({"merchant_id": "m1", "name": ["a", "b", "c"], "updated_on": days})
    tables["merchants"] = pd.concat([rows, others], ignore_index=True)
    found = Catalog.from_tables(tables).merchants
    assert found["merchant_id"].tolist() == ["m1", "m2"]
    assert found["name"].iloc[0] == kept


def test_a_replaced_row_is_not_judged():
    tables = tiny_tables()
    tables["products"] = pd.concat(
        [tables["products"], tables["products"].iloc[[0]].assign(price=-1.0, updated_on=None)]
    )
    assert Catalog.from_tables(tables).products["price"].min() > 0


# --- sources ---


def write_csv(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def write_parquet(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def write_parquet_folders(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    for name, frame in tables.items():
        (folder / name).mkdir()
        frame.iloc[:1].to_parquet(folder / name / "part-0.parquet")
        frame.iloc[1:].to_parquet(folder / name / "part-1.parquet")
    return folder


def write_database(tables: dict[str, pd.DataFrame], folder: Path) -> str:
    address = f"sqlite:///{folder / 'market.db'}"
    engine = sa.create_engine(address)
    for name, frame in tables.items():
        frame.to_sql(name, engine, index=False)
    engine.dispose()
    return address


@pytest.mark.parametrize("write", [write_csv, write_parquet, write_parquet_folders, write_database])
def test_every_source_gives_the_same_catalog(tmp_path, write):
    source = write(tiny_tables(), tmp_path)
    catalog = Catalog.load(source)
    assert_same(catalog, tiny())
    assert catalog.name == "tiny market"
    assert_same(catalog, Catalog.load(str(source)))


def test_a_catalog_without_a_name_has_its_folders(tmp_path):
    tables = tiny_tables()
    del tables["catalog"]
    folder = tmp_path / "my shop"
    folder.mkdir()
    assert Catalog.load(write_csv(tables, folder)).name == "my shop"


def test_ids_keep_zeros_and_nineteen_digits_in_csv(tmp_path):
    tables = tiny_tables()
    big = {"p1": "1729425296903211641", "p2": "007", "p3": "1e5"}
    for name in ("products", "collaborations", "events"):
        tables[name]["product_id"] = tables[name]["product_id"].map(big)
    catalog = Catalog.load(write_csv(tables, tmp_path))
    assert catalog.products["product_id"].tolist() == ["007", "1729425296903211641", "1e5"]


@pytest.mark.parametrize("dtype", ["int64", "Int64", "uint64"])
def test_numeric_ids_become_the_same_text(tmp_path, dtype):
    tables = tiny_tables()
    big = {"p1": 1729425296903211641, "p2": 9007199254740993, "p3": 7}
    for name in ("products", "collaborations", "events"):
        tables[name]["product_id"] = tables[name]["product_id"].map(big).astype(dtype)
    for catalog in (
        Catalog.from_tables(tables),
        Catalog.load(write_parquet(tables, tmp_path)),
    ):
        assert set(catalog.products["product_id"]) == {
            *("1729425296903211641", "9007199254740993", "7")
        }


def test_numeric_ids_of_a_database_become_the_same_text(tmp_path):
    tables = tiny_tables()
    for name in ("products", "collaborations", "events"):
        tables[name]["product_id"] = tables[name]["product_id"].str[1:].astype("int64") + 10**18
    found = Catalog.load(write_database(tables, tmp_path)).products["product_id"]
    assert found.tolist() == [str(10**18 + number) for number in (1, 2, 3)]


def test_a_byte_order_mark_and_line_breaks_in_quotes_are_read(tmp_path):
    write_csv(tiny_tables(), tmp_path)
    text = 'creator_id,profile_text\nc1,"first\nsecond, ""third"""\n\nc2,\nc3,NA\n'
    (tmp_path / "creators.csv").write_text(text, encoding="utf-8-sig")
    found = Catalog.load(tmp_path).creators
    assert found["creator_id"].tolist() == ["c1", "c2", "c3"]
    assert found["profile_text"].iloc[0] == 'first\nsecond, "third"'
    assert pd.isna(found["profile_text"].iloc[1])
    assert found["profile_text"].iloc[2] == "NA", "text is text, even where it looks like null"


def test_words_for_null_and_flag_words_are_read_from_csv(tmp_path):
    write_csv(tiny_tables(), tmp_path)
    text = (
        "creator_id,weekly_capacity,joined_on,opted_out\n"
        "c1,NULL,nan,Yes\nc2, 3 ,2025-06-02 08:00:00,0\nc3,1e1,,N/A\n"
    )
    (tmp_path / "creators.csv").write_text(text)
    found = Catalog.load(tmp_path).creators
    assert_series_equal(
        found["weekly_capacity"], pd.Series([np.nan, 3, 10], name="weekly_capacity")
    )
    assert found["joined_on"].isna().tolist() == [True, False, True]
    assert found["joined_on"].iloc[1] == pd.Timestamp("2025-06-02")
    assert found["opted_out"].tolist() == [True, False, pd.NA]


def test_a_database_may_store_types_loosely(tmp_path):
    address = write_database(tiny_tables(), tmp_path)
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE creators"))
        connection.execute(sa.text("CREATE TABLE creators (creator_id, follower_count, note)"))
        connection.execute(
            sa.text("INSERT INTO creators VALUES ('c1', 5, 'x'), ('c2', '7.5', 1), ('c3', NULL, 2)")
        )
    engine.dispose()
    catalog = Catalog.load(address)
    assert_series_equal(
        catalog.creators["follower_count"], pd.Series([5, 7.5, np.nan], name="follower_count")
    )
    assert catalog.warnings == ("creators: columns that are not used: note",)


def test_a_declared_column_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch):
    declared = (
        OwnColumn("creators", "my_score", "thrive", "It is {value}", "{value}"),
        OwnColumn("products", "margin", "utilize", "It is {value}", "{value}"),
    )
    monkeypatch.setattr("matching.validation.OWN_COLUMNS", declared)
    tables = tiny_tables()
    tables["creators"]["my_scor"] = 1.0
    assert Catalog.from_tables(tables).warnings == (
        "creators: columns that are not used: my_scor",
        "own_columns.toml declares creators.my_score, but the table has no such column: nothing is "
        "learnt of it; did you mean 'my_scor'?",
        "own_columns.toml declares products.margin, but the table has no such column: nothing is "
        "learnt of it",
    )


def test_importing_the_catalog_imports_no_checks_and_no_database():
    code = (
        "import sys, matching.catalog; "
        "print([m for m in ('pandera', 'sqlalchemy', 'lightgbm', 'faiss') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.skipif(not REAL_SHOP.is_dir(), reason="the real shop is not beside the repository")
def test_the_real_shop_loads_and_cuts():
    catalog = Catalog.load(REAL_SHOP)
    assert (len(catalog.creators), len(catalog.products)) == (1181, 142)
    assert len(catalog.collaborations) == 7889
    assert catalog.currency == "VND"
    assert len(catalog.warnings) == 1
    assert "no word in common" in catalog.warnings[0]
    assert catalog.products["product_id"].str.len().max() == 19
    cut = catalog.cut(date(2025, 4, 11))
    later = cut.collaborations["settled_on"].isna()
    assert set(cut.collaborations["status"][later]) == {"invited"}
    assert cut.collaborations["gmv"][later].isna().all()
    assert cut.collaborations["settled_on"].max() < pd.Timestamp("2025-04-11")


# --- answers ---


@pytest.mark.parametrize(
    ("status", "responded", "settled", "known"),
    [
        ("invited", None, None, None),
        ("invited", "2026-01-05", None, None),
        ("accepted", "2026-01-05", None, "2026-01-05"),
        ("accepted", None, None, None),
        ("fulfilled", "2026-01-05", "2026-02-01", "2026-01-05"),
        ("fulfilled", None, "2026-02-01", "2026-02-01"),
        ("fulfilled", "2026-02-05", "2026-02-01", "2026-02-01"),
        ("failed", "2026-01-05", "2026-02-01", "2026-01-05"),
        ("failed", None, "2026-02-01", "2026-02-01"),
        ("declined", "2026-01-05", "2026-01-09", "2026-01-05"),
        ("declined", None, "2026-01-09", "2026-01-09"),
        ("declined", None, None, "2026-01-15"),
    ],
)
def test_the_day_an_answer_is_known(status, responded, settled, known):
    rows = pd.DataFrame(
        {
            "invited_on": pd.to_datetime(["2026-01-01"]),
            "status": [status],
            "responded_on": pd.to_datetime([responded]),
            "settled_on": pd.to_datetime([settled]),
        },
        index=[7],
    )
    expected = pd.Series(pd.to_datetime([known]), index=[7]).astype("datetime64[s]")
    assert_series_equal(answer_days(rows), expected)
    assert is_accepted(rows).tolist() == [status in {"accepted", "failed", "fulfilled"}]


def test_answers_without_their_columns():
    rows = pd.DataFrame(
        {
            "invited_on": pd.to_datetime(["2026-01-01"] * 3),
            "status": ["declined", "accepted", "invited"],
        }
    )
    days = answer_days(rows)
    assert days.iloc[0] == pd.Timestamp("2026-01-15")
    assert days.iloc[1:].isna().all()


# --- cut ---


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2026-09-01", []),
        ("2026-09-02", ["invited"]),
        ("2026-09-03", ["invited"]),
        ("2026-09-04", ["accepted", "invited"]),
        ("2026-09-18", ["accepted", "accepted", "accepted", "invited"]),
        ("2026-09-19", ["accepted", "accepted", "accepted", "declined"]),
        ("2026-09-29", ["accepted", "accepted", "accepted", "declined"]),
        ("2026-09-30", ["fulfilled", "accepted", "accepted", "declined"]),
        ("2026-10-13", ["fulfilled", "fulfilled", "failed", "declined", "accepted"]),
        (
            "2026-10-30",
            ["fulfilled", "fulfilled", "failed", "declined", "fulfilled", "accepted"],
        ),
    ],
)
def test_statuses_come_to_be_known_one_after_the_other(day, status):
    cut = tiny().cut(date.fromisoformat(day))
    assert cut.collaborations["status"].tolist() == status


def test_an_open_collaboration_shows_its_terms_and_its_post_and_no_outcome():
    row = tiny().cut(date(2026, 9, 29)).collaborations.iloc[0]
    assert (row["status"], row["content_text"], row["slot_fee"]) == ("accepted", "坚果专场", 5000)
    assert row["published_on"] == pd.Timestamp("2026-09-08")
    assert set(row.index[row.notna()]) == {
        *("collaboration_id", "creator_id", "product_id", "invited_on", "status"),
        *("responded_on", "published_on", "channel", "content_text"),
        *("commission_rate", "service_fee_rate", "slot_fee", "sample_cost"),
    }


def test_a_post_is_known_from_the_day_after():
    before, after = tiny().cut(date(2026, 9, 8)), tiny().cut(date(2026, 9, 9))
    assert before.collaborations[["published_on", "content_text"]].iloc[0].isna().all()
    assert after.collaborations[["published_on", "content_text"]].iloc[0].notna().all()


def test_a_settled_collaboration_is_whole():
    catalog = tiny()
    cut = catalog.cut(date(2026, 9, 30))
    assert_frame_equal(cut.collaborations.iloc[:1], catalog.collaborations.iloc[:1])


def test_text_without_a_day_of_publication_is_known_with_the_outcome():
    tables = tiny_tables()
    tables["collaborations"] = tables["collaborations"].drop(columns="published_on")
    catalog = Catalog.from_tables(tables)
    assert pd.isna(catalog.cut(date(2026, 9, 29)).collaborations["content_text"].iloc[0])
    assert catalog.cut(date(2026, 9, 30)).collaborations["content_text"].iloc[0] == "坚果专场"


def test_a_decline_may_be_known_before_its_settlement():
    tables = tiny_tables()
    tables["collaborations"].loc[3, "settled_on"] = "2026-09-25"
    catalog = Catalog.from_tables(tables)
    answered = catalog.cut(date(2026, 9, 19)).collaborations.iloc[3]
    assert (answered["status"], pd.isna(answered["settled_on"])) == ("declined", True)
    settled = catalog.cut(date(2026, 9, 26)).collaborations.iloc[3]
    assert settled["settled_on"] == pd.Timestamp("2026-09-25")


def test_an_undated_acceptance_is_known_with_its_outcome():
    tables = tiny_tables()
    tables["collaborations"] = tables["collaborations"].drop(columns="responded_on")
    catalog = Catalog.from_tables(tables)
    found = catalog.cut(date(2026, 9, 29)).collaborations
    assert found["status"].tolist() == ["invited", "invited", "invited", "declined"]
    assert found["published_on"].isna().all()
    assert catalog.cut(date(2026, 9, 30)).collaborations["status"].iloc[0] == "fulfilled"


def test_creators_and_products_appear_on_their_day_or_with_their_first_invitation():
    catalog = tiny()
    early = catalog.cut(date(2026, 10, 10))
    assert early.creators["creator_id"].tolist() == ["c1", "c2"]
    assert early.products["product_id"].tolist() == ["p1", "p2"]
    listed = catalog.cut(date(2026, 10, 11))
    assert listed.products["product_id"].tolist() == ["p1", "p2", "p3"]

    tables = tiny_tables()
    tables["creators"]["joined_on"] = ["2027-01-01", None, "2027-01-01"]
    tables["products"]["listed_on"] = ["2027-01-01", "2027-01-01", None]
    first = Catalog.from_tables(tables).cut(date(2026, 9, 2))
    assert first.creators["creator_id"].tolist() == ["c1", "c2"]
    assert first.products["product_id"].tolist() == ["p1", "p3"]
    assert first.products.index.equals(pd.RangeIndex(2))


def test_a_week_is_known_on_its_monday():
    catalog = tiny()
    assert len(catalog.cut(date(2026, 9, 6)).creator_stats) == 0
    assert len(catalog.cut(date(2026, 9, 7)).creator_stats) == 1
    assert len(catalog.cut(date(2026, 10, 4)).creator_stats) == 1
    assert len(catalog.cut(date(2026, 10, 5)).creator_stats) == 3


def test_statistics_of_creators_to_come_are_not_shown():
    tables = tiny_tables()
    tables["creator_stats"]["creator_id"] = ["c1", "c1", "c3"]
    cut = Catalog.from_tables(tables).cut(date(2026, 10, 10))
    assert cut.creator_stats["creator_id"].tolist() == ["c1", "c1"]


def test_events_of_the_day_itself_are_not_known():
    catalog = tiny()
    assert len(catalog.cut(date(2026, 11, 5)).events) == 0
    assert len(catalog.cut(date(2026, 11, 6)).events) == 2


def test_the_newest_day_knows_everything():
    catalog = tiny()
    assert catalog.newest_day() == date(2026, 11, 6)
    assert_same(catalog.cut(catalog.newest_day()), catalog)


@pytest.mark.parametrize(
    ("table", "column", "day", "newest"),
    [
        ("collaborations", "invited_on", "2026-12-02", date(2026, 12, 3)),
        ("collaborations", "responded_on", "2026-12-03", date(2026, 12, 4)),
        ("collaborations", "settled_on", "2026-12-04", date(2026, 12, 5)),
        ("collaborations", "published_on", "2026-12-05", date(2026, 11, 6)),
        ("creator_stats", "week", "2026-12-07", date(2026, 12, 8)),
        ("creators", "joined_on", "2026-12-09", date(2026, 11, 6)),
    ],
)
def test_the_newest_day_follows_invitations_answers_outcomes_and_weeks(table, column, day, newest):
    tables = tiny_tables()
    row = {"invited_on": 6, "settled_on": 4}.get(column, 5 if table == "collaborations" else 2)
    tables[table].loc[row, column] = day
    assert Catalog.from_tables(tables).newest_day() == newest


def test_without_anything_dated_there_is_no_newest_day():
    with pytest.raises(MatchingError, match="tiny market: no collaboration and no stats week"):
        tiny().cut(date(2020, 1, 1)).newest_day()


def test_undated_columns_are_the_attributes():
    undated = tiny().undated_columns()
    assert {"creators.city", "creators.follower_count", "products.price", "merchants.rating"} <= {
        *undated
    }
    assert not {"creators.creator_id", "creators.joined_on", "products.listed_on"} & {*undated}
    assert not any(name.startswith("collaborations.") for name in undated)


# --- properties of the cut ---

START = date(2026, 1, 5)
days = st.integers(0, 60).map(lambda number: START + timedelta(days=number))
delays = st.none() | st.integers(0, 30)
fates = st.tuples(
    st.sampled_from(("invited", "declined", "accepted", "failed", "fulfilled")),
    delays,
    delays,
    st.integers(0, 40),
    st.booleans(),
)
invitations = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), days, fates), min_size=1, max_size=8
)
openings = st.lists(st.none() | days, min_size=6, max_size=6)
DAYS = ("invited_on", "responded_on", "published_on", "settled_on")
# A busy machine is no reason to fail.
calm = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def market(rows, opened) -> dict[str, pd.DataFrame]:
    """Return a catalog of three creators, three products and these collaborations."""
    collaborations = []
    for number, (creator, product, invited, fate) in enumerate(rows):
        status, responded, published, settled, dated = fate
        after = [None if d is None else invited + timedelta(days=d) for d in (responded, published)]
        final = status in {"failed", "fulfilled"} or (status == "declined" and dated)
        collaborations.append(
            {
                "collaboration_id": f"k{number}",
                "creator_id": f"c{creator}",
                "product_id": f"p{product}",
                "invited_on": invited,
                "status": status,
                "responded_on": after[0],
                "published_on": after[1],
                "settled_on": invited + timedelta(days=settled) if final else None,
                **dict.fromkeys(OUTCOMES, 1.0 + number if status == "fulfilled" else None),
                "refunded_gmv": 0.0,
                "content_text": f"post {number}",
                "slot_fee": float(number),
            }
        )
    keys = ["0", "1", "2"]
    weeks = [START + timedelta(weeks=number) for number in range(9)]
    return {
        "creators": pd.DataFrame({"creator_id": [f"c{k}" for k in keys], "joined_on": opened[:3]}),
        "products": pd.DataFrame(
            {
                "product_id": [f"p{key}" for key in keys],
                **{"merchant_id": "m", "title": "t", "category": "a/b"},
                **{"price": 1.0, "commission_rate": 0.1, "listed_on": opened[3:]},
            }
        ),
        "collaborations": pd.DataFrame(collaborations),
        "creator_stats": pd.DataFrame({"creator_id": "c0", "week": weeks, "videos": 1}),
        "events": pd.DataFrame(
            {
                "event_id": [str(week) for week in weeks],
                **{"merchant_id": "m", "kind": "view", "at": weeks},
                **{"product_id": "p0", "creator_id": "c0"},
            }
        ),
    }


@calm
@given(rows=invitations, opened=openings, first=days, second=days)
def test_cutting_twice_is_cutting_once_at_the_earlier_day(rows, opened, first, second):
    catalog = Catalog.from_tables(market(rows, opened))
    assert_same(catalog.cut(first).cut(second), catalog.cut(min(first, second)))


@calm
@given(rows=invitations, opened=openings, day=days)
def test_nothing_later_is_visible(rows, opened, day):
    cut = Catalog.from_tables(market(rows, opened)).cut(day)
    at = pd.Timestamp(day)
    for name in DAYS:
        if name in cut.collaborations:
            assert not (cut.collaborations[name] >= at).any()
    assert not (cut.creator_stats["week"] > at).any()
    assert not (cut.events["at"] >= at).any()
    found = cut.collaborations
    open_ = found["status"].isin(["invited", "accepted"])
    outcomes = [name for name in ("settled_on", *OUTCOMES) if name in found]
    assert found.loc[open_, outcomes].isna().all(axis=None)
    assert not (answer_days(found) >= at).any()
    assert set(found["creator_id"]) <= set(cut.creators["creator_id"])
    assert set(found["product_id"]) <= set(cut.products["product_id"])


@calm
@given(rows=invitations, opened=openings, day=days, others=st.lists(fates, min_size=8, max_size=8))
def test_another_future_gives_the_same_past(rows, opened, day, others):
    """Whatever had no answer by the day may end in any other way: the cut cannot tell."""
    catalog = Catalog.from_tables(market(rows, opened))
    whole = catalog.collaborations.set_index("collaboration_id")
    known = answer_days(whole) < pd.Timestamp(day)
    changed = []
    for number, ((creator, product, invited, fate), other) in enumerate(
        zip(rows, others, strict=False)
    ):
        wait = max(0, (day - invited).days)
        status, responded, published, settled, dated = other
        later = (status, wait + (responded or 0), published, wait + settled, dated)
        changed.append(
            (creator, product, invited, fate if known[f"k{number}"] else later),
        )
    columns = list(catalog.collaborations)
    past, other_past = catalog.cut(day), Catalog.from_tables(market(changed, opened)).cut(day)
    shared = [name for name in columns if name in other_past.collaborations]
    assert_frame_equal(past.collaborations[shared], other_past.collaborations[shared])
    assert past.collaborations.drop(columns=shared).isna().all(axis=None)
    assert_frame_equal(past.creators, other_past.creators)
    assert_frame_equal(past.products, other_past.products)


# --- saving ---


def test_a_saved_catalog_loads_as_it_was(tmp_path):
    catalog = tiny()
    catalog.save(tmp_path / "out" / "market")
    loaded = Catalog.load(tmp_path / "out" / "market")
    assert_same(loaded, catalog)
    assert loaded.name == "tiny market"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["market"]


def test_a_cut_is_saved_without_its_empty_tables(tmp_path):
    cut = tiny().cut(date(2026, 9, 4))
    cut.save(tmp_path / "cut")
    names = {path.name for path in (tmp_path / "cut").iterdir()}
    assert names == {
        f"{name}.parquet"
        for name in ("catalog", "creators", "products", "collaborations", "merchants")
    }
    loaded = Catalog.load(tmp_path / "cut")
    shared = list(loaded.collaborations)
    assert_frame_equal(loaded.collaborations, cut.collaborations[shared])


def test_the_same_catalog_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        tiny().save(tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_saving_replaces_nothing(tmp_path):
    (tmp_path / "notes.txt").write_text("keep me")
    with pytest.raises(MatchingError, match="is there already; name a new folder, or empty it"):
        tiny().save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    (tmp_path / "empty").mkdir()
    tiny().save(tmp_path / "empty")
    assert_same(Catalog.load(tmp_path / "empty"), tiny())


def test_a_failed_save_leaves_nothing(tmp_path, monkeypatch):
    def full(*_args: object, **_options: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(OSError, match="no space left"):
        tiny().save(tmp_path / "market")
    assert list(tmp_path.iterdir()) == []
