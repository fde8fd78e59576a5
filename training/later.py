"""What came after a bundle's date, as predicted then and as it came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from matching.catalog import Catalog, answer_days, is_accepted
from matching.columns import CHANNELS
from matching.errors import MatchingError
from matching.facts import days_of, product_attributes, settled_sales
from matching.history import FloatArray, IntArray, day_number
from matching.matcher import Matcher
from matching.product import TEXT_COLUMNS
from matching.scoring import Scored
from training.baselines import Score
from training.realised import realised_roi
from training.rows import PATIENCE, join_texts
from training.segments import Segments

PREDICTED = (
    "accept_probability",
    "fulfil_probability",
    "published_gmv",
    "published_low",
    "published_high",
)


def later_outcomes(
    matcher: Matcher, catalog: Catalog, baselines: Mapping[str, Score] | None = None
) -> pd.DataFrame:
    """Return the invitations after the bundle's date, one row each.

    Products that were not known at that date are judged by their content; creators who were not
    known cannot be. Columns:

    - collaboration_id, creator_id, product_id, invited_on, follower_count
    - accepted, fulfilled : 1 or 0, null where the answer (of an accepted one, the outcome) is not
      known; answer_due, outcome_due : whether nearly every answer (outcome) to an invitation of
      that day is in
    - settled_gmv, impressions : null unless published and settled; roi : realised, null unless the
      collaboration ended
    - the predictions of `PREDICTED`, expected_gmv (P(accept)·E[S]), predicted_roi and
      predicted_impressions (null where no head predicts them)
    - by <baseline> : its score, null for products that the bundle does not know
    - one column a segment: whether the pair is in it
    """
    log = catalog.collaborations
    after = log[days_of(log["invited_on"]) >= day_number(matcher.as_of)]
    creators = matcher.contents.history.creator_ids.rows(after["creator_id"])
    if len(after) and not (creators >= 0).any():
        raise MatchingError(
            f"the bundle knows no creator of the {len(after):,} invitations since {matcher.as_of}: "
            "give the catalog that it was trained on, with what came later"
        )
    after, creators = after[creators >= 0].reset_index(drop=True), creators[creators >= 0]
    frame = after[["collaboration_id", "creator_id", "product_id", "invited_on"]].copy()
    frame["follower_count"] = matcher.contents.offers.follower_count[creators]
    status = after["status"].to_numpy(dtype=object)
    answered = answer_days(after).notna().to_numpy(dtype=bool)
    frame["accepted"] = np.where(answered, is_accepted(after).to_numpy(dtype=np.float64), np.nan)
    ended = np.isin(status, ["fulfilled", "failed"])
    frame["fulfilled"] = np.where(ended, status == "fulfilled", np.nan)
    frame["answer_due"], frame["outcome_due"] = _due(catalog, after)
    frame["settled_gmv"] = settled_sales(after)
    frame["roi"] = realised_roi(catalog, after)
    seen = after["impressions"] if "impressions" in after.columns else np.nan
    frame["impressions"] = np.where(status == "fulfilled", seen, np.nan)
    predictions = _predict(matcher, catalog, after, creators, baselines or {})
    inside = Segments.build(matcher, catalog).of_pairs(after["creator_id"], after["product_id"])
    return frame.assign(**predictions, **inside)


def _due(catalog: Catalog, after: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return which rows are older than nearly every delay of an answer, and of an outcome."""
    log, end = catalog.collaborations, day_number(catalog.newest_day())
    invited = days_of(log["invited_on"])
    settled = days_of(log["settled_on"]) if "settled_on" in log.columns else invited * np.nan
    ended = np.where(log["status"].isin(["fulfilled", "failed"]), settled, np.nan)
    young = []
    for known_on in (days_of(answer_days(log)), ended):
        delays = (known_on - invited)[~np.isnan(known_on)]
        patience = np.quantile(delays, PATIENCE) if len(delays) else np.inf
        young.append(days_of(after["invited_on"]) <= end - patience)
    return young[0], young[1]


def _predict(
    matcher: Matcher,
    catalog: Catalog,
    after: pd.DataFrame,
    creators: IntArray,
    baselines: Mapping[str, Score],
) -> dict[str, FloatArray]:
    """Predict invitations at the bundle's date, in their own channel where it is known."""
    contents = matcher.contents
    products = contents.history.product_ids.rows(after["product_id"])
    works = np.ones((contents.history.creators.count, len(CHANNELS)), dtype=bool)
    names = [*PREDICTED, "expected_gmv", "predicted_roi", "predicted_impressions"]
    predicted = {name: np.full(len(after), np.nan) for name in names}
    predicted |= {f"by {name}": np.full(len(after), np.nan) for name in baselines}
    channels = _channels(after, matcher)

    def fill(chosen: IntArray, scored: Scored, scores: Mapping[str, Score]) -> None:
        rows = np.flatnonzero(scored.channels == channels[chosen][scored.candidates])
        found = {name: getattr(scored.outcomes, name) for name in PREDICTED}
        found["expected_gmv"] = scored.outcomes.accept_probability * scored.money.settled_gmv
        found["predicted_roi"] = scored.money.roi
        seen = getattr(scored.outcomes, "impressions", None)
        if seen is not None:
            found["predicted_impressions"] = seen
        found |= {f"by {name}": score(scored) for name, score in scores.items()}
        for name, values in found.items():
            predicted[name][chosen[scored.candidates[rows]]] = values[rows]

    old, new = np.flatnonzero(products >= 0), np.flatnonzero(products < 0)
    if len(old):
        fill(old, matcher.scorer.score(creators[old], products[old], works=works), baselines)
    if len(new):
        table = catalog.products.set_index("product_id")
        table = table.loc[after["product_id"].iloc[new]].reset_index()
        words, merchant_ids = contents.history.words, contents.history.merchant_ids
        vectors = contents.text_encoder.encode(join_texts(table, TEXT_COLUMNS))
        external = (
            product_attributes(table, words, merchant_ids),
            replace(contents.texts, products=vectors),
        )
        rows = np.arange(len(new))
        fill(new, matcher.scorer.score(creators[new], rows, works=works, external=external), {})
    return predicted


def _channels(after: pd.DataFrame, matcher: Matcher) -> IntArray:
    usual = matcher.contents.history.channels[0]
    if "channel" not in after.columns:
        return np.full(len(after), usual)
    codes = pd.Index(CHANNELS).get_indexer(pd.Index(after["channel"]))
    return np.where(codes < 0, usual, codes)
