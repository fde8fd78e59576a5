"""Train: a catalog at a date → everything that serves."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from matching import bundle
from matching.catalog import Catalog
from matching.contents import Contents, describe_features
from matching.errors import MatchingError
from matching.explain import usual_values
from matching.facts import build_history
from matching.features import FEATURES
from matching.history import History, IntArray, day_number
from matching.matcher import Matcher
from matching.models.index import CreatorIndex
from matching.models.intervals import Interval
from matching.models.outcomes import LOG, LOGISTIC, FloatArray, Head, HeadConfig
from matching.models.ranker import HEADS, Ranker
from matching.models.text import ContentVectors, TextEncoder
from matching.notes import MONEY_COLUMNS
from matching.offers import TOTALS as OFFER_TOTALS
from matching.offers import Offers
from matching.pairs import TOTALS
from matching.product import TEXT_COLUMNS
from matching.scoring import Scorer
from training.config import TrainConfig
from training.retrieval import learn_space, place_products
from training.rows import Rows, collect_rows, join_texts

LINKS = {"accept": LOGISTIC, "fulfil": LOGISTIC, "sale": LOGISTIC, "sales": LOG}
TERMS_FEATURES = ("commission_rate", "commission_step", "slot_fee_step")
"""Only whether a creator accepts follows from the terms; what they then sell does not."""
_SALES_RISE_WITH = (
    "log_followers",
    "log_views",
    "usual_impressions",
    "product_impressions",
    "creator_sales",
    "creator_channel_sales",
    "creator_category_sales",
    "creator_subcategory_sales",
    "product_sales",
    "creator_conversion",
    "product_conversion",
    "creator_sale_rate",
    "product_sale_rate",
)
MONOTONE = {
    "accept": dict.fromkeys(("commission_rate", "commission_step", "slot_fee_step"), 1),
    "sale": dict.fromkeys(_SALES_RISE_WITH, 1),
    "sales": dict.fromkeys(_SALES_RISE_WITH, 1),
}
"""What can only help: better terms to be accepted; reach and a good record to sell. Where there is
little data this keeps trees from learning noise."""
_LEAST_VALIDATION = 200
GIVEN_SALE_SHARE = 0.1
_PROFILE_COLUMNS = ("name", "category", "profile_text")


@dataclass(frozen=True)
class Trained:
    """What a training run made, ready to be written as a bundle."""

    contents: Contents
    as_of: date
    about: Mapping[str, Any]

    def matcher(self) -> Matcher:
        """Return what would serve, without writing it."""
        return Matcher("unsaved", self.as_of, self.contents)

    def save(self, bundles: Path) -> Path:
        """Write a new version below `bundles` and return its folder."""
        return bundle.write(bundles, self.contents.to_files(), self.as_of, self.about)


@dataclass
class Phases:
    """Seconds spent in each phase, told as they begin."""

    tell: Any = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        if self.tell is not None:
            self.tell(name)
        start = perf_counter()
        yield
        self.seconds[name] = round(perf_counter() - start, 3)


def train(
    catalog: Catalog,
    config: TrainConfig | None = None,
    as_of: date | None = None,
    tell: Any = None,
) -> Trained:
    """Train on what was known at a date (default: the day after the newest fact).

    Parameters
    ----------
    tell : callable, optional
        Called with the name of each phase as it begins.

    Raises
    ------
    MatchingError
        If nothing was known at that date.
    """
    config = (config or TrainConfig()).check()
    as_of = as_of or catalog.newest_day()
    phases = Phases(tell)
    with phases.phase("facts"):
        known = catalog.cut(as_of)
        if not len(known.creators) or not len(known.products):
            raise MatchingError(
                f"nothing was known on {as_of}: the catalog has no creator or product before it; "
                "choose a later --as-of"
            )
        history = build_history(known)
    with phases.phase("texts"):
        text_encoder, texts = encode_texts(known, config)
    with phases.phase("features"):
        rows = collect_rows(known, history, texts)
    with phases.phase("heads"):
        ranker, fitted = fit_ranker(rows, as_of, config)
    with phases.phase("space"):
        frozen = freeze(history, as_of)
        offers = Offers.build(frozen)
        scorer = Scorer(frozen, texts, offers, ranker)
        encoder = learn_space(scorer, config)
        queries = place_products(scorer, encoder, config)
    contents = Contents(
        history=frozen,
        offers=offers,
        ranker=ranker,
        text_encoder=text_encoder,
        texts=texts,
        encoder=encoder,
        index=CreatorIndex.build(encoder.vectors),
        queries=queries,
        creators=_shown(known.creators, ("creator_id", "name", "mcn_id")),
        products=_shown(known.products, tuple(known.products.columns)),
        facts={**_facts(known), "usual": usual_values(rows.matrix)},
    )
    about = {
        "catalog": {"name": known.name, "currency": known.currency},
        "features": describe_features(),
        "sizes": {
            "creators": len(known.creators),
            "products": len(known.products),
            "collaborations": len(known.collaborations),
        },
        "config": asdict(config),
        "heads": fitted,
        "seconds": phases.seconds,
        "warnings": list(known.warnings),
        "undated": list(known.undated_columns()),
        "versions": _versions(),
    }
    return Trained(contents, as_of, about)


def freeze(history: History, as_of: date) -> History:
    """Return what the features and offers ask of the history at a date."""
    read = [name for feature in FEATURES for name in feature.reads if name in TOTALS]
    return history.freeze(as_of, [*(TOTALS[name][:2] for name in read), *OFFER_TOTALS])


def encode_texts(catalog: Catalog, config: TrainConfig) -> tuple[TextEncoder, ContentVectors]:
    """Fit the text encoder on products and creators and encode both."""
    products = join_texts(catalog.products, TEXT_COLUMNS)
    creators = join_texts(catalog.creators, _PROFILE_COLUMNS)
    encoder = TextEncoder.fit([*products, *creators], config.text_dimensions, config.seed)
    return encoder, ContentVectors(encoder.encode(creators), encoder.encode(products))


def fit_ranker(rows: Rows, as_of: date, config: TrainConfig) -> tuple[Ranker, dict[str, Any]]:
    """Fit the heads, calibrate on the newest outcomes what was fitted before, fit again on all."""
    day = day_number(as_of)
    split = _calibration_day(rows, config)
    later = rows.heads(day, invited_from=split)
    earlier = _fit_heads(rows, split, config, validation=later)
    held_back, _ = later["sale"]
    sales, matrix = rows.sales[held_back], rows.matrix[held_back]
    every_sale = rows.sales[~np.isnan(rows.sales)]
    given_sale = bool(len(every_sale)) and float(np.mean(every_sale == 0)) > GIVEN_SALE_SHARE
    smearing = _smearing(earlier["sales"], matrix, sales)
    trial = Ranker(earlier, smearing, Interval.calibrate(np.zeros(0), np.zeros(0)), given_sale)
    outcomes = trial.predict(matrix, config.threads)
    predicted = outcomes.published_gmv
    if given_sale:
        predicted, sales = (predicted / outcomes.sale_probability)[sales > 0], sales[sales > 0]
    interval = Interval.calibrate(predicted, sales, config.interval_level)
    heads = _fit_heads(rows, day, config, tree_counts=_tree_counts(earlier, later))
    fitted = {
        name: {"rows": len(target), **heads[name].describe()}
        for name, (_, target) in rows.heads(day).items()
    }
    return Ranker(heads, smearing, interval, given_sale), fitted


def _fit_heads(
    rows: Rows,
    known_before: int,
    config: TrainConfig,
    validation: Mapping[str, tuple[IntArray, FloatArray]] | None = None,
    tree_counts: Mapping[str, int] | None = None,
) -> dict[str, Head]:
    """Fit every head on what was known before a day.

    `validation` are later rows that say when enough trees have grown; `tree_counts` are what was
    found that way before.
    """
    names = [feature.name for feature in FEATURES]
    shape = HeadConfig(
        **{f: getattr(config, f) for f in HeadConfig.__dataclass_fields__ if f != "seed"},
        seed=config.seed,
    )
    judges = {}
    for name, (chosen, target) in (validation or {}).items():
        if _judges(name, target):
            judges[name] = (rows.matrix[chosen], target)
    heads = {}
    for name, (chosen, target) in rows.heads(known_before).items():
        weight = _recency(rows.invited[chosen], known_before, config)
        heads[name] = Head.fit(
            name,
            LINKS[name],
            rows.matrix[chosen],
            target,
            names,
            replace(shape, tree_count=(tree_counts or {}).get(name, config.tree_count)),
            monotone=MONOTONE.get(name),
            ignored=() if name == "accept" else TERMS_FEATURES,
            weight=weight,
            validation=judges.get(name),
            threads=config.threads,
        )
    return {name: heads[name] for name in HEADS}


def _judges(name: str, target: FloatArray) -> bool:
    """Return whether later rows are many enough to say how many trees help."""
    rarer = len(target) if LINKS[name] == LOG else min(target.sum(), len(target) - target.sum())
    return bool(rarer >= _LEAST_VALIDATION / 4 and len(target) >= _LEAST_VALIDATION)


def _tree_counts(
    earlier: Mapping[str, Head],
    later: Mapping[str, tuple[IntArray, FloatArray]],
) -> dict[str, int]:
    """Return how many trees helped on later rows, where those were many enough to say."""
    return {
        name: head.tree_count
        for name, head in earlier.items()
        if head.tree_count and _judges(name, later[name][1])
    }


def _recency(invited: IntArray, day: int, config: TrainConfig) -> FloatArray:
    return np.asarray(0.5 ** ((day - invited) / config.half_life_days))


def _calibration_day(rows: Rows, config: TrainConfig) -> int:
    """Return the day from which the newest share of settled collaborations was invited."""
    settled = rows.invited[~np.isnan(rows.sales)]
    if not len(settled):
        return int(rows.invited.max(initial=0))
    return int(np.quantile(settled, 1.0 - config.calibration_share))


def _smearing(head: Head, matrix: Any, sales: FloatArray) -> float:
    """Return mean of actual ÷ exp(predicted logarithm), the largest hundredth capped."""
    sold = sales > 0
    if not sold.any():
        return 1.0
    ratios = sales[sold] / np.exp(head.margin(matrix[sold]))
    return float(np.minimum(ratios, np.quantile(ratios, 0.99)).mean())


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

    names = ("matching", "numpy", "pandas", "lightgbm", "faiss-cpu", "scikit-learn")
    return {"python": sys.version.split()[0], **{name: version(name) for name in names}}
