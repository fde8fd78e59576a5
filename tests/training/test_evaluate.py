"""The judge: value ratios against a known truth, baselines, and what came later."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.economics import OBJECTIVES
from matching.facts import build_history
from matching.history import day_number
from tests.conftest import CHEAP
from training.baselines import BASELINES, Baselines
from training.evaluate import (
    TrueMarket,
    evaluate,
    judge_later,
    judge_truth,
    later_outcomes,
    truth_of,
)
from training.run import train
from training.simulator import MarketConfig, simulate

AS_OF = date(2026, 9, 1)


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    config = MarketConfig(creators=600, products=80, collaborations=6000, seed=5)
    folder = tmp_path_factory.mktemp("market")
    simulate(config).save(folder / "data")
    return folder / "data"


@pytest.fixture(scope="module")
def catalog(market):
    return Catalog.load(market)


@pytest.fixture(scope="module")
def earlier(catalog):
    return train(catalog, CHEAP, AS_OF).matcher()


@pytest.fixture(scope="module")
def true_market(earlier, catalog, market):
    return TrueMarket.build(earlier, catalog, truth_of(str(market)))


def test_the_oracle_is_never_beaten_and_random_is_worse(earlier, catalog, true_market):
    methods = judge_truth(earlier, catalog, true_market, 40, seed=0)["methods"]
    for objective in OBJECTIVES:
        for figures in methods.values():
            assert -1 <= figures[objective]["value_ratio"] <= 1 + 1e-9
        mine, anybody = (methods[m][objective]["value_ratio"] for m in ("this ranking", "random"))
        assert mine > anybody


def test_a_list_by_the_truth_itself_is_worth_one(earlier, catalog, true_market, monkeypatch):
    def by_truth(self, product):
        values = true_market.values(product)["gmv"]
        return np.nan_to_num(np.nanmax(np.where(np.isnan(values), -1.0, values), axis=1))

    monkeypatch.setitem(BASELINES, "random", by_truth)
    methods = judge_truth(earlier, catalog, true_market, 20, seed=0)["methods"]
    assert methods["random"]["gmv"]["value_ratio"] == pytest.approx(1.0)


def test_true_values_follow_the_contract(earlier, true_market):
    values = true_market.values(3)
    works = ~np.isnan(values["gmv"])
    assert works.any()
    assert (values["gmv"][works] >= 0).all()
    assert (values["roi"][works & ~np.isnan(values["roi"])] >= 0).all()


def test_later_outcomes_are_only_those_after_the_date(earlier, catalog):
    later = later_outcomes(earlier, catalog)
    assert later["invited_on"].min() >= np.datetime64(AS_OF)
    assert later["published_gmv"].notna().all()
    assert later["accept_probability"].between(0, 1).all()
    judged = judge_later(earlier, later)
    assert judged["published"] == later["settled_gmv"].notna().sum() > 0
    assert 0.5 < judged["auc_sale"] <= 1
    assert 0.5 < judged["interval"]["inside"] <= 1


def test_products_that_came_later_are_judged_by_their_content(earlier, catalog):
    later = later_outcomes(earlier, catalog)
    known = {p["product_id"] for p in earlier.products(limit=1000)}
    new = later[~later["product_id"].isin(known)]
    assert len(new) > 0
    assert new["published_gmv"].notna().all()


def test_baselines_know_only_what_was_known(catalog):
    day = day_number(AS_OF)
    whole = Baselines(build_history(catalog), day)
    cut = Baselines(build_history(catalog.cut(AS_OF)), day)
    ids = catalog.cut(AS_OF).creators["creator_id"]
    rows = catalog.creators["creator_id"].isin(ids).to_numpy()
    for name in ("followers", "past GMV within the category"):
        np.testing.assert_array_equal(whole.scores(name, 0)[rows], cut.scores(name, 0))


def test_a_catalog_without_a_truth_is_judged_by_what_came_later(bundle, sample):
    report = evaluate(bundle, sample, None)
    assert "truth" not in report
    assert report["later"]["invitations"] == 0


@pytest.mark.parametrize("kind", ["first", "second"])
def test_both_markets_can_be_judged(tmp_path, kind):
    config = MarketConfig(creators=300, products=60, collaborations=3000, seed=2, market=kind)
    simulate(config).save(tmp_path / "data")
    catalog = Catalog.load(tmp_path / "data")
    bundle = train(catalog, CHEAP).save(tmp_path / "bundles")
    report = evaluate(bundle, catalog, truth_of(str(tmp_path / "data")), product_count=10)
    assert set(report["truth"]["methods"]) == {"this ranking", *BASELINES}
