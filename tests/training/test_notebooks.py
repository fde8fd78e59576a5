"""The notebooks run from top to bottom, and show what their text promises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from matching import bundle as bundle_folder
from training.simulator import MarketConfig, simulate

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


SHOWN = ("result", "report")
"""What notebooks end cells with that shows itself, as text and as a page."""


@dataclass(frozen=True)
class Ran:
    """What a notebook showed: how many plots, and its text."""

    plots: int
    text: str


def run(name: str) -> Ran:
    """Execute a notebook in a kernel of its own: nothing warns, and a value is shown once."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": NOTEBOOKS}}).execute()
    for cell in notebook.cells:
        assert not [o for o in cell.get("outputs", ()) if o.get("name") == "stderr"], cell.source
        if cell.source.splitlines()[-1] in SHOWN:
            (only,) = cell.outputs
            assert only.data["text/plain"].strip(), cell.source
            assert "text/html" in only.data
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [output.get("data", {}) for output in outputs]
    text = [output.get("text", "") for output in outputs]
    text += [data.get("text/plain", "") + data.get("text/markdown", "") for data in shown]
    return Ran(sum("image/png" in data for data in shown), "\n".join(text))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As small as leaves something to show: what counts here is that cells run."""
    folder = tmp_path_factory.mktemp("market") / "data"
    simulate(MarketConfig(creators=250, products=40, collaborations=2500, seed=5)).save(folder)
    return folder


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


def test_a_newcomer_looks_trains_and_compares_in_one_folder(given):
    bundles = given / "bundles"
    looked = run("look")
    assert looked.plots == 4
    assert "creators.city" in looked.text
    trained = run("retrain")
    assert trained.plots == 2
    assert "What is good" in trained.text
    (first,) = bundle_folder.versions(bundles)
    assert first["promoted"]
    assert first["as_of"] == first["newest"]["collaborations"]
    compared = run("compare")
    assert compared.plots == 2
    assert "Choices: depth 3 → 4." in compared.text
    second = bundle_folder.versions(bundles)[-1]
    assert f"serving now: {second['version']}" in compared.text
    assert second["promoted"]


@pytest.mark.slow
def test_comparing_makes_what_an_empty_folder_lacks(given):
    run("compare")
    assert [v["promoted"] for v in bundle_folder.versions(given / "bundles")] == [False, True]


def test_own_data_goes_from_raw_exports_to_a_bundle(given):
    ran = run("own_data")
    assert ran.plots == 1
    assert "there is no" in ran.text
    assert len(bundle_folder.versions(given / "bundles")) == 1


def test_tune_searches_and_shows_what_it_found(given):
    """That it goes on where it was is tested in test_tuning.py."""
    (given / "quick.toml").write_text(QUICK.replace("tree_count = 15", "tree_count = 40"))
    ran = run("tune")
    assert "2 trials" in ran.text
    assert ran.plots == 2
    assert "tree_count = " in ran.text


def test_notebooks_and_their_text_pairs_agree():
    texts = sorted(NOTEBOOKS.glob("*.py"))
    assert len(texts) == len(list(NOTEBOOKS.glob("*.ipynb"))) == 5
    for text in texts:
        paired = jupytext.read(text)
        notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
        assert [c.source for c in notebook.cells] == [c.source for c in paired.cells]
