"""The notebooks run from top to bottom, and show what their text promises."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from matching import bundle as bundle_folder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
QUICK = """
tree_count = 15
text_dimensions = 8
anchor_products = 8
anchor_creators = 40
space_dimensions = 8
threads = 1
gate_days = 0
"""


@dataclass(frozen=True)
class Ran:
    """What a notebook showed: how many plots, and its text."""

    plots: int
    text: str


def run(name: str) -> Ran:
    """Execute a notebook in a kernel of its own."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": NOTEBOOKS}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [output.get("data", {}) for output in outputs]
    text = [output.get("text", "") for output in outputs]
    text += [data.get("text/plain", "") + data.get("text/markdown", "") for data in shown]
    return Ran(sum("image/png" in data for data in shown), "\n".join(text))


@pytest.fixture
def given(tmp_path: Path, market: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A market, a configuration that is quick, and a folder for what notebooks write."""
    (tmp_path / "quick.toml").write_text(QUICK)
    for name, value in {
        "DATA": market,
        "BUNDLES": tmp_path / "bundles",
        "CONFIG": tmp_path / "quick.toml",
        "TUNING": tmp_path / "tuning.sqlite",
        "REAL": tmp_path / "absent",
        "TRIALS": "2",
        "FOLDS": "1",
    }.items():
        monkeypatch.setenv(f"MATCHING_{name}", str(value))
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS.parent))  # what stands beside the notebooks
    return tmp_path


def test_look_shows_what_is_missing_and_four_plots(given):
    ran = run("look")
    assert ran.plots == 4
    assert "creators.city" in ran.text


def test_retrain_judges_and_saves(given):
    ran = run("retrain")
    assert ran.plots == 2
    assert "What is good" in ran.text
    assert len(bundle_folder.versions(given / "bundles")) == 1


def test_compare_tells_the_difference_and_promotes(given, trained_earlier):
    """Of two bundles with the same models: nothing is better or worse, and the gate agrees."""
    bundles = given / "bundles"
    first = trained_earlier.save(bundles)
    bundle_folder.promote(bundles, first.name)
    config = {**trained_earlier.about["config"], "depth": 4}
    again = replace(trained_earlier, about={**trained_earlier.about, "config": config})
    second = again.save(bundles)
    ran = run("compare")
    assert ran.plots == 2
    assert "Choices: depth 3 → 4." in ran.text
    assert "no difference is clear" in ran.text
    assert f"serving now: {second.name}" in ran.text
    assert bundle_folder.promoted(bundles) == second


def test_own_data_goes_from_raw_exports_to_a_bundle(given):
    ran = run("own_data")
    assert ran.plots == 1
    assert "there is no" in ran.text
    assert len(bundle_folder.versions(given / "bundles")) == 1


def test_tune_goes_on_where_it_was(given, monkeypatch):
    """What is asked for in all is what is run: one trial more the second time."""
    assert "2 trials" in run("tune").text
    monkeypatch.setenv("MATCHING_TRIALS", "3")
    ran = run("tune")
    assert "3 trials" in ran.text
    assert ran.plots == 2
    assert "learning_rate = " in ran.text


def test_notebooks_and_their_text_pairs_agree():
    texts = sorted(NOTEBOOKS.glob("*.py"))
    assert len(texts) == len(list(NOTEBOOKS.glob("*.ipynb"))) == 5
    for text in texts:
        paired = jupytext.read(text)
        notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
        assert [c.source for c in notebook.cells] == [c.source for c in paired.cells]
