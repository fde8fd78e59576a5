"""Refresh: the newest facts for models that were trained before; nothing that predicts is fitted.

Features are those that the models were trained with, whatever this program knows beside them.
Heads, effects, interval, text vectors and topics stay what they were. New creators and products are
predicted and found like all others: facts, records and the space are those of the new date.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from matching.bundle import read_manifest
from matching.catalog import Catalog
from matching.contents import Contents
from matching.economics import OBJECTIVES
from matching.errors import MatchingError, OptionError
from matching.facts import build_history
from matching.history import History
from matching.matcher import Matcher
from matching.medians import Medians
from matching.models.text import ContentVectors
from matching.models.topics import MAX_TOPICS, Topics
from matching.offers import Offers
from matching.record import Cases, Record
from training.config import TrainConfig, config_of
from training.phases import Phases
from training.records import Records, take_residuals
from training.replayed import build_cases
from training.retrieval import Places
from training.rows import Form, Rows, add_features, read_log
from training.run import (
    Models,
    Trained,
    assemble,
    count_texts,
    describe,
    freeze,
    sizes_of,
    without_history,
)
from training.unseen import replay

_LONGEST_LAG = timedelta(days=7)
_MOST_LOST = 0.3  # of a table's rows since the bundle: more is a dump that broke off


def refresh(
    bundle: Path,
    catalog: Catalog,
    as_of: date | None = None,
    allow_shrunk: bool = False,
    phases: Phases | None = None,
) -> Trained:
    """Return what serves with a bundle's models and what was known at a later date.

    Parameters
    ----------
    bundle : folder of one version
    as_of : default the day after the newest fact
    allow_shrunk : take a catalog that lost more than 30 % of a table since the bundle, or in which
        one has ended

    Raises
    ------
    OptionError
        If the date is in the future, or before the bundle's.
    MatchingError
        If a table shrank, or ends more than seven days before the others and did not before.
    """
    phases = phases or Phases()
    manifest = read_manifest(bundle)
    matcher = Matcher.load(bundle)
    old = matcher.contents
    config = config_of(manifest)
    form = Form(**manifest["form"])
    newest = catalog.newest_day()
    as_of = as_of or newest
    if as_of > max(newest, date.today()):
        raise OptionError("as-of", f"{as_of} is in the future: nothing is known of it yet")
    if as_of < matcher.as_of:
        raise OptionError(
            "as-of",
            f"the facts end on {as_of}, before the bundle's date {matcher.as_of}, and its models "
            "know what came later; give a newer dump, or train",
        )
    with phases.phase("facts"):
        known = catalog.cut(as_of)
        del catalog
        if not allow_shrunk:
            _check_sizes(manifest["sizes"], sizes_of(known))
            _check_ends(manifest, known.newest_days(), as_of)
        history = build_history(known)
        about, log = describe(known, config, old.features), read_log(known, history)
        known = without_history(known)
    with phases.phase("texts"):
        topics = _topics(old.topics, old.history, history)
        products, creators = count_texts(known)
        texts = ContentVectors(
            old.text_encoder.project(creators),
            old.text_encoder.project(products),
            topics.encode(creators),
        )
    with phases.phase("features") as advance:
        rows = add_features(log, history, texts, old.features, advance)
        history.release()
    with phases.phase("records"):
        records = take_residuals(rows, history, form, old.ranker.effects, old.ranker.references)
    frozen = freeze(records.history, as_of, old.ranker.effects, old.features)
    with phases.phase("record"):
        record = _record(known, rows, records, matcher, Offers.build(frozen), config)
    del log, rows, records
    medians = _medians(old.medians, old.history, history)
    models = Models(old.features, old.ranker, old.text_encoder, topics, medians)
    earlier = _places(old, history)
    contents = assemble(known, frozen, texts, models, record, config, phases, earlier)
    about |= {
        **{
            name: manifest[name]
            for name in ("form", "heads", "effects", "gate")
            if name in manifest
        },
        "refreshed": manifest.get("refreshed")
        or {
            "version": manifest["version"],
            "as_of": manifest["as_of"],
        },
    }
    return Trained(contents, as_of, about, {"phases": phases.costs})


def _check_sizes(before: dict[str, int], now: dict[str, int]) -> None:
    for table, count in before.items():
        lost = 1.0 - now[table] / count if count else 0.0
        if lost > _MOST_LOST:
            raise MatchingError(
                f"{table} has {now[table]:,} rows, {lost:.0%} fewer than the bundle's {count:,}: "
                "the dump may have broken off; give the whole one, or --allow-shrunk"
            )


def _check_ends(manifest: dict[str, Any], now: dict[str, date], as_of: date) -> None:
    """Refuse a table whose facts are old, where only another's make the catalog's date new."""
    for table, day in now.items():
        before = manifest.get("newest", {}).get(table)
        if before is None:
            continue
        lag = as_of - day
        usual = date.fromisoformat(manifest["as_of"]) - date.fromisoformat(before)
        if lag > _LONGEST_LAG >= usual:
            raise MatchingError(
                f"{table} has no facts of {day} or later, {lag.days} days before the newest of the "
                f"catalog ({usual.days} in the bundle): its export may have stopped; give a newer "
                "one, or --allow-shrunk"
            )


def _places(old: Contents, now: History) -> tuple[Places, Places]:
    """Return where creators and products are in the bundle's space."""
    creators, products = (
        before.rows(ids[row] for row in range(len(ids)))
        for before, ids in (
            (old.history.creator_ids, now.creator_ids),
            (old.history.product_ids, now.product_ids),
        )
    )
    queries = np.concatenate([old.queries[name] for name in OBJECTIVES], axis=1)
    return Places(old.encoder.vectors, creators), Places(queries, products)


def _topics(topics: Topics, before: History, now: History) -> Topics:
    """Return the topics in the order of the new sub-categories; a new one has no typical words."""
    count = min(len(now.words["subcategory"]), MAX_TOPICS)
    codes = np.array([before.code("subcategory", w) for w in now.words["subcategory"][:count]])
    kept = (codes >= 0) & (codes < len(topics.mean))
    rows = np.where(kept, codes, 0)
    if not len(topics.mean):
        rows, kept = rows[:0], kept[:0]
    return Topics(
        np.where(kept[:, None], topics.lift[rows], np.float32(0.0)),
        np.where(kept, topics.mean[rows], np.float32(0.0)),
        np.where(kept, topics.scale[rows], np.float32(1.0)),
    )


def _medians(medians: Medians, before: History, now: History) -> Medians:
    """Return the medians in the order of the new categories; a new one has the market's."""
    codes = np.array([before.code("category", word) for word in now.words["category"]], dtype=int)
    return Medians(medians.values[[*codes, -1]])  # -1, where there is no code, is the market's row


def _record(
    catalog: Catalog,
    rows: Rows,
    records: Records,
    matcher: Matcher,
    offers: Offers,
    config: TrainConfig,
) -> Record:
    """Return the track record: what the bundle has, and what came to an end since.

    The models have learnt from none of the new outcomes.
    """
    history, old = records.history, matcher.contents.record.cases
    ended = rows.ended()
    ids = catalog.collaborations["collaboration_id"].iloc[ended]
    encoded = np.array([name.encode() for name in ids], dtype=np.bytes_)
    order = np.argsort(old.collaboration_ids, kind="stable")
    sorted_ids = old.collaboration_ids[order]
    places = np.minimum(np.searchsorted(sorted_ids, encoded), max(len(sorted_ids) - 1, 0))
    told = sorted_ids[places] == encoded if len(sorted_ids) else np.zeros(len(encoded), bool)
    fresh = ended[~told]
    outcomes = replay(matcher.contents.ranker, rows, records, fresh, config.threads)
    learnt = np.zeros(len(fresh), dtype=bool)
    new = build_cases(catalog, rows, history, offers, fresh, outcomes, learnt)
    kept = old[order[places[told]]]
    kept = replace(
        kept,
        products=rows.products[ended[told]].astype(np.int32),
        creators=rows.creators[ended[told]].astype(np.int32),
    )
    together = np.argsort(np.concatenate((np.flatnonzero(told), np.flatnonzero(~told))))
    cases = _joined(kept, new)[together]
    merchants = history.products["merchant"][rows.products[ended]]
    return Record.build(merchants, history.merchants.count, cases)


def _joined(first: Cases, second: Cases) -> Cases:
    arrays: dict[str, Any] = {
        f.name: np.concatenate((getattr(first, f.name), getattr(second, f.name)))
        for f in fields(Cases)
    }
    return Cases(**arrays)
