"""What each plot of a week's summary draws, beside the week before where there is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from matching.svg import Draw
from serve.capacity import FloatArray
from serve.look import Look

Named = Sequence[tuple[str, Look]]
"""Weeks and how they look, the summary's own first."""

_STYLES = ({"color": "#1667c9"}, {"color": "#c2571a", "linestyle": "--"})
_USES = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, np.inf])


def values(weeks: Named) -> Draw:
    """Draw how many lists bring how much, on a scale of powers of ten."""

    def draw(axes: Axes) -> None:
        sales = [look.list_sales[look.list_sales > 0] for _, look in weeks]
        known = np.log10(np.concatenate(sales))
        if len(known):
            low, high = np.floor(known.min()), np.floor(known.max()) + 1
            edges = np.logspace(low, high, 6 * int(high - low) + 1)
            _outlines(axes, weeks, [np.histogram(each, edges)[0] for each in sales], edges)
        axes.set(xscale="log", xlabel="expected settled sales of a list", ylabel="lists")

    return draw


def exposure(weeks: Named) -> Draw:
    """Draw which share of the places goes to the creators with most, who are few."""

    def draw(axes: Axes) -> None:
        for (week, look), style in zip(weeks, _STYLES, strict=False):
            count, total = len(look.places), look.places.sum()
            if total:
                at = np.unique(np.geomspace(1, count, 80).round().astype(int))
                axes.plot(at / count, np.cumsum(look.places[::-1])[at - 1] / total, **style)
                axes.lines[-1].set_label(week)
        axes.set(xscale="log", ylim=(0.0, 1.02), ylabel="share of all places")
        axes.set_xlabel("share of the creators, most places first")
        axes.xaxis.set_major_formatter(lambda share, at: f"{100.0 * share:.6g}%")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(alpha=0.3)

    return draw


def capacity(weeks: Named) -> Draw:
    """Draw how full creators with a limited week would be if as many accept as is expected."""

    def draw(axes: Axes) -> None:
        heights = [np.histogram(look.use, _USES)[0] for _, look in weeks]
        _outlines(axes, weeks, heights, np.arange(len(_USES), dtype=float))
        axes.set_xticks(range(len(_USES)), [*(f"{use:.0%}" for use in _USES[:-1]), "more"])
        axes.set_xlabel("expected acceptances ÷ capacity")
        axes.set_ylabel("creators listed, of a limited week")

    return draw


def _outlines(axes: Axes, weeks: Named, heights: Sequence[FloatArray], edges: FloatArray) -> None:
    """Draw histograms over each other, the first filled."""
    for (week, _), height, style in zip(weeks, heights, _STYLES, strict=False):
        axes.stairs(height, edges, label=week, **style)
    axes.stairs(heights[0], edges, fill=True, alpha=0.15, **_STYLES[0])
    axes.legend(frameon=False)
    axes.grid(axis="y", alpha=0.3)
