"""Are probabilities, sales and intervals the right size? By bins, tenths and fifths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from matching.history import FloatArray
from training import figures, metrics
from training.figures import Draws

_TENTHS, _FIFTHS = 10, 5
_LEAST_PUBLISHED = 20


def probability(
    later: pd.DataFrame, draws: Draws, outcome: str, chance: str, due: str
) -> dict[str, Any]:
    """Return order and calibration of a probability, where nearly every outcome is in."""
    rows = later[outcome].notna().to_numpy() & later[due].to_numpy(dtype=bool)
    chosen, drawn = later[rows], draws.only(rows)
    truth, told = chosen[outcome].to_numpy(dtype=np.float64), chosen[chance].to_numpy()
    if not len(chosen):
        return {"rows": 0}
    followers = chosen["follower_count"].fillna(0).to_numpy()
    place = metrics.chance_bins(told)
    return {
        "rows": len(chosen),
        "auc": figures.beside(
            drawn.estimate(metrics.auc(truth, told)), drawn.estimate(metrics.auc(truth, followers))
        ),
        "share": drawn.estimate(metrics.mean(truth)).figure(),
        "predicted": drawn.estimate(metrics.mean(told)).figure(),
        "brier": drawn.estimate(metrics.mean((told - truth) ** 2)).figure(),
        "calibration_error": drawn.estimate(
            metrics.calibration_error(truth, told), centred=True
        ).figure(),
        "bins": [
            {
                "predicted": float(told[place == b].mean()),
                "actual": drawn.only(place == b).estimate(metrics.mean(truth[place == b])).figure(),
            }
            for b in np.unique(place)
        ],
    }


def sales(later: pd.DataFrame, draws: Draws) -> dict[str, Any]:
    """Return predicted ÷ actual sales of published collaborations, in all and by tenth."""
    rows = later["settled_gmv"].notna().to_numpy() & later["published_gmv"].notna().to_numpy()
    actual = later["settled_gmv"].to_numpy()[rows]
    told = later["published_gmv"].to_numpy()[rows]
    drawn = draws.only(rows)
    return {
        "rows": len(actual),
        "actual": float(actual.sum()),
        "predicted": float(told.sum()),
        "predicted_by_actual": drawn.estimate(metrics.ratio(told, actual)).figure(),
        "tenths": [
            {
                "predicted": figures.number(told[part].mean()),
                "actual": drawn.only(part).estimate(metrics.mean(actual[part])).figure(),
                "predicted_by_actual": drawn.only(part)
                .estimate(metrics.ratio(told[part], actual[part]))
                .figure(),
            }
            for part in _parts(told, _TENTHS)
        ],
    }


def coverage(later: pd.DataFrame, draws: Draws, level: float, given_sale: bool) -> dict[str, Any]:
    """Return the share of published collaborations inside the interval, by predicted size."""
    sales = later["settled_gmv"]
    rows = (sales.notna() & later["published_low"].notna()).to_numpy()
    if given_sale:
        rows = rows & (sales > 0).to_numpy()
    chosen, drawn = later[rows], draws.only(rows)
    inside = chosen["settled_gmv"].between(chosen["published_low"], chosen["published_high"])
    inside = inside.to_numpy(dtype=np.float64)
    return {
        "level": level,
        "cases": len(inside),
        "inside": drawn.estimate(metrics.mean(inside)).figure(),
        "fifths": [
            drawn.only(part).estimate(metrics.mean(inside[part])).figure()
            for part in _parts(chosen["published_gmv"].to_numpy(), _FIFTHS)
        ],
    }


def _parts(predicted: FloatArray, count: int) -> list[Any]:
    """Return the rows of equal parts by predicted size, smallest first; none where too few."""
    if len(predicted) < _LEAST_PUBLISHED:
        return []
    return np.array_split(np.argsort(predicted, kind="stable"), count)
