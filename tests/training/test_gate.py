"""The gate's fits: what training judges, as of which day, and which bundle is refused then."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching import bundle as bundle_folder
from matching.bundle import read_manifest
from matching.catalog import Catalog
from matching.facts import build_history
from matching.features import FEATURES
from matching.gate import PAIRED_ERRORS, Verdict, judge, tell
from tests.conftest import QUICK, Run
from tests.markets import small_market
from training.config import TrainConfig
from training.fit import FEW_SELL_NOTHING, fit_ranker
from training.gate import Rival
from training.rows import collect_rows
from training.run import Trained, encode_texts, train

JUDGED = replace(QUICK, gate_days=84)


def shuffled(seed: int = 1) -> Catalog:
    """The small market, where what an invitation brought belongs to another pair."""
    tables = small_market()
    log = tables["collaborations"]
    order = np.random.default_rng(seed).permutation(len(log))
    for name in ("creator_id", "product_id"):
        log[name] = log[name].to_numpy()[order]
    return Catalog.from_tables(tables)


@pytest.fixture(scope="module")
def versions(
    small: Catalog, quick: Trained, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Bundles by what they were trained on; `sound` serves where the others were trained."""
    folder = tmp_path_factory.mktemp("gate")
    sound = train(small, JUDGED).save(folder)
    bundle_folder.promote(folder, sound.name)
    promoted = read_manifest(sound)

    def trained(catalog: Catalog, config: TrainConfig) -> Path:
        return train(catalog, config, promoted=promoted).save(folder)

    return {
        "sound": sound,
        "equal": trained(small, JUDGED),
        "shuffled": trained(shuffled(), JUDGED),
        "one tree": trained(small, replace(JUDGED, tree_count=1, ignored_features=BEST)),
        "unjudged": quick.save(folder),
    }


BEST = tuple(f.name for f in FEATURES if "follower" in f.name or "views" in f.name)


def gate_of(version: Path) -> Mapping[str, Any]:
    return read_manifest(version)["gate"]


@pytest.fixture
def bundles(versions: dict[str, Path]) -> Path:
    """The folder of versions, `sound` promoted anew."""
    folder = versions["sound"].parent
    bundle_folder.promote(folder, versions["sound"].name)
    return folder


def test_the_weeks_before_the_date_are_judged(versions: dict[str, Path], small: Catalog):
    gate = gate_of(versions["sound"])
    end = small.newest_day()
    assert (gate["from"], gate["until"]) == (
        (end - timedelta(days=84)).isoformat(),
        end.isoformat(),
    )
    assert gate["promoted"] is None
    log = small.collaborations
    sold = log["settled_on"].between(np.datetime64(end) - 84, np.datetime64(end), "left")
    assert gate["figures"]["sales"]["rows"] == int((sold & (log["status"] == "fulfilled")).sum())
    assert 0.6 < gate["figures"]["sales"]["value"] < 1
    assert gate["figures"]["sales"]["standard_error"] > 0


def test_an_equal_one_passes(versions: dict[str, Path], bundles: Path, run: Run):
    gate = gate_of(versions["equal"])
    assert gate["promoted"]["figures"] == gate["figures"] == gate_of(versions["sound"])["figures"]
    assert all(gain["value"] == 0 for gain in gate["promoted"]["gain"].values())
    code, out, err = run("bundles", "promote", bundles, versions["equal"].name)
    assert (code, out.strip(), err) == (0, versions["equal"].name, "")
    assert bundle_folder.promoted(bundles) == versions["equal"]
    assert "forced" not in bundle_folder.promotions(bundles)[-1]


def test_a_refresh_of_what_serves_needs_no_comparison(versions: dict[str, Path]):
    sound = read_manifest(versions["sound"])
    assert sound["gate"]["promoted"] is None
    assert judge({**sound, "version": "refreshed"}, sound) == Verdict()


def test_shuffled_outcomes_are_refused_with_the_figure(
    versions: dict[str, Path], bundles: Path, run: Run
):
    figures = [gate_of(versions[name])["figures"]["sales"] for name in ("sound", "shuffled")]
    before, now = (figure["value"] for figure in figures)
    assert now < 0.35
    error = np.hypot(*(figure["standard_error"] for figure in figures))
    code, out, err = run("bundles", "promote", bundles, versions["shuffled"].name)
    assert (code, out) == (1, "")
    assert f"size of sales (Spearman) is {now:.3f}, {before - now:.3f} below" in err
    assert f"own {before:.3f}" in err
    assert f"(standard error {error:.3f})" in err
    assert "--force" in err
    assert bundle_folder.promoted(bundles) == versions["sound"]


def test_a_worse_configuration_is_refused_on_the_same_days(
    versions: dict[str, Path], bundles: Path, run: Run
):
    gain = gate_of(versions["one tree"])["promoted"]["gain"]["sales"]
    assert gain["value"] < -PAIRED_ERRORS * gain["standard_error"]
    code, _, err = run("bundles", "promote", bundles, versions["one tree"].name)
    assert code == 1
    assert f"{-gain['value']:.3f} below the promoted configuration's" in err
    assert f"on the same days (standard error {gain['standard_error']:.3f})" in err


def test_force_is_recorded(versions: dict[str, Path], bundles: Path, run: Run):
    code, out, err = run("bundles", "promote", bundles, versions["shuffled"].name, "--force")
    assert (code, out.strip()) == (0, versions["shuffled"].name)
    assert "forced, though size of sales" in err
    record = json.loads((bundles / "promoted.json").read_text())["promotions"][-1]
    assert record["version"] == versions["shuffled"].name
    assert any("size of sales" in loss for loss in record["forced"])
    listed = run("bundles", "list", bundles)[1]
    assert "forced: " in next(line for line in listed.splitlines() if line.startswith("*"))
    assert run("bundles", "rollback", bundles)[1].strip() == versions["sound"].name
    assert bundle_folder.promotions(bundles)[-1]["rollback"]
    assert "forced" not in run("bundles", "list", bundles)[1]


def test_what_was_not_judged_passes_with_a_note(
    versions: dict[str, Path], bundles: Path, run: Run, small: Catalog
):
    assert "gate" not in read_manifest(versions["unjudged"])
    code, _, err = run("bundles", "promote", bundles, versions["unjudged"].name)
    assert code == 0
    assert "note: gate: not judged" in err
    few = train(small, replace(QUICK, gate_days=5)).save(bundles)
    assert gate_of(few)["figures"] == {}
    code, _, err = run("bundles", "promote", bundles, few.name)
    assert code == 0
    run("bundles", "promote", bundles, versions["one tree"].name, "--force")
    code, _, err = run("bundles", "promote", bundles, versions["equal"].name)
    assert code == 0
    assert "it was not compared with the promoted configuration" in err


def test_an_outcome_that_too_few_rows_tell_is_named(versions: dict[str, Path], small: Catalog):
    log = small.collaborations
    declined = log["status"] == "declined"
    no_no = replace(small, collaborations=log[~declined].reset_index(drop=True))
    sound = read_manifest(versions["sound"])
    trained = train(no_no, JUDGED, promoted=sound)
    why = trained.about["gate"]["missing"]["accept"]
    assert re.fullmatch(r"only \d+ of \d+ came out otherwise, fewer than 10", why)
    assert sound["gate"]["missing"] == {"sold": FEW_SELL_NOTHING}
    notes = judge({"version": "v2", **trained.about}, sound).notes
    assert [note for note in notes if "acceptance (AUC) is not judged" in note and why in note]


@pytest.mark.parametrize("days", [1000, 10**6, 10**10])
def test_days_before_anything_was_known_are_not_judged(
    versions: dict[str, Path], bundles: Path, run: Run, small: Catalog, days: int
):
    trained = train(
        small, replace(QUICK, gate_days=days), promoted=read_manifest(versions["sound"])
    )
    why = f"only 0 answers and 0 outcomes were known {days:,} days before {small.newest_day()}"
    assert f"gate: not judged: {why}; choose fewer gate_days" in repr(trained)
    code, _, err = run("bundles", "promote", bundles, trained.save(bundles).name)
    assert code == 0
    assert f"note: gate: not judged: {why}" in err


def test_a_constant_is_not_judged(small: Catalog):
    """Enough is known to begin with, and too little to learn acceptance from."""
    log = small.collaborations
    start = np.datetime64(small.newest_day()) - 84
    declined = (log["status"] == "declined") & (log["invited_on"] < start)
    few = replace(small, collaborations=log[~declined].reset_index(drop=True))
    gate = train(few, JUDGED).about["gate"]
    assert re.search(
        r"^nothing was learnt of what came before: only \d+ of \d+", gate["missing"]["accept"]
    )
    assert "sales" in gate["figures"]


def test_nothing_that_came_later_teaches_the_trial(small: Catalog):
    """It is what training on the catalog of that day would fit, tree by tree."""
    start = small.newest_day() - timedelta(days=84)
    assert len(small.cut(start).products) == len(small.products)
    history = build_history(small)
    _, _, texts = encode_texts(small, history, QUICK)
    trial = fit_ranker(collect_rows(small, history, texts), history, start, QUICK)
    then = train(small, QUICK, start).contents.ranker
    assert trial.ranker.texts() == then.texts()
    assert trial.ranker.describe() == then.describe()


def test_the_promoted_configuration_has_not_the_features_that_came_since(
    versions: dict[str, Path],
):
    manifest = read_manifest(versions["sound"])
    older = {**manifest, "features": manifest["features"][1:]}
    rival = Rival.of(older, JUDGED)
    assert rival.config.ignored_features == (FEATURES[0].name,)
    assert rival.note is None
    changed = [{**manifest["features"][0], "code": "x"}, *manifest["features"][1:]]
    assert FEATURES[0].name in str(Rival.of({**manifest, "features": changed}, JUDGED).note)


def test_what_cannot_be_fitted_any_more_is_not_compared_with_itself(
    small: Catalog, versions: dict[str, Path]
):
    manifest = read_manifest(versions["sound"])
    gone = {**manifest["features"][0], "name": "my_score"}
    promoted = {**manifest, "features": [*manifest["features"], gone]}
    told = train(small, JUDGED, promoted=promoted).about["gate"]
    assert "without its own my_score" in told["promoted"]["reason"]
    assert "gain" not in told["promoted"]
    assert any("my_score" in line for line in tell(told))
    verdict = judge({**manifest, "version": "v2", "gate": told}, promoted)
    assert any("my_score" in note for note in verdict.notes)


def test_a_choice_that_is_gone_is_no_fault_of_the_new_bundle(
    small: Catalog, versions: dict[str, Path]
):
    manifest = read_manifest(versions["sound"])
    config = {**manifest["config"], "bagging": 3}
    told = train(small, JUDGED, promoted={**manifest, "config": config}).about["gate"]["promoted"]
    assert "bagging" in told["reason"]
