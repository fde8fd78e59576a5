"""Judge later outcomes: ranking, calibration and intervals, overall and by segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from matching.matcher import Matcher
from training import calibration
from training.cells import OURS
from training.figures import Draws, Estimate
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
        **_baselines(later, draws),
        "segments": {
            name: judge(later[name].to_numpy(dtype=bool)) if later[name].any() else None
            for name in SEGMENTS
        },
    }


def _baselines(later: pd.DataFrame, draws: Draws) -> dict[str, Any]:
    """Return the same measures by every baseline, on the products that the bundle knew.

    `lead` holds, by measure, the paired gain over the best of them.
    """
    columns = [name for name in later.columns if name.startswith("by ")]
    if not columns:
        return {"baselines": {}, "lead": {}}
    known = later[columns[0]].notna().to_numpy()
    chosen, drawn = later[known], draws.only(known)
    methods = {OURS: None, **{name.removeprefix("by "): name for name in columns}}
    found = {
        method: {name: mine for name, (mine, _) in estimates(chosen, drawn, column).items()}
        for method, column in methods.items()
    }
    return {
        "baselines": {
            method: {name: estimate.figure() for name, estimate in by.items()}
            for method, by in found.items()
        },
        "lead": {name: lead for name in found[OURS] if (lead := _lead(found, name))},
    }


def _lead(found: Mapping[str, Mapping[str, Estimate]], measure: str) -> dict[str, Any]:
    """Return the gain over the best other method; empty where none can be told."""
    others = {m: by[measure].value for m, by in found.items() if m != OURS}
    others = {method: value for method, value in others.items() if np.isfinite(value)}
    if not others or not np.isfinite(found[OURS][measure].value):
        return {}
    best = max(others, key=lambda method: others[method])
    ours, theirs = found[OURS][measure], found[best][measure]
    return {
        "over": best,
        "ours": ours.figure(),
        "theirs": theirs.figure(),
        "gain": (ours - theirs).figure(),
    }


def _counts(later: pd.DataFrame) -> dict[str, int]:
    return {
        "invitations": len(later),
        "answered": int(later["accepted"].notna().sum()),
        "accepted": int((later["accepted"] == 1).sum()),
        "published": int(later["settled_gmv"].notna().sum()),
        "sold": int((later["settled_gmv"] > 0).sum()),
    }
