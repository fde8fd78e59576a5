"""Judge later outcomes: ranking, calibration and intervals, overall and by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from matching.matcher import Matcher
from training import calibration
from training.figures import Draws
from training.ordering import estimates, ranking
from training.segments import SEGMENTS


def judge_later(matcher: Matcher, later: pd.DataFrame, seed: int = 0) -> dict[str, Any]:
    """Return how the predictions of `later_outcomes` compare with what came.

    Every figure is {value, standard_error, low, high, rows}: the interval is at 90 %, by bootstrap
    over creators. `all` are all invitations, `segments` those of each segment. Beside each order
    stands that of followers alone, and the paired gain over it.
    """
    if not len(later):
        return {"invitations": 0}
    draws = Draws.build(later["creator_id"], seed)
    ranker = matcher.contents.ranker

    def judge(rows: Any) -> dict[str, Any]:
        chosen, drawn = later[rows], draws.only(rows)
        return {
            "counts": _counts(chosen),
            "ranking": ranking(chosen, drawn),
            "accept": calibration.probability(
                chosen, drawn, "accepted", "accept_probability", "answer_due"
            ),
            "fulfil": calibration.probability(
                chosen, drawn, "fulfilled", "fulfil_probability", "outcome_due"
            ),
            "sales": calibration.sales(chosen, drawn),
            "interval": calibration.coverage(
                chosen, drawn, ranker.interval.level, ranker.given_sale
            ),
        }

    return {
        "invitations": len(later),
        "all": judge(np.ones(len(later), dtype=bool)),
        "baselines": _baselines(later, draws),
        "segments": {
            name: judge(later[name].to_numpy(dtype=bool)) if later[name].any() else None
            for name in SEGMENTS
        },
    }


def _baselines(later: pd.DataFrame, draws: Draws) -> dict[str, Any]:
    """Return the same measures by every baseline, on the products that the bundle knew."""
    columns = [name for name in later.columns if name.startswith("by ")]
    if not columns:
        return {}
    known = later[columns[0]].notna().to_numpy()
    chosen, drawn = later[known], draws.only(known)
    methods = {"this ranking": None, **{name.removeprefix("by "): name for name in columns}}
    return {
        method: {n: mine.figure() for n, (mine, _) in estimates(chosen, drawn, column).items()}
        for method, column in methods.items()
    }


def _counts(later: pd.DataFrame) -> dict[str, int]:
    return {
        "invitations": len(later),
        "answered": int(later["accepted"].notna().sum()),
        "accepted": int((later["accepted"] == 1).sum()),
        "published": int(later["settled_gmv"].notna().sum()),
        "sold": int((later["settled_gmv"] > 0).sum()),
    }
