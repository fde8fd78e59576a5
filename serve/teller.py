"""Who told a merchant what before each past collaboration.

Told was what the weekly list of that week says of the pair; else what was predicted when the
invitation was stored as an event; else the promise is replayed with what was known on that day.
Neither counts if it was made of facts of a later day than the invitation.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from matching.columns import CHANNELS
from matching.history import EPOCH, IntArray, day_number, week_start
from matching.past import Past
from serve.promises import PROMISED, TOLD_BY, Promises
from serve.recent import Recent
from serve.weeks import DamagedListError, Week, Weeks

_LATEST = timedelta(days=7)  # an invitation that was stored so long before is another one
_ZONES = timedelta(days=1)  # events are dated in UTC, collaborations where the merchant is
_COLUMNS = ("channel", *PROMISED.values(), "bundle")
_FOUND_COUNT = 4096  # merchants × weeks

Told = Mapping[str, Any]
"""A prediction as lists and events have it: bundle, channel and the values of PROMISED."""
Events = Mapping[tuple[str, str], list[tuple[date, dict[str, Any]]]]
"""By (product_id, creator_id): the day of each invitation and what was predicted, oldest first."""
log = logging.getLogger("matching.serve")


class Teller:
    """Finds what was told in the weekly lists and among the events."""

    def __init__(self, weeks: Weeks) -> None:
        self._weeks = weeks
        self._found: Recent[dict[int, Told]] = Recent(_FOUND_COUNT)

    def tell(self, past: Past, events: Events, *key: str | None) -> Promises:
        """Return the promises of these cases.

        Parameters
        ----------
        key : what tells these cases from any others: the bundle's version and whose they are
        """
        listed, damaged = self._listed(past, key)
        stored = dict(_among_events(past, events))
        told = {**stored, **listed}
        told_by = np.full(len(past), TOLD_BY.index("replay"), dtype=np.int8)
        for name, rows in (("bundle", stored), ("list", listed)):
            told_by[list(rows)] = TOLD_BY.index(name)
        bundles = {row: promise["bundle"] for row, promise in told.items()}
        return Promises(_retold(past, told), told_by, bundles, tuple(damaged))

    def _listed(self, past: Past, key: tuple[str | None, ...]) -> tuple[dict[int, Told], list[str]]:
        """Return what lists of the week of the invitation told, and which weeks are damaged."""
        told: dict[int, Told] = {}
        damaged: list[str] = []
        mondays = week_start(past.cases.invited_on.astype(np.int64))
        for monday in np.unique(mondays)[::-1].tolist():
            name = _week_of(monday)
            try:
                week = self._weeks.open(name)
                if week is not None:
                    rows = np.flatnonzero(mondays == monday)
                    told |= self._of_week(past, rows, week, key)
            except DamagedListError as error:
                log.error("%s", error)
                damaged.append(name)
        return told, damaged

    def _of_week(
        self, past: Past, rows: IntArray, week: Week, key: tuple[str | None, ...]
    ) -> dict[int, Told]:
        return self._found.get(
            (*key, week.week, week.look), lambda: dict(_among_lists(past, rows, week))
        )


def _week_of(monday: int) -> str:
    year, week, _ = (EPOCH + timedelta(days=monday)).isocalendar()
    return f"{year}-W{week:02d}"


def _among_lists(past: Past, rows: IntArray, week: Week) -> Iterator[tuple[int, Told]]:
    rows = rows[past.cases.invited_on[rows] >= day_number(week.as_of)]
    pairs = {row: past.pair(row) for row in rows.tolist()}
    products, creators = ({pair[place] for pair in pairs.values()} for place in (0, 1))
    listed = {
        (told["product_id"], told["creator_id"]): told
        for told in week.find(products, creators, _COLUMNS)
    }
    for row, pair in pairs.items():
        if pair in listed and _is_of_channel(past, row, listed[pair]):
            yield row, listed[pair]


def _among_events(past: Past, events: Events) -> Iterator[tuple[int, Told]]:
    for row in _invited_pairs(past, events):
        invited_on = EPOCH + timedelta(days=int(past.cases.invited_on[row]))
        for day, told in reversed(events[past.pair(row)]):
            in_time = invited_on - _LATEST <= day <= invited_on + _ZONES
            known = told.get("as_of", "") <= invited_on.isoformat()
            if in_time and known and _is_of_channel(past, row, told):
                yield row, told
                break


def _invited_pairs(past: Past, events: Events) -> list[int]:
    """Return the rows whose product and creator are among the events."""
    products = past.product_ids.rows([product for product, _ in events])
    creators = past.creator_ids.rows([creator for _, creator in events])
    known, count = (products >= 0) & (creators >= 0), len(past.creator_ids)
    codes = past.cases.products.astype(np.int64) * count + past.cases.creators
    rows = np.flatnonzero(np.isin(codes, (products * count + creators)[known]))
    return rows.tolist()


def _is_of_channel(past: Past, row: int, told: Told) -> bool:
    """Whether a promise is about the channel of the case, where that is known."""
    channel = int(past.cases.channels[row])
    return channel < 0 or told["channel"] == CHANNELS[channel]


def _retold(past: Past, told: Mapping[int, Told]) -> Past:
    """Return the cases with what was told in place of what is replayed."""
    cases, rows = past.cases, list(told)
    learnt = cases.learnt.copy()
    learnt[rows] = False
    changed = {"learnt": learnt}
    for name, told_name in PROMISED.items():
        values = getattr(cases, name).copy()
        values[rows] = [
            np.nan if (value := told[row].get(told_name)) is None else value for row in rows
        ]
        changed[name] = values
    return replace(past, cases=replace(cases, **changed))
