"""The notebooks run from top to bottom, and show what their text promises."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from training.simulator import MarketConfig, simulate

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_retrain_runs_and_shows_three_plots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On a market of its own, smaller than the one that comes with the program, and unpromoted."""
    config = MarketConfig(creators=250, products=40, collaborations=2500, seed=8)
    simulate(config).save(tmp_path / "data")
    monkeypatch.setenv("MATCHING_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MATCHING_BUNDLES", str(tmp_path / "bundles"))
    notebook = nbformat.read(NOTEBOOKS / "retrain.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": NOTEBOOKS}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    plots = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(plots) == 3
    printed = "".join(o["text"] for o in outputs if o.get("name") == "stdout")
    assert "of the creators in the fresh top 20" in printed


def test_notebooks_and_their_text_pairs_agree():
    for text in NOTEBOOKS.glob("*.py"):
        paired = jupytext.read(text)
        notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
        assert [c.source for c in notebook.cells] == [c.source for c in paired.cells]
