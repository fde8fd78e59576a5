"""Training again with less: fewer collaborations, or without a stage."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.errors import MatchingError
from matching.features import FEATURES, Stage
from matching.matcher import Matcher
from tests.conftest import QUICK
from tests.markets import small_market
from tests.training.conftest import AS_OF
from training.config import TrainConfig, config_of
from training.evaluate import truth_of
from training.figures import Estimate
from training.run import train
from training.studies import FRACTIONS, Judged, Study, ablation, curve, told_evidence


def test_a_model_without_a_stage_splits_on_none_of_its_features(small):
    """The stage of reach explains most of this market; without it others must."""
    ranker = train(
        small, TrainConfig(**{**asdict(QUICK), "without_stage": "reach"})
    ).contents.ranker
    for head in ranker.heads.values():
        if head.booster is not None:
            used = dict(zip(head.features, head.booster.feature_importance(), strict=True))
            reach = [f.name for f in FEATURES if f.stage is Stage.REACH]
            assert sum(used[name] for name in reach) == 0
            assert sum(used.values()) > 0


def test_the_curve_rises_in_what_it_knows(catalog, market):
    told: list[str] = []
    study = Study(catalog, truth_of(str(market)), AS_OF, 10, 0, told.append)
    steps = curve(study, QUICK)
    assert [step["fraction"] for step in steps] == list(FRACTIONS)
    counts = [step["collaborations"] for step in steps]
    known = int((catalog.collaborations["invited_on"] < np.datetime64(AS_OF)).sum())
    assert counts == sorted(counts)
    assert counts[-1] == known
    assert counts[0] == pytest.approx(known / 4, rel=0.2)
    for step in steps:
        assert set(step["figures"]) == {"roi", "gmv", "profit"}
        assert step["figures"]["roi"]["standard_error"] > 0
    assert len(told) == 3


def test_the_ablation_says_how_each_figure_changes_on_the_log():
    catalog = Catalog.from_tables(small_market(creators=120, collaborations=1500, seed=1))
    study = Study(catalog, None, date(2026, 8, 1), 10, 0)
    found = ablation(study, QUICK)
    assert set(found["change_without"]) == {stage.value for stage in Stage}
    for change in found["change_without"].values():
        assert set(change) == set(found["figures"])
    sales = found["change_without"]["reach"]["sales"]
    assert sales["value"] < -2 * sales["standard_error"]


def test_evidence_is_told_of_every_stage(matcher: Matcher):
    """Where content, reach and trades speak, and a stage never has more than all there is."""
    told = told_evidence(matcher, seed=0)
    assert set(told) == {stage.value for stage in Stage}
    assert all(figure["value"] >= 0 for figure in told.values())
    assert told["reach"]["value"] > 0.1
    assert told["reach"]["standard_error"] > 0


def test_changes_are_paired_by_product():
    whole = Judged({"roi": {"a": 0.5, "b": 0.9, "c": np.nan}})
    less = Judged({"roi": {"a": 0.4, "b": 0.8, "d": 0.1}})
    change = less.change(whole)["roi"]
    assert change["value"] == pytest.approx(-0.1)
    assert change["standard_error"] == pytest.approx(0.0, abs=1e-12)
    assert change["count"] == 2


def test_changes_on_the_log_are_paired_by_draw():
    one, two = (Estimate(x, np.array([x, x + 0.1]), 5) for x in (0.5, 0.7))
    change = Judged({}, {"sold": one}).change(Judged({}, {"sold": two}))["sold"]
    assert change["value"] == pytest.approx(-0.2)
    assert change["standard_error"] == pytest.approx(0.0, abs=1e-12)


def test_a_bundle_of_other_choices_is_refused():
    assert config_of({"config": asdict(QUICK)}) == QUICK
    with pytest.raises(MatchingError, match="charm"):
        config_of({"config": {"charm": 1}})
