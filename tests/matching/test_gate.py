"""The gate's verdict, from manifests alone: what is refused and what is noted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matching.gate import configuration, judge

FEATURES = [{"name": "log_price", "code": "x"}]
PROMOTED: dict[str, Any] = {"version": "v1", "config": {"depth": 3}, "features": FEATURES}
Gains = dict[str, tuple[float, float]]


def figure(value: float, error: float | None = 0.02) -> dict[str, Any]:
    return {"value": value, "standard_error": error}


def gate(figures: dict[str, float], **promoted: Any) -> dict[str, Any]:
    """Return what a manifest says of the weeks before its date."""
    told = {name: figure(value) for name, value in figures.items()}
    return {
        "from": "2026-10-01",
        "until": "2026-10-29",
        "figures": told,
        "promoted": None,
    } | promoted


def candidate(gains: Gains) -> dict[str, Any]:
    """Return the manifest of another configuration that gained so much, ± so much."""
    beside = {
        "version": "v1",
        "configuration": configuration(PROMOTED),
        "note": None,
        "figures": {name: figure(0.7) for name in gains},
        "gain": {name: figure(*gain) for name, gain in gains.items()},
    }
    figures = {name: 0.7 + gain for name, (gain, _) in gains.items()}
    return {
        **PROMOTED,
        "version": "v2",
        "config": {"depth": 4},
        "gate": gate(figures, promoted=beside),
    }


def with_gate(figures: dict[str, float]) -> dict[str, Any]:
    return {**PROMOTED, "gate": gate(figures)}


NO_FIGURES = "v1 has no figures of its own to compare with"


def test_a_loss_within_what_chance_gives_passes():
    verdict = judge(candidate({"accept": (-0.004, 0.003), "sales": (0.0, 0.01)}), PROMOTED)
    assert (verdict.losses, verdict.notes) == ((), (NO_FIGURES,))


def test_a_clear_loss_is_refused_with_its_figures():
    verdict = judge(candidate({"accept": (-0.004, 0.002), "sales": (0.01, 0.01)}), PROMOTED)
    assert verdict.losses == (
        "acceptance (AUC) is 0.696, 0.004 below the promoted configuration's 0.700 on the same "
        "days (standard error 0.002)",
    )


def test_a_clearer_gain_makes_up_for_a_loss_and_that_is_noted():
    verdict = judge(candidate({"accept": (-0.006, 0.003), "sales": (0.016, 0.007)}), PROMOTED)
    assert verdict.losses == ()
    assert verdict.notes[0] == (
        "acceptance (AUC) is 0.694, 0.006 below the promoted configuration's 0.700 on the same "
        "days (standard error 0.003); size of sales (Spearman) gains more clearly: +0.016 ± 0.007"
    )


@pytest.mark.parametrize(
    ("gain", "lost"), [((-0.1, None), 0), ((-0.1, 0.0), 1), ((0.0, 0.0), 0), ((0.0, None), 0)]
)
def test_a_loss_without_an_error(gain: tuple[float, float], lost: int):
    assert len(judge(candidate({"sales": gain}), PROMOTED).losses) == lost


def test_of_changes_that_are_none_few_are_refused():
    """At one standard error it would be two in five."""
    drawn = np.random.default_rng(0).normal(scale=0.01, size=(2000, 3)).tolist()
    refused = [
        judge(candidate({"accept": (a, 0.01), "sold": (b, 0.01), "sales": (c, 0.01)}), PROMOTED)
        for a, b, c in drawn
    ]
    assert np.mean([bool(verdict.losses) for verdict in refused]) < 0.15


def test_an_outcome_that_is_judged_no_more_is_noted_with_why():
    """A dump without declined invitations would else pass for as good."""
    mine = candidate({"sales": (0.0, 0.01)})
    before = with_gate({"accept": 0.7, "sold": 0.8, "sales": 0.7})
    mine["gate"]["missing"] = {"accept": "only 3 of 400 came out otherwise, fewer than 10"}
    verdict = judge(mine, before)
    assert verdict.losses == ()
    assert verdict.notes == (
        "acceptance (AUC) is not judged from 2026-10-01 to 2026-10-29, as the promoted bundle "
        "was: only 3 of 400 came out otherwise, fewer than 10",
        "selling anything (AUC) is not judged from 2026-10-01 to 2026-10-29, as the promoted "
        "bundle was: too few of them became known",  # a bundle that does not say why
    )
    assert judge(before | {"version": "v3"}, before).notes == ()


def test_no_gain_makes_up_for_a_fall_since_the_promoted_bundle():
    """Broken data harm both configurations alike."""
    mine = candidate({"accept": (0.05, 0.001), "sales": (0.0, 0.01)})
    mine["gate"]["figures"]["sales"] = figure(0.2)
    (loss,) = judge(mine, with_gate({"sales": 0.7})).losses
    assert loss.startswith(
        "size of sales (Spearman) is 0.200, 0.500 below the promoted bundle's own"
    )
