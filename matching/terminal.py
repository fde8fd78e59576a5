"""An answer as a table in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PIPED_WIDTH = 120


def show_answer(answer: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a match: product, notes, and one line a creator."""
    console = console or Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    product = answer["product"]
    console.print(
        f"[bold]{escape(product['title'])}[/bold]  {escape(product['category'])}  "
        f"{product['price']:,.2f} {answer['currency']}  commission {product['commission_rate']:.0%}"
    )
    for note in answer["notes"]:
        console.print(f"[yellow]•[/yellow] {escape(note)}", highlight=False)
    table = Table(caption=f"by {answer['objective']}, bundle {answer['bundle']}")
    for name in ("#", "creator", "channel", "slot fee", "ROI", "80 %", "sales", "profit", "yes"):
        table.add_column(name, justify="left" if name in ("creator", "channel") else "right")
    for creator in answer["creators"]:
        table.add_row(*_line(creator))
    console.print(table)


def _line(creator: Mapping[str, Any]) -> tuple[str, ...]:
    offer, predicted = creator["offer"], creator["predicted"]
    fee = f"{offer['slot_fee']:,.0f}" + ("?" if offer["cost_estimated"] else "")
    return (
        str(creator["rank"]),
        escape(" ".join(filter(None, (creator["creator_id"], creator["name"])))),
        offer["channel"],
        fee,
        _number(predicted["roi"], ".2f"),
        f"{_number(predicted['roi_low'], '.1f')}–{_number(predicted['roi_high'], '.1f')}",
        _number(predicted["settled_gmv"], ",.0f"),
        _number(predicted["profit"], ",.0f"),
        _number(predicted["accept_probability"], ".0%"),
    )


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
