"""Past: a merchant's own collaborations that came to an end, with the names of all they are of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from matching.history import Ids, IntArray
from matching.record import Cases

if TYPE_CHECKING:
    from matching.matcher import Matcher


@dataclass(frozen=True)
class Past:
    """Cases in the order in which they are shown: by merchant, each one's newest first.

    Attributes
    ----------
    cases : Cases
    merchants : int64 (cases,)
        Rows of `merchant_ids`.
    title, name : callables
        Of a row of products, of creators; None where it is not known.
    interval_level : float
        Share of published ones that the promised intervals are to hold.
    given_sale : bool
        Whether those intervals hold given a sale.
    is_gross : bool
        Whether refunds are unknown.
    """

    cases: Cases
    merchants: IntArray
    merchant_ids: Ids
    product_ids: Ids
    creator_ids: Ids
    title: Callable[[int], str | None]
    name: Callable[[int], str | None]
    interval_level: float
    given_sale: bool
    is_gross: bool

    def __len__(self) -> int:
        return len(self.cases)

    def pair(self, row: int) -> tuple[str, str]:
        """Return product_id and creator_id of a case."""
        product, creator = int(self.cases.products[row]), int(self.cases.creators[row])
        return self.product_ids[product], self.creator_ids[creator]

    def place(self, row: int) -> tuple[str, int, str]:
        """Return what says where a case stands: merchant_id, day, collaboration_id."""
        merchant_id = self.merchant_ids[int(self.merchants[row])]
        collaboration_id = bytes(self.cases.collaboration_ids[row]).decode()
        return merchant_id, int(self.cases.invited_on[row]), collaboration_id

    def after(self, merchant_id: str, day: int, collaboration_id: str) -> int:
        """Return the row of the first case that stands after such a one, be it there or not."""
        known = self.merchant_ids.rows([merchant_id])[0] >= 0
        row = np.searchsorted(self.merchant_ids.encoded, np.bytes_(merchant_id.encode()))
        days, ids = self.cases.invited_on, self.cases.collaboration_ids
        later = (days < day) | ((days == day) & (ids > np.bytes_(collaboration_id.encode())))
        stands_after = (self.merchants >= row + known) | (known & (self.merchants == row) & later)
        return int(np.argmax(np.append(stands_after, True)))


def past_of(matcher: Matcher, merchant_id: str | None) -> Past:
    """Return the cases of one merchant, none for an unknown one; None is everybody."""
    contents = matcher.contents
    history, record, ranker = contents.history, contents.record, contents.ranker
    cases = record.cases
    merchants = np.repeat(np.arange(len(record.offsets) - 1), np.diff(record.offsets))
    if merchant_id is not None:
        row = int(history.merchant_ids.rows([merchant_id])[0])
        cases = record.of(row)
        merchants = np.full(len(cases), row)
    return Past(
        cases,
        merchants,
        history.merchant_ids,
        history.product_ids,
        history.creator_ids,
        _words(contents.products, "title"),
        _words(contents.creators, "name"),
        ranker.interval.level,
        ranker.given_sale,
        "collaborations.refunded_gmv" in contents.facts["lacking"],
    )


def _words(table: Any, column: str) -> Callable[[int], str | None]:
    """Return what looks up a column of text, which the catalog may lack."""
    if column not in table.column_names:
        return lambda row: None
    words = table.column(column)
    return lambda row: words[row].as_py()
