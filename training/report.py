"""A judgement as a table in a terminal and as `report.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from matching.drafts import write_synced
from matching.economics import OBJECTIVES


def show(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the report."""
    console = console or Console(width=110)
    console.print(f"bundle {report['bundle']}, as of {report['as_of']}")
    if "truth" in report:
        _show_truth(report["truth"], console)
    if not report["later"]["invitations"]:
        console.print("the catalog has nothing after the bundle's date to judge it by")
        return
    table = Table(title="what came after the bundle's date")
    table.add_column("measure")
    table.add_column("value", justify="right")
    for name, value in report["later"].items():
        if isinstance(value, Mapping):
            for inner, figure in value.items():
                table.add_row(f"{name} {inner}".replace("_", " "), _figure(figure))
        else:
            table.add_row(name.replace("_", " "), _figure(value))
    console.print(table)


def write(report: Mapping[str, Any], out: Path) -> Path:
    """Write `report.json` and return its path."""
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / ".report.json"
    write_synced(temporary, json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))
    return temporary.replace(out / "report.json")


def _show_truth(truth: Mapping[str, Any], console: Console) -> None:
    table = Table(
        title=f"value ratio ± standard error (money share), {truth['products']} products, top 10"
    )
    table.add_column("ranked by")
    for objective in OBJECTIVES:
        table.add_column(objective, justify="right")
    for method, figures in truth["methods"].items():
        cells = [
            f"{_figure(f['value_ratio'])} ± {_figure(f['standard_error'])} "
            f"({_figure(f['money_share'], 2)})"
            for f in (figures[objective] for objective in OBJECTIVES)
        ]
        table.add_row(method, *cells)
    kept = [_figure(truth["retrieval_kept"][objective]) for objective in OBJECTIVES]
    table.add_section()
    table.add_row("value that retrieval keeps of scoring everybody", *kept)
    console.print(table)


def _figure(value: Any, digits: int = 3) -> str:
    if isinstance(value, list):
        return " ".join(_figure(part) for part in value)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"
    return "–" if value is None else str(value)
