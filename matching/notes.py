"""Notes: what the caller should know about an answer, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from matching.contents import Contents
from matching.history import IntArray
from matching.scoring import Scored

MOST_CANDIDATES = 5_000
"""How far candidates widen for filters on predictions."""
_FRESH = timedelta(days=7)
_UNCOUNTED = {
    "slot fees": ("creators.live_slot_fee", "creators.video_slot_fee"),
    "sample costs": ("products.sample_cost",),
    "service fees": ("products.service_fee_rate",),
    "costs of returns": ("collaborations.return_cost",),
}
"""Costs, by the columns that would tell them; where the catalog lacks all, they count as 0."""
_UNLEARNT = {
    "accept": "how likely creators accept could not be learnt",
    "fulfil": "how likely creators publish could not be learnt",
    "conversion": "settled sales could not be learnt",
}
MONEY_COLUMNS = ("collaborations.refunded_gmv", *(c for cs in _UNCOUNTED.values() for c in cs))
"""The optional columns whose absence changes what money means."""


@dataclass(frozen=True)
class Search:
    """How an answer was found: what was asked, who was eligible, how far it widened."""

    k: int
    objective: str
    eligible_count: int
    removed: Mapping[str, int]
    widened: int | None
    is_external: bool
    has_history: bool


def notes(
    contents: Contents, as_of: date, search: Search, scored: Scored, shown: IntArray
) -> Iterator[str]:
    """Yield what the caller should know; `shown` are the rows of the answer."""
    if len(shown) < search.k:
        yield _shortfall(len(shown), search)
    elif search.widened is not None and search.widened >= MOST_CANDIDATES:
        yield f"{search.widened} candidates were looked at for the filters on predictions"
    yield from _about_money(contents, search, scored, shown)
    yield from _about_models(contents)
    if search.is_external:
        yield "this product is not in the catalog: it is judged by its content alone"
    elif not search.has_history:
        yield "this product is too new for a history of its own"
    age = date.today() - as_of
    if age > _FRESH:
        yield f"facts are {age.days} days old (as of {as_of})"


def _shortfall(found: int, search: Search) -> str:
    """Return why there are fewer creators than asked for."""
    parts = [f"{reason} removed {count}" for reason, count in search.removed.items()]
    if search.widened is not None:
        parts.append(
            f"filters on predictions left {found} of the {search.widened} best of "
            f"{search.eligible_count}"
        )
    why = "; ".join(parts) or "the catalog has no more"
    return f"{found} of {search.k} creators found: {why}"


def _about_money(
    contents: Contents, search: Search, scored: Scored, shown: IntArray
) -> Iterator[str]:
    if len(shown) and scored.money.is_degenerate[shown].all():
        instead = ". They are ranked by expected settled sales instead"
        yield (
            "ROI cannot tell these creators apart: nothing but commission is paid, so ROI is the "
            f"same whoever sells{instead if search.objective == 'roi' else ''}"
        )
    if len(shown) and np.isnan(scored.money.roi[shown]).any():
        yield "ROI is null where the cost is 0 or less"
    lacking = set(contents.facts["lacking"])
    if "collaborations.refunded_gmv" in lacking:
        yield "refunds unknown: sales are gross"
    uncounted = [cost for cost, columns in _UNCOUNTED.items() if lacking.issuperset(columns)]
    if uncounted:
        yield f"{', '.join(uncounted)} unknown: they count as 0"


def _about_models(contents: Contents) -> Iterator[str]:
    for head in contents.ranker.heads.values():
        if head.reason and head.name in _UNLEARNT:
            yield f"{_UNLEARNT[head.name]}: {head.reason}"
    if contents.ranker.given_sale:
        yield "intervals hold given a sale: many published collaborations sell nothing"
