"""Results of the Python API as people see them: in a terminal, in a notebook, as a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def to_text(answer: Mapping[str, Any], tried: Mapping[str, float] | None = None) -> str:
    """Return an answer as the table that a terminal shows, without colours.

    `tried` are the terms that were asked for instead of the catalog's.
    """
    from matching.terminal import as_text, show_answer

    return as_text(lambda console: show_answer(answer, console, tried))


def to_html(answer: Mapping[str, Any], tried: Mapping[str, float] | None = None) -> str:
    """Return an answer as an HTML table; every text in it is escaped."""
    from matching.terminal import in_words

    told = in_words(answer, tried)
    notes = "".join(f"<li>{escape(note)}</li>" for note in told.notes)
    return (
        f"<p><b>{escape(told.subject)}</b> {escape(told.terms)}</p>"
        f"{f'<ul>{notes}</ul>' if notes else ''}"
        f"<table><caption>{escape(told.caption)}</caption>"
        f"<thead>{_row('th', told.columns)}</thead>"
        f"<tbody>{''.join(_row('td', row) for row in told.rows)}</tbody></table>"
    )


def to_frame(items: Sequence[Mapping[str, Any]], first: int = 1) -> pd.DataFrame:
    """Return one row a creator or product, indexed by rank; what is nested becomes columns.

    Offer and prediction keep their names, evidence is `evidence_<stage>`; reasons are left out.
    """
    import pandas as pd

    rows = [
        {
            **{name: value for name, value in item.items() if name not in _NESTED},
            **item["offer"],
            **item["predicted"],
            **{f"evidence_{stage}": value for stage, value in item.get("evidence", {}).items()},
        }
        for item in items
    ]
    return pd.DataFrame(rows, index=pd.RangeIndex(first, first + len(rows), name="rank"))


_NESTED = ("rank", "offer", "predicted", "evidence", "reasons")


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
