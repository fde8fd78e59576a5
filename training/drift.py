"""How far the newest invitations have moved from those that a bundle learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.catalog import Catalog
from matching.columns import CHANNELS
from matching.errors import MatchingError
from matching.facts import build_history, days_of
from matching.history import FloatArray, IntArray, day_number
from matching.matcher import Matcher
from training.figures import number
from training.known import as_bundled
from training.rows import Log, add_features, read_log

NEWEST_DAYS, LEARNT_DAYS = 28, 91
MOVED, MOVED_FAR = 0.1, 0.25
"""The usual reading of a population stability index: below, nothing to mind; above, retrain."""
LEAST_ROWS = 50
_MOST_ROWS = 10_000
_BINS = 10
_HALF_A_ROW = 0.5  # an empty bin is not proof that nothing falls there
_PREDICTIONS = {
    "accept_probability": "accept probability",
    "fulfil_probability": "chance of publishing",
    "published_gmv": "sales once published",
    "roi": "ROI",
}


def stability_index(before: FloatArray, after: FloatArray) -> float:
    """Return the population stability index of two samples; NaN is a value of its own.

    Σ (q − p) · ln(q ÷ p) over the tenths of the earlier sample, where p and q are the shares of the
    earlier and the later one. Sampling alone gives `by_chance` on average.
    """
    shares = [_shares(values, _edges(before)) for values in (before, after)]
    p, q = shares
    return float(((q - p) * np.log(q / p)).sum())


def by_chance(before: FloatArray, after: FloatArray) -> float:
    """Return the index of two samples of one population, on average."""
    used = np.count_nonzero(_counts(before, _edges(before)))
    return float((used - 1) * (1 / len(before) + 1 / len(after)))


def measure_drift(matcher: Matcher, catalog: Catalog, seed: int = 0) -> dict[str, Any]:
    """Compare the invitations of the catalog's newest weeks with the last that the bundle learnt.

    The last are those of the 13 weeks before its date (before the newest weeks, where its date is
    later): further back, records were still growing, which is no drift. Features are those known on
    the day of each invitation. Predictions are the bundle's, at its own date, so that only who and
    what is asked for differs. At most 10,000 invitations of each time are drawn. New creators and
    products are counted, since nothing was learnt of them.

    Returns
    -------
    dict
        `from` (a day), `until`, `rows` before and after, `unknown` share of the newest invitations,
        and `features` and `predictions`, the worst first: name, `stability_index`, `by_chance`,
        `median` and `missing` share before and after; or `reason`: why it cannot be told.
    """
    end = catalog.newest_day()
    start = end - timedelta(days=NEWEST_DAYS)
    told: dict[str, Any] = {"from": start.isoformat(), "until": end.isoformat()}
    try:
        known = as_bundled(matcher, catalog)
    except MatchingError as error:
        return {**told, "reason": str(error)}
    history = build_history(known)
    log = read_log(known, history)
    generator = np.random.default_rng(seed)
    before = min(day_number(matcher.as_of), day_number(start))
    learnt = (log.invited >= before - LEARNT_DAYS) & (log.invited < before)
    chosen = [_draw(generator, rows) for rows in (learnt, log.invited >= day_number(start))]
    told["rows"] = [len(rows) for rows in chosen]
    told["unknown"] = number(_unknown(catalog, known, day_number(start)))
    if min(told["rows"]) < LEAST_ROWS:
        return {**told, "reason": f"fewer than {LEAST_ROWS} invitations before or since {start}"}
    parts = [log.only(rows) for rows in chosen]
    contents, features = matcher.contents, matcher.contents.features
    matrices = [add_features(part, history, contents.texts, features).matrix for part in parts]
    predicted = [_predict(matcher, part) for part in parts]
    return {
        **told,
        "features": _worst_first(
            {
                feature.name: [matrix[:, place] for matrix in matrices]
                for place, feature in enumerate(features)
            },
            {feature.name: {"stage": feature.stage.value} for feature in features},
        ),
        "predictions": _worst_first(
            {told: [by[name] for by in predicted] for name, told in _PREDICTIONS.items()}, {}
        ),
    }


def reading(drift: Mapping[str, Any]) -> str:
    """Say how far something has moved, beyond what chance gives."""
    index = drift["stability_index"] - drift["by_chance"]
    if index <= MOVED:
        return "steady"
    return "moved" if index <= MOVED_FAR else "moved far"


def _worst_first(
    samples: Mapping[str, Any], about: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            **about.get(name, {}),
            "stability_index": stability_index(before, after),
            "by_chance": by_chance(before, after),
            "median": [_median(before), _median(after)],
            "missing": [float(np.isnan(values).mean()) for values in (before, after)],
        }
        for name, (before, after) in samples.items()
    ]
    return sorted(found, key=lambda one: -float(one["stability_index"]))


def _median(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return number(np.median(known)) if len(known) else None


def _edges(before: FloatArray) -> FloatArray:
    known = before[~np.isnan(before)]
    inner = np.arange(1, _BINS) / _BINS
    return np.unique(np.quantile(known, inner)) if len(known) else np.zeros(0)


def _counts(values: FloatArray, edges: FloatArray) -> npt.NDArray[np.int64]:
    """Return how many fall between the edges, and how many are unknown."""
    missing = np.isnan(values)
    places = np.where(missing, len(edges) + 1, np.searchsorted(edges, values))
    return np.bincount(places, minlength=len(edges) + 2)


def _shares(values: FloatArray, edges: FloatArray) -> FloatArray:
    counts = _counts(values, edges) + _HALF_A_ROW
    return counts / counts.sum()


def _draw(generator: np.random.Generator, wanted: Any) -> IntArray:
    rows = np.flatnonzero(wanted)
    return np.sort(generator.choice(rows, min(len(rows), _MOST_ROWS), replace=False))


def _unknown(catalog: Catalog, known: Catalog, start: int) -> float:
    """Return the share of the newest invitations whose creator or product the bundle lacks."""
    counts = [
        np.count_nonzero(days_of(one.collaborations["invited_on"]) >= start)
        for one in (catalog, known)
    ]
    return 1.0 - counts[1] / counts[0] if counts[0] else np.nan


def _predict(matcher: Matcher, log: Log) -> dict[str, FloatArray]:
    """Predict invitations in their own channel, at the bundle's date."""
    works = np.ones((matcher.contents.history.creators.count, len(CHANNELS)), dtype=bool)
    scored = matcher.scorer.score(log.creators, log.products, works=works)
    rows = scored.channels == log.channels[scored.candidates]
    values = {name: getattr(scored.outcomes, name) for name in _PREDICTIONS if name != "roi"}
    return {name: found[rows] for name, found in {**values, "roi": scored.money.roi}.items()}
