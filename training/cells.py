"""A table of text, and how a figure is told in one of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.figures import Figure

Report = Mapping[str, Any]

MEASURES = {
    "sold": "sold anything, AUC",
    "sales": "sales, Spearman",
    "top_tenth": "share of sales in the top tenth",
    "ndcg_sales": "NDCG@10 in a product, sales",
    "ndcg_roi": "NDCG@10 in a product, ROI",
    "plays": "impressions, Spearman",
}
COMPARED = {
    **MEASURES,
    "accept": "accepts, AUC",
    "accept_error": "accepts, calibration error",
    "fulfil": "publishes, AUC",
    "fulfil_error": "publishes, calibration error",
    "sales_ratio": "sales, predicted ÷ actual",
}
"""What two bundles are compared by; of an error less is better, of a ratio what is nearer to 1."""
OURS = "this ranking"
PROBABILITIES = {"accept": "accepts", "fulfil": "publishes once accepted"}


def objective_name(name: str) -> str:
    """Return an objective as sentences tell it; anything else as it is."""
    return name.upper() if name in ("roi", "gmv") else name


def measure_name(name: str) -> str:
    """Return what a table or a plot calls a measure or an objective."""
    return MEASURES.get(name) or objective_name(name)


@dataclass(frozen=True)
class Table:
    """A title, the head, rows of text as long as it, and what a reader should know."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""


def plus_minus(figure: Figure | None, digits: int = 3) -> str:
    """Return value ± standard error, a dash where it is not known."""
    if figure is None or figure["value"] is None:
        return "–"
    error = figure["standard_error"]
    told = "?" if error is None else f"{error:,.{digits}f}"
    return f"{figure['value']:,.{digits}f} ± {told}"


def interval(figure: Figure) -> str:
    """Return a gain with its 90 % interval."""
    if figure["value"] is None or figure["low"] is None:
        return "–"
    return f"{figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"


def absent(report: Report) -> str:
    """Say which baselines are absent, and why."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in report["absent"].items():
        by_reason.setdefault(reason, []).append(name)
    return "".join(f"Absent: {', '.join(who)} ({why}). " for why, who in by_reason.items())
