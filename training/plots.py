"""A judgement's plots as inline SVG: value ratios, reliability, sizes, coverage, studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

import matplotlib as mpl
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from matching.economics import OBJECTIVES
from training.metrics import Figure
from training.tables import MEASURES, PROBABILITIES

_TWO_ERRORS = 2.0
Draw = Callable[[Axes], None]


def plots(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and SVG of each plot that the report has figures for."""
    for name, size, draw in _drawings(report):
        yield name, _svg(name, size, draw)


def _drawings(report: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, float], Draw]]:
    later = report["later"]
    if "truth" in report:
        yield "Value ratio ± 2 standard errors", (9.0, 4.4), _value_ratios(report["truth"])
    if later["invitations"]:
        whole = later["all"]
        if any(whole[name]["rows"] for name in PROBABILITIES):
            yield "Probabilities: predicted and actual", (4.6, 4.4), _reliability(whole)
        if whole["sales"]["tenths"]:
            yield "Published sales by tenth of prediction", (4.6, 4.4), _sizes(whole["sales"])
        if whole["interval"]["fifths"]:
            yield "Inside the interval, by predicted size", (4.6, 4.4), _coverage(whole["interval"])
    if "curve" in report:
        yield "Learning curve", (4.6, 4.4), _curve(report["curve"])
    if "ablation" in report:
        yield "Change without a stage", (6.4, 4.4), _ablation(report["ablation"])
    if "rolling" in report:
        name = "Rolling origins: gain in AUC over followers, 90 %"
        yield name, (6.4, 4.4), _rolling(report["rolling"])


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


def _errors(figures: Sequence[Figure], times: float = 1.0) -> list[float]:
    return [times * (figure["standard_error"] or 0.0) for figure in figures]


def _values(figures: Sequence[Figure], name: str = "value") -> list[float]:
    return [np.nan if figure[name] is None else figure[name] for figure in figures]


def _value_ratios(truth: Mapping[str, Any]) -> Draw:
    methods = list(truth["methods"])

    def draw(axes: Axes) -> None:
        for place, objective in enumerate(OBJECTIVES):
            figures = [truth["methods"][method][objective] for method in methods]
            axes.barh(
                np.arange(len(methods)) + 0.27 * (place - 1),
                _values(figures, "value_ratio"),
                0.25,
                xerr=_errors(figures, _TWO_ERRORS),
                label=objective,
                error_kw={"elinewidth": 0.8},
            )
        axes.set_yticks(range(len(methods)), methods)
        axes.invert_yaxis()
        axes.axvline(0, color="black", linewidth=0.6)
        axes.axvline(1, color="grey", linestyle="--", linewidth=0.8)
        axes.set(xlabel="of the oracle's top ten")
        axes.legend(loc="best", frameon=False)

    return draw


def _reliability(whole: Mapping[str, Any]) -> Draw:
    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=0.8)
        for name, told in PROBABILITIES.items():
            bins = whole[name].get("bins", [])
            actual = [part["actual"] for part in bins]
            axes.errorbar(
                [part["predicted"] for part in bins],
                _values(actual),
                _errors(actual, _TWO_ERRORS),
                fmt="o-",
                markersize=3,
                linewidth=1,
                label=told,
            )
        axes.set(xlabel="predicted", ylabel="actual ± 2 standard errors", xlim=(0, 1), ylim=(0, 1))
        axes.legend(loc="upper left", frameon=False)

    return draw


def _sizes(sales: Mapping[str, Any]) -> Draw:
    def draw(axes: Axes) -> None:
        told = np.array([tenth["predicted"] for tenth in sales["tenths"]])
        actual = [tenth["actual"] for tenth in sales["tenths"]]
        axes.errorbar(
            told, _values(actual), _errors(actual, _TWO_ERRORS), fmt="o", markersize=4, linewidth=1
        )
        ends = [told.min(), told.max()]
        axes.plot(ends, ends, "--", color="grey", linewidth=0.8)
        axes.set(xlabel="predicted mean", ylabel="actual mean ± 2 standard errors")
        axes.set_xscale("symlog", linthresh=max(1.0, told.min()))
        axes.set_yscale("symlog", linthresh=max(1.0, told.min()))

    return draw


def _coverage(interval: Mapping[str, Any]) -> Draw:
    def draw(axes: Axes) -> None:
        fifths = interval["fifths"]
        places = range(1, len(fifths) + 1)
        axes.bar(places, _values(fifths), 0.6, yerr=_errors(fifths, _TWO_ERRORS), color="tab:cyan")
        axes.axhline(interval["level"], color="grey", linestyle="--", linewidth=0.8)
        axes.set(ylim=(0, 1), xlabel="fifth, smallest first", ylabel="share ± 2 standard errors")

    return draw


def _curve(curve: Sequence[Mapping[str, Any]]) -> Draw:
    def draw(axes: Axes) -> None:
        counts = [step["collaborations"] for step in curve]
        for name in curve[0]["figures"]:
            figures = [step["figures"][name] for step in curve]
            axes.errorbar(
                counts,
                _values(figures),
                _errors(figures, _TWO_ERRORS),
                fmt="o-",
                markersize=4,
                linewidth=1,
                label=MEASURES.get(name, name),
            )
        axes.set(xscale="log", xlabel="collaborations", ylabel="± 2 standard errors")
        axes.set_xticks(counts, [f"{count:,}" for count in counts], minor=False)
        axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
        axes.legend(frameon=False)

    return draw


def _ablation(ablation: Mapping[str, Any]) -> Draw:
    changes = ablation["change_without"]

    def draw(axes: Axes) -> None:
        names = list(ablation["figures"])
        for place, name in enumerate(names):
            figures = [change[name] for change in changes.values()]
            axes.barh(
                np.arange(len(changes)) + 0.8 * (place / len(names) - 0.4),
                _values(figures),
                0.7 / len(names),
                xerr=_errors(figures, _TWO_ERRORS),
                label=MEASURES.get(name, name),
                error_kw={"elinewidth": 0.8},
            )
        axes.set_yticks(range(len(changes)), list(changes))
        axes.invert_yaxis()
        axes.axvline(0, color="black", linewidth=0.6)
        axes.legend(frameon=False)

    return draw


def _rolling(rolling: Mapping[str, Any]) -> Draw:
    def draw(axes: Axes) -> None:
        names = [origin["from"] for origin in rolling["origins"]]
        gains = [origin["figures"]["sold"]["gain"] for origin in rolling["origins"]]
        gains.append(rolling["pooled"]["sold"]["gain"])
        for place, gain in enumerate(gains):
            if gain["low"] is not None:
                color = "tab:red" if place == len(names) else "tab:blue"
                axes.plot([gain["low"], gain["high"]], [place, place], color=color)
                axes.plot(gain["value"], place, "o", color=color)
        axes.set_yticks(range(len(gains)), [*names, "pooled"])
        axes.invert_yaxis()
        axes.axvline(0, color="grey", linestyle="--", linewidth=0.8)

    return draw
