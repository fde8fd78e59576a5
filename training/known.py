"""What was known at a bundle's date, for baselines to learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from matching.catalog import Catalog
from matching.errors import MatchingError
from matching.facts import build_history
from matching.history import FloatArray, History, IntArray, day_number
from matching.matcher import Matcher
from matching.scoring import Scored
from training.realised import realised_roi
from training.rows import Rows, collect_rows

LEAST_ROWS = 100


class NothingToLearnError(MatchingError):
    """A baseline that what was known cannot teach; the message says what is missing."""


@dataclass(frozen=True)
class Known:
    """Everything that was known at a bundle's date, in the rows of the bundle."""

    catalog: Catalog
    history: History
    matcher: Matcher
    day: int
    seed: int
    rows: Rows

    @classmethod
    def build(cls, matcher: Matcher, catalog: Catalog, seed: int = 0) -> Self:
        """Cut the catalog at the bundle's date; only what the bundle knows stays."""
        known = as_bundled(matcher, catalog.cut(matcher.as_of))
        history = build_history(known)
        contents = matcher.contents
        rows = collect_rows(known, history, contents.texts, contents.features)
        return cls(known, history, matcher, day_number(matcher.as_of), seed, rows)

    def sales(self, key: str, scored: Scored) -> FloatArray:
        """Return past sales of each offer's creator under a key of the history."""
        keys = self.history.key(key, scored.creators, scored.products, scored.channels)
        return self.history.total(key, "gmv", keys, np.array(self.day))

    def ended(self) -> tuple[IntArray, FloatArray]:
        """Return the rows whose realised ROI is known, and that ROI; NothingToLearnError if few."""
        roi = realised_roi(self.catalog, self.catalog.collaborations)
        rows = np.flatnonzero(~np.isnan(roi))
        if len(rows) < LEAST_ROWS:
            raise NothingToLearnError(
                f"only {len(rows)} collaborations have a known ROI, if anything fixed is ever paid"
            )
        return rows, roi[rows]


def as_bundled(matcher: Matcher, known: Catalog) -> Catalog:
    """Return the catalog without the creators and products that the bundle does not know."""
    history = matcher.contents.history
    kept = {}
    for name, table, ids in (
        ("creator_id", known.creators, history.creator_ids),
        ("product_id", known.products, history.product_ids),
    ):
        kept[name] = table[ids.rows(table[name]) >= 0].reset_index(drop=True)
        if len(kept[name]) < len(ids):
            raise MatchingError(
                f"the bundle knows a {name} that the catalog did not know on {matcher.as_of}: "
                "judge it on the catalog that it was trained on"
            )
    log, stats = known.collaborations, known.creator_stats
    both = (history.creator_ids.rows(log["creator_id"]) >= 0) & (
        history.product_ids.rows(log["product_id"]) >= 0
    )
    return replace(
        known,
        creators=kept["creator_id"],
        products=kept["product_id"],
        collaborations=log[both].reset_index(drop=True),
        creator_stats=stats[history.creator_ids.rows(stats["creator_id"]) >= 0].reset_index(
            drop=True
        ),
    )
