"""A realistic export, imported by the mapping of docs/importing.md, checked and trained on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from matching.catalog import Catalog
from matching.databases import database
from matching.importing.run import import_catalog
from tests.conftest import QUICK, Run
from training.run import train

ROOT = Path(__file__).parents[3]
EXPORT = Path(__file__).with_name("export")


@pytest.fixture(scope="session")
def worked() -> str:
    """The mapping that the documentation shows."""
    page = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")
    (mapping,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    return str(mapping)


@pytest.fixture
def mapping(worked: str, tmp_path: Path) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(worked, encoding="utf-8")
    return path


def test_the_worked_mapping_makes_a_catalog(run: Run, mapping: Path, tmp_path: Path) -> None:
    out = tmp_path / "market"
    code, printed, err = run("import", mapping, EXPORT, out)
    assert (code, printed.strip()) == (0, str(out)), err
    assert err.splitlines() == []
    code, printed, _ = run("check", out)
    assert (code, printed.splitlines()[-1].split(": ")[1]) == (
        0,
        "60 creators, 16 products, 360 collaborations, no problems",
    )


def test_each_value_is_what_the_export_says(run: Run, mapping: Path, tmp_path: Path) -> None:
    run("import", mapping, EXPORT, tmp_path / "market")
    catalog = Catalog.load(tmp_path / "market")
    assert (catalog.name, catalog.currency) == ("示例店铺", "CNY")
    creator = catalog.creators[catalog.creators["name"] == "达人2"].iloc[0]
    assert creator["creator_id"] == "7301009117289037438"
    assert creator["joined_on"] == pd.Timestamp(2025, 1, 19)
    assert creator["follower_count"] == 14_100
    assert creator["engagement_rate"] == 0.0599
    assert (creator["live_slot_fee"], creator["opted_out"]) == (0.0, False)
    assert creator[["mcn_id", "weekly_capacity", "reputation"]].isna().all()
    first = catalog.products[catalog.products["title"] == "家居 灯具 第0款"].iloc[0]
    assert (first["category"], first["commission_rate"], first["scene"]) == (
        "家居/灯具",
        0.15,
        "shop",
    )
    assert first["listed_on"] == pd.Timestamp(2026, 1, 25)
    assert len(catalog.merchants) == catalog.products["merchant_id"].nunique()
    done, late = (
        catalog.collaborations.set_index("collaboration_id").loc[number]
        for number in ("26100000000000148", "26100000000000296")
    )
    assert (done["gmv"], done["refunded_gmv"], done["status"]) == (3706.38, 366.36, "fulfilled")
    assert (late["gmv"], late["published_on"]) == (121_500, pd.Timestamp(2026, 6, 24))  # 17:00 UTC
    assert (catalog.creator_stats["week"].dt.day_of_week == 0).all()


def test_what_was_imported_trains(run: Run, mapping: Path, tmp_path: Path) -> None:
    run("import", mapping, EXPORT, tmp_path / "market")
    assert train(Catalog.load(tmp_path / "market"), QUICK).about["heads"]


PLAIN = """
name = "plain"
[creators]
from = "creators.csv"
[creators.columns]
creator_id = "id"
follower_count = "followers"
[products]
from = "products.csv"
[products.columns]
product_id = "id"
merchant_id = "shop"
title = "title"
category = "category"
price = "price"
commission_rate = { column = "commission", unit = "percent" }
[collaborations]
from = "orders.csv"
[collaborations.columns]
collaboration_id = "id"
creator_id = "creator"
product_id = "product"
invited_on = "day"
status = { column = "status", words = { "no" = "declined" } }
"""
FILES = {
    "creators.csv": "id,followers\nc1,1.2k\nc2,3万\n",
    "products.csv": "id,shop,title,category,price,commission\np1,m1,nuts,food,9.9,20\n",
    "orders.csv": "id,creator,product,day,status\nk1,c1,p1,2026-03-02,no\n",
}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """The folder of a small export, and the mapping beside it."""
    folder = tmp_path / "export"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "mapping.toml").write_text(PLAIN, encoding="utf-8")
    return folder


def refused(run: Run, folder: Path, **changed: str) -> str:
    """Import with a changed mapping and return what is said; nothing is written."""
    mapping = folder.with_name("mapping.toml")
    text = mapping.read_text(encoding="utf-8")
    for old, new in zip(changed["old"].split("|"), changed["new"].split("|"), strict=True):
        assert old in text
        text = text.replace(old, new)
    mapping.write_text(text, encoding="utf-8")
    code, _, err = run("import", mapping, folder, folder.with_name("market"))
    assert code == 1
    assert {path.name for path in folder.parent.iterdir()} == {"export", "mapping.toml"}
    return err


def test_every_value_that_does_not_convert_is_told(run: Run, plain: Path, tmp_path: Path) -> None:
    rows = ["c1,1.2k", "c2,many", "c3,5", "c4,few", "c5,many", "7.3E+18,1"]
    (plain / "creators.csv").write_text("\n".join(["id,followers", *rows]), encoding="utf-8")
    (plain / "orders.csv").write_text(
        FILES["orders.csv"] + "k2,c1,p1,02/03/2026,perhaps\n", encoding="utf-8"
    )
    faults = tmp_path / "faults.csv"
    arguments = (tmp_path / "mapping.toml", plain, tmp_path / "market", "--faults", faults)
    code, _, err = run("import", *arguments)
    assert code == 1
    told = (
        "creators.follower_count: creators.csv, column followers: is no number (3 rows), "
        "first: row 3: 'many' (2 rows), row 5: 'few'",
        "creators.creator_id: creators.csv, column id: is an id whose last digits",
        "collaborations.invited_on: orders.csv, column day: is no day: write 2026-11-20",
        "collaborations.status: orders.csv, column status: is none of invited, declined, ",
    )
    assert [text for text in told if text not in err] == []
    listed = pd.read_csv(faults)
    assert len(listed) == 5
    assert listed[listed["value"] == "many"].iloc[0][["row", "rows"]].tolist() == [3, 2]
    assert not (tmp_path / "market").exists()
    rest = pd.Series([f"x{place}" for place in range(12)])
    (plain / "creators.csv").write_text(
        "\n".join(["id,followers", *(f"c{place},{word}" for place, word in rest.items())])
    )
    _, _, err = run("import", *arguments[:3])
    assert "and 2 other values; --faults FILE lists all" in err


def test_a_day_that_stands_for_none_is_told(run: Run, plain: Path) -> None:
    (plain / "orders.csv").write_text(FILES["orders.csv"] + "k2,c1,p1,9999-12-31 23:00:00,no\n")
    zones = 'name = "plain"\ntimezone = "Asia/Shanghai"'
    day = '{ column = "day", timezone = "UTC" }'
    told = "orders.csv, column day: is beyond the calendar; if it stands for nothing known, say so"
    for changed in (
        {"old": 'name = "plain"|"day"', "new": f"{zones}|{day}"},
        {"old": day, "new": '{ column = "day", monday_after = true }'},
    ):
        err = refused(run, plain, **changed)
        assert told in err
        assert "first: row 3: '9999-12-31 23:00:00'" in err


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.array([None, ["food"], ["toys"]]), "is no text but list<element: string>"),
        (pa.array([None, b"food", b"\xff"]), "is bytes that are no UTF-8"),
        (pa.array([b"a", b"b", b"\xff"]).view(pa.string()), "is bytes that are no UTF-8"),
    ],
)
def test_what_is_no_text_is_told(
    run: Run, plain: Path, values: pa.Array, told: str, tmp_path: Path
) -> None:
    frame = pd.read_csv(plain / "products.csv").drop(columns="category")
    table = pa.Table.from_pandas(pd.concat([frame] * 3), preserve_index=False)
    pq.write_table(table.append_column("category", values), plain / "products.parquet")
    (plain / "more.csv").write_text("category,brand\nfood,x\n")
    err = refused(run, plain, old="products.csv", new="products.parquet")
    assert f"products.category: products.parquet, column category: {told}" in err
    rows, first = ("2 rows", 2) if "list" in told else ("1 row", 3)
    assert f"({rows}), first: row {first}: " in err
    for old, new in (
        ('"products.parquet"', '"products.parquet"\ndrop = { "category" = "toys" }'),
        ('\ndrop = { "category" = "toys" }', '\njoin = { from = "more.csv", on = "category" }'),
    ):
        err = refused(run, plain, old=old, new=new)
        assert f"products.parquet, column category, row {first}: {told}" in err
        assert len(err.splitlines()) == 1


def test_a_list_in_json_is_told(run: Run, plain: Path) -> None:
    (plain / "creators.jsonl").write_text('{"id": "c1", "followers": [1, 2]}\n')
    err = refused(run, plain, old="creators.csv", new="creators.jsonl")
    assert "creators.jsonl, column followers: is no text but list<item: int64>" in err
    assert "first: row 1: '[1, 2]'" in err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "plain"', 'nam = "plain"', "unknown key 'nam'; did you mean 'name'?"),
        ("[creators]", "[creator]\n[creators]", "unknown key 'creator'; did you mean 'creators'?"),
        ('from = "orders.csv"', 'form = "orders.csv"', "collaborations does not say from which"),
        (
            'from = "orders.csv"',
            'from = "orders.csv"\ndistnct = true',
            "collaborations: unknown key 'distnct'; did you mean 'distinct'?",
        ),
        (
            'follower_count = "followers"',
            'folower_count = "followers"',
            "creators has no column 'folower_count'; did you mean 'follower_count'?",
        ),
        ("unit = ", "unti = ", "commission_rate: unknown key 'unti'; did you mean 'unit'?"),
        ('"percent"', '"procent"', "commission_rate.unit: 'procent' is none of percent, "),
        ('"percent"', "0", "commission_rate.unit must be above 0"),
        (
            'title = "title"',
            'title = { unit = "percent" }',
            "title must say one of column, columns",
        ),
        (
            'title = "title"',
            'title = { column = "title", unit = "percent" }',
            "products.columns.title.unit is for numbers, and this is text",
        ),
        ('title = "title"', "", "products.columns: title is required and not there"),
        ('"no" = "declined"', '"no" = "decline"', "'decline' is none of invited, declined"),
        ('"no" = "declined"', '"no" = 3', "collaborations.columns.status.words.no must be a text"),
        (
            '"day"',
            '{ column = "day", format = "%H:%M" }',
            "invited_on.format: '%H:%M' is none of unix, unix_ms, excel, or a pattern",
        ),
        ('"day"', '{ column = "day", timezone = "Asia/Shanghei" }', "'Asia/Shanghei' is no zone"),
        (
            'from = "orders.csv"',
            'from = "orders.csv"\nencoding = "gb18031"',
            "'gb18031' is no encoding such as gb18030",
        ),
        ('from = "orders.csv"', 'from = "orders.csv"\ndecimal = ";"', 'decimal must be "." or ","'),
        ('from = "orders.csv"', "from = 3", "collaborations.from must be a text"),
        *(
            ('from = "orders.csv"', f'from = "{name}"', f"collaborations.from: {name!r} is no name")
            for name in ("", ".", "/etc/*.csv", "**.csv")
        ),
        (
            'from = "orders.csv"',
            'from = "orders.csv"\njoin = { from = "/etc/*.csv", on = "id" }',
            "collaborations.join.from: '/etc/*.csv' is no name of a file",
        ),
        ("[collaborations", "[events", "there is no [collaborations], which a catalog must have"),
        ("[creators]", "[creators", "is not TOML"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(
    run: Run, plain: Path, old: str, new: str, told: str
) -> None:
    err = refused(run, plain, old=old, new=new)
    assert told in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"orders.csv"', '"order.csv"', "has no file order.csv; did you mean 'orders.csv'?"),
        (
            '"followers"',
            '"follower"',
            "creators.csv has no column follower; did you mean 'followers'",
        ),
        (
            'from = "orders.csv"',
            'from = "orders.csv"\njoin = { from = "products.csv", on = "number" }',
            "has no column number",
        ),
        ('from = "orders.csv"', 'from = "orders.xlsx"', "orders.xlsx is none of .csv"),
        ('status = { column = "status"', 'status = { column = "day"', "say in `words` which it is"),
        ('creator_id = "creator"', 'creator_id = "product"', "creator_id"),
    ],
)
def test_an_export_that_is_otherwise_is_refused(
    run: Run, plain: Path, old: str, new: str, told: str
) -> None:
    (plain / "orders.xlsx").write_bytes(b"PK")
    assert told in refused(run, plain, old=old, new=new)


def test_a_file_of_another_encoding_names_those_it_may_have(run: Run, plain: Path) -> None:
    text = FILES["products.csv"].replace("nuts", "坚果").encode("gb18030")
    (plain / "products.csv").write_bytes(text)
    err = refused(run, plain, old="name", new="name")
    assert "products.csv cannot be read" in err
    assert "it can be read with encoding = 'gb18030'" in err


def imported(folder: Path, mapping: str) -> Catalog:
    """Import by a mapping and return the catalog that was written."""
    path = folder.with_name("other.toml")
    path.write_text(mapping, encoding="utf-8")
    out = folder.with_name(f"market{len(list(folder.parent.iterdir()))}")
    import_catalog(path, str(folder), out)
    return Catalog.load(out)


def same(catalog: Catalog, other: Catalog) -> bool:
    pairs = [
        (getattr(catalog, name), getattr(other, name))
        for name in ("creators", "products", "collaborations", "creator_stats", "merchants")
    ]
    return all(mine.equals(yours) for mine, yours in pairs)


def test_files_of_any_form_give_the_same_catalog(plain: Path) -> None:
    whole = imported(plain, PLAIN)
    assert whole.creators["follower_count"].tolist() == [1200, 30_000]
    assert whole.products["commission_rate"].tolist() == [0.2]
    frame = pd.read_csv(plain / "products.csv")
    frame.to_parquet(plain / "products.parquet")
    frame.to_json(plain / "products.jsonl", orient="records", lines=True)
    frame.to_csv(plain / "products.txt", sep="\t", encoding="utf-16", index=False)
    for name in ("products.parquet", "products.jsonl", "products.txt"):
        assert same(imported(plain, PLAIN.replace("products.csv", name)), whole)


def test_rows_are_chosen_and_parts_put_together(plain: Path) -> None:
    (plain / "more.csv").write_text("id,fans,kind\nc3,7,creator\nm9,8,shop\nc4,9,agent\n")
    more = """
[[creators]]
from = "more.csv"
only = { "kind" = ["creator", "agent"] }
drop = { "id" = "c4" }
[creators.columns]
creator_id = "id"
city = { constant = "成都" }
"""
    parts = PLAIN.replace("[creators]", "[[creators]]").replace("[products]", f"{more}[products]")
    creators = imported(plain, parts).creators
    assert creators["creator_id"].tolist() == ["c1", "c2", "c3"]
    assert creators["city"].fillna("").tolist() == ["", "", "成都"]


def test_rows_that_are_the_same_in_several_files_become_one(run: Run, plain: Path) -> None:
    rows = ["c1,1.2k,x", "c1,1200,y", "c2,,z", "c3,5,z"]
    for number, part in enumerate((rows[:2], rows[1:3], rows[2:])):
        text = "\n".join(["id,followers,seen", *part])
        (plain / f"creators_{number}.csv").write_text(text, encoding="utf-8")
    mapping = PLAIN.replace('"creators.csv"', '"creators_*.csv"\ndistinct = true')
    creators = imported(plain, mapping).creators
    assert creators["creator_id"].tolist() == ["c1", "c2", "c3"]
    assert creators["follower_count"].fillna(-1).tolist() == [1200, -1, 5]
    (plain / "creators_3.csv").write_text("id,followers\nc3,6\n", encoding="utf-8")
    plain.with_name("other.toml").unlink()
    shutil.rmtree(next(plain.parent.glob("market*")))
    new = '"creators_*.csv"\ndistinct = true'
    assert "creators.creator_id" in refused(run, plain, old='"creators.csv"', new=new)


def test_a_line_of_json_may_be_long(plain: Path) -> None:
    text = "好" * 1_000_000
    lines = [f'{{"id": "c{n}", "followers": 5, "text": "{text[n:]}"}}' for n in range(3)]
    (plain / "creators.jsonl").write_text("\n".join(lines), encoding="utf-8")
    mapping = PLAIN.replace("creators.csv", "creators.jsonl")
    mapping = mapping.replace('creator_id = "id"', 'creator_id = "id"\nprofile_text = "text"')
    assert imported(plain, mapping).creators["profile_text"].tolist()[2] == text[2:]


def test_what_is_joined_has_one_row_a_key(run: Run, plain: Path) -> None:
    (plain / "settled.csv").write_text("id,sum\nk1,5\nk1,6\n")
    join = 'join = { from = "settled.csv", on = "id" }'
    rule = f'from = "orders.csv"\n{join}'
    told = refused(run, plain, old='from = "orders.csv"', new=rule)
    assert "settled.csv has several rows for 1 of id, first 'k1': keep one of each" in told


def test_nothing_is_written_over(run: Run, plain: Path, tmp_path: Path) -> None:
    arguments = (tmp_path / "mapping.toml", plain, tmp_path / "market")
    assert run("import", *arguments)[0] == 0
    code, _, err = run("import", *arguments)
    assert (code, "is there already" in err) == (1, True)
    (plain / "creators.csv").write_text("id,followers,vip\nc1,5,1\n")
    _, _, err = run("import", tmp_path / "mapping.toml", plain, tmp_path / "other")
    assert "note: creators.csv: columns that are not used: vip" in err


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, plain: Path) -> Iterator[str]:
    """The address of a database that has the small export, its days and amounts typed."""
    url = f"sqlite:///{tmp_path}/shop.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    orders = pd.read_csv(plain / "orders.csv", parse_dates=["day"])
    with database(url, must_exist=False) as engine:
        for name, frame in (
            ("creators", pd.read_csv(plain / "creators.csv")),
            ("products", pd.read_csv(plain / "products.csv")),
            ("orders", orders.assign(day=orders["day"] + pd.Timedelta(hours=20))),
        ):
            frame.to_sql(f"export_{name}", engine, index=False)
    yield url
    with database(url) as engine, engine.begin() as connection:
        for name in ("creators", "products", "orders"):
            connection.execute(sa.text(f"DROP TABLE export_{name}"))


def of_tables(folder: Path) -> Path:
    """Write the mapping of the small export in a database."""
    tables = PLAIN
    for name in FILES:
        tables = tables.replace(name, f"export_{name.removesuffix('.csv')}")
    path = folder / "database.toml"
    path.write_text(tables, encoding="utf-8")
    return path


def test_a_database_is_imported_like_files(plain: Path, shop: str, tmp_path: Path) -> None:
    import_catalog(of_tables(tmp_path), shop, tmp_path / "of-database")
    assert same(Catalog.load(tmp_path / "of-database"), imported(plain, PLAIN))


@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
def test_an_array_in_a_database_is_told(run: Run, plain: Path, shop: str, tmp_path: Path) -> None:
    with database(shop) as engine, engine.begin() as connection:
        change = "ALTER followers TYPE text[] USING ARRAY[followers]"
        connection.execute(sa.text(f"ALTER TABLE export_creators {change}"))
    code, _, err = run("import", of_tables(tmp_path), shop, tmp_path / "market")
    assert code == 1
    assert "export_creators, column followers: is no text but list<item: string>" in err
    assert "(2 rows), first: row 1: \"['1.2k']\"" in err


def test_a_database_without_the_table_is_refused(run: Run, plain: Path, shop: str) -> None:
    mapping = plain.with_name("mapping.toml")
    mapping.write_text(PLAIN.replace("creators.csv", "export_creator"), encoding="utf-8")
    code, _, err = run("import", mapping, shop, plain.with_name("market"))
    assert (code, err.count("\n")) == (1, 1)
    assert "the database has no table export_creator; did you mean 'export_creators'?" in err
    assert not plain.with_name("market").exists()


def test_a_server_that_is_not_there_is_told_without_the_password(run: Run, plain: Path) -> None:
    mapping = plain.with_name("mapping.toml")
    url = "postgresql://shop:s3cret@127.0.0.1:1/export"
    code, _, err = run("import", mapping, url, plain.with_name("market"))
    assert (code, err.count("\n"), "s3cret" in err) == (1, 1, False)
    assert "Check the address" in err
