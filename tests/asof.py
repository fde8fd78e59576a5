"""The as-of rule as a function: what a day's rows tell apart, when later facts are there or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from matching.catalog import Catalog
from matching.facts import log_rows
from matching.features import FEATURES, build_matrix
from matching.features.spec import Feature
from matching.history import History, day_number
from matching.models.effects import PARTS, Effects
from matching.models.outcomes import Head
from matching.models.text import ContentVectors
from matching.pairs import COLUMNS, Offer, Pairs
from matching.scoring import log_prices
from training.records import KEYS, creator_folds, reference_margins, residual_ledgers
from training.rows import Form, Rows

DIMENSIONS = 4


@dataclass(frozen=True)
class Asked:
    """Pairs by id, so that histories of other rows can be asked the same."""

    creators: list[str]
    products: list[str]
    channels: np.ndarray
    commission_rates: np.ndarray
    slot_fees: np.ndarray

    def __len__(self) -> int:
        return len(self.creators)

    def of(self, history: History, days: np.ndarray) -> Pairs:
        """Return these pairs in the rows of a history, asked for at these days."""
        return Pairs(
            history,
            vectors(history),
            history.creator_ids.rows(self.creators),
            history.product_ids.rows(self.products),
            self.channels,
            days,
            Offer(self.commission_rates, self.slot_fees),
        )


def vectors(history: History) -> ContentVectors:
    """Content vectors that depend on the id alone, so that a cut catalog has the same.

    Topics depend on the id and on the sub-category's word: its code differs in a cut catalog.
    """

    def of(ids: Sequence[str], count: int) -> np.ndarray:
        rows = [vector(ids[row]) for row in range(count)]
        return np.array(rows, dtype=np.float32).reshape(count, DIMENSIONS)

    creators = of(history.creator_ids, len(history.creator_ids))
    words = of(history.words["subcategory"], len(history.words["subcategory"]))
    return ContentVectors(
        creators,
        of(history.product_ids, len(history.product_ids)),
        np.outer(creators[:, 0], words[:, 1]).astype(np.float16),
    )


@cache
def vector(name: str) -> np.ndarray:
    return np.random.default_rng(list(name.encode())).normal(size=DIMENSIONS)


def invited_before(catalog: Catalog, day: date) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the collaborations invited on or before the day before, and their own days."""
    log = catalog.collaborations
    log = log[log["invited_on"] < np.datetime64(day)].reset_index(drop=True)
    return log, log["invited_on"].to_numpy().astype("datetime64[D]").astype(np.int64)


def invitations(history: History, log: pd.DataFrame) -> Asked:
    """Return past invitations on their own terms."""
    return Asked(
        log["creator_id"].tolist(),
        log["product_id"].tolist(),
        log_rows(log, history.creator_ids, history.product_ids, history.channels)["channel"],
        log["commission_rate"].to_numpy(dtype=np.float64),
        log["slot_fee"].to_numpy(dtype=np.float64),
    )


def random_pairs(history: History, count: int, draw: np.random.Generator) -> Asked:
    """Return pairs that mostly never met, of those whom a history knows."""
    creators = draw.integers(len(history.creator_ids), size=count)
    products = draw.integers(len(history.product_ids), size=count)
    return Asked(
        [history.creator_ids[row] for row in creators],
        [history.product_ids[row] for row in products],
        draw.integers(2, size=count),
        draw.uniform(0.05, 0.4, count),
        np.where(draw.random(count) < 0.3, np.nan, draw.uniform(0, 5000, count)),
    )


def both(first: Asked, second: Asked) -> Asked:
    return Asked(
        first.creators + second.creators,
        first.products + second.products,
        np.concatenate((first.channels, second.channels)),
        np.concatenate((first.commission_rates, second.commission_rates)),
        np.concatenate((first.slot_fees, second.slot_fees)),
    )


def peeking(
    full: History,
    cut: History,
    day: date | np.ndarray,
    asked: Asked,
    columns: Iterable[str] = tuple(COLUMNS),
    features: Sequence[Feature] = FEATURES,
) -> list[str]:
    """Return the columns and features that tell the two histories apart, in any bit of any row.

    Parameters
    ----------
    full : everything that ever became known
    cut : what was known at the day, of the same catalog and with the same fitted parameters
    day : the day that all are asked for, or int64 days since 1970-01-01, one a pair
    columns : of `matching.pairs.COLUMNS`
    """
    days = np.array([day_number(day)]) if isinstance(day, date) else day
    first, second = asked.of(full, days), asked.of(cut, days)
    found = [name for name in columns if not same_bits(first[name], second[name])]
    matrices = [build_matrix(pairs, features) for pairs in (first, second)]
    return found + [
        feature.name
        for place, feature in enumerate(features)
        if not same_bits(matrices[0][:, place], matrices[1][:, place])
    ]


def remembered(
    history: History, rows: Rows, form: Form, effects: Effects, references: tuple[Head, ...]
) -> History:
    """Return a history that holds the residuals of its own rows; effects and references are held.

    `rows` are the history's own collaborations, with features as of their invitations.
    """
    teaches, target = rows.conversion(form)
    events = np.flatnonzero(teaches & ~np.isnan(rows.ended_on))
    creators, products = rows.creators[events], rows.products[events]
    fold = creator_folds(history.creator_ids)[creators]
    residuals = target[events] - reference_margins(references, rows.matrix[events], fold)
    ledgers, _ = residual_ledgers(
        effects,
        residuals,
        rows.counting[events],
        rows.log_price[events],
        {name: history.key(name, creators, products, rows.channels[events]) for name in KEYS},
        rows.ended_on[events].astype(np.int64),
    )
    return history.with_residuals(ledgers)


def peeking_effects(
    full: History, cut: History, day: date | np.ndarray, asked: Asked, effects: Effects
) -> list[str]:
    """Return the parts of effects that tell the two histories apart, in any bit of any row."""
    days = np.array([day_number(day)]) if isinstance(day, date) else day
    first, second = (effects_at(asked.of(history, days), effects) for history in (full, cut))
    return [name for i, name in enumerate(PARTS) if not same_bits(first[:, i], second[:, i])]


def effects_at(pairs: Pairs, effects: Effects) -> np.ndarray:
    """Return the effects of pairs as serving takes them, float64 (pairs, PARTS)."""
    return effects.parts(pairs.total, log_prices(pairs["product_price"]), len(pairs))


def same_bits(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two columns are the same to the last bit; unknown is unknown, whatever its bits."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    unknown = np.isnan(first)
    if not np.array_equal(unknown, np.isnan(second)):
        return False
    return np.where(unknown, 0, first).tobytes() == np.where(unknown, 0, second).tobytes()
