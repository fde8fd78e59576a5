"""Weekly lists within creators' capacity: two passes, the same bytes, nobody promised too often."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pyarrow.parquet as pq
import pytest

from matching.errors import OptionError
from matching.lists import SCHEMA
from matching.matcher import Matcher
from serve import partitions
from serve.allotment import PROBABILITY, Rules, read_share
from serve.candidates import capacity_left, small_creators, tiers
from serve.weekly import LISTS, MANIFEST, week_monday, write_weekly
from tests.serve.exact import overflow
from tests.works import adds_up

WEEK = "2026-W48"
ALL = Rules(per_mcn=2, min_share=0.2, explore=0.1)


@pytest.fixture(scope="module")
def asked(matcher):
    """Every second product: enough to want the same creators."""
    products = list(matcher.contents.history.product_ids)[::2]
    return {"k": 5, "objective": "gmv", "rules": Rules(), "products": products}


@pytest.fixture(scope="module")
def lists(matcher, asked, tmp_path_factory):
    return write_weekly(matcher, WEEK, tmp_path_factory.mktemp("weeks"), **asked)


def test_nobody_is_promised_too_often(lists, matcher):
    table = pq.read_table(lists / LISTS)
    assert table.schema.equals(SCHEMA)
    frame = table.to_pandas()
    adds_up(frame)
    capacity = capacity_left(matcher, week_monday(WEEK))
    rows = matcher.contents.history.creator_ids.rows(frame["creator_id"])
    busiest = 0
    for row in np.unique(rows):
        accept = frame["accept_probability"].to_numpy()[rows == row]
        busiest = max(busiest, len(accept))
        if not np.isnan(capacity[row]):
            assert overflow(accept, capacity[row]) <= 0.0501  # edges are kept in single precision
    assert busiest > 15


def test_rows_are_ranked_and_eligible(lists, matcher):
    frame = pq.read_table(lists / LISTS).to_pandas()
    assert frame.sort_values(["product_id", "rank"]).index.equals(frame.index)
    assert frame.groupby("product_id")["rank"].max().max() == 5
    worth = frame["accept_probability"] * frame["settled_gmv"]
    assert (worth.groupby(frame["product_id"]).diff().dropna() <= 1e-9).all()
    for product, mine in list(frame.groupby("product_id"))[:10]:
        may = matcher.eligible(product, week_monday(WEEK))
        assert may[matcher.contents.history.creator_ids.rows(mine["creator_id"])].all()


def test_the_manifest_says_what_it_is_worth(lists):
    manifest = json.loads((lists / MANIFEST).read_text())
    report = manifest["report"]
    assert manifest["allocation"] == "capacity"
    assert report["violations"]["creators_beyond"] == 0
    value = report["allocation"]["value"]
    assert report["bound"] >= value >= 0.97 * report["bound"]
    assert value >= report["greedy_with_capacity"]["value"]
    assert report["each_product_by_itself"]["value"] > value
    assert report["allocation"]["gini"] < report["each_product_by_itself"]["gini"]


@pytest.mark.parametrize("objective", ["roi", "profit"])
def test_every_rule_at_once_and_the_same_bytes_in_other_parts(
    matcher, tmp_path, objective, monkeypatch
):
    ids = matcher.contents.history.product_ids
    products = [ids[row] for row in range(0, len(ids), 10)]
    asked = {"k": 10, "objective": objective, "products": products, "rules": ALL}
    first = write_weekly(matcher, WEEK, tmp_path / "a", **asked)
    monkeypatch.setattr(partitions.os, "cpu_count", lambda: 1)
    again = write_weekly(matcher, WEEK, tmp_path / "b", **asked)
    for name in (LISTS, MANIFEST):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    table = pq.read_table(first / LISTS)
    assert table.schema.equals(SCHEMA.append(PROBABILITY))
    frame = table.to_pandas()
    history = matcher.contents.history
    rows = history.creator_ids.rows(frame["creator_id"])
    assert small_creators(matcher)[rows].mean() >= 0.2
    mcns = history.creators["mcn_id"][rows]
    theirs = frame.assign(mcn=mcns)[mcns >= 0].groupby(["product_id", "mcn"]).size()
    assert theirs.max() == 2
    assert frame[PROBABILITY.name].between(0.0, 1.0, inclusive="right").all()
    assert (frame[PROBABILITY.name] < 1).mean() == pytest.approx(0.1, abs=0.05)


def test_a_run_that_died_between_the_passes_goes_on(matcher, tmp_path, monkeypatch, lists, asked):
    from serve import weekly

    choose = weekly.choose
    monkeypatch.setattr(weekly, "choose", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_weekly(matcher, WEEK, tmp_path, **asked)
    assert not (tmp_path / WEEK).exists()
    monkeypatch.setattr(weekly, "choose", choose)
    steps = []

    def run(parts):
        steps.extend(part.step.name for part in parts)
        return partitions.locally(matcher, lambda count: None)(parts)

    folder = write_weekly(matcher, WEEK, tmp_path, run=run, **asked)
    assert set(steps) == {"chosen"}
    for name in (LISTS, MANIFEST):
        assert (folder / name).read_bytes() == (lists / name).read_bytes()


def test_tiers_hold_everybody_once_and_the_wanted_first(matcher):
    found = tiers(matcher, "gmv", week_monday(WEEK), 400)
    assert (np.sum(found, axis=0) == 1).all()
    assert len(found) > 3
    followers = matcher.contents.offers.follower_count
    assert np.nanmedian(followers[found[0]]) > 5 * np.nanmedian(followers[found[-1]])


def test_tiers_are_made_once_and_do_not_hold_their_matcher(bundle):
    loaded = Matcher.load(bundle)
    asked = (loaded, "gmv", week_monday(WEEK), 400)
    assert tiers(*asked) is tiers(*asked)
    known = weakref.ref(loaded)
    del loaded, asked
    gc.collect()
    assert known() is None


def test_shares_are_read():
    assert read_share(None) == 0.0
    assert read_share("small=0.25") == 0.25
    for wrong in ("0.2", "large=0.2", "small=", "small=much"):
        with pytest.raises(OptionError, match="min-share"):
            read_share(wrong)


def test_the_command(run, bundle, tmp_path):
    products = tmp_path / "products.txt"
    products.write_text("p000001\np000002\n")
    asked = ("weekly", bundle, "--week", WEEK, "--out", tmp_path / "weeks", "--products", products)
    code, _, error = run(*asked, "--allocation", "capacity", "--explore", "0.2", "--per-mcn", "3")
    assert code == 0, error
    frame = pq.read_table(tmp_path / "weeks" / WEEK / LISTS).to_pandas()
    assert len(frame) == 40
    for wrong in (
        ("--allocation", "fair"),
        ("--explore", "0.2"),
        ("--allocation", "capacity", "--min-share", "big=0.2"),
        ("--allocation", "capacity", "--objective", "gmv", "--min-settled-gmv", "5"),
    ):
        code, _, error = run(*asked, *wrong)
        assert code == 1
        assert wrong[-2].removeprefix("--") in error or "allocation" in error
