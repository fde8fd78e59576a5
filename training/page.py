"""A judgement as one HTML file that needs nothing else: plots as inline SVG, and every table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from training.cells import Table
from training.plots import plots
from training.report import NOTHING_LATER
from training.tables import tables

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin: 2.2rem 0 .5rem; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; background: #fff; border-radius: 6px; padding: .4rem; }
figure svg { display: block; max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; }
th { border-bottom: 1px solid #8888; font-weight: 600; }
th { white-space: normal; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
tr:nth-child(even) td { background: #8881; }
.words { font-weight: 600; } p.note { color: #777; margin: .3rem 0; }
"""


def render(report: Mapping[str, Any]) -> str:
    """Return the page; every text of the report is escaped."""
    title = f"Bundle {report['bundle']}, as of {report['as_of']}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
    ]
    if not report["later"]["invitations"]:
        parts.append(f'<p class="note">{escape(NOTHING_LATER)}</p>')
    if "rolling" in report:
        parts.append(f'<p class="words">{escape(report["rolling"]["words"])}</p>')
    drawn = [
        f'<figure role="img" aria-label="{escape(name)}">{svg}</figure>'
        for name, svg in plots(report)
    ]
    parts += ['<div class="plots">', *drawn, "</div>"] if drawn else []
    parts += [_table(table) for table in tables(report)]
    return "\n".join([*parts, "</body></html>\n"])


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<section><h2>{escape(table.title)}</h2>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"</div>{note}</section>"
    )
