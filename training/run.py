"""Train: a catalog at a date → everything that serves."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from scipy.sparse import vstack

from matching import bundle
from matching.catalog import Catalog
from matching.contents import Contents, describe_features
from matching.errors import MatchingError, OptionError
from matching.facts import build_history
from matching.features import FEATURES, Feature, FeatureTables
from matching.gate import tell
from matching.history import History, day_number
from matching.matcher import Matcher
from matching.medians import Medians
from matching.models.effects import READS as EFFECT_READS
from matching.models.effects import Effects
from matching.models.index import CreatorIndex
from matching.models.ranker import Ranker
from matching.models.text import ContentVectors, TextEncoder, count_ngrams
from matching.models.topics import Topics
from matching.notes import MONEY_COLUMNS
from matching.offers import TOTALS as OFFER_TOTALS
from matching.offers import Offers
from matching.pairs import TOTALS
from matching.product import TEXT_COLUMNS
from matching.record import Record
from matching.scoring import Scorer
from training.config import TrainConfig
from training.digests import digest_tables
from training.fit import fit_ranker
from training.gate import judge_trial, reads_texts_otherwise
from training.phases import Phases
from training.replayed import build_record
from training.retrieval import NOWHERE, Places, learn_space, place_products
from training.rows import Log, Rows, add_features, join_texts, read_log

_LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "lightgbm", "faiss-cpu", "scikit-learn")
"""Those whose version can change what is learnt."""
GATE = "gate"
"""The phase of the gate's fits, which are no part of training."""
_HELD = (
    *("creator_id", "product_id", "status", "invited_on", "responded_on", "published_on"),
    *("settled_on", "gmv", "impressions", "clicks", "orders", "fan_gmv", "repeat_orders"),
    "content_text",
)
_TABLES = ("creators", "creator_stats", "merchants", "products", "collaborations")
_PROFILE_COLUMNS = ("name", "category", "profile_text")


@dataclass(frozen=True)
class Models:
    """What was learnt of which features, whatever the date of the facts that it is applied to."""

    features: Sequence[Feature]
    ranker: Ranker
    text_encoder: TextEncoder
    topics: Topics
    medians: Medians


@dataclass(frozen=True, repr=False)
class Trained:
    """What a training run made, ready to be written as a bundle.

    `about` follows from the catalog, the configuration and the program alone; `run` is what it took
    this time.
    """

    contents: Contents
    as_of: date
    about: Mapping[str, Any]
    run: Mapping[str, Any]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{count:,} {name}" for name, count in self.about["sizes"].items())
        told = [f"Trained(as of {self.as_of}: {sizes})"]
        for name, head in self.about["heads"].items():
            learnt = head.get("reason") or f"{head['trees']} trees"
            told.append(f"{name}: {head['rows']:,} rows, {learnt}")
        told += [f"gate: {line}" for line in tell(self.about.get("gate"))]
        return "\n  ".join(told)

    def matcher(self) -> Matcher:
        """Return what would serve, without writing it."""
        return Matcher("unsaved", self.as_of, self.contents)

    def save(self, bundles: Path) -> Path:
        """Write a new version below `bundles` and return its folder."""
        return bundle.write(bundles, self.contents.to_files(), self.as_of, self.about, self.run)


def train(
    catalog: Catalog,
    config: TrainConfig | None = None,
    as_of: date | None = None,
    phases: Phases | None = None,
    promoted: Mapping[str, Any] | None = None,
) -> Trained:
    """Train on what was known at a date (default: the day after the newest fact).

    Parameters
    ----------
    promoted : dict, optional
        Manifest of the bundle that serves, whose configuration the gate's fit is compared with.
    phases : Phases, optional
        Told of each phase; what they cost is in the bundle's `run.json`.

    Raises
    ------
    OptionError
        If the date is in the future.
    MatchingError
        If nothing was known at that date.

    Examples
    --------
    >>> trained = train(catalog, TrainConfig(tree_count=20, gate_days=0))
    >>> trained
    Trained(as of 2026-11-01: 90 creators, ... 900 collaborations)
      accept: ...
    >>> path = trained.save(folder)
    >>> Matcher.load(path).match("p003", k=3).to_frame().index.tolist()
    [1, 2, 3]
    """
    config = (config or TrainConfig()).check()
    newest = catalog.newest_day()
    as_of = as_of or newest
    if as_of > max(newest, date.today()):
        raise OptionError("as-of", f"{as_of} is in the future: nothing is known of it yet")
    phases = phases or Phases()
    with phases.phase("facts"):
        known = catalog.cut(as_of)
        if not len(known.creators) or not len(known.products):
            raise MatchingError(
                f"nothing was known on {as_of}: the catalog has no creator or product before it; "
                "choose a later --as-of"
            )
        del catalog  # and with it, where the caller keeps none, what was loaded
        history = build_history(known)
        about, log = describe(known, config), read_log(known, history)
        known = without_history(known)
    with phases.phase("texts"):
        text_encoder, topics, texts = encode_texts(known, history, config)
    with phases.phase("features") as advance:
        rows = add_features(log, history, texts, advance=advance)
        history.release()
    again = bool(config.gate_days and promoted and reads_texts_otherwise(promoted, config))
    if not again:  # else features are asked of past days once more
        newest_rows = history.statistics.freeze(day_number(as_of), history.creators.count)
        history = replace(history, statistics=newest_rows)
    fitted = fit_ranker(rows, history, as_of, config, phases)
    ranker = fitted.ranker
    frozen = freeze(fitted.history, as_of, ranker.effects)
    with phases.phase("record"):
        record = build_record(known, rows, Offers.build(frozen), fitted, config)
    medians = Medians.build(
        rows.matrix, history.products["category"][rows.products], len(history.words["category"])
    )
    about |= {
        "form": asdict(fitted.form),
        "heads": fitted.about,
        "effects": ranker.effects.to_dict(),
    }
    fitted.history.release()
    del fitted
    if config.gate_days:
        with phases.phase(GATE):
            rows_for = partial(_rows_for, known, log, history)
            about["gate"] = judge_trial(rows, history, as_of, config, promoted, rows_for)
    del log, rows, history  # before the space, which needs none of them
    models = Models(FEATURES, ranker, text_encoder, topics, medians)
    contents = assemble(known, frozen, texts, models, record, config, phases)
    return Trained(contents, as_of, about, {"phases": phases.costs})


def _rows_for(known: Catalog, log: Log, history: History, config: TrainConfig) -> Rows:
    """Return the training rows of another configuration."""
    _, _, texts = encode_texts(known, history, config)
    return add_features(log, history, texts)


def assemble(
    known: Catalog,
    frozen: History,
    texts: ContentVectors,
    models: Models,
    record: Record,
    config: TrainConfig,
    phases: Phases,
    earlier: tuple[Places, Places] = (NOWHERE, NOWHERE),
) -> Contents:
    """Return what serves: models, the facts at a date, and the space in which to find creators.

    `earlier` are the places of creators and of products in the bundle that is refreshed.
    """
    with phases.phase("tables"):
        offers = Offers.build(frozen)
        tables = FeatureTables.build(models.features, frozen, texts)
        scorer = Scorer(frozen, texts, offers, models.ranker, tables)
    with phases.phase("space of creators") as advance:
        encoder = learn_space(scorer, config, advance, earlier[0])
    with phases.phase("space of products") as advance:
        queries = place_products(scorer, encoder, config, advance, earlier[1])
    with phases.phase("index"):
        index = CreatorIndex.build(encoder.directions)
    return Contents(
        history=frozen,
        offers=offers,
        ranker=models.ranker,
        tables=tables,
        medians=models.medians,
        text_encoder=models.text_encoder,
        topics=models.topics,
        texts=texts,
        encoder=encoder,
        index=index,
        queries=queries,
        record=record,
        creators=_shown(known.creators, ("creator_id", "name", "mcn_id", "profile_text")),
        products=_shown(known.products, tuple(known.products.columns)),
        facts=_facts(known),
    )


def without_history(known: Catalog) -> Catalog:
    """Return the catalog without what `History` and `Log` hold by now: a quarter of the memory."""
    return replace(
        known,
        collaborations=known.collaborations.drop(columns=list(_HELD), errors="ignore"),
        creator_stats=known.creator_stats.iloc[:0].copy(),  # a mere slice would hold all rows
    )


def describe(
    known: Catalog, config: TrainConfig, features: Sequence[Feature] = FEATURES
) -> dict[str, Any]:
    """Return what every manifest says: of the catalog, the configuration and the program."""
    return {
        "catalog": {
            "name": known.name,
            "currency": known.currency,
            "tables": digest_tables(known),
        },
        "features": describe_features(features),
        "sizes": sizes_of(known),
        "newest": {table: day.isoformat() for table, day in known.newest_days().items()},
        "config": asdict(config),
        "warnings": list(known.warnings),
        "undated": list(known.undated_columns()),
        "versions": _versions(),
    }


def sizes_of(known: Catalog) -> dict[str, int]:
    """Return the rows of each table."""
    return {name: len(getattr(known, name)) for name in _TABLES}


def freeze(
    history: History,
    as_of: date,
    effects: Effects | None = None,
    features: Sequence[Feature] = FEATURES,
) -> History:
    """Return what features, effects and offers ask of the history at a date."""
    read = [name for feature in features for name in feature.reads if name in TOTALS]
    residuals = EFFECT_READS if effects is not None and effects.used else ()
    return history.freeze(as_of, [*(TOTALS[name][:2] for name in read), *residuals, *OFFER_TOTALS])


def encode_texts(
    catalog: Catalog, history: History, config: TrainConfig
) -> tuple[TextEncoder, Topics, ContentVectors]:
    """Fit the text encoder on products and creators and encode both; find the topics."""
    products, creators = count_texts(catalog)
    encoder = TextEncoder.fit(vstack((products, creators)), config.text_dimensions, config.seed)
    places, count = history.products["subcategory"], len(history.words["subcategory"])
    topics, spoken = Topics.fit(products, places, count, creators)
    vectors = ContentVectors(encoder.project(creators), encoder.project(products), spoken)
    return encoder, topics, vectors


def count_texts(catalog: Catalog) -> tuple[Any, Any]:
    """Return the n-grams of every product's and every creator's texts."""
    return (
        count_ngrams(join_texts(catalog.products, TEXT_COLUMNS)),
        count_ngrams(join_texts(catalog.creators, _PROFILE_COLUMNS)),
    )


def _shown(frame: pd.DataFrame, columns: tuple[str, ...]) -> pa.Table:
    """Return the columns that are shown to people, as an Arrow table."""
    kept = [name for name in columns if name in frame.columns]
    return pa.Table.from_pandas(frame[kept], preserve_index=False).replace_schema_metadata()


def _facts(catalog: Catalog) -> dict[str, Any]:
    """Return what the matcher says of the catalog as a whole."""
    lacking = [name for name in MONEY_COLUMNS if not catalog.has(*name.split("."))]
    return {"name": catalog.name, "currency": catalog.currency, "lacking": lacking}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = (*_LIBRARIES, "matching")
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    return {**machine, **{name: version(name) for name in names}}
