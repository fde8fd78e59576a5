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
GAIN = {**FIGURE, "value": 0.1, "low": 0.08, "high": 0.12}
UNCLEAR = {"value": 0.0, "standard_error": 0.01, "count": 90}
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
GATED = {
    "from": "2026-10-04",
    "until": "2026-11-01",
    "figures": {"accept": FIGURE, "sales": FIGURE},
    "promoted": {
        "version": "v0",
        "figures": {"accept": {**FIGURE, "value": 0.45}, "sales": {**FIGURE, "value": 0.6}},
        "gain": {"accept": {**GAIN, "value": 0.05}, "sales": UNCLEAR},
    },
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
NAMED = {
    "stability_index": 0.4321,
    "by_chance": 0.01,
    "usual": 0.05,
    "shift": 0.7,
    "median": [1.0, 23456.0],
    "missing": [0.0, 0.5],
}
BARE = {
    "about": {
        "catalog": "market <of> old",
        "sizes": {"creators": 1234, "creator_stats": 5},
        "config": {"tree_count": 40},
        "features": 56,
        "gate": [],
        "paired": None,
        "warnings": [],
        "undated": ["creators.city", "creators.mcn_id", "products.price"],
    },
    "drift": {"from": "2026-11-01", "reason": "fewer than 50 invitations"},
    "findings": {"good": [], "bad": [], "unsure": ["Drift cannot be told."]},
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
        "lead": {},
    },
    "findings": {"good": ["It sells & sells."], "bad": ["It costs."], "unsure": []},
    "drift": {
        "from": "2026-11-01",
        "until": "2026-11-29",
        "rows": [5000, 700],
        "earlier": 3,
        "unknown": 0.25,
        "features": [{**NAMED, "name": "same_city"}],
        "predictions": [{**NAMED, "name": "ROI"}],
    },
    "against": {
        "bundle": "v0",
        "as_of": "2026-10-01",
        "config": {"depth": [3, 5]},
        "features": {"added": ["own_column"], "removed": [], "changed": []},
        "losses": [],
        "notes": ["something was left out"],
        "rows": 4000,
        "lists": {**FIGURE, "value": 0.64},
        "measures": {
            "sales": {"mine": FIGURE, "theirs": {**FIGURE, "value": 0.4}, "change": GAIN},
            "accept_error": {"mine": FIGURE, "theirs": FIGURE, "change": GAIN},
            "sold": {"mine": UNKNOWN, "theirs": UNKNOWN, "change": UNKNOWN},
        },
        "worth": {"roi": {"mine": FIGURE, "theirs": FIGURE, "change": UNCLEAR}},
    },
    "later": {
        "invitations": 12_345,
        "all": JUDGED,
        "baselines": {"followers": {"sold": FIGURE}},
        "lead": {},
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


@pytest.fixture(scope="module")
def whole_page():
    """Drawing its plots takes a second."""
    return render(WHOLE)


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


def test_tables_that_tell_nothing_are_left_out():
    assert "foretold by their" not in told(FEW)
    empty = {**JUDGED, "counts": {**JUDGED["counts"], "published": 0}}
    nothing = {**UNKNOWN, "rows": 0}
    empty["ranking"] = dict.fromkeys(JUDGED["ranking"], dict.fromkeys(BESIDE, nothing))
    empty["accept"] = {"rows": 0}
    later = {**WHOLE["later"], "all": empty, "baselines": {}}
    titles = [table.title for table in tables({**WHOLE, "later": later})]
    assert not [title for title in titles if title.startswith("order of what came later")]
    assert not [title for title in titles if title.startswith("calibration")]


@pytest.mark.parametrize(
    ("change", "losses", "sentence", "kind"),
    [
        (
            {**UNCLEAR, "value": -0.02},
            [],
            "Yes, on balance: the gate finds it better than the promoted configuration at "
            "acceptance (AUC), more clearly than it is worse at size of sales",
            "good",
        ),
        (GAIN, [], "Yes: the gate finds it better than the promoted configuration at", "good"),
        (UNCLEAR, [], "it finds no clear difference from the promoted configuration", "unsure"),
        (
            {**UNCLEAR, "value": -0.05},
            ["size of sales (Spearman) is 0.5"],
            "No: the gate finds it worse than the promoted configuration at size of sales",
            "bad",
        ),
        (GAIN, ["size of sales (Spearman) is 0.5"], "No: the gate refuses to promote it", "bad"),
    ],
)
def test_the_first_box_says_whether_it_helped(change, losses, sentence, kind):
    accept = {**UNCLEAR, "value": 0.05} if "balance" in sentence else UNCLEAR
    promoted = {**GATED["promoted"], "gain": {"accept": accept, "sales": change}}
    about = {**BARE["about"], "paired": {**GATED, "promoted": promoted}}
    report = {**BARE, "about": about, "against": {**WHOLE["against"], "losses": losses}}
    page = render(report)
    text = Page(page).text
    assert f'class="answer {kind}"' in page
    assert text.index("shall we ship it?") < text.index(sentence) < text.index("What is good")
    assert "size of sales (Spearman) 0.600 → 0.500" in text
    assert sentence in " ".join(told(report).split())
    assert ("Yes" in text) == (kind == "good")


def test_weeks_that_are_too_short_to_judge_are_said(whole_page):
    few = {**WHOLE["later"], "all": {**JUDGED, "counts": {"invitations": 340, "published": 9}}}
    about = {**BARE["about"], "gate": ["acceptance 0.7"], "paired": GATED}
    text = Page(render({**WHOLE, "later": few, "about": about})).text
    assert "too little to judge it by: 340 invitations, 9 of them published" in text
    assert "The gate's figures are the answer" in text
    assert "too little" not in Page(whole_page).text


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


def test_the_page_holds_every_table_and_plot_and_needs_nothing_else(whole_page):
    read = Page(whole_page)
    assert read.open == []
    for table in tables(WHOLE):
        assert table.title in read.text
        for row in table.rows:
            assert all(cell in read.text for cell in row)
    assert whole_page.count("<svg") == len(list(plots(WHOLE))) == 9
    assert all(link.startswith("#") for link in read.links)  # parts of the same drawing
    assert not re.search(r"@import|url\(http|<script", whole_page)


def test_the_page_opens_with_what_is_good_what_it_is_and_what_changed(whole_page):
    text = Page(whole_page).text
    places = [
        text.index(told)
        for told in (
            "What is good",
            "It sells & sells.",
            "What is bad",
            "It costs.",
            "1,234 creators, 5 creator stats",
            "tree_count = 40",
            "of creators: city, mcn_id; of products: price",
            "What changed against v0",
            "depth 3 → 5; added the features own_column.",
            "something was left out",
            "64% of the first 20 creators",
        )
    ]
    assert places == sorted(places)


def test_a_bundle_that_cannot_be_asked_any_more_is_told_by_its_manifest():
    told = {**WHOLE["against"], "reason": "it was trained with other features"}
    for name in ("rows", "lists", "measures", "worth"):
        del told[name]
    text = Page(render({**BARE, "against": told})).text
    assert "cannot be asked any more: it was trained with other features" in text
    assert "depth 3 → 5" in text


def test_drift_is_told_beside_chance():
    text = told(WHOLE)
    assert re.search(r"same_city\W+0.432\W+0.010\W+0.050\W+0.70\W+moved far\W+1\W+23,456", text)
    assert "25.0% of the newest invitations" in " ".join(text.split())


def test_text_is_escaped(whole_page):
    assert "market &lt;of&gt; old" in whole_page
    assert "sells &amp; sells" in whole_page
    assert "v1 &lt;b&gt;" in whole_page
    assert "&lt;anything&gt;" in whole_page
    assert "includes 0 &amp; claims" in whole_page


def test_the_same_figures_give_the_same_page(whole_page):
    assert render(WHOLE) == whole_page


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
    asked = Asked(products=4, origins=(AS_OF,))
    report = evaluate(bundle, catalog, truth_of(str(market)), asked)
    assert "this ranking" in told(report)
    write(report, tmp_path / "out")
    assert len(list(plots(report))) == 7
