"""How far the newest invitations have moved from those that a bundle learnt from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import wasserstein_distance

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
EARLIER_TIMES = 3
"""How often the same comparison is made in the past, for what is usual."""
MOVED, MOVED_FAR = 0.1, 0.25
"""The usual reading of a population stability index: below, nothing to mind; above, retrain."""
LEAST_SHIFT = 0.2
"""In standard deviations. An index only counts who falls into another tenth, not how far they
moved: creators without a past all have the market's mean, and take their tenth with them when that
moves by a hair. A normal value whose index is 0.1 has moved by 0.3."""
LEAST_ROWS = 50
_MOST_ROWS = 10_000
_BINS = 10
_HALF_A_ROW = 0.5  # an empty bin is not proof that nothing falls there
_READINGS = ("moved far", "moved", "steady")
_PREDICTIONS = {
    "accept_probability": "accept probability",
    "fulfil_probability": "chance of publishing",
    "published_gmv": "sales once published",
    "roi": "ROI",
}


Samples = dict[str, FloatArray]
"""Features and predictions of some invitations, by name."""


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


def shift(before: FloatArray, after: FloatArray) -> float:
    """Return how far values moved: Wasserstein distance in standard deviations of the earlier ones.

    To it is added by how much the share of unknown ones changed; what was constant and is not any
    more, or was never known before, has moved endlessly far.
    """
    known = [values[~np.isnan(values)].astype(np.float64) for values in (before, after)]
    lost = abs(len(known[0]) / len(before) - len(known[1]) / len(after))
    if not all(map(len, known)):
        return float(lost)
    moved, spread = wasserstein_distance(*known), known[0].std()
    return float(lost + (moved / spread if spread > 0 else np.inf if moved > 0 else 0.0))


def measure_drift(matcher: Matcher, catalog: Catalog, seed: int = 0) -> dict[str, Any]:
    """Compare the invitations of the catalog's newest weeks with the last that the bundle learnt.

    The last are those of the 13 weeks before its date (before the newest weeks, where its date is
    later): further back, records were still growing, which is no drift. Features are those known on
    the day of each invitation. Predictions are the bundle's, at its own date, so that only who and
    what is asked for differs. At most 10,000 invitations of each time are drawn. New creators and
    products are counted, since nothing was learnt of them.

    In a market where nothing happens features move all the same, and far: records grow, a rate that
    is shrunk to the market's takes many creators along when that moves by a hair, seasons come, and
    the same few products are asked for a hundred times a month, so that rows are no independent
    draws. What is `usual` is therefore measured: the largest index of up to three comparisons of
    weeks that lie as far apart, all before those of the comparison itself.

    Returns
    -------
    dict
        `from` (a day), `until`, `rows` before and after, `unknown` share of the newest invitations,
        `earlier`: how many comparisons tell what is usual, and `features` and `predictions`, the
        worst first: name, `stability_index`, `by_chance`, `usual` (None where nothing tells it),
        `shift` (None where it is endless), `median` and `missing` share before and after; or
        `reason`: why it cannot be told.
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

    def drawn(days_earlier: int) -> list[IntArray]:
        learnt = before - days_earlier - LEARNT_DAYS, before - days_earlier
        newest = day_number(start) - days_earlier, day_number(end) - days_earlier + 1
        return [
            _draw(generator, (log.invited >= first) & (log.invited < last))
            for first, last in (learnt, newest)
        ]

    chosen = drawn(0)
    told["rows"] = [len(rows) for rows in chosen]
    told["unknown"] = number(_unknown(catalog, known, day_number(start)))
    if min(told["rows"]) < LEAST_ROWS:
        return {**told, "reason": f"fewer than {LEAST_ROWS} invitations before or since {start}"}
    apart = day_number(end) + 1 - before
    earlier = [drawn(apart + NEWEST_DAYS * times) for times in range(EARLIER_TIMES)]
    earlier = [both for both in earlier if min(map(len, both)) >= LEAST_ROWS]

    contents, features = matcher.contents, matcher.contents.features

    def sampled(rows: IntArray) -> Samples:
        part = log.only(rows)
        matrix = add_features(part, history, contents.texts, features).matrix
        columns = {feature.name: matrix[:, place] for place, feature in enumerate(features)}
        return {**columns, **_predict(matcher, part)}

    now = [sampled(rows) for rows in chosen]
    then = [[sampled(rows) for rows in both] for both in earlier]
    compared = {name: _compare(name, now, then) for name in now[0]}
    return {
        **told,
        "earlier": len(then),
        "features": _worst_first(
            {**compared[feature.name], "stage": feature.stage.value} for feature in features
        ),
        "predictions": _worst_first(compared[name] for name in _PREDICTIONS.values()),
    }


def expected(drift: Mapping[str, Any]) -> float:
    """Return the index that nothing new would give: as by chance, or as usual where that is more.

    What is usual holds the chance too.
    """
    return max(float(drift["by_chance"]), float(drift["usual"] or 0.0))


def beyond(drift: Mapping[str, Any]) -> float:
    """Return by how much the index is above twice the expected one.

    Twice, since three earlier comparisons tell only roughly how far a few merchants' rates wander.
    """
    return float(drift["stability_index"]) - 2.0 * expected(drift)


def reading(drift: Mapping[str, Any]) -> str:
    """Say how far something has moved, beyond what nothing new would give."""
    index = beyond(drift)
    near = drift["shift"] is not None and drift["shift"] < LEAST_SHIFT
    if index <= MOVED or near:
        return "steady"
    return "moved" if index <= MOVED_FAR else "moved far"


def _compare(
    name: str, now: Sequence[Samples], then: Sequence[Sequence[Samples]]
) -> dict[str, Any]:
    before, after = (sample[name] for sample in now)
    usual = [stability_index(*(sample[name] for sample in both)) for both in then]
    return {
        "name": name,
        "stability_index": stability_index(before, after),
        "by_chance": by_chance(before, after),
        "usual": max(usual, default=None),
        "shift": number(shift(before, after)),
        "median": [_median(before), _median(after)],
        "missing": [float(np.isnan(values).mean()) for values in (before, after)],
    }


def _worst_first(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those first that have moved most, by what is told of them and then by their index."""
    return sorted(
        found,
        key=lambda one: (_READINGS.index(reading(one)), -beyond(one)),
    )


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
    found = {**values, "roi": scored.money.roi}
    return {told: found[name][rows] for name, told in _PREDICTIONS.items()}
