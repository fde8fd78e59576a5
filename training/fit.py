"""Fit the ranker: records and heads on what was known, the interval on what came later, again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np

from matching.columns import CHANNELS
from matching.features import FEATURES
from matching.history import FloatArray, History, IntArray, day_number
from matching.models.intervals import Interval
from matching.models.outcomes import LOG, Head, select
from matching.models.ranker import CERTAIN, HEADS, Outcomes, Ranker
from training.config import TrainConfig
from training.heads import (
    LINKS,
    OWN_RECORD,
    TERMS_FEATURES,
    TOLD_BETTER,
    head_config,
    monotone,
    weights,
)
from training.phases import Phases
from training.records import FOLDS, Records, creator_folds, fit_records
from training.rows import Form, Rows
from training.unseen import LEAST_VALIDATION, Unseen, replay

_NO_INTERVAL = Interval.calibrate(np.zeros(0), np.zeros(0))
FEW_SELL_NOTHING = "at most a tenth of published collaborations sell nothing"
NO_REFUNDS = "refunds unknown: sales are gross"
NO_IMPRESSIONS = "impressions unknown: sales are learnt as a whole"
Targets = Mapping[str, tuple[IntArray, FloatArray]]


@dataclass(frozen=True)
class Trial:
    """A ranker that was fitted on what was known before a day only, and nothing calibrated of it.

    `unseen` is what it says of the outcomes that came later, and `promised` what it would have
    promised of those invited from that day on (in the order of `Rows.ended`), when calibrated on
    other creators: a mean or an interval that has seen an outcome would look better than it is.
    """

    day: int
    ranker: Ranker
    unseen: Unseen
    promised: Outcomes


@dataclass(frozen=True)
class Fitted:
    """The ranker, the records that its effects read, what was fitted, and the trial before it."""

    form: Form
    ranker: Ranker
    records: Records
    about: dict[str, Any]
    trial: Trial

    @property
    def history(self) -> History:
        """The history with the residuals that the effects read."""
        return self.records.history


def fit_ranker(
    rows: Rows,
    history: History,
    as_of: date,
    config: TrainConfig,
    phases: Phases | None = None,
) -> Fitted:
    """Fit everything on what was known early, calibrate on the newest outcomes, fit again on all.

    Parameters
    ----------
    rows : may hold what came later than the date; none of it teaches
    history : not frozen; holds every outcome of `rows`
    """
    day = day_number(as_of)
    split = _calibration_day(rows, day, config)
    form = rows.form(day)
    later = rows.heads(day, form, invited_from=split)
    phases = phases or Phases()
    with phases.phase("trial"):
        records = fit_records(rows, history, split, form, config)
        earlier = _fit_heads(rows, records, split, form, config, validation=later)
        plain = _ranker(earlier, records, form)
        unseen = Unseen.of(plain, rows, records, later, config.threads)
        trial = Trial(split, plain, unseen, _promise(plain, rows, records, unseen, split, config))
        counts = _tree_counts(earlier, later)
        records.history.release()
        del records  # before there are others
    with phases.phase("records"):
        records = fit_records(rows, history, day, form, config)
    with phases.phase("heads"):
        heads = _fit_heads(rows, records, day, form, config, tree_counts=counts)
    ranker = unseen.calibrate(_ranker(heads, records, form), config.interval_level)
    about = {
        name: {"rows": len(target), "trees": heads[name].tree_count, **heads[name].describe()}
        for name, (_, target) in rows.heads(day, form).items()
    }
    return Fitted(form, ranker, records, about, trial)


def _promise(
    plain: Ranker, rows: Rows, records: Records, unseen: Unseen, day: int, config: TrainConfig
) -> Outcomes:
    """Return what was promised of what was invited from a day on: `Trial.promised`."""
    ended = rows.ended()
    chosen = ended[rows.invited[ended] >= day]
    fold = creator_folds(records.history.creator_ids)[rows.creators]
    found = {f.name: np.empty(len(chosen)) for f in fields(Outcomes)}
    for number in range(FOLDS):
        ranker = unseen.only(fold != number).calibrate(plain, config.interval_level)
        places = np.flatnonzero(fold[chosen] == number)
        outcomes = replay(ranker, rows, records, chosen[places], config.threads)
        for name, values in found.items():
            values[places] = getattr(outcomes, name)
    return Outcomes(**found)


def _ranker(heads: Mapping[str, Head], records: Records, form: Form) -> Ranker:
    """Return a ranker that nothing has been calibrated of yet."""
    plain = np.ones(len(CHANNELS))
    unseen = heads["impressions"].reason == NO_IMPRESSIONS
    effects, references = records.effects, records.references
    return Ranker(
        heads,
        effects,
        references,
        1.0,
        plain,
        np.full(len(CHANNELS), np.nan) if unseen else plain,
        _NO_INTERVAL,
        form.given_sale,
        form.by_impressions,
    )


def _fit_heads(
    rows: Rows,
    records: Records,
    known_before: int,
    form: Form,
    config: TrainConfig,
    validation: Targets | None = None,
    tree_counts: Mapping[str, int] | None = None,
) -> dict[str, Head]:
    """Fit every head on what was known before a day.

    Conversion is fitted to what effects leave, each row's own outcome left out of them.
    `validation` are later rows that say when enough trees have grown; `tree_counts` are what was
    found that way before.
    """
    names = [feature.name for feature in FEATURES]
    left = _left_of_effects(rows, records, known_before)
    heads = {}
    for name, (chosen, target) in rows.heads(known_before, form).items():
        fixed = _fixed(name, rows, form, len(target), names)
        if fixed is not None:
            heads[name] = fixed
            continue
        judge = None
        if validation is not None and _judges(name, validation[name][1]):
            after, truth = validation[name]
            if name == "conversion":
                truth = truth - records.at(rows, after, rows.invited[after]).sum(axis=1)
            judge = (select(rows.matrix, after), truth)
        heads[name] = Head.fit(
            name,
            LINKS[name],
            select(rows.matrix, chosen),
            target - left[chosen] if name == "conversion" else target,
            names,
            replace(
                head_config(config),
                tree_count=(tree_counts or {}).get(name, config.tree_count),
            ),
            monotone=monotone(name, form.by_impressions),
            ignored=_ignored(name, records, config),
            weight=weights(name, rows, chosen, config),
            validation=judge,
            threads=config.threads,
        )
    return {name: heads[name] for name in HEADS}


def _left_of_effects(rows: Rows, records: Records, day: int) -> FloatArray:
    """Return what effects say of every row that has a residual, without that residual."""
    effects = np.zeros(len(rows.invited))
    effects[records.events] = records.left_out(rows, day).sum(axis=1)
    return effects


def _fixed(name: str, rows: Rows, form: Form, known: int, features: list[str]) -> Head | None:
    """Return a head that is not learnt in this form of market, and why; else None."""
    if name == "sale" and not form.given_sale and known:
        return Head.fixed(name, LINKS[name], CERTAIN, features, FEW_SELL_NOTHING)
    if name == "impressions" and not (rows.impressions > 0).any():
        return Head.fixed(name, LINKS[name], 0.0, features, NO_IMPRESSIONS)
    if name == "refund" and np.isnan(rows.refund_share).all():
        return Head.fixed(name, LINKS[name], -CERTAIN, features, NO_REFUNDS)
    return None


def _ignored(name: str, records: Records, config: TrainConfig) -> tuple[str, ...]:
    """Return the features that a head must do without."""
    terms = () if name == "accept" else TERMS_FEATURES
    record = OWN_RECORD if name == "conversion" and records.effects.used else ()
    return (*config.without_features, *terms, *record, *TOLD_BETTER.get(name, ()))


def _judges(name: str, target: FloatArray) -> bool:
    """Return whether later rows are many enough to say how many trees help."""
    rarer = len(target)
    if LINKS[name] != LOG:
        rarer = min(target.sum(), len(target) - target.sum())
    return bool(rarer >= LEAST_VALIDATION / 4 and len(target) >= LEAST_VALIDATION)


def _tree_counts(earlier: Mapping[str, Head], later: Targets) -> dict[str, int]:
    """Return how many trees helped on later rows, where those were many enough to say."""
    return {
        name: head.tree_count
        for name, head in earlier.items()
        if head.tree_count and _judges(name, later[name][1])
    }


def _calibration_day(rows: Rows, day: int, config: TrainConfig) -> int:
    """Return the day from which the newest share of what had settled by a day was invited."""
    settled = rows.invited[~np.isnan(rows.sales) & (rows.ended_on < day)]
    if not len(settled):
        return int(rows.invited[rows.invited < day].max(initial=0))
    return int(np.quantile(settled, 1.0 - config.calibration_share))
