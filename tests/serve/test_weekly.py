"""Weekly lists: the contract's columns, all products, the same bytes, all or nothing."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from matching.economics import OBJECTIVES
from matching.errors import MatchingError, OptionError
from matching.lists import SCHEMA
from serve.allotment import Rules
from serve.changes import Side
from serve.look import Look
from serve.partitions import locally
from serve.weekly import LISTS, MANIFEST, RUN, read_products, week_monday, write_weekly
from serve.weeks import Weeks
from tests.works import adds_up

WEEK = "2026-W48"


@pytest.fixture(scope="module")
def lists(matcher, tmp_path_factory):
    return write_weekly(matcher, WEEK, tmp_path_factory.mktemp("weeks"), k=5)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_lists_have_the_columns_of_the_contract(lists, matcher):
    table = pq.read_table(lists / LISTS)
    assert table.schema.equals(SCHEMA)
    frame = table.to_pandas()
    assert set(frame["week"]) == {WEEK}
    assert set(frame["bundle"]) == {matcher.version}
    assert frame["product_id"].nunique() == len(matcher.contents.history.product_ids)
    assert (frame.groupby("product_id")["rank"].max() == 5).all()
    in_order = frame.sort_values(["product_id", "rank"])
    assert in_order.index.equals(frame.index)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_evidence_of_every_row_adds_up_under_every_objective(matcher, tmp_path, objective):
    """Base and stages are ln settled_gmv, for every product that can be listed."""
    products = list(matcher.contents.history.product_ids)[::4]
    folder = write_weekly(matcher, WEEK, tmp_path, k=2, objective=objective, products=products)
    manifest = json.loads((folder / MANIFEST).read_text())
    frame = pq.read_table(folder / LISTS).to_pandas()
    assert set(frame["objective"]) == {objective}
    left_out = {*manifest["skipped_without_margin"], *manifest["without_creators"]}
    assert frame["product_id"].nunique() == manifest["products"] - len(left_out) > 75
    adds_up(frame)


def test_a_list_is_what_a_match_says(lists, matcher):
    frame = pq.read_table(lists / LISTS).to_pandas()
    product = frame["product_id"].iloc[0]
    creators = matcher.match(product, k=5, week=week_monday(WEEK)).to_dict()["creators"]
    mine = frame[frame["product_id"] == product]
    assert mine["creator_id"].tolist() == [c["creator_id"] for c in creators]
    assert mine["predicted_roi"].tolist() == [c["predicted"]["roi"] for c in creators]


def test_the_manifest_seals_the_lists(lists, matcher):
    manifest = json.loads((lists / MANIFEST).read_text())
    assert manifest["sha256"] == hashlib.sha256((lists / LISTS).read_bytes()).hexdigest()
    assert manifest["products"] == len(matcher.contents.history.product_ids)
    assert manifest["rows"] == pq.read_metadata(lists / LISTS).num_rows
    assert manifest["rows"] == sum(part["rows"] for part in manifest["partitions"])
    assert (manifest["k"], manifest["objective"], manifest["bundle"]) == (5, "roi", matcher.version)


def test_the_seconds_of_each_step_stand_apart_from_what_is_sealed(lists, matcher, tmp_path):
    assert json.loads((lists / RUN).read_text())["seconds"].keys() == {"lists"}
    folder = write_weekly(matcher, WEEK, tmp_path, 2, "gmv", ["p000001"], rules=Rules())
    seconds = json.loads((folder / RUN).read_text())["seconds"]
    assert seconds.keys() == {"edges", "allocation", "lists"}
    assert all(value >= 0.0 for value in seconds.values())


def test_again_gives_the_same_bytes(lists, matcher, tmp_path):
    products = [matcher.contents.history.product_ids[row] for row in range(20)]
    first = write_weekly(matcher, WEEK, tmp_path / "a", k=5, products=products)
    again = write_weekly(matcher, WEEK, tmp_path / "b", k=5, products=reversed(products))
    for name in (LISTS, MANIFEST):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    write_weekly(matcher, WEEK, tmp_path / "a", k=3, products=products[:2])
    assert pq.read_metadata(tmp_path / "a" / WEEK / LISTS).num_rows == 6
    assert names(tmp_path / "a") == [".lists.lock", WEEK]


def test_cores_do_not_change_the_bytes(matcher, tmp_path):
    """Matrix products on more threads differ in the last bits, so they get one."""
    here, seen = locally(matcher, lambda count: None), set()

    def run(asked):
        found = threadpool_info()
        seen.update(each["num_threads"] for each in found if each["user_api"] == "blas")
        return here(asked)

    with threadpool_limits(2, user_api="blas"):
        write_weekly(matcher, WEEK, tmp_path, k=1, products=["p000001"], run=run)
    assert seen == {1}


def test_profit_skips_products_without_a_margin(matcher, tmp_path):
    margins = matcher.contents.history.products["margin_rate"]
    without = np.flatnonzero(np.isnan(margins))[:2]
    chosen = [matcher.contents.history.product_ids[int(row)] for row in (*without, 0)]
    folder = write_weekly(matcher, WEEK, tmp_path, k=2, objective="profit", products=chosen)
    manifest = json.loads((folder / MANIFEST).read_text())
    skipped = [p for p in chosen if p in manifest["skipped_without_margin"]]
    assert len(skipped) >= len(without) > 0
    listed = set(pq.read_table(folder / LISTS).column("product_id").to_pylist())
    assert listed == set(chosen) - set(skipped)


@pytest.mark.parametrize("rules", [None, Rules(), Rules(explore=0.1, min_share=0.1)], ids=str)
def test_a_market_without_margins_has_no_lists_by_profit(matcher, tmp_path, rules):
    margins = matcher.contents.history.products["margin_rate"]
    without = [
        matcher.contents.history.product_ids[row] for row in np.flatnonzero(np.isnan(margins))
    ]
    folder = write_weekly(matcher, WEEK, tmp_path, 2, "profit", without, rules=rules)
    assert json.loads((folder / MANIFEST).read_text())["skipped_without_margin"] == sorted(without)
    assert pq.read_metadata(folder / LISTS).num_rows == 0
    look = Look.at(Side(Weeks(tmp_path).open(WEEK), matcher))
    assert look.totals["places"] == 0


@pytest.mark.parametrize(
    ("k", "objective", "option"),
    [(0, "roi", "k"), (-1, "gmv", "k"), (201, "gmv", "k"), (1, "foo", "objective")],
)
@pytest.mark.parametrize("rules", [None, Rules()], ids=["none", "capacity"])
def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    matcher, tmp_path, k, objective, option, rules
):
    with pytest.raises(OptionError, match=option):
        write_weekly(matcher, WEEK, tmp_path, k, objective, rules=rules)
    assert names(tmp_path) == []


def test_old_facts_are_refused_unless_allowed(matcher, tmp_path):
    with pytest.raises(MatchingError, match=r"107 days before .* \(2027-03-08\).*--allow-stale"):
        write_weekly(matcher, "2027-W10", tmp_path, products=["p000001"])
    assert names(tmp_path) == []
    folder = write_weekly(
        matcher, "2027-W10", tmp_path, k=1, products=["p000001"], allow_stale=True
    )
    assert folder.name == "2027-W10"


def test_a_product_that_is_not_there_is_named(matcher, tmp_path):
    with pytest.raises(OptionError, match="nothing"):
        write_weekly(matcher, WEEK, tmp_path, products=["p000001", "nothing"])


def test_product_files(tmp_path):
    path = tmp_path / "products.txt"
    path.write_text("p1\n\np2\n", encoding="utf-8")
    assert read_products(path) == ["p1", "p2"]
    path.write_text("\n")
    with pytest.raises(OptionError, match="names no product"):
        read_products(path)


@pytest.mark.parametrize("week", ["2026-W54", "2026-48", "2026-W00", "2026-W1", "W48", ""])
def test_a_week_that_is_none(week):
    with pytest.raises(OptionError, match="no ISO week"):
        week_monday(week)


def test_a_week_begins_on_its_monday():
    assert week_monday("2026-W47") == date(2026, 11, 16)
    assert week_monday("2026-W53") == date(2026, 12, 28)
