"""The record: what would have been promised before each past collaboration, and what came.

A promise is replayed with features and effects as known on the day of the invitation. What was
invited in the newest weeks is replayed by the trial ranker, which was fitted on nothing that came
so late and is calibrated on other creators; what was invited earlier, by the final ranker, which
has learnt from the very outcome: `learnt` marks those.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from matching.catalog import Catalog
from matching.economics import Deal, published_cost
from matching.history import FloatArray, History, IntArray
from matching.models.ranker import Outcomes, value
from matching.offers import BoolArray, Offers, costs_per_refund, returns_of
from matching.record import Cases, Record
from training.config import TrainConfig
from training.fit import Fitted
from training.rows import Rows
from training.unseen import replay

_SPENT = ("ads_cost", "return_cost", "subsidy")


def build_record(
    catalog: Catalog, rows: Rows, offers: Offers, fitted: Fitted, config: TrainConfig
) -> Record:
    """Return every collaboration that came to an end with a known result, beside its promise.

    Parameters
    ----------
    rows : the collaborations of the catalog, in its order
    offers : at the training date; a term that neither the collaboration nor the listing says is
        estimated as there
    """
    ended = rows.ended()
    outcomes, learnt = replay_all(rows, fitted, config)
    cases = build_cases(catalog, rows, fitted.history, offers, ended, outcomes, learnt)
    merchants = fitted.history.products["merchant"][rows.products[ended]]
    return Record.build(merchants, fitted.history.merchants.count, cases)


def build_cases(
    catalog: Catalog,
    rows: Rows,
    history: History,
    offers: Offers,
    ended: IntArray,
    outcomes: Outcomes,
    learnt: BoolArray,
) -> Cases:
    """Return rows that came to an end, beside what `outcomes` promise of each on its own terms."""
    deal, estimated = _agreed(catalog, history, rows, ended, offers)
    money = value(outcomes, _as_expected(deal, history, rows, ended, outcomes))
    published = rows.fulfilled[ended]
    sales = np.where(published, rows.sales[ended], 0.0)
    return Cases(
        collaboration_ids=_encoded(catalog, ended),
        products=rows.products[ended].astype(np.int32),
        creators=rows.creators[ended].astype(np.int32),
        channels=np.where(_says_channel(catalog), rows.channels, -1)[ended].astype(np.int8),
        invited_on=rows.invited[ended].astype(np.int32),
        published=published,
        learnt=learnt,
        cost_estimated=estimated,
        promised_gmv=money.settled_gmv,
        promised_low=outcomes.published_low,
        promised_high=outcomes.published_high,
        promised_cost=money.cost,
        accept_probability=outcomes.accept_probability,
        fulfil_probability=outcomes.fulfil_probability,
        settled_gmv=sales,
        cost=_spent(catalog, deal, ended, published, sales),
    )


def replay_all(rows: Rows, fitted: Fitted, config: TrainConfig) -> tuple[Outcomes, BoolArray]:
    """Return what was predicted of all that ended, and which of it the model had learnt from."""
    ended = rows.ended()
    learnt = rows.invited[ended] < fitted.trial.day
    known = replay(fitted.ranker, rows, fitted.records, ended[learnt], config.threads)
    found = {f.name: np.empty(len(ended)) for f in fields(Outcomes)}
    for name, values in found.items():
        values[learnt] = getattr(known, name)
        values[~learnt] = getattr(fitted.trial.promised, name)
    return Outcomes(**found), learnt


def _agreed(
    catalog: Catalog, history: History, rows: Rows, ended: IntArray, offers: Offers
) -> tuple[Deal, BoolArray]:
    """Return the terms of each collaboration, what it does not say as listed; where estimated."""
    log = catalog.collaborations
    terms: dict[str, FloatArray] = {}
    estimated = np.zeros(len(ended), dtype=bool)
    listed = offers.listed(
        history.products, rows.creators[ended], rows.products[ended], rows.channels[ended]
    )
    for term, (values, guessed) in listed.items():
        said = log[term].to_numpy(dtype=np.float64)[ended] if term in log else np.nan
        terms[term] = np.where(np.isnan(said), values, said)
        estimated |= np.isnan(said) & guessed
    return Deal(**terms), estimated


def _as_expected(
    deal: Deal, history: History, rows: Rows, ended: IntArray, outcomes: Outcomes
) -> Deal:
    """Return the deal with what returns were expected to cost on the day of the invitation."""
    places = history.products["subcategory"][rows.products[ended]].astype(np.int64)
    per_refund = costs_per_refund(history, places, rows.invited[ended])
    return replace(deal, return_cost_rate=returns_of(outcomes.refund_share, per_refund))


def _spent(
    catalog: Catalog, deal: Deal, ended: IntArray, published: BoolArray, sales: FloatArray
) -> FloatArray:
    """Return what each really cost; one that was never published cost its sample."""
    log = catalog.collaborations
    ads, returns, subsidy = (
        np.nan_to_num(log[name].to_numpy(dtype=np.float64)[ended]) if name in log else 0.0
        for name in _SPENT
    )
    actual = replace(deal, ads_cost=ads + returns - subsidy)
    return np.where(published, published_cost(actual, sales), deal.sample_cost)


def _encoded(catalog: Catalog, ended: IntArray) -> Any:
    ids = catalog.collaborations["collaboration_id"].iloc[ended]
    return np.array([name.encode() for name in ids], dtype=np.bytes_)


def _says_channel(catalog: Catalog) -> Any:
    log = catalog.collaborations
    return log["channel"].notna().to_numpy() if "channel" in log else False
