"""Training end to end: what it makes, at which date, and that it works with what is there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from matching import bundle as bundle_folder
from matching.bundle import MANIFEST, RUN
from matching.catalog import Catalog
from matching.errors import MatchingError
from matching.features import FEATURES
from matching.history import day_number
from matching.matcher import Matcher
from matching.models.ranker import HEADS
from tests.conftest import CHEAP, QUICK, SAMPLE
from tests.markets import small_market
from training.digests import digest_tables
from training.fit import NO_IMPRESSIONS, NO_REFUNDS
from training.phases import Phases
from training.run import Trained, encode_texts, train

PHASES = [
    "facts",
    "texts",
    "features",
    "trial",
    "records",
    "heads",
    "record",
    "tables",
    "space of creators",
    "space of products",
    "index",
]


def matcher_of(trained: Trained) -> Matcher:
    return Matcher("test", trained.as_of, trained.contents)


def test_the_manifest_says_what_was_trained_and_how(trained: Trained, sample: Catalog):
    about = trained.about
    assert trained.as_of == sample.newest_day()
    assert [feature["name"] for feature in about["features"]] == [f.name for f in FEATURES]
    assert about["sizes"]["creators"] == len(sample.creators)
    assert about["config"]["tree_count"] == CHEAP.tree_count
    assert set(about["heads"]) == set(HEADS)
    assert all(head["rows"] > 1000 for head in about["heads"].values())
    costs = trained.run["phases"]
    assert list(costs) == PHASES
    assert all(cost["seconds"] >= 0 and cost["peak_mib"] > 0 for cost in costs.values())
    assert "products.price" in about["undated"]


def test_what_was_trained_can_be_read(quick: Trained):
    shown = repr(quick)
    assert "90 creators" in shown
    assert "accept: " in shown
    assert "sale: " in shown
    assert len(shown.splitlines()) == 1 + len(HEADS)


def test_phases_are_told_as_they_begin_and_come_on(small: Catalog):
    told: list[tuple[str, float | None]] = []
    train(small, QUICK, phases=Phases(lambda name, share: told.append((name, share))))
    assert [name for name, share in told if share is None] == PHASES
    assert ("features", 1.0) in told


def test_the_heads_of_the_sample_tell_creators_apart(trained: Trained, sample: Catalog):
    """Expected sales follow what was really sold, for products and creators known to it."""
    matcher = matcher_of(trained)
    log = sample.collaborations
    log = log[log["status"] == "fulfilled"].iloc[::5]
    history = trained.contents.history
    scored = matcher.scorer.score(
        history.creator_ids.rows(log["creator_id"]), history.product_ids.rows(log["product_id"])
    )
    sold = (log["gmv"] - log["refunded_gmv"].fillna(0)).to_numpy()
    best = scored.best_channels("gmv")
    ranks = pd.DataFrame({"expected": scored.money.settled_gmv[best], "sold": sold}).rank()
    assert ranks["expected"].corr(ranks["sold"]) > 0.7


def test_an_interval_was_calibrated(trained: Trained):
    interval = trained.contents.ranker.interval
    assert interval.level == 0.8
    assert interval.row_count > 300
    assert (interval.low < interval.high).all()


def test_medians_are_those_of_past_collaborations_by_category(trained: Trained, sample: Catalog):
    asked = sample.collaborations.merge(sample.products, on="product_id")
    prices = np.log1p(asked["price"])
    by_category = prices.groupby(asked["category"].str.split("/").str[0]).median()
    contents = trained.contents
    log_price = [feature.name for feature in FEATURES].index("log_price")
    assert len(by_category) > 3
    for word, median in by_category.items():
        usual = contents.medians.usual(contents.history.code("category", word))
        assert usual.is_category[log_price]
        assert usual.values[log_price] == pytest.approx(median, rel=1e-5)
    unknown = contents.medians.usual(-1)
    assert unknown.values[log_price] == pytest.approx(prices.median(), rel=1e-5)


def but_for_the_time(bundle: Path) -> dict[str, bytes]:
    """Return the bytes of a bundle's files, without what says when it was made and what it took."""
    files = {
        path.relative_to(bundle).as_posix(): path.read_bytes()
        for path in bundle.rglob("*")
        if path.is_file() and path.name != RUN
    }
    manifest = bundle_folder.read_manifest(bundle)
    for name in ("version", "created_at", "sha256"):
        said = json.dumps(manifest[name]).encode()
        assert files[MANIFEST].count(said) == 1
        files[MANIFEST] = files[MANIFEST].replace(said, b"")
    return files


def test_training_twice_gives_the_same_bundle(small: Catalog, quick: Trained, tmp_path: Path):
    one, two = quick.save(tmp_path / "one"), train(small, QUICK).save(tmp_path / "two")
    assert but_for_the_time(one) == but_for_the_time(two)


@pytest.mark.slow
def test_training_on_the_sample_anew_gives_the_same_bundle(bundle: Path, tmp_path: Path):
    """Byte for byte but for the time, the tables read anew."""
    again = train(Catalog.load(SAMPLE), CHEAP).save(tmp_path)
    assert but_for_the_time(again) == but_for_the_time(bundle)
    assert set(json.loads((again / RUN).read_text())["phases"]) == set(PHASES)


def test_the_manifest_tells_catalogs_apart(small: Catalog, quick: Trained, tmp_path: Path):
    said = quick.about["catalog"]["tables"]
    assert said["collaborations"]["rows"] == len(small.collaborations)
    small.save(tmp_path / "data")
    assert digest_tables(Catalog.load(tmp_path / "data").cut(quick.as_of)) == said
    dearer = small.products.assign(price=small.products["price"] + 1.0)
    told = digest_tables(replace(small, products=dearer).cut(quick.as_of))
    assert [name for name in said if told[name] != said[name]] == ["products"]


def test_training_at_a_past_date_is_training_on_the_catalog_of_that_date(
    small: Catalog, tmp_path: Path
):
    day = date(2026, 7, 1)
    whole = train(small, QUICK, as_of=day)
    cut = train(small.cut(day), QUICK, as_of=day)
    assert whole.as_of == day
    first, second = (
        bundle_folder.read_manifest(trained.save(tmp_path / name))
        for name, trained in (("whole", whole), ("cut", cut))
    )
    assert first["files"] == second["files"]
    assert whole.contents.history.as_of == day_number(day)


def test_before_any_fact_there_is_nothing_to_train_on(small: Catalog):
    tables = small_market()
    tables["creators"]["joined_on"] = np.datetime64("2026-01-01")
    with pytest.raises(MatchingError, match="nothing was known on 2020-01-01"):
        train(Catalog.from_tables(tables), QUICK, as_of=date(2020, 1, 1))


def test_before_the_first_invitation_every_head_is_a_stated_constant(small: Catalog):
    """Creators and products are known, and what they cost; nothing else is."""
    trained = train(small, QUICK, as_of=date(2026, 1, 5))
    assert len(trained.contents.history.ledgers) > 0
    unseen = {"impressions": NO_IMPRESSIONS, "refund": NO_REFUNDS}
    for name, head in trained.about["heads"].items():
        assert head["rows"] == 0
        assert head["reason"] == unseen.get(name, "only 0 known cases")
    matcher = matcher_of(trained)
    result = matcher.match(matcher.contents.history.product_ids[0], k=5).to_dict()
    assert len(result["creators"]) == 5
    assert any("could not be learnt" in note for note in result["notes"])
    assert result["creators"][0]["predicted"]["settled_gmv_low"] is None


def test_a_shop_without_a_declined_invitation_trains():
    """As the real one: only videos that were published, no slot fees, no samples, no margins."""
    tables = small_market()
    log = tables["collaborations"]
    log = log[log["status"] == "fulfilled"].assign(channel="video")
    kept = ("collaboration_id", "creator_id", "product_id", "invited_on", "status")
    tables = {
        "creators": tables["creators"][["creator_id", "name", "follower_count"]],
        "products": tables["products"][
            ["product_id", "merchant_id", "title", "category", "price", "commission_rate"]
        ],
        "collaborations": log[[*kept, "settled_on", "gmv", "channel", "impressions", "orders"]],
    }
    trained = train(Catalog.from_tables(tables), QUICK)
    heads = trained.about["heads"]
    for name in ("accept", "fulfil"):
        assert "only 0 of" in heads[name]["reason"]
    assert "reason" not in heads["conversion"]
    assert "reason" not in heads["impressions"]
    assert heads["refund"]["reason"] == "refunds unknown: sales are gross"
    result = matcher_of(trained).match("p003", k=10).to_dict()
    offers = [creator["offer"] for creator in result["creators"]]
    assert {offer["channel"] for offer in offers} == {"video"}
    assert all(offer["roi_degenerate"] for offer in offers)
    assert not any(offer["cost_estimated"] for offer in offers)
    assert any("ROI cannot tell" in note for note in result["notes"])
    assert any("sales are gross" in note for note in result["notes"])


def test_many_texts_are_counted_as_few(small: Catalog, quick: Trained, monkeypatch):
    whole = quick.contents.texts
    monkeypatch.setattr("matching.models.text._TEXTS_AT_ONCE", 50)
    _, _, texts = encode_texts(small, quick.contents.history, QUICK)
    assert np.array_equal(texts.creators, whole.creators)
    assert np.array_equal(texts.topics, whole.topics)
