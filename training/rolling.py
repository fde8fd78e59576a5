"""Rolling origins: train as of each day, judge until the next, beside followers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from matching.catalog import Catalog
from matching.errors import OptionError
from matching.facts import days_of
from matching.history import FloatArray, day_number
from training import figures, metrics
from training.config import TrainConfig
from training.figures import Draws, Estimate, Figure, pooled
from training.later import later_outcomes
from training.run import train
from training.studies import SMALL_SPACE

Pair = tuple[Estimate, Estimate]


def compare_origins(
    catalog: Catalog,
    config: TrainConfig,
    origins: Sequence[date],
    seed: int = 0,
    tell: Callable[[str], None] = lambda phase: None,
) -> dict[str, Any]:
    """Return the comparison with followers per origin, pooled over them, and in words.

    What was invited from an origin until the next (the last: to the end) is predicted by a model
    that was trained as of that origin. Figures are AUC of "sold anything", Spearman of impressions
    and the share of sales in the top tenth, with 90 % intervals by bootstrap over creators. Pooled
    is the mean over origins, whose draws of creators are the same.

    Raises
    ------
    OptionError
        If the days do not rise, or nothing came after one of them.
    """
    spans = _spans(catalog, origins)
    small = replace(config, **SMALL_SPACE)
    frames = []
    for start, end in spans:
        tell(f"origin {start}")
        later = later_outcomes(train(catalog, small, start).matcher(), catalog)
        later = later[(days_of(later["invited_on"]) < day_number(end)) & _published(later)]
        if not len(later):
            raise OptionError(
                "origins", f"nothing that was published came between {start} and {end}"
            )
        frames.append(later)
    draws = Draws.build(pd.concat([frame["creator_id"] for frame in frames]), seed)
    ends = np.cumsum([len(frame) for frame in frames])
    judged = [
        _judge(frame, draws.only(np.arange(end - len(frame), end)))
        for frame, end in zip(frames, ends, strict=True)
    ]
    together = {
        name: tuple(
            pooled([found[name][side] for found in judged if name in found]) for side in (0, 1)
        )
        for name in dict.fromkeys(name for found in judged for name in found)
    }
    compared = {name: figures.beside(mine, theirs) for name, (mine, theirs) in together.items()}
    return {
        "origins": [
            {
                "from": start.isoformat(),
                "until": end.isoformat(),
                "rows": len(frame),
                "sold": int((frame["settled_gmv"] > 0).sum()),
                "figures": {name: figures.beside(*pair) for name, pair in found.items()},
            }
            for (start, end), frame, found in zip(spans, frames, judged, strict=True)
        ],
        "pooled": compared,
        "words": in_words(compared["sold"]["gain"]),
    }


def in_words(gain: Figure) -> str:
    """Say whether the gain in AUC over followers is above 0, and claim nothing otherwise."""
    if gain["low"] is None:
        return "AUC cannot be compared: at no origin were there both sales and none."
    told = (
        f"The gain in AUC over followers alone is {gain['value']:+.3f}, "
        f"90 % interval {gain['low']:+.3f} to {gain['high']:+.3f}"
    )
    if gain["low"] > 0:
        return f"{told}: above 0."
    return f"{told}: it includes or is below 0, so no gain is claimed."


def _spans(catalog: Catalog, origins: Sequence[date]) -> list[tuple[date, date]]:
    end = catalog.newest_day()
    days = [*origins, end]
    for before, after in pairwise(days):
        if before >= after:
            raise OptionError(
                "origins", f"{before} is not before {after}: give rising days before {end}"
            )
    return list(pairwise(days))


def _published(later: pd.DataFrame) -> Any:
    return later["settled_gmv"].notna().to_numpy()


def _judge(later: pd.DataFrame, draws: Draws) -> dict[str, Pair]:
    """Return by prediction and by followers: AUC of a sale, Spearman of plays, top-tenth share.

    Plays are predicted by their head, and where none is there by the sales.
    """
    sales, told, followers = (
        later[name].fillna(0).to_numpy()
        for name in ("settled_gmv", "published_gmv", "follower_count")
    )
    seen = later["impressions"].notna().to_numpy()
    plays = later["predicted_impressions"].to_numpy()
    plays = np.where(np.isnan(plays), told, plays) if np.isnan(plays).all() else plays

    def both(make: Callable[[FloatArray], Any], mine: FloatArray, rows: Any) -> Pair:
        chosen = draws.only(rows)
        return chosen.estimate(make(mine[rows])), chosen.estimate(make(followers[rows]))

    every = np.ones(len(later), dtype=bool)
    found = {
        "sold": both(lambda s: metrics.auc(sales > 0, s), told, every),
        "top_tenth": both(lambda s: metrics.top_share(sales, s), told, every),
    }
    if seen.any():
        actual = later["impressions"].to_numpy(dtype=np.float64)[seen]
        found["plays"] = both(lambda s: metrics.spearman(actual, s), plays, seen)
    return found
