"""Refresh: the same models on the newest facts, and refusals of facts that cannot be."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from matching import bundle as bundle_folder
from matching.catalog import Catalog
from matching.errors import MatchingError, OptionError
from matching.matcher import Matcher
from matching.record import Cases
from tests.conftest import QUICK, Run
from tests.markets import small_market
from tests.training.conftest import AS_OF
from training.refresh import refresh
from training.run import Trained, train

LATER = date(2026, 10, 15)


@pytest.fixture(scope="module")
def before(trained_earlier: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_earlier.save(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def later(before: Path, catalog: Catalog) -> Trained:
    return refresh(before, catalog, LATER)


def answers(matcher: Matcher, objective: str = "gmv") -> list[dict[str, object]]:
    products = [row["product_id"] for row in matcher.products(limit=12)]
    return [matcher.match(p, 10, objective).to_dict()["creators"] for p in products]


def test_the_same_facts_give_the_same_answers(before: Path, catalog: Catalog, earlier: Matcher):
    again = refresh(before, catalog, AS_OF)
    assert answers(again.matcher()) == answers(earlier)
    for field in fields(Cases):
        old, new = (
            getattr(contents.record.cases, field.name)
            for contents in (earlier.contents, again.contents)
        )
        assert np.array_equal(old, new, equal_nan=old.dtype.kind == "f"), field.name


def test_facts_are_those_that_training_would_have(later: Trained, catalog: Catalog):
    fresh = train(catalog, QUICK, LATER).contents.history
    history = later.contents.history
    assert history.as_of == fresh.as_of
    for name, ledger in history.ledgers.items():
        if name[0] != "residuals":  # those follow from the models
            assert np.array_equal(ledger.stamps, fresh.ledgers[name].stamps), name
            assert all(
                np.array_equal(s, fresh.ledgers[name].sums[m]) for m, s in ledger.sums.items()
            )
    assert np.array_equal(history.creator_ids.encoded, fresh.creator_ids.encoded)


def test_records_of_what_came_since_move_the_effects(later: Trained, earlier: Matcher):
    def weight(contents: object) -> float:
        ledger = contents.history.ledgers["residuals", "creator"]  # type: ignore[attr-defined]
        return float(ledger.running("residual_weight")[-1])

    assert earlier.contents.ranker.effects.used
    assert weight(later.contents) > 1.1 * weight(earlier.contents)


def test_models_stay_what_they_were(later: Trained, before: Path):
    old = Matcher.load(before).contents.ranker
    assert later.contents.ranker.texts() == old.texts()
    assert later.contents.ranker.describe() == old.describe()
    assert later.about["refreshed"]["version"] == before.name


def test_the_track_record_keeps_its_promises_and_adds_what_came_since(
    later: Trained, earlier: Matcher
):
    old, new = earlier.contents.record.cases, later.contents.record.cases
    promised = dict(zip(old.collaboration_ids.tolist(), old.promised_gmv.tolist(), strict=True))
    told = np.isin(new.collaboration_ids, old.collaboration_ids)
    assert told.sum() == len(old) < len(new)
    kept = new[np.flatnonzero(told)]
    assert [
        promised[name] for name in kept.collaboration_ids.tolist()
    ] == kept.promised_gmv.tolist()
    assert not new.learnt[~told].any()
    assert np.isfinite(new.promised_gmv).all()


def test_a_refreshed_bundle_can_be_saved_served_and_refreshed(
    later: Trained, catalog: Catalog, tmp_path: Path
):
    path = later.save(tmp_path)
    matcher = Matcher.load(path)
    assert answers(matcher) == answers(later.matcher())
    again = refresh(path, catalog)
    assert again.as_of == catalog.newest_day()
    assert again.about["refreshed"] == later.about["refreshed"]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Catalog]:
    """A bundle, and its catalog with a creator and a product whose words sort before all others."""
    tables = small_market(collaborations=1500)
    trained = train(Catalog.from_tables(tables), QUICK)
    new_product = (
        tables["products"]
        .iloc[[0]]
        .assign(product_id="a0", category="AAA/新", merchant_id="a-merchant", listed_on=None)
    )
    new_creator = (
        tables["creators"]
        .iloc[[0]]
        .assign(creator_id="a0", category="AAA", mcn_id="a", joined_on=None)
    )
    tables["products"] = pd.concat([new_product, tables["products"]], ignore_index=True)
    tables["creators"] = pd.concat([new_creator, tables["creators"]], ignore_index=True)
    bundles = tmp_path_factory.mktemp("bundles")
    return trained.save(bundles), Catalog.from_tables(tables)


def test_what_is_new_is_predicted_and_moves_nothing_else(grown: tuple[Path, Catalog]):
    bundle, catalog = grown
    before, after = Matcher.load(bundle), refresh(bundle, catalog).matcher()
    creators = [row["creator_id"] for row in before.similar("c0001", 30)]
    for product in ("p001", "p002", "p003"):
        old, new = (m.score(creators, product, "gmv").to_dict() for m in (before, after))
        assert [c["predicted"] for c in new["creators"]] == [
            c["predicted"] for c in old["creators"]
        ]
        assert [c["reasons"] for c in new["creators"]] == [c["reasons"] for c in old["creators"]]
    assert after.match("a0", 5, "gmv").to_dict()["creators"]
    assert after.score(["a0"], "p001").to_dict()["creators"][0]["predicted"]["settled_gmv"] > 0


@pytest.mark.parametrize("table", ["collaborations", "creator_stats", "merchants"])
def test_a_table_that_shrank_is_refused_with_the_figure(grown: tuple[Path, Catalog], table: str):
    bundle, _ = grown
    tables = small_market(collaborations=1500)
    count = len(tables[table])
    left = int(0.6 * count)
    tables[table] = tables[table].iloc[:left]
    if table == "merchants":
        there = tables["products"]["merchant_id"].isin(tables[table]["merchant_id"])
        tables["products"]["merchant_id"] = tables["products"]["merchant_id"].where(
            there, tables[table]["merchant_id"].iloc[0]
        )
    broken = Catalog.from_tables(tables)
    day = Matcher.load(bundle).as_of
    told = rf"{table} has {left:,} rows, {1 - left / count:.0%} fewer than .* {count:,}"
    with pytest.raises(MatchingError, match=told):
        refresh(bundle, broken, day)
    if table == "collaborations":
        assert refresh(bundle, broken, day, allow_shrunk=True).about["sizes"][table] == left


def test_a_table_that_ended_is_refused(grown: tuple[Path, Catalog]):
    """Another one's newer facts must not hide it."""
    bundle, _ = grown
    tables = small_market(collaborations=1500)
    as_of = Matcher.load(bundle).as_of
    statistics = tables["creator_stats"]
    later = as_of + timedelta(days=14) - pd.Timestamp(as_of).weekday() * timedelta(days=1)
    newest = statistics.assign(week=pd.Timestamp(later)).drop_duplicates("creator_id")
    tables["creator_stats"] = pd.concat([statistics, newest])
    stopped = Catalog.from_tables(tables)
    with pytest.raises(MatchingError, match=r"collaborations has no facts of .* \(0 in the bundle"):
        refresh(bundle, stopped)
    assert refresh(bundle, stopped, as_of).as_of == as_of


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (AS_OF - timedelta(1), "before the bundle's date 2026-09-01"),
        (date(2999, 1, 1), "is in the future"),
    ],
)
def test_a_date_that_cannot_be_is_refused(before: Path, catalog: Catalog, day: date, message: str):
    with pytest.raises(OptionError, match=message):
        refresh(before, catalog, day)


def test_the_command_writes_a_version_beside_the_others(
    before: Path, market: Path, run: Run, tmp_path: Path
):
    out = tmp_path / "bundles"
    code, printed, said = run("refresh", before, market, "--out", out, "--as-of", LATER)
    assert code == 0
    assert "space of creators: " in said
    path = Path(printed.splitlines()[-1])
    assert path.parent == out
    assert Matcher.load(path).as_of == LATER
    assert not bundle_folder.has_promoted(out)
    code, printed, said = run("refresh", before, market, "--out", out, "--promote")
    assert bundle_folder.promoted(out) == Path(printed.splitlines()[-1])
