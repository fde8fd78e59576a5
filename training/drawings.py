"""What each plot of a judgement draws: value ratios, reliability, sizes, coverage, studies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from matching.economics import OBJECTIVES
from training.cells import MEASURES, PROBABILITIES
from training.figures import Figure

Draw = Callable[[Axes], None]

_TWO_ERRORS = 2.0


def _errors(figures: Sequence[Figure], times: float = 1.0) -> list[float]:
    return [times * (figure["standard_error"] or 0.0) for figure in figures]


def _values(figures: Sequence[Figure], name: str = "value") -> list[float]:
    return [np.nan if figure[name] is None else figure[name] for figure in figures]


def value_ratios(truth: Mapping[str, Any]) -> Draw:
    """Draw each method's value ratios by objective."""
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


def reliability(whole: Mapping[str, Any]) -> Draw:
    """Draw predicted against actual probabilities, by bins."""

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
        ends = (-0.02, 1.02)
        axes.set(xlabel="predicted", ylabel="actual ± 2 standard errors", xlim=ends, ylim=ends)
        axes.legend(loc="upper left", frameon=False)

    return draw


def sizes(sales: Mapping[str, Any]) -> Draw:
    """Draw predicted against actual sales, by tenth."""

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
        axes.set_ylim(bottom=0)

    return draw


def coverage(interval: Mapping[str, Any]) -> Draw:
    """Draw the share inside the interval, by fifth."""

    def draw(axes: Axes) -> None:
        fifths = interval["fifths"]
        places = range(1, len(fifths) + 1)
        axes.bar(places, _values(fifths), 0.6, yerr=_errors(fifths, _TWO_ERRORS), color="tab:cyan")
        axes.axhline(interval["level"], color="grey", linestyle="--", linewidth=0.8)
        axes.set(ylim=(0, 1), xlabel="fifth, smallest first", ylabel="share ± 2 standard errors")

    return draw


def curve(curve: Sequence[Mapping[str, Any]]) -> Draw:
    """Draw each figure over the number of collaborations."""

    def draw(axes: Axes) -> None:
        counts = [step["collaborations"] for step in curve]
        for name in _told(curve[0]["figures"]):
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
        axes.xaxis.set_minor_locator(NullLocator())
        _legend_below(axes)

    return draw


def ablation(ablation: Mapping[str, Any]) -> Draw:
    """Draw how each figure changes without each stage."""
    changes = ablation["change_without"]

    def draw(axes: Axes) -> None:
        names = _told(ablation["figures"])
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
        _legend_below(axes)

    return draw


def rolling(rolling: Mapping[str, Any]) -> Draw:
    """Draw the gain over followers at each origin, and pooled."""

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


def _told(figures: Mapping[str, Figure]) -> list[str]:
    """Return the names of the figures that have a value."""
    return [name for name, figure in figures.items() if figure["value"] is not None]


def _legend_below(axes: Axes) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncol=2, frameon=False)
