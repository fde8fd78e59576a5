"""The judge as a whole: what is asked for is in the report, and it is plain JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from matching.catalog import Catalog
from matching.errors import OptionError
from tests.conftest import CHEAP
from training.baselines import BASELINES
from training.evaluate import Asked, evaluate, truth_of
from training.run import train
from training.simulator import MarketConfig, simulate


def test_a_catalog_without_a_truth_is_judged_by_what_came_later(bundle, sample):
    report = evaluate(bundle, sample, None)
    assert "truth" not in report
    assert report["later"]["invitations"] == 0
    assert report["similar"]["creators"] == 0


@pytest.mark.parametrize("kind", ["first", "second"])
def test_both_markets_can_be_judged(tmp_path, kind):
    config = MarketConfig(creators=300, products=60, collaborations=3000, seed=2, market=kind)
    simulate(config).save(tmp_path / "data")
    catalog = Catalog.load(tmp_path / "data")
    bundle = train(catalog, CHEAP).save(tmp_path / "bundles")
    report = evaluate(bundle, catalog, truth_of(str(tmp_path / "data")), Asked(products=10))
    methods = {"this ranking", "scoring everybody", *BASELINES} - set(report["absent"])
    assert set(report["truth"]["methods"]) == methods
    json.dumps(report, allow_nan=False)


def test_a_creator_whom_the_catalog_lost_costs_the_baselines_not_the_judgement(bundle, sample):
    kept = sample.creators["creator_id"].iloc[1:]
    log, stats = sample.collaborations, sample.creator_stats
    fewer = replace(
        sample,
        creators=sample.creators.iloc[1:].reset_index(drop=True),
        collaborations=log[log["creator_id"].isin(kept)].reset_index(drop=True),
        creator_stats=stats[stats["creator_id"].isin(kept)].reset_index(drop=True),
    )
    report = evaluate(bundle, fewer, None)
    assert set(report["absent"]) == set(BASELINES)
    assert "judge it on the catalog that it was trained on" in report["absent"]["followers"]


@pytest.mark.parametrize(("name", "value"), [("products", 0), ("seed", -1)])
def test_a_value_that_cannot_be_is_named(bundle, sample, name, value):
    with pytest.raises(OptionError, match=name):
        evaluate(bundle, sample, None, Asked(**{name: value}))
