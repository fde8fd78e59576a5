"""Records: what past collaborations brought beyond the heads, as residuals in the history.

Residuals are taken against heads that have not seen the creator: the creators are in folds by their
id, and each fold's reference head is fitted on the other folds, without what is known of the
creator's own sales. Each residual is taken once, against the coarser effects as they were known on
the day it settled, so that the answer for a date never depends on what came later.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching.features import FEATURES
from matching.history import LOG_UNIT, FloatArray, History, Ids, IntArray, Ledger
from matching.models.effects import Effects
from matching.models.outcomes import LOG, Head, Matrix, select
from training.config import TrainConfig
from training.heads import OWN_RECORD, TERMS_FEATURES, head_config, weights
from training.rows import Form, Rows

FOLDS = 3
CREATOR_KEYS = ("creator", "creator_category", "creator_subcategory")
KEYS = (*CREATOR_KEYS, "product", "category_pair")
_LEAST_ROWS = 300
_ROWS_AT_ONCE = 500_000  # what effects are solved from is much wider than what comes out

Measures = Mapping[str, IntArray]


@dataclass(frozen=True)
class Records:
    """Residuals of collaborations, and the effects that they teach.

    Attributes
    ----------
    effects : Effects
    references : one head a fold; none where there is too little to learn effects from
    history : History
        With the ledgers of the residuals.
    events : int64 (events,)
        Rows with a residual, `keys` and `own` (what each adds to its key's sums) in their order.
    """

    effects: Effects
    references: tuple[Head, ...]
    history: History
    events: IntArray
    keys: Mapping[str, IntArray]
    own: Mapping[str, Measures]

    def at(self, rows: Rows, chosen: IntArray, days: IntArray) -> FloatArray:
        """Return the effects of some rows as known on these days, (chosen, parts)."""
        keys = _keys(self.history, rows, chosen)

        def total(key: str, measure: str) -> FloatArray:
            return self.history.total(key, measure, keys[key], days)

        return self.effects.parts(total, rows.log_price[chosen], len(chosen))

    def left_out(self, rows: Rows, day: int) -> FloatArray:
        """Return each event's effects as known on a day, but for what it tells itself."""

        def parts(some: slice) -> FloatArray:
            events = self.events[some]
            known = rows.ended_on[events] < day

            def total(key: str, measure: str) -> FloatArray:
                ledger = self.history.ledgers["residuals", key]
                sums = ledger.before(measure, self.keys[key][some], np.array(day))
                return np.asarray((sums - known * self.own[key][measure][some]) / LOG_UNIT)

            return self.effects.parts(total, rows.log_price[events], len(events))

        starts = range(0, max(1, len(self.events)), _ROWS_AT_ONCE)
        return np.concatenate([parts(slice(s, s + _ROWS_AT_ONCE)) for s in starts])


def fit_records(
    rows: Rows, history: History, known_before: int, form: Form, config: TrainConfig
) -> Records:
    """Fit reference heads and effects on what was known before a day; take every residual.

    Residuals of later outcomes are taken with the same parameters: the history answers any day.
    """
    teaches, target = rows.conversion(form)
    events = np.flatnonzero(teaches & ~np.isnan(rows.ended_on))
    known = rows.ended_on[events] < known_before
    keys = _keys(history, rows, events)
    if form.given_sale or np.count_nonzero(known) < _LEAST_ROWS:
        return _no_records(history, events, keys)
    fold = creator_folds(history.creator_ids)[rows.creators[events]]
    learnt = events[known]
    references = _references(rows, learnt, target, fold[known], config)
    residuals = target[events] - reference_margins(references, rows.matrix[events], fold)
    effects = Effects.fit(
        residuals[known],
        rows.counting[learnt],
        {name: key[known] for name, key in keys.items()},
        rows.log_price[learnt],
        config.seed,
    ).without(config.without_parts)
    if not effects.used:
        return _no_records(history, events, keys)
    return _with_residuals(rows, history, effects, references, events, residuals)


def take_residuals(
    rows: Rows, history: History, form: Form, effects: Effects, references: tuple[Head, ...]
) -> Records:
    """Return the records of rows that came since, by parameters that were fitted before."""
    teaches, target = rows.conversion(form)
    events = np.flatnonzero(teaches & ~np.isnan(rows.ended_on))
    if not effects.used:
        return _no_records(history, events, _keys(history, rows, events))
    fold = creator_folds(history.creator_ids)[rows.creators[events]]
    residuals = target[events] - reference_margins(references, rows.matrix[events], fold)
    return _with_residuals(rows, history, effects, references, events, residuals)


def _with_residuals(
    rows: Rows,
    history: History,
    effects: Effects,
    references: tuple[Head, ...],
    events: IntArray,
    residuals: FloatArray,
) -> Records:
    keys = _keys(history, rows, events)
    days = rows.ended_on[events].astype(np.int64)
    ledgers, own = residual_ledgers(
        effects, residuals, rows.counting[events], rows.log_price[events], keys, days
    )
    return Records(effects, references, history.with_residuals(ledgers), events, keys, own)


def residual_ledgers(
    effects: Effects,
    residuals: FloatArray,
    counting: FloatArray,
    log_price: FloatArray,
    keys: Mapping[str, IntArray],
    days: IntArray,
) -> tuple[dict[str, Ledger], dict[str, Measures]]:
    """Return the ledger of each key, and what each residual adds to it.

    Category pairs come first, then products, then creators: each is told what the ones before do
    not, as these were known on the day of the outcome.
    """
    ledgers: dict[str, Ledger] = {}
    own: dict[str, Measures] = {}

    def put(names: tuple[str, ...], left: FloatArray) -> None:
        measures = {
            name: np.round(values * LOG_UNIT).astype(np.int64)
            for name, values in effects.measures(left, counting, log_price).items()
        }
        for name in names:
            ledgers[name] = Ledger.build(keys[name], days, measures)
            own[name] = measures

    def total(key: str, measure: str) -> FloatArray:
        return ledgers[key].before(measure, keys[key], days) / LOG_UNIT

    left = residuals
    for name in ("category_pair", "product"):
        put((name,), left)
        left = left - effects.single(name, total)
    put(CREATOR_KEYS, left)
    return ledgers, own


def creator_folds(ids: Ids) -> IntArray:
    """Return the fold of each creator, by the id alone: the same in every catalog."""
    return np.array([zlib.crc32(name) % FOLDS for name in ids.encoded.tolist()], dtype=np.int64)


def reference_margins(references: tuple[Head, ...], matrix: Matrix, fold: IntArray) -> FloatArray:
    """Return for each row what the head says that has not seen the row's creator."""
    margins = np.empty(len(matrix))
    for number, head in enumerate(references):
        inside = np.flatnonzero(fold == number)
        margins[inside] = head.margin(matrix[inside])
    return margins


def _references(
    rows: Rows, learnt: IntArray, target: FloatArray, fold: IntArray, config: TrainConfig
) -> tuple[Head, ...]:
    names = [feature.name for feature in FEATURES]
    heads = []
    for number in range(FOLDS):
        chosen = learnt[fold != number]
        heads.append(
            Head.fit(
                f"reference {number}",
                LOG,
                select(rows.matrix, chosen),
                target[chosen],
                names,
                head_config(config),
                ignored=(*OWN_RECORD, *TERMS_FEATURES, *config.without_features),
                weight=weights("conversion", rows, chosen, config),
                threads=config.threads,
            )
        )
    return tuple(heads)


def _keys(history: History, rows: Rows, chosen: IntArray) -> dict[str, IntArray]:
    return {
        name: history.key(name, rows.creators[chosen], rows.products[chosen], rows.channels[chosen])
        for name in KEYS
    }


def _no_records(history: History, events: IntArray, keys: Mapping[str, IntArray]) -> Records:
    return Records(Effects.none(), (), history, events, keys, {})
