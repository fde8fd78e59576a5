"""A judgement's plots as inline SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matching.svg import Draw, svg
from training import bars, drawings
from training.cells import PROBABILITIES

_NARROW, _WIDE = (4.3, 4.2), (6.5, 4.2)
"""Three narrow ones or two wide ones fill a line of the page."""


def plots(report: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    """Yield name, width in inches and SVG of each plot that the report has figures for."""
    for name, size, draw in _drawings(report):
        yield name, size[0], svg(name, size, draw)


def _drawings(report: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, float], Draw]]:
    later = report["later"]
    if "truth" in report:
        yield "Value ratio ± 2 standard errors", _WIDE, bars.value_ratios(report["truth"])
    whole = later.get("all")
    if whole and whole["ranking"]["sales"]["predicted"]["value"] is not None:
        yield "Order of sales, by segment", _WIDE, bars.segments(later)
    if whole:
        if any(whole[name]["rows"] for name in PROBABILITIES):
            yield "Probabilities: predicted and actual", _NARROW, drawings.reliability(whole)
        if whole["sales"]["tenths"]:
            yield (
                "Published sales by tenth of prediction",
                _NARROW,
                drawings.sizes(whole["sales"], report["currency"]),
            )
        if whole["interval"]["fifths"]:
            yield (
                "Inside the interval, by predicted size",
                _NARROW,
                drawings.coverage(whole["interval"]),
            )
    if "features" in report["drift"]:
        yield "Drift since training", _WIDE, bars.drift(report["drift"])
    if "ablation" in report:
        yield "Change without a stage", _WIDE, bars.ablation(report["ablation"])
    if "curve" in report:
        yield "Learning curve", _WIDE, drawings.curve(report["curve"])
    if "rolling" in report:
        name = "Rolling origins: gain over followers"
        yield name, _WIDE, drawings.rolling(report["rolling"])
