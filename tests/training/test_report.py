"""The report says its figures in a terminal and keeps them as JSON."""

from __future__ import annotations

import json
from io import StringIO

from rich.console import Console

from training.report import show, write

LATER = {
    "invitations": 12,
    "auc_sale": 0.8125,
    "auc_accept": None,
    "sales_total": 12345.6,
    "interval": {"level": 0.8, "inside_by_fifth": [0.75, None]},
}
FIGURES = {"value_ratio": 0.9, "standard_error": 0.01, "money_share": 0.8, "products": 5}
TRUTH = {
    "products": 5,
    "methods": {"this ranking": dict.fromkeys(("roi", "gmv", "profit"), FIGURES)},
    "retrieval_kept": dict.fromkeys(("roi", "gmv", "profit"), 0.99),
}


def told(report):
    console = Console(record=True, width=120, file=StringIO())
    show(report, console)
    return console.export_text()


def test_figures_are_told():
    text = told({"bundle": "v1", "as_of": "2026-11-01", "truth": TRUTH, "later": LATER})
    assert "0.900 ± 0.010 (0.80)" in text
    assert "0.990" in text
    assert "12,346" in text
    assert "0.750 –" in text


def test_nothing_later_is_said():
    text = told({"bundle": "v1", "as_of": "2026-11-01", "later": {**LATER, "invitations": 0}})
    assert "nothing after the bundle's date" in text
    assert "auc" not in text


def test_the_report_is_written_whole(tmp_path):
    report = {"bundle": "v1", "as_of": "2026-11-01", "later": LATER}
    path = write(report, tmp_path / "reports")
    assert json.loads(path.read_text()) == report
    assert [p.name for p in path.parent.iterdir()] == ["report.json"]
