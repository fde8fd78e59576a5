"""A judgement as one HTML file that needs nothing else: plots as inline SVG, and every table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from training.about import in_words
from training.cells import Table
from training.changetables import changes
from training.headline import TITLE, headline, standing
from training.plots import plots
from training.report import NOTHING_LATER, VERDICTS
from training.tables import tables

_READING = (
    "After ± stands a standard error, in brackets a 90 % interval. Good or bad is a gain whose "
    "interval leaves out 0, and a goal that is met, or missed by two standard errors; the rest is "
    "not sure."
)
_REM_PER_INCH = 5.6
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .3rem; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; margin: 0; }
dt { color: #777; max-width: 13rem; } dd { margin: 0; }
.verdicts { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem;
  margin-top: 1.4rem; }
.verdicts section { border-left: 4px solid #888; background: #8881; padding: .6rem 1rem; }
.verdicts h2 { margin: 0 0 .3rem; } ul { margin: 0; padding-left: 1.1rem; } li { margin: .25rem 0; }
.verdicts .good, .answer.good { border-color: #2a9d4a; }
.verdicts .bad, .answer.bad { border-color: #d33c3c; }
.verdicts .unsure, .answer.unsure { border-color: #d9a021; }
.answer { border-left: 6px solid #888; background: #8881; padding: .6rem 1rem; margin-top: 1rem; }
.answer h2 { margin: 0; font-size: 1rem; font-weight: 400; color: #777; }
.answer p { margin: .3rem 0; }
.answer p:first-of-type { font-size: 1.15rem; font-weight: 600; }
.plots { display: flex; flex-wrap: wrap; gap: .8rem; }
figure { margin: 0; background: #fff; border-radius: 6px; padding: .3rem; box-sizing: border-box; }
figure svg { display: block; width: 100%; height: auto; }
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
    told = headline(report)
    parts += [_answer(report, told)] if told else []
    parts.append(f'<div class="verdicts">{_verdicts(report["findings"])}</div>')
    parts.append(f'<p class="note">{escape(_READING)}</p>')
    parts.append(_about(in_words(report)))
    if "rolling" in report:
        parts.append(f'<p class="words">{escape(report["rolling"]["words"])}</p>')
    if "against" in report:
        title = f"What changed against {report['against']['bundle']}"
        parts.append(_list(title, list(changes(report["against"]))))
    drawn = [_figure(*plot) for plot in plots(report)]
    parts += ["<h2>In pictures</h2>", '<div class="plots">', *drawn, "</div>"] if drawn else []
    parts += ["<h2>All figures</h2>", *(_table(table) for table in tables(report))]
    return "\n".join([*parts, "</body></html>\n"])


def _figure(name: str, width: float, svg: str) -> str:
    """Return a plot as wide as it was drawn, so that all have letters of one size."""
    wide = f"width: {_REM_PER_INCH * width:g}rem; max-width: 100%"
    return f'<figure role="img" aria-label="{escape(name)}" style="{wide}">{svg}</figure>'


def _answer(report: Mapping[str, Any], sentences: list[str]) -> str:
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return f'<section class="answer {standing(report)}"><h2>{escape(TITLE)}</h2>{told}</section>'


def _about(words: Iterable[tuple[str, str]]) -> str:
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in words)
    return f"<h2>What it is</h2><dl>{told}</dl>"


def _verdicts(findings: Mapping[str, list[str]]) -> str:
    return "".join(
        _list(title, findings[verdict] or ["Nothing."], verdict)
        for verdict, title in VERDICTS.items()
    )


def _list(title: str, sentences: list[str], kind: str = "changes") -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<section class="{kind}"><h2>{escape(title)}</h2><ul>{items}</ul></section>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<section><h3>{escape(table.title)}</h3>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"</div>{note}</section>"
    )
