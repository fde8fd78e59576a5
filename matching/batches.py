"""Matches for many products at once: what each would be alone, with the models asked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matching.eligibility import eligible
from matching.history import IntArray
from matching.matcher import NO_FILTERS, Asked, Matcher, candidate_count, in_full
from matching.results import MatchResult
from matching.scoring import NO_TERMS, Scored


@dataclass(frozen=True)
class Ranked:
    """The candidates of each product, predicted and in order.

    Attributes
    ----------
    asked : the products
    scored : what is predicted of all of them
    lists : int64 (found,) each
        Rows of `scored`, best first, one for each creator who was looked at in full.
    """

    asked: Sequence[Asked]
    scored: Scored
    lists: Sequence[IntArray]


def rank_batch(
    matcher: Matcher, products: Sequence[str], k: int, objective: str, week: date
) -> Ranked:
    """Return the candidates of each product, as many as a list of k is chosen from.

    Parameters
    ----------
    products : ids of the catalog; those without a margin cannot be asked for profit
    week : the Monday whose capacity counts
    """
    contents = matcher.contents
    count = candidate_count(objective, k)
    asked = [matcher.find_product(product) for product in products]
    found = []
    for each in asked:
        request = matcher.request(each, NO_FILTERS, NO_TERMS, week)
        mask = eligible(contents.history, contents.offers, request)
        found.append(matcher.candidates(each, objective, count, mask))
    sizes = [len(creators) for creators in found]
    rows = np.array([each.row for each in asked], dtype=np.int64)
    scored = matcher.scorer.score(
        np.concatenate(found), np.repeat(rows, sizes), best=in_full(objective, k)
    )
    best = scored.best_channels(objective)
    ends = np.searchsorted(scored.candidates[best], np.cumsum(sizes))
    lists = [
        scored.ranked(objective, best[start:end])
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    return Ranked(asked, scored, lists)


def match_batch(
    matcher: Matcher, products: Sequence[str], k: int, objective: str, week: date
) -> list[MatchResult]:
    """Return the best k creators for each product, with evidence and without notes.

    Every product gets what `Matcher.match` gives it, to the last bit; the results share one
    `Scored`. Parameters are those of `rank_batch`.
    """
    ranked = rank_batch(matcher, products, k, objective, week)
    return explain_batch(matcher, replace(ranked, lists=[r[:k] for r in ranked.lists]), objective)


def explain_batch(matcher: Matcher, ranked: Ranked, objective: str) -> list[MatchResult]:
    """Return the whole lists of a batch with evidence and without notes."""
    lists = ranked.lists
    parts = matcher.scorer.contributions(ranked.scored, np.concatenate(lists))
    split = np.split(parts, np.cumsum([len(shown) for shown in lists])[:-1])
    return [
        MatchResult(matcher, each.shown, objective, ranked.scored, shown, told, each.category, [])
        for each, shown, told in zip(ranked.asked, lists, split, strict=True)
    ]
