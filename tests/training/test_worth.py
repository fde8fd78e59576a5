"""Value ratios: between random and the oracle, with errors, by segment."""

from __future__ import annotations

import json

import numpy as np
import pytest

from matching.economics import OBJECTIVES
from training.baselines import BASELINES, fit_baselines
from training.segments import CREATOR_SEGMENTS, SEGMENTS, Segments
from training.truth import better, judged_products
from training.worth import EVERYBODY, OURS, measure, tell


@pytest.fixture(scope="module")
def told(true_market, earlier, catalog, known):
    segments = Segments.build(earlier, catalog)
    scores, absent = fit_baselines(known)
    assert absent == {}
    worth = measure(true_market, judged_products(earlier, 40, 0), scores, segments)
    return tell(worth, segments)


def test_the_oracle_is_never_beaten_and_random_is_worse(told):
    methods = told["methods"]
    assert set(methods) == {OURS, EVERYBODY, *BASELINES}
    for objective in OBJECTIVES:
        for figures in methods.values():
            assert -1 <= figures[objective]["value_ratio"] <= 1 + 1e-9
            assert 0 < figures[objective]["standard_error"] < 0.2
            assert 0 < figures[objective]["money_share_error"] < 0.2
        mine, anybody = (methods[m][objective]["value_ratio"] for m in (OURS, "random"))
        assert mine > anybody


def test_retrieval_keeps_nearly_everything_of_a_small_market(told):
    for figures in told["retrieval_kept"].values():
        assert 0.9 < figures["value"] <= 1.1
        assert figures["standard_error"] is not None


def test_every_segment_has_its_figures(told):
    assert set(told["segments"]) == set(SEGMENTS)
    for name, by_objective in told["segments"].items():
        for figures in by_objective.values():
            assert figures["products"] > 0, name
            assert -1 <= figures["value_ratio"] <= 1 + 1e-9, name
    for name in CREATOR_SEGMENTS:
        for share in ("share_of_list", "share_of_oracle"):
            figure = told["segments"][name]["gmv"][share]
            assert 0 <= figure["value"] <= 1
            assert figure["standard_error"] is not None
    json.dumps(told, allow_nan=False)


def test_a_list_by_the_truth_itself_is_worth_one(true_market, earlier):
    def by_truth(scored):
        values = better(true_market.values(int(scored.products[0]))["gmv"])
        return np.nan_to_num(values, nan=-1.0)[scored.creators]

    worth = measure(
        true_market, judged_products(earlier, 20, 0), {"random": by_truth}, retrieve=False
    )
    figures = worth.figures("random", "gmv")
    assert figures["value_ratio"] == figures["money_share"] == pytest.approx(1.0)
    assert OURS not in worth.methods()


def test_a_method_that_chooses_the_channel_is_held_to_it(true_market, earlier):
    """The same order is worth less with the worse channel than where the better is granted."""

    def worse_channel(scored):
        values = true_market.values(int(scored.products[0]))["gmv"]
        first = better(values)[scored.creators]
        chosen = values[scored.creators, scored.channels]
        return np.nan_to_num(first - 0.001 * chosen, nan=-1.0)

    products = judged_products(earlier, 10, 0)
    methods = {"random": worse_channel, "regression of log ROI": worse_channel}
    worth = measure(true_market, products, methods, retrieve=False)
    granted, held = (worth.figures(name, "gmv")["value_ratio"] for name in methods)
    assert held < granted == pytest.approx(1.0, abs=0.02)


def test_a_product_on_which_nobody_earns_is_left_out(true_market, earlier):
    worth = measure(true_market, judged_products(earlier, 3, 0), retrieve=False)
    worth.oracle["profit"][0] = 0.0
    assert worth.figures(EVERYBODY, "profit")["products"] == 2
    assert np.isnan(worth.ratios(EVERYBODY, "profit")[0])
