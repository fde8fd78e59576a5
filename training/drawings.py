"""What each plot of a judgement draws: reliability, sizes, coverage, studies; bars are apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, NullLocator, SymmetricalLogLocator

from matching.economics import OBJECTIVES
from matching.svg import Draw
from training.cells import PROBABILITIES, measure_name
from training.figures import Figure

TWO_ERRORS = 2.0
_LEAST_IN_A_BIN = 10


def errors(figures: Sequence[Figure], times: float = 1.0) -> list[float]:
    """Return so many standard errors of each, 0 where not known."""
    return [times * (figure["standard_error"] or 0.0) for figure in figures]


def values(figures: Sequence[Figure], name: str = "value") -> list[float]:
    """Return the value of each, NaN where not known."""
    return [np.nan if figure[name] is None else figure[name] for figure in figures]


def reliability(whole: Mapping[str, Any]) -> Draw:
    """Draw predicted against actual probabilities, by bins that hold more than a few rows.

    Points alone: a line through bins that lie side by side would show a jump where there is chance.
    """

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=0.8)
        for name, told in PROBABILITIES.items():
            bins = [
                part
                for part in whole[name].get("bins", [])
                if part["actual"]["rows"] >= _LEAST_IN_A_BIN
            ]
            actual = [part["actual"] for part in bins]
            axes.errorbar(
                [part["predicted"] for part in bins],
                values(actual),
                errors(actual, TWO_ERRORS),
                fmt="o",
                markersize=4,
                linewidth=1,
                label=told,
            )
        ends = (-0.02, 1.02)
        axes.set(xlabel="predicted", ylabel="actual ± 2 standard errors", xlim=ends, ylim=ends)
        axes.legend(loc="upper left", frameon=False)

    return draw


def sizes(sales: Mapping[str, Any], currency: str) -> Draw:
    """Draw predicted against actual sales, by tenth."""

    def draw(axes: Axes) -> None:
        told = np.array([tenth["predicted"] for tenth in sales["tenths"]])
        actual = [tenth["actual"] for tenth in sales["tenths"]]
        axes.errorbar(
            told, values(actual), errors(actual, TWO_ERRORS), fmt="o", markersize=4, linewidth=1
        )
        ends = [told.min(), told.max()]
        axes.plot(ends, ends, "--", color="grey", linewidth=0.8)
        axes.set(
            xlabel=f"predicted mean ({currency})",
            ylabel=f"actual mean ({currency}) ± 2 standard errors",
        )
        for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
            smallest = max(1.0, told.min())
            scale("symlog", linthresh=smallest)
            axis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=smallest, subs=[1, 3]))
            axis.set_major_formatter(EngFormatter(sep=""))
        axes.set_ylim(bottom=0)

    return draw


def coverage(interval: Mapping[str, Any]) -> Draw:
    """Draw the share inside the interval, by fifth."""

    def draw(axes: Axes) -> None:
        fifths = interval["fifths"]
        places = range(1, len(fifths) + 1)
        axes.bar(places, values(fifths), 0.6, yerr=errors(fifths, TWO_ERRORS), color="tab:cyan")
        axes.axhline(interval["level"], color="grey", linestyle="--", linewidth=0.8)
        axes.set(ylim=(0, 1), xlabel="fifth, smallest first", ylabel="share ± 2 standard errors")

    return draw


def curve(curve: Sequence[Mapping[str, Any]]) -> Draw:
    """Draw each figure over the number of collaborations."""

    def draw(axes: Axes) -> None:
        counts = [step["collaborations"] for step in curve]
        names = known(curve[0]["figures"])
        for name in names:
            figures = [step["figures"][name] for step in curve]
            axes.errorbar(
                counts,
                values(figures),
                errors(figures, TWO_ERRORS),
                fmt="o-",
                markersize=4,
                linewidth=1,
                label=measure_name(name),
            )
        axes.set(xscale="log", xlabel="collaborations that were learnt from")
        axes.set(ylabel=f"{quantity(names)} ± 2 standard errors")
        axes.set_xticks(counts, [f"{count:,}" for count in counts], minor=False)
        axes.xaxis.set_minor_locator(NullLocator())
        legend_below(axes)

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
        axes.set(xlabel="gain in AUC of selling anything, 90 % interval", ylabel="trained as of")

    return draw


def quantity(names: Sequence[str]) -> str:
    """Return what is on the axis where these are drawn together."""
    return "the value ratio" if set(names) <= set(OBJECTIVES) else "each measure"


def known(figures: Mapping[str, Figure]) -> list[str]:
    """Return the names of the figures that have a value."""
    return [name for name, figure in figures.items() if figure["value"] is not None]


def legend_below(axes: Axes, handles: Sequence[Artist] | None = None) -> None:
    """Put the legend where no line can run through it."""
    given = {} if handles is None else {"handles": handles}
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncol=2, frameon=False, **given)
