"""Plots as inline SVG, the same text for the same figures."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Draw = Callable[[Axes], None]
"""What draws a plot on its axes."""


def svg(name: str, size: tuple[float, float], draw: Draw) -> str:
    """Return a plot with its name above it.

    Parameters
    ----------
    size : width and height in inches
    """
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_title(name, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    whole = text.getvalue()
    return whole[whole.index("<svg") :]
