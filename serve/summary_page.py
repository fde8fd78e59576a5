"""The summary of a week as one page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from matching.svg import svg
from serve import week_plots
from serve.changes import REASONS, Side
from serve.look import Look
from serve.week_plots import Named

CHANGES = ("entered", "left", "moved")
_MERCHANTS_SHOWN = 20
_STYLE = """
body{font:15px/1.45 system-ui,"Noto Sans CJK SC",sans-serif;color:#1c2430;background:#fff;
max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
.about,small{color:#5a6675}small{display:block;font-weight:400}
table{border-collapse:collapse;width:100%}.wide{overflow-x:auto}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #e3e7ec;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}th{color:#5a6675;font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(290px,1fr));gap:1rem}
figure{margin:0}svg{width:100%;height:auto}
"""


def page(
    now: Side,
    before: Side | None,
    looks: Sequence[Look],
    reasons: Counter[tuple[str, str]],
    merchants: Counter[tuple[str, str]],
) -> str:
    """Return the page; the same weeks and bundles give the same text.

    Parameters
    ----------
    looks : at the week and, where there is one, at the week before
    reasons : how many pairs changed, by reason and change
    merchants : the same by merchant and change
    """
    title = f"Match lists of {now.week.week}"
    currency = "money" if now.matcher is None else now.matcher.currency
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="about">{escape(_about(now.week.manifest, currency))}</p>',
        *(f"<p>{escape(note)}</p>" for note in _notes(now, before)),
        "<h2>The week in figures</h2>",
        _figures(now, before, looks),
        '<h2>Value, exposure, capacity</h2><div class="plots">',
        *_plots(list(zip([side.week.week for side in (now, before) if side], looks, strict=True))),
        "</div>",
        *(_changed(before, reasons, merchants) if before is not None else ()),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _about(manifest: Mapping[str, Any], currency: str) -> str:
    allocated = manifest.get("allocation", "none") != "none"
    how = "within what creators can serve" if allocated else "each product by itself"
    return (
        f"ranked by {manifest['objective']}, {how}; facts of {manifest['as_of']}, "
        f"bundle {manifest['bundle']}. Money in {currency} is what is expected, the chance that a "
        "creator accepts included."
    )


def _notes(now: Side, before: Side | None) -> Iterable[str]:
    """Yield what the reader should know before the figures."""
    manifest = now.week.manifest
    for name, told in (
        ("without_creators", "have no list: nobody may be offered them"),
        ("skipped_without_margin", "have no list: their margin is not known"),
    ):
        if manifest.get(name):
            yield f"{len(manifest[name]):,} products {told}."
    if before is None:
        yield "There is no week before to compare with."
    elif before.matcher is None:
        gone = before.week.manifest["bundle"]
        yield f"Bundle {gone} of {before.week.week} is gone: why creators entered is not known."


def _figures(now: Side, before: Side | None, looks: Sequence[Look]) -> str:
    heads = ["", now.week.week, *([before.week.week, "change"] if before is not None else [])]
    rows = []
    for name, value in looks[0].totals.items():
        row = [name, _number(value)]
        if before is not None:
            was = looks[1].totals.get(name, np.nan)
            row += [_number(was), _change(was, value)]
        rows.append(row)
    return _table(heads, rows)


def _number(value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3f}"


def _change(was: float, now: float) -> str:
    return "–" if np.isnan(was) or was == 0 else f"{(now - was) / abs(was):+.1%}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _plots(weeks: Named) -> Iterable[str]:
    size = (3.9, 3.0)
    for name, draw in (
        ("Value", week_plots.values(weeks)),
        ("Exposure", week_plots.exposure(weeks)),
        ("Use of creators' weeks", week_plots.capacity(weeks)),
    ):
        yield f"<figure>{svg(name, size, draw)}</figure>"


# --- changes ---


def _changed(
    before: Side, reasons: Counter[tuple[str, str]], merchants: Counter[tuple[str, str]]
) -> Iterable[str]:
    """Yield why places changed, and for whom most."""
    yield f"<h2>What changed since {escape(before.week.week)}, and why</h2>"
    if not reasons:
        yield "<p>Nothing: every list is as it was.</p>"
        return
    yield _table(
        ["creators who … because", *CHANGES],
        [
            [told, *(f"{reasons[name, change]:,}" for change in CHANGES)]
            for name, told in REASONS.items()
            if any(reasons[name, change] for change in CHANGES)
        ],
    )
    yield "<p>Each of them, with its merchant, product and ranks, is in changes.parquet.</p>"
    sums: Counter[str] = Counter()
    for (merchant, _), count in merchants.items():
        sums[merchant] += count
    most = sorted(sums, key=lambda merchant: (-sums[merchant], merchant))[:_MERCHANTS_SHOWN]
    of_all = f" (of {len(sums):,})" if len(sums) > len(most) else ""
    yield f"<h2>Merchants with most changes{of_all}</h2>"
    yield _table(
        ["merchant", *CHANGES],
        [[name, *(f"{merchants[name, change]:,}" for change in CHANGES)] for name in most],
    )
