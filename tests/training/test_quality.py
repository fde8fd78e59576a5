"""The ranking is worth its money on a market whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from matching.catalog import Catalog
from training.evaluate import Asked, evaluate, truth_of
from training.run import train
from training.simulator import MarketConfig, simulate


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_value_of_the_recommendations_on_a_large_market(tmp_path: Path):
    config = MarketConfig(creators=20_000, products=4_000, collaborations=120_000, seed=1)
    simulate(config).save(tmp_path / "market")
    catalog = Catalog.load(tmp_path / "market")
    bundle = train(catalog).save(tmp_path / "bundles")
    truth = truth_of(str(tmp_path / "market"))
    report = evaluate(bundle, catalog, truth, Asked(products=100))["truth"]
    mine = report["methods"]["this ranking"]
    assert mine["roi"]["value_ratio"] >= 0.85
    for objective, least in (("roi", 0.985), ("gmv", 0.98), ("profit", 0.96)):
        assert report["retrieval_kept"][objective]["value"] >= least, objective
        for baseline in ("random", "followers", "past GMV within the category"):
            theirs = report["methods"][baseline][objective]
            error = mine[objective]["standard_error"] + theirs["standard_error"]
            assert mine[objective]["value_ratio"] > theirs["value_ratio"] + error
