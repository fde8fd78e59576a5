"""The report tells its figures in a terminal, as JSON and on a page that needs nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from io import StringIO

import pytest
from rich.console import Console

from training.evaluate import Asked, evaluate
from training.page import render
from training.plots import plots
from training.report import show, write
from training.tables import tables

FIGURE = {"value": 0.5, "standard_error": 0.01, "low": 0.48, "high": 0.52, "rows": 90, "count": 90}
UNKNOWN = dict.fromkeys(FIGURE)
BESIDE = {"predicted": FIGURE, "followers": FIGURE, "gain": UNKNOWN}
WORTH = {
    "value_ratio": 0.9,
    "standard_error": 0.01,
    "money_share": 0.8,
    "money_share_error": 0.02,
    "products": 5,
}
OBJECTIVES = ("roi", "gmv", "profit")
PLACES = {"share_of_list": FIGURE, "share_of_oracle": FIGURE}
PROBABILITY = {
    "rows": 90,
    "auc": BESIDE,
    "share": FIGURE,
    "predicted": FIGURE,
    "brier": FIGURE,
    "calibration_error": {**FIGURE, "value": 0.0123},
    "bins": [{"predicted": 0.4, "actual": FIGURE}],
}
JUDGED = {
    "counts": {"invitations": 12_345, "published": 90},
    "ranking": dict.fromkeys(("sold", "sales", "ndcg_sales"), BESIDE),
    "accept": PROBABILITY,
    "fulfil": {"rows": 0},
    "sales": {
        "predicted_by_actual": FIGURE,
        "tenths": [
            {"predicted": 10.0 * i, "actual": FIGURE, "predicted_by_actual": FIGURE}
            for i in range(1, 11)
        ],
    },
    "interval": {"level": 0.8, "inside": FIGURE, "fifths": [FIGURE] * 5},
}
BARE = {
    "bundle": "v1 <b>",
    "as_of": "2026-11-01",
    "currency": "CNY",
    "absent": {"implicit ALS": "nobody has sold <anything> yet"},
    "later": {"invitations": 0},
    "similar": {"creators": 0, "neighbours": 10, "least": 12, "methods": {}},
}
WHOLE = {
    **BARE,
    "truth": {
        "products": 5,
        "methods": {"this ranking": dict.fromkeys(OBJECTIVES, WORTH)},
        "retrieval_kept": {key: {**FIGURE, "value": 0.987} for key in OBJECTIVES},
        "segments": {"cold creator": {key: {**WORTH, **PLACES} for key in OBJECTIVES}},
    },
    "later": {
        "invitations": 12_345,
        "all": JUDGED,
        "baselines": {"followers": {"sold": FIGURE}},
        "segments": {"cold creator": JUDGED, "local product": None},
    },
    "similar": {
        "creators": 4321,
        "neighbours": 10,
        "least": 12,
        "methods": {
            "this space": {"spearman": {**FIGURE, "value": 0.654}, "r2": FIGURE},
            "followers": {"spearman": FIGURE, "r2": UNKNOWN, "gain": FIGURE},
        },
    },
    "curve": [
        {"fraction": part, "collaborations": int(4000 * part), "figures": {"roi": FIGURE}}
        for part in (0.25, 1.0)
    ],
    "ablation": {
        "figures": {"roi": FIGURE},
        "change_without": {"reach": {"roi": UNKNOWN}},
        "evidence": {"reach": {**FIGURE, "value": 0.321}},
    },
    "rolling": {
        "origins": [
            {"from": "2026-09-01", "until": "2026-10-01", "rows": 9, "figures": {"sold": BESIDE}}
        ],
        "pooled": {"sold": {**BESIDE, "gain": {**FIGURE, "value": 0.03, "low": -0.01}}},
        "words": "it includes 0 & claims nothing",
    },
}


def told(report):
    console = Console(record=True, width=170, file=StringIO())
    show(report, console)
    return console.export_text()


def test_figures_are_told_with_their_errors():
    text = told(WHOLE)
    assert "0.900 ± 0.010 (0.80 ± 0.02)" in text
    assert "0.987 ± 0.010" in text
    assert "0.012 ± 0.010" in text
    assert "12,345 invitations" in text
    assert "+0.030 (-0.010 to +0.520)" in text
    assert "4,321 creators, foretold by their 10 neighbours" in text
    assert "0.654 ± 0.010" in text
    assert "claims nothing" in text
    assert "nobody has sold <anything> yet" in text


def test_nothing_later_is_said():
    text = told(BARE)
    assert "nothing after the bundle's date" in text
    assert "AUC" not in text


FEW = {**WHOLE, "similar": {**BARE["similar"], "creators": 7}}


def test_too_few_creators_to_judge_neighbours_by_are_said():
    text = " ".join(told(FEW).split())
    assert "Only 7 creators published something since; it takes 12 to tell." in text
    assert "it takes 12" not in told(WHOLE)


@pytest.mark.parametrize("report", [BARE, WHOLE, FEW], ids=["bare", "whole", "few"])
def test_rows_are_as_long_as_the_head(report):
    for table in tables(report):
        assert table.rows, table.title
        for row in table.rows:
            assert len(row) == len(table.columns), table.title


class Page(HTMLParser):
    """Collects the text and holds that every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.open, self.links = "", [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_holds_every_table_and_plot_and_needs_nothing_else():
    page = render(WHOLE)
    read = Page(page)
    assert read.open == []
    for table in tables(WHOLE):
        assert table.title in read.text
        for row in table.rows:
            assert all(cell in read.text for cell in row)
    assert page.count("<svg") == len(list(plots(WHOLE))) == 7
    assert all(link.startswith("#") for link in read.links)  # parts of the same drawing
    assert not re.search(r"@import|url\(http|<script", page)


def test_text_is_escaped():
    page = render(WHOLE)
    assert "v1 &lt;b&gt;" in page
    assert "&lt;anything&gt;" in page
    assert "includes 0 &amp; claims" in page


def test_the_same_figures_give_the_same_page():
    assert render(WHOLE) == render(WHOLE)


def test_a_bare_report_has_no_plots():
    assert list(plots(BARE)) == []
    assert "nothing after" in Page(render(BARE)).text


def test_the_report_is_written_whole(tmp_path):
    paths = write(WHOLE, tmp_path / "reports")
    assert [path.name for path in paths] == ["report.json", "report.html"]
    assert json.loads(paths[0].read_text()) == WHOLE
    assert {p.name for p in (tmp_path / "reports").iterdir()} == {"report.json", "report.html"}


def test_a_real_judgement_can_be_told_and_written(trained_earlier, catalog, tmp_path, market):
    """What the judge makes is what the tables and plots read."""
    from tests.training.conftest import AS_OF
    from training.evaluate import truth_of

    bundle = trained_earlier.save(tmp_path)
    asked = Asked(products=8, origins=(AS_OF,))
    report = evaluate(bundle, catalog, truth_of(str(market)), asked)
    assert "this ranking" in told(report)
    write(report, tmp_path / "out")
    assert len(list(plots(report))) == 5
