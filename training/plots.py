"""A judgement's plots as inline SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matching.svg import Draw, svg
from training import bars, drawings
from training.cells import PROBABILITIES


def plots(report: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    """Yield name, width in inches and SVG of each plot that the report has figures for."""
    for name, size, draw in _drawings(report):
        yield name, size[0], svg(name, size, draw)


def _drawings(report: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, float], Draw]]:
    later = report["later"]
    if "truth" in report:
        yield "Value ratio ± 2 standard errors", (9.0, 4.4), bars.value_ratios(report["truth"])
    if later["invitations"]:
        whole = later["all"]
        if any(whole[name]["rows"] for name in PROBABILITIES):
            yield "Probabilities: predicted and actual", (4.6, 4.4), drawings.reliability(whole)
        if whole["sales"]["tenths"]:
            yield (
                "Published sales by tenth of prediction",
                (4.6, 4.4),
                drawings.sizes(whole["sales"], report["currency"]),
            )
        if whole["interval"]["fifths"]:
            yield (
                "Inside the interval, by predicted size",
                (4.6, 4.4),
                drawings.coverage(whole["interval"]),
            )
        if whole["ranking"]["sales"]["predicted"]["value"] is not None:
            yield "Order of sales, by segment", (6.4, 4.4), bars.segments(later)
    if "features" in report["drift"]:
        yield "Drift since training", (6.4, 4.4), bars.drift(report["drift"])
    if "curve" in report:
        yield "Learning curve", (4.6, 4.4), drawings.curve(report["curve"])
    if "ablation" in report:
        yield "Change without a stage", (6.4, 4.4), bars.ablation(report["ablation"])
    if "rolling" in report:
        name = "Rolling origins: gain in AUC over followers, 90 %"
        yield name, (6.4, 4.4), drawings.rolling(report["rolling"])
