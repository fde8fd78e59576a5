"""The summary of a week as one page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from serve import svg
from serve.capacity import FloatArray
from serve.changes import REASONS, Side
from serve.look import Look

CHANGES = ("entered", "left", "moved")
_MERCHANTS_SHOWN = 20
_USES = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0])
_STYLE = """
body{font:15px/1.45 system-ui,"Noto Sans CJK SC",sans-serif;color:#1c2430;background:#fff;
max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
.about,small{color:#5a6675}small{display:block;font-weight:400}
table{border-collapse:collapse;width:100%}.wide{overflow-x:auto}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #e3e7ec;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}th{color:#5a6675;font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(290px,1fr));gap:1rem}
figure{margin:0}figcaption{font-weight:600}svg{width:100%;height:auto}
svg text{font-size:11px;fill:#5a6675}.grid{stroke:#e3e7ec}
polyline{fill:none;stroke-width:2;stroke:#1667c9}polygon{fill:#1667c9;opacity:.16}
polyline.before{stroke:#c2571a;stroke-dasharray:5 3}polygon.before{fill:none}
.now{color:#1667c9}.was{color:#c2571a}
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
        _values(looks),
        _exposure(looks),
        _capacity(looks),
        "</div>",
        *(_legend(now, before) if before is not None else ()),
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


# --- plots ---


def _named(looks: Sequence[Look]) -> Iterable[tuple[str, Look]]:
    """Yield each look and its class, the week's own last: it is drawn on top."""
    return reversed(list(zip((svg.NOW, svg.BEFORE), looks, strict=False)))


def _values(looks: Sequence[Look]) -> str:
    """Draw how many lists bring how much, on a scale of powers of ten."""
    title = "Value: expected settled sales of a list"
    found = [np.log10(look.list_sales[look.list_sales > 0]) for look in looks]
    known = np.concatenate(found)
    if not len(known):
        return svg.plot(title, ("", [(0, "0"), (1, "1")]), ("lists", [(0, "0")]), [])
    low, high = int(np.floor(known.min())), int(np.floor(known.max())) + 1
    edges = np.linspace(low, high, 6 * (high - low) + 1)
    ticks = [(float(power), _power(power)) for power in range(low, high + 1)]
    return _histogram(title, "settled sales", edges, ticks, found, "lists")


def _power(power: int) -> str:
    names = {0: "1", 1: "10", 2: "100", 3: "1k", 4: "10k", 5: "100k", 6: "1M", 7: "10M"}
    return names.get(power, f"1e{power}")


def _capacity(looks: Sequence[Look]) -> str:
    """Draw how full creators with a limited week would be if as many accept as is expected."""
    count = len(_USES)
    edges = np.linspace(0.0, 1.0, count + 1)
    shown = [(np.digitize(look.use, _USES) - 0.5) / count for look in looks]
    ticks = [(float(at), f"{use:.0%}") for at, use in zip(edges, _USES, strict=False)]
    return _histogram(
        "Use of creators' weeks",
        "expected acceptances / capacity",
        edges,
        [*ticks, (1.0, "more")],
        shown,
        "creators with a place and a limited week",
    )


def _histogram(
    title: str,
    across: str,
    edges: FloatArray,
    ticks: svg.Ticks,
    values: Sequence[FloatArray],
    counted: str,
) -> str:
    heights = [np.histogram(each, edges)[0] for each in values]
    top = max(1.0, float(max(each.max() for each in heights)))
    series = [
        (name, svg.steps(edges.tolist(), height.tolist()))
        for name, height in reversed(list(zip((svg.NOW, svg.BEFORE), heights, strict=False)))
    ]
    return svg.plot(title, (across, ticks), (counted, _round_ticks(top)), series, filled=True)


def _round_ticks(top: float) -> svg.Ticks:
    """Return ticks at 1, 2 or 5 times a power of ten, up to the top or above."""
    power = 10.0 ** np.floor(np.log10(top))
    step = next(s * power / 4 for s in (1, 2, 4, 8, 10) if s * power >= top)
    step = max(1.0, np.ceil(step)) if top >= 1 else step
    return [(float(at * step), f"{at * step:,.0f}") for at in range(5)]


def _exposure(looks: Sequence[Look]) -> str:
    """Draw which share of the places goes to the creators with most, who are few."""
    fewest = min((1.0 / len(look.places) for look in looks if len(look.places)), default=0.1)
    powers = range(int(np.floor(np.log10(fewest))), 1)
    across = [(float(power), f"{100.0 * 10.0**power:.4g}%") for power in powers]
    shares = [(at / 4, f"{at / 4:.0%}") for at in range(5)]
    return svg.plot(
        "Exposure",
        ("share of the creators, most places first", across),
        ("share of all places", shares),
        [(name, _most_first(look.places)) for name, look in _named(looks)],
    )


def _most_first(places: FloatArray) -> svg.Points:
    """Return the share of the places over the logarithm of the share of creators."""
    count, total = len(places), places.sum()
    if not total:
        return []
    at = np.unique(np.geomspace(1, count, 80).round().astype(int))
    shares = np.cumsum(places[::-1])[at - 1] / total
    return [(float(x), float(y)) for x, y in zip(np.log10(at / count), shares, strict=True)]


def _legend(now: Side, before: Side) -> Iterable[str]:
    yield (
        f'<p><span class="now">— {escape(now.week.week)}</span> &nbsp; '
        f'<span class="was">-- {escape(before.week.week)}</span></p>'
    )


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
