"""Catalogs that have hardly anything: each trains, or says clearly why not, and so on from there.

Every one of them goes through the library and through the command line: train, find, evaluate.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.errors import CatalogError
from tests.conftest import QUICK, Run, write_csv
from tests.markets import small_market
from tests.marks import one_in
from tests.works import Tables, works
from training.evaluate import evaluate
from training.report import show, write
from training.run import train

EARLIER = date(2026, 8, 3)
"""A past date: what came later is there to judge by."""


def market() -> Tables:
    return small_market(creators=40, products=8, collaborations=260, seed=3)


def without_table(name: str) -> Callable[[], Tables]:
    return lambda: {table: frame for table, frame in market().items() if table != name}


def without_impressions() -> Tables:
    tables = market()
    return {**tables, "collaborations": tables["collaborations"].drop(columns="impressions")}


def without_seen_impressions() -> Tables:
    """The column is there, and nobody has ever filled it in."""
    tables = market()
    return {**tables, "collaborations": tables["collaborations"].assign(impressions=None)}


def one_merchant() -> Tables:
    tables = market()
    return {
        **tables,
        "merchants": tables["merchants"].head(1),
        "products": tables["products"].assign(merchant_id="m0"),
    }


def one_creator() -> Tables:
    tables = market()
    return {
        **tables,
        "creators": tables["creators"].head(1),
        "creator_stats": tables["creator_stats"].query("creator_id == 'c0000'"),
        "collaborations": tables["collaborations"].assign(creator_id="c0000"),
    }


def one_product() -> Tables:
    tables = market()
    return {
        **tables,
        "products": tables["products"].head(1),
        "collaborations": tables["collaborations"].assign(product_id="p000"),
    }


def with_log(which: Callable[..., object]) -> Tables:
    """Return the market with the collaborations that pass, given their status."""
    tables = market()
    log = tables["collaborations"]
    return {**tables, "collaborations": log[which(log["status"])]}


def nothing_fulfilled() -> Tables:
    return with_log(lambda status: status != "fulfilled")


def nothing_ended() -> Tables:
    return with_log(lambda status: status.isin(("invited", "declined", "accepted")))


def all_declined() -> Tables:
    return with_log(lambda status: status == "declined")


def all_unanswered() -> Tables:
    tables = with_log(lambda status: status == "declined")
    unanswered = tables["collaborations"].assign(status="invited", responded_on=None)
    return {**tables, "collaborations": unanswered}


def one_collaboration() -> Tables:
    tables = market()
    log = tables["collaborations"]
    return {**tables, "collaborations": log[log["status"] == "fulfilled"].head(1)}


def one_of_everything() -> Tables:
    """One creator, one product, and the one collaboration between them."""
    tables = one_collaboration()
    only = tables["collaborations"].iloc[0]

    def part(table: str, key: str) -> pd.DataFrame:
        return tables[table][tables[table][key] == only[key]]

    return {
        "creators": part("creators", "creator_id"),
        "products": part("products", "product_id"),
        "collaborations": tables["collaborations"],
    }


def empty_log() -> Tables:
    return with_log(lambda status: status == "none")


THIN: dict[str, Callable[[], Tables]] = {
    "no stats": without_table("creator_stats"),
    "no merchants": without_table("merchants"),
    "no impressions": without_impressions,
    "no impressions known": without_seen_impressions,
    "one merchant": one_merchant,
    "one creator": one_creator,
    "one product": one_product,
    "nothing fulfilled": nothing_fulfilled,
    "nothing ended": nothing_ended,
    "all declined": all_declined,
    "all unanswered": all_unanswered,
    "one collaboration": one_collaboration,
    "one of everything": one_of_everything,
}
UNTAUGHT_SALES = {
    *("nothing fulfilled", "nothing ended", "all declined", "all unanswered"),
    *("one collaboration", "one of everything"),
}
"""Those that cannot teach what is sold; the answer has to say so."""


@pytest.mark.parametrize("name", THIN)
def test_it_trains_and_answers(name: str, tmp_path: Path):
    tables = THIN[name]()
    working = works(tables, tmp_path, tables["products"]["product_id"].head(2))
    matcher = working.matcher
    told = matcher.match(matcher.contents.history.product_ids[0], k=3).notes
    said = any("settled sales could not be learnt" in note for note in told)
    assert said == (name in UNTAUGHT_SALES)
    if name == "nothing fulfilled":
        assert any("publish could not be learnt" in note for note in told)


@pytest.mark.parametrize("name", one_in(6, THIN))
def test_it_is_judged_by_what_came_later(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """From an earlier bundle, so that there is something later, if ever there is anything."""
    catalog = Catalog.from_tables(THIN[name]())
    bundle = train(catalog, QUICK, EARLIER).save(tmp_path)
    report = evaluate(bundle, catalog, None)
    show(report)
    write(report, tmp_path / "report")
    log = catalog.collaborations
    assert report["later"]["invitations"] == int((log["invited_on"] >= str(EARLIER)).sum())
    assert all(report["absent"].values())
    similar = report["similar"]
    told = capsys.readouterr().out
    enough = similar["creators"] >= similar["least"]
    assert bool(similar["methods"]) == enough
    if report["later"]["invitations"] and not enough:
        said = " ".join(told.split())
        looked = f"only {similar['creators']} creators published" in said
        assert looked or "is too little to judge it by" in said


@pytest.mark.parametrize("name", one_in(6, THIN))
def test_the_command_line_trains_finds_and_judges(name: str, run: Run, tmp_path: Path):
    tables = THIN[name]()
    data, bundles = write_csv(tables, tmp_path / "data"), tmp_path / "bundles"
    config = tmp_path / "quick.toml"
    config.write_text("tree_count = 15\ntext_dimensions = 8\nanchor_products = 16\nthreads = 1\n")
    code, out, err = run("train", data, "--out", bundles, "--config", config)
    assert (code, "Traceback" in err) == (0, False), err
    bundle = out.splitlines()[-1]
    if name in UNTAUGHT_SALES:
        assert "is a constant" in err
    product = tables["products"]["product_id"].iloc[0]
    code, out, err = run("find", bundle, product, "-k", 3)
    assert (code, err) == (0, "")
    if name in UNTAUGHT_SALES:
        assert "settled sales could not be learnt" in " ".join(out.split())
    code, out, err = run("find", bundle, product, "-k", 3, "--objective", "gmv", "--json")
    answer = json.loads(out)
    assert code == 0
    missing = 3 - len(answer["creators"])
    assert bool(missing) == any("of 3 creators found" in note for note in answer["notes"])
    code, out, err = run("evaluate", bundle, data, "--out", tmp_path / "report")
    assert (code, err) == (0, "")
    assert "nothing after the bundle's date" in out
    assert "nothing after" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_a_catalog_without_a_collaboration_is_refused_with_the_reason(run: Run, tmp_path: Path):
    with pytest.raises(CatalogError, match="collaborations: has no rows"):
        Catalog.from_tables(empty_log())
    data = write_csv(empty_log(), tmp_path / "data")
    for arguments in (("check", data), ("train", data, "--out", tmp_path / "bundles")):
        code, _, err = run(*arguments)
        assert code == 1
        assert "collaborations: has no rows. There is nothing to learn from" in err
        assert "Traceback" not in err
    assert not (tmp_path / "bundles").exists()


def test_a_bundle_is_not_judged_on_a_catalog_without_a_collaboration(
    run: Run, bundle: Path, tmp_path: Path
):
    data = write_csv(empty_log(), tmp_path / "data")
    code, _, err = run("evaluate", bundle, data)
    assert code == 1
    assert "has no rows" in err
