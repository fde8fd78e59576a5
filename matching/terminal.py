"""An answer as a table in a terminal: creators for a product, or products for a creator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PIPED_WIDTH = 120
_NUMBERS = ("slot fee", "ROI", "80 %", "sales", "profit", "yes")


class Shown(NamedTuple):
    """An answer in words: what it is about, on which terms, its table and how it was made."""

    subject: str
    terms: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str


def show_answer(
    answer: Mapping[str, Any],
    console: Console | None = None,
    tried: Mapping[str, float] | None = None,
) -> None:
    """Print a match: what it is about, notes, and one line a creator or product."""
    console = console or Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    told = in_words(answer, tried)
    console.print(f"[bold]{escape(told.subject)}[/bold]  {escape(told.terms)}")
    for note in told.notes:
        console.print(f"[yellow]•[/yellow] {escape(note)}", highlight=False)
    table = Table(caption=escape(told.caption))
    for name in told.columns:
        table.add_column(name, justify="right" if name in (*_NUMBERS, "#") else "left")
    for row in told.rows:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)


def as_text(show: Callable[[Console], None]) -> str:
    """Return what is printed, without colours.

    In a notebook's kernel a console would display it beside what it was made for, whatever its
    file is.
    """
    page = StringIO()
    show(Console(file=page, force_jupyter=False, force_terminal=False))
    return page.getvalue().rstrip()


def in_words(answer: Mapping[str, Any], tried: Mapping[str, float] | None = None) -> Shown:
    """Return what is shown of an answer, which was given for the terms that were tried."""
    caption = f"by {answer['objective']}, bundle {answer['bundle']}"
    if "product" in answer:
        product, items = answer["product"], answer["creators"]
        subject = product["title"]
        terms = (
            f"{product['category']}  {product['price']:,.2f} {answer['currency']}  "
            f"{_terms(product['commission_rate'], tried or {})}"
        )
        kind, name = "creator", "name"
    else:
        person, items = answer["creator"], answer["items"]
        subject = _named(person, "creator_id", "name")
        terms = "  ".join(filter(None, (person["category"], person["city"])))
        kind, name = "product", "title"
    rows = [_cells(item, f"{kind}_id", name) for item in items]
    return Shown(subject, terms, answer["notes"], ("#", kind, "channel", *_NUMBERS), rows, caption)


def _cells(item: Mapping[str, Any], key: str, name: str) -> tuple[str, ...]:
    offer, predicted = item["offer"], item["predicted"]
    fee = f"{offer['slot_fee']:,.0f}" + ("?" if offer["cost_estimated"] else "")
    return (
        str(item["rank"]),
        _named(item, key, name),
        offer["channel"],
        fee,
        _number(predicted["roi"], ".2f"),
        f"{_number(predicted['roi_low'], '.1f')}–{_number(predicted['roi_high'], '.1f')}",
        _number(predicted["settled_gmv"], ",.0f"),
        _number(predicted["profit"], ",.0f"),
        _number(predicted["accept_probability"], ".0%"),
    )


def _terms(commission: float, tried: Mapping[str, float]) -> str:
    """Return the commission, or the terms that were tried: with the catalog's where it differs."""
    usual = f"commission {commission:.0%}"
    if not tried:
        return usual
    told = [
        f"{name.removesuffix('_rate').replace('_', ' ')} "
        f"{f'{value:.0%}' if name.endswith('_rate') else f'{value:,.2f}'}"
        for name, value in tried.items()
    ]
    return f"tried: {', '.join(told)} (in the catalog: {usual})"


def _named(item: Mapping[str, Any], key: str, name: str) -> str:
    return " ".join(filter(None, (item[key], item[name])))


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
