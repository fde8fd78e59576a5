"""What each plot with horizontal bars draws: value ratios, segments, stages, drift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from matching.economics import OBJECTIVES
from matching.svg import Draw
from training.cells import measure_name, objective_name
from training.drawings import TWO_ERRORS, errors, known, legend_below, quantity, values
from training.drift import LEAST_SHIFT, MOVED, MOVED_FAR, expected, reading

_SHOWN = 12
_LEAST_ROWS = 20
_WIDEST = 1.0  # a longer bar would hide the limits
_COLOURS = {"steady": "tab:green", "moved": "tab:orange", "moved far": "tab:red"}


def value_ratios(truth: Mapping[str, Any]) -> Draw:
    """Draw each method's value ratios by objective."""
    methods = list(truth["methods"])

    def draw(axes: Axes) -> None:
        for place, objective in enumerate(OBJECTIVES):
            figures = [truth["methods"][method][objective] for method in methods]
            axes.barh(
                np.arange(len(methods)) + 0.27 * (place - 1),
                values(figures, "value_ratio"),
                0.25,
                xerr=errors(figures, TWO_ERRORS),
                label=objective_name(objective),
                error_kw={"elinewidth": 0.8},
            )
        axes.set_yticks(range(len(methods)), methods)
        axes.invert_yaxis()
        axes.axvline(0, color="black", linewidth=0.6)
        axes.axvline(1, color="grey", linestyle="--", linewidth=0.8)
        axes.set(xlabel="worth, as a share of the oracle's top ten ± 2 standard errors")
        legend_below(axes)

    return draw


def ablation(ablation: Mapping[str, Any]) -> Draw:
    """Draw how each figure changes without each stage."""
    changes = ablation["change_without"]

    def draw(axes: Axes) -> None:
        names = known(ablation["figures"])
        for place, name in enumerate(names):
            figures = [change[name] for change in changes.values()]
            axes.barh(
                np.arange(len(changes)) + 0.8 * (place / len(names) - 0.4),
                values(figures),
                0.7 / len(names),
                xerr=errors(figures, TWO_ERRORS),
                label=measure_name(name),
                error_kw={"elinewidth": 0.8},
            )
        axes.set_yticks(range(len(changes)), list(changes))
        axes.invert_yaxis()
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set(xlabel=f"change of {quantity(names)} ± 2 standard errors")
        legend_below(axes)

    return draw


def segments(later: Mapping[str, Any]) -> Draw:
    """Draw how well sales are ordered in each segment, by prediction and by followers.

    A handful of rows may correlate anyhow, so that their segment would only squeeze the others.
    """
    every = {"all": later["all"], **later["segments"]}
    found = {
        name: judged["ranking"]["sales"]
        for name, judged in every.items()
        if judged
        and judged["ranking"]["sales"]["predicted"]["value"] is not None
        and judged["ranking"]["sales"]["predicted"]["rows"] >= _LEAST_ROWS
    }

    def draw(axes: Axes) -> None:
        places = np.arange(len(found))
        for side, shift in (("predicted", -0.15), ("followers", 0.15)):
            figures = [by[side] for by in found.values()]
            told, room = np.array(values(figures)), np.array(errors(figures, TWO_ERRORS))
            axes.errorbar(
                told,
                places + shift,
                xerr=[np.minimum(room, told + 1.0), np.minimum(room, 1.0 - told)],
                fmt="o",
                markersize=5,
                linewidth=1,
                label=side,
            )
        axes.set_yticks(places, list(found))
        axes.invert_yaxis()
        axes.axvline(0, color="grey", linewidth=0.6)
        axes.set(xlabel="Spearman of sales ± 2 standard errors")
        legend_below(axes)

    return draw


def drift(drift: Mapping[str, Any]) -> Draw:
    """Draw the stability index of predictions, and of the features that moved most.

    An arrow marks a bar that goes on: its index stands beside the name.
    """
    shown = [*drift["predictions"], *drift["features"][:_SHOWN]]

    def draw(axes: Axes) -> None:
        places = np.arange(len(shown))
        colours = [_COLOURS[reading(one)] for one in shown]
        axes.barh(places, [one["stability_index"] for one in shown], 0.7, color=colours)
        usual = [expected(one) for one in shown]
        axes.plot(usual, places, "k|", markersize=9, label="usual")
        axes.set_yticks(places, [f"{o['name']}  {o['stability_index']:.2f}" for o in shown])
        axes.invert_yaxis()
        axes.axhline(len(drift["predictions"]) - 0.5, color="grey", linewidth=0.6)
        widest = min(_WIDEST, max(MOVED_FAR, axes.get_xlim()[1]))
        axes.set_xlim(0.0, widest)
        cut = [place for place, one in enumerate(shown) if one["stability_index"] > widest]
        axes.plot([0.985 * widest] * len(cut), cut, "w>", markersize=6)
        axes.set(xlabel="population stability index")
        handles = [Patch(color=colour, label=told) for told, colour in _told_colours().items()]
        handles += axes.get_legend_handles_labels()[0]
        legend_below(axes, handles)

    return draw


def _told_colours() -> dict[str, str]:
    return {
        f"steady, or by under {LEAST_SHIFT} sd": _COLOURS["steady"],
        f"moved: {MOVED} more than twice the usual": _COLOURS["moved"],
        f"moved far: {MOVED_FAR} more": _COLOURS["moved far"],
    }
