"""A judgement's plots as inline SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing

from training import drawings
from training.cells import PROBABILITIES
from training.drawings import Draw


def plots(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and SVG of each plot that the report has figures for."""
    for name, size, draw in _drawings(report):
        yield name, _svg(name, size, draw)


def _drawings(report: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, float], Draw]]:
    later = report["later"]
    if "truth" in report:
        yield "Value ratio ± 2 standard errors", (9.0, 4.4), drawings.value_ratios(report["truth"])
    if later["invitations"]:
        whole = later["all"]
        if any(whole[name]["rows"] for name in PROBABILITIES):
            yield "Probabilities: predicted and actual", (4.6, 4.4), drawings.reliability(whole)
        if whole["sales"]["tenths"]:
            yield (
                "Published sales by tenth of prediction",
                (4.6, 4.4),
                drawings.sizes(whole["sales"]),
            )
        if whole["interval"]["fifths"]:
            yield (
                "Inside the interval, by predicted size",
                (4.6, 4.4),
                drawings.coverage(whole["interval"]),
            )
    if "curve" in report:
        yield "Learning curve", (4.6, 4.4), drawings.curve(report["curve"])
    if "ablation" in report:
        yield "Change without a stage", (6.4, 4.4), drawings.ablation(report["ablation"])
    if "rolling" in report:
        name = "Rolling origins: gain in AUC over followers, 90 %"
        yield name, (6.4, 4.4), drawings.rolling(report["rolling"])


def _svg(name: str, size: tuple[float, float], draw: Draw) -> str:
    """Return the SVG; the same figures give the same text."""
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path", "font.size": 9}):
        drawing = Drawing(figsize=size, layout="constrained")
        axes = drawing.add_subplot()
        draw(axes)
        axes.set_title(name, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        text = StringIO()
        drawing.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
