"""A judgement as tables in a terminal, as `report.json` and as `report.html`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from matching.drafts import write_synced
from training.changetables import changes
from training.headline import TITLE, headline
from training.tables import tables

NOTHING_LATER = "the catalog has nothing after the bundle's date to judge it by"
VERDICTS = {"good": "What is good", "bad": "What is bad", "unsure": "What is not sure"}
_PIPED_WIDTH = 150


def show(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the report."""
    console = console or Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    console.print(f"bundle {report['bundle']}, as of {report['as_of']}")
    if not report["later"]["invitations"]:
        console.print(NOTHING_LATER)
    for sentence in headline(report):
        console.print(escape(f"{TITLE} {sentence}"))
    for verdict, title in VERDICTS.items():
        for sentence in report["findings"][verdict]:
            console.print(escape(f"{title}: {sentence}"))
    for sentence in changes(report["against"]) if "against" in report else ():
        console.print(escape(f"Against {report['against']['bundle']}: {sentence}"))
    for table in tables(report):
        shown = RichTable(title=escape(table.title), caption=escape(table.note) or None)
        for place, name in enumerate(table.columns):
            shown.add_column(escape(name), justify="right" if place else "left")
        for row in table.rows:
            shown.add_row(*(escape(cell) for cell in row))
        console.print(shown)


def write(report: Mapping[str, Any], out: Path) -> list[Path]:
    """Write `report.json` and `report.html` and return their paths."""
    from training.page import render

    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.json": json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False),
        "report.html": render(report),
    }
    for name, text in texts.items():
        write_synced(out / f".{name}", text)
    return [(out / f".{name}").replace(out / name) for name in texts]
