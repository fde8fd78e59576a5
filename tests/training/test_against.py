"""Two bundles side by side: paired on the same rows, and told by their manifests."""

from __future__ import annotations

import numpy as np
import pytest

from matching.gate import configuration
from training.against import Comparison, describe_change, paired, promoted_beside
from training.later import later_outcomes


@pytest.fixture(scope="module")
def later(earlier, catalog):
    return later_outcomes(earlier, catalog)


def test_a_bundle_against_itself_has_not_changed(earlier, catalog, later, true_market):
    asking = Comparison(earlier, earlier, catalog, later, true_market.truth, products=4)
    figures = asking.figures()
    assert figures["rows"] == len(later)
    assert figures["lists"]["value"] == 1.0
    changes = [*figures["measures"].values(), *figures["worth"].values()]
    assert {found["change"]["value"] for found in changes} == {0.0}
    assert {found["change"]["standard_error"] for found in changes} == {0.0}


def test_a_worse_one_is_told_by_paired_differences(later):
    """Predictions that are those of other rows lose, by far more than the standard error."""
    shuffled = np.random.default_rng(0).permutation(len(later))
    predictions = ["published_gmv", "expected_gmv", "predicted_roi", "accept_probability"]
    worse = later.assign(**{name: later[name].to_numpy()[shuffled] for name in predictions})
    measures = paired(later, worse)["measures"]
    for name in ("sales", "accept", "ndcg_sales"):
        change = measures[name]["change"]
        assert change["value"] > 2 * change["standard_error"], name
    assert measures["accept_error"]["change"]["value"] < 0


def test_only_rows_and_cells_that_both_predicted_count(later):
    theirs = later.iloc[100:].assign(predicted_roi=np.nan)
    found = paired(later, theirs)
    assert found["rows"] == len(later) - 100
    assert found["measures"]["ndcg_roi"]["mine"]["value"] is None
    assert paired(later, later.iloc[:0]) == {"rows": 0, "measures": {}}


def test_choices_and_features_that_differ_are_told():
    def manifest(version, depth, *names):
        features = [{"name": name, "code": "1"} for name in names]
        about = {"version": version, "as_of": "2026-09-01", "features": features}
        return {**about, "config": {"depth": depth, "seed": 0}}

    told = describe_change(manifest("v2", 5, "a", "own"), manifest("v1", 3, "a", "b"))
    assert told["config"] == {"depth": [3, 5]}
    assert told["features"] == {"added": ["own"], "removed": ["b"], "changed": []}
    assert told["bundle"] == "v1"


@pytest.mark.parametrize(("date", "times"), [("2026-09-01", 1), ("2026-08-01", 2)])
def test_a_loss_on_the_same_weeks_is_told_once(date, times):
    """What the promoted configuration reaches, and what its bundle showed, is one thing then."""

    def manifest(version, as_of, sales, promoted=None):
        figure = {"value": sales, "standard_error": 0.01}
        days = {"from": "2026-08-04", "until": as_of}
        gate = {**days, "figures": {"sales": figure}, "promoted": promoted}
        about = {"version": version, "as_of": as_of, "features": [], "config": {"depth": sales}}
        return {**about, "gate": gate}

    theirs = manifest("v1", date, 0.7)
    beside = {
        "configuration": configuration(theirs),
        "note": None,
        "figures": theirs["gate"]["figures"],
        "gain": {"sales": {"value": -0.2, "standard_error": 0.01}},
    }
    mine = manifest("v2", "2026-09-01", 0.5, beside)
    assert len(describe_change(mine, theirs)["losses"]) == times


def test_the_promoted_one_beside_is_found(bundle, tmp_path):
    assert promoted_beside(bundle) is None
    assert promoted_beside(bundle.parent / "another") == bundle
    assert promoted_beside(tmp_path / "alone") is None
