"""Runs in MLflow, where it is installed; without it, a sentence says what to install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from matching.bundle import read_manifest
from matching.errors import MatchingError
from tests.conftest import QUICK, Run
from training.run import Trained
from training.tracking import EXPERIMENT, track

FIGURE = {"value": 0.7, "standard_error": 0.1}
REPORT = {
    "later": {"all": {"ranking": {"sales": {"predicted": FIGURE, "gain": {"value": None}}}}},
    "truth": {"methods": {"this ranking": {"roi": {"value_ratio": 0.9}}}},
}


@pytest.fixture
def saved(quick: Trained, tmp_path: Path) -> Path:
    return quick.save(tmp_path / "bundles")


@pytest.mark.filterwarnings("ignore")  # of MLflow's own libraries
def test_a_version_is_one_run(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path}/runs.db"
    page = tmp_path / "report.html"
    page.write_text("<p>", encoding="utf-8")
    run = track(uri, saved, {})
    assert track(uri, saved, REPORT, [page]) == run
    client = mlflow.MlflowClient(tracking_uri=uri)
    (found,) = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert found.info.run_name == read_manifest(saved)["version"]
    assert found.info.status == "FINISHED"
    assert found.data.params["tree_count"] == str(QUICK.tree_count)
    assert found.data.metrics["report/later/ranking/sales/predicted"] == 0.7
    assert found.data.metrics["report/value_ratio/roi"] == 0.9
    assert {file.path for file in client.list_artifacts(run)} == {"manifest.json", "report.html"}


@pytest.mark.filterwarnings("ignore")
def test_an_address_that_cannot_be_is_said(saved: Path):
    pytest.importorskip("mlflow")
    with pytest.raises(MatchingError, match="was not tracked in nowhere"):
        track("nowhere://x", saved, {})


def test_without_mlflow_nothing_is_trained_in_vain(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for command in (
        ("train", tmp_path, "--out", tmp_path / "out"),
        ("evaluate", tmp_path, tmp_path),
    ):
        code, _, err = run(*command, "--mlflow", "sqlite:///runs.db")
        assert code == 1
        assert "MLflow is not installed: `pip install '.[mlflow]'`" in err
    assert not (tmp_path / "out").exists()
