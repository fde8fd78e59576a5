"""The trial before a promotion: the same fitted some weeks earlier, judged on the weeks since.

The promoted configuration stands beside it, fitted and judged on the same rows. What is judged has
seen none of the outcomes; features and effects are those known before each invitation, so that
models of that day are judged on fresh facts, as a refresh serves them. `matching/gate.py` reads
what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

import numpy as np

from matching.errors import MatchingError
from matching.features import FEATURES
from matching.gate import configuration
from matching.history import History, day_number
from matching.models.ranker import Ranker
from training import metrics
from training.config import TrainConfig, as_trained
from training.figures import Draws, Estimate
from training.fit import fit_ranker
from training.rows import Rows
from training.unseen import replay

LEAST_ROWS, LEAST_RARER = 50, 10
"""Fewer rows, or fewer of the rarer answer, tell too little: a bootstrap of them is too sure."""

Estimates = dict[str, Estimate]


@dataclass(frozen=True)
class Span:
    """What some weeks tell of each outcome, and why of the others they tell too little."""

    estimates: Estimates
    missing: dict[str, str]


@dataclass(frozen=True)
class Rival:
    """The promoted configuration, as far as this program can fit it, and what it cannot."""

    version: str
    configuration: str
    config: TrainConfig
    note: str | None

    @classmethod
    def of(cls, manifest: Mapping[str, Any], config: TrainConfig) -> Self:
        """Take it from the manifest; MatchingError if it has a choice that is not known here.

        Features that came since are ignored.
        """
        had = {feature["name"]: feature["code"] for feature in manifest["features"]}
        now = {feature.name: feature.code_hash for feature in FEATURES}
        theirs = replace(as_trained(manifest), gate_days=config.gate_days, threads=config.threads)
        changed = sorted(name for name, code in had.items() if now.get(name) != code)
        note = f"without its own {', '.join(changed)}: changed since" if changed else None
        return cls(manifest["version"], configuration(manifest), theirs, note)


def judge_trial(
    rows: Rows,
    history: History,
    as_of: date,
    config: TrainConfig,
    promoted: Mapping[str, Any] | None,
    rows_for: Callable[[TrainConfig], Rows],
) -> dict[str, Any]:
    """Return the figures of a fit `config.gate_days` earlier, and of the promoted configuration's.

    Parameters
    ----------
    rows, history : all that is known at `as_of`
    promoted : manifest of the bundle that serves, if there is one
    rows_for : makes the rows of another configuration, where texts are encoded otherwise

    Returns
    -------
    dict
        `from` and `until` (days), `figures` by outcome, `missing`: why an outcome has none,
        `reason`: why nothing was fitted, where that is so, and `promoted`: its version,
        configuration, figures, and the paired `gain` over them, or `reason`: why it could not be
        judged.
    """
    start = as_of - timedelta(days=min(config.gate_days, as_of.toordinal() - 1))
    told: dict[str, Any] = {"from": start.isoformat(), "until": as_of.isoformat()}
    reason = _too_early(rows, day_number(start))
    if reason:
        why = f"{reason} {config.gate_days:,} days before {as_of}; choose fewer gate_days"
        return {**told, "figures": {}, "missing": {}, "reason": why, "promoted": None}
    span = judge_span(rows, history, start, as_of, config)
    mine, told["missing"] = span.estimates, span.missing
    told["figures"] = {name: estimate.figure() for name, estimate in mine.items()}
    told["promoted"] = None
    if promoted is None:
        return told
    try:
        rival = Rival.of(promoted, config)
    except MatchingError as error:
        told["promoted"] = {"version": promoted["version"], "reason": str(error)}
        return told
    theirs = mine
    if not _same(rival.config, config):
        if _reads_texts_otherwise(rival.config, config):
            rows = rows_for(rival.config)
        theirs = judge_span(rows, history, start, as_of, rival.config).estimates
    elif rival.note:  # this one would be compared with itself
        why = f"only this one would be left of it, {rival.note}"
        told["promoted"] = {"version": rival.version, "reason": why}
        return told
    told["promoted"] = {
        "version": rival.version,
        "configuration": rival.configuration,
        "note": rival.note,
        "figures": {name: estimate.figure() for name, estimate in theirs.items()},
        "gain": {name: (mine[name] - theirs[name]).figure() for name in mine if name in theirs},
    }
    return told


def _too_early(rows: Rows, day: int) -> str:
    """Return what was too little known before a day to fit anything that could be judged."""
    answers = np.count_nonzero(rows.answered_on < day)
    outcomes = np.count_nonzero((rows.ended_on < day) & ~np.isnan(rows.sales))
    if max(answers, outcomes) >= LEAST_ROWS:
        return ""
    return f"only {answers} answers and {outcomes} outcomes were known"


def _same(one: TrainConfig, other: TrainConfig) -> bool:
    return replace(one, ignored_features=tuple(sorted(set(one.ignored_features)))) == replace(
        other, ignored_features=tuple(sorted(set(other.ignored_features)))
    )


def reads_texts_otherwise(promoted: Mapping[str, Any], config: TrainConfig) -> bool:
    """Say whether `judge_trial` asks for rows of the promoted configuration's own."""
    try:
        rival = Rival.of(promoted, config)
    except MatchingError:
        return False  # it is not judged at all
    return _reads_texts_otherwise(rival.config, config)


def _reads_texts_otherwise(one: TrainConfig, other: TrainConfig) -> bool:
    return (one.text_dimensions, one.seed) != (other.text_dimensions, other.seed)


def judge_span(
    rows: Rows,
    history: History,
    start: date,
    end: date,
    config: TrainConfig,
    draws: Draws | None = None,
) -> Span:
    """Fit on what was known at the start and judge what became known from then to the end.

    `accept` is AUC over the invitations that were answered, `sales` Spearman over the
    collaborations that were published and, where many sell nothing, `sold` AUC of any sale. What
    too few rows tell is missing. Draws of creators are the same for every configuration.

    Parameters
    ----------
    draws : of the creators of all rows; default, of those who are judged
    """
    fitted = fit_ranker(rows, history, start, config)
    fitted.history.release()
    first, last = day_number(start), day_number(end)
    answered = (rows.answered_on >= first) & (rows.answered_on < last)
    published = (rows.ended_on >= first) & (rows.ended_on < last) & ~np.isnan(rows.sales)
    chosen = np.flatnonzero(answered | published)
    outcomes = replay(fitted.ranker, rows, fitted.records, chosen, config.threads)
    draws = Draws.build(rows.creators[chosen]) if draws is None else draws.only(chosen)
    answered, published = answered[chosen], published[chosen]
    sales, told = rows.sales[chosen][published], outcomes.published_gmv[published]
    accepted = rows.accepted[chosen][answered]
    parts: dict[str, tuple[Any, Any, Any]] = {
        "accept": (answered, metrics.auc(accepted, outcomes.accept_probability[answered]), accepted)
    }
    missing = {}
    if fitted.form.given_sale:
        parts["sold"] = (published, metrics.auc(sales > 0, told), sales > 0)
    else:
        missing["sold"] = fitted.ranker.heads["sale"].reason
    parts["sales"] = (published, metrics.spearman(sales, told), None)
    estimates = {}
    for name, (judged, metric, truth) in parts.items():
        why = _too_little(np.count_nonzero(judged), truth) or _constant(fitted.ranker, name)
        if not why:
            estimates[name] = draws.only(judged).estimate(metric)
            if np.isfinite(estimates[name].value):
                continue
            why = "nothing that is predicted differs"
            del estimates[name]
        missing[name] = why
    return Span(estimates, missing)


_HEADS = {"accept": ("accept",), "sold": ("sale",), "sales": ("conversion", "impressions")}


def _constant(ranker: Ranker, outcome: str) -> str:
    """Return why no head that tells of an outcome was learnt; a constant is not judged."""
    heads = [ranker.heads[name] for name in _HEADS[outcome]]
    if any(head.booster is not None for head in heads):
        return ""
    return f"nothing was learnt of what came before: {heads[0].reason}"


def _too_little(count: int, truth: Any) -> str:
    """Return why so many rows with this truth, bool or None, tell too little; else nothing."""
    if count < LEAST_ROWS:
        return f"only {count} became known, fewer than {LEAST_ROWS}"
    rarer = LEAST_RARER if truth is None else int(min(truth.sum(), count - truth.sum()))
    if rarer < LEAST_RARER:
        return f"only {rarer} of {count} came out otherwise, fewer than {LEAST_RARER}"
    return ""
