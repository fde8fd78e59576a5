"""Products for a creator: the other side of the market, by the same heads and the same money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from matching.columns import SCENES
from matching.display import to_frame, to_html, to_text
from matching.eligibility import REASONS, Filters, Request, suffices, why_not
from matching.history import EPOCH, IntArray
from matching.languages import DEFAULT_LANGUAGE, Text
from matching.models.ranker import order, preference
from matching.notes import Search, notes
from matching.offers import BoolArray
from matching.results import (
    describe_offer,
    describe_person,
    describe_prediction,
    describe_product,
)
from matching.scoring import Scored

if TYPE_CHECKING:
    import pandas as pd

    from matching.matcher import Matcher

EXACT_COUNT = 2_000
"""So many of a merchant's own products are all scored; of more, those nearest in the space."""
CANDIDATE_COUNT = 300
"""So many products of everybody are scored: of 4,000 that keeps more than 0.99 of the value of the
best twenty that scoring all would find, by each objective."""
_ANY_COMMISSION = 1.0  # a creator who may be asked at all takes it
_FEWER = Text(
    "{found:,} of {k:,} products found: {why}", "需要 {k:,} 个商品，找到 {found:,} 个：{why}"
)
_REMOVED = Text("{count:,} removed ({reason})", "{count:,} 个被排除（{reason}）")
_NO_MARGIN = Text("no margin_rate, which profit needs", "缺少毛利率 margin_rate，无法计算利润")
_NO_MORE = Text("the catalog has no more", "商品库中没有更多商品")
_ENDS = Text(
    "the ranking ends here: of {eligible:,} products the likeliest {scored:,} were looked at",
    "排名到此为止：{eligible:,} 个商品中只详细评估了最有希望的 {scored:,} 个",
)
_DEGENERATE = Text(
    "nothing but commission is paid for these products: ROI tells their commission only",
    "这些商品只需支付佣金：ROI 只反映佣金高低",
)
_SEMICOLON = Text("; ", "；")


@dataclass(frozen=True, repr=False)
class Assortment:
    """The ranked products for one creator, and what the caller should know.

    Attributes
    ----------
    rows : int64 (found,)
        Rows of `scored`, best first: this page of the ranking.
    first : int
        Rank of the first of them.
    more : bool
        Whether the ranking goes on.
    """

    matcher: Matcher
    creator: int
    objective: str
    scored: Scored
    rows: IntArray
    first: int
    more: bool
    notes: list[str]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return to_text(self.to_dict())

    def _repr_html_(self) -> str:
        return to_html(self.to_dict())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a product, best first, indexed by rank: offer, prediction and evidence."""
        return to_frame(self.items, self.first)

    @property
    def items(self) -> list[dict[str, Any]]:
        """The products as plain values, best first: product, offer and what is predicted."""
        table = self.matcher.contents.products
        return [
            {
                "rank": rank,
                **describe_product(table, int(self.scored.products[row])),
                "offer": describe_offer(self.scored, int(row)),
                "predicted": describe_prediction(self.matcher, self.scored, int(row)),
            }
            for rank, row in enumerate(self.rows, start=self.first)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return {
            "bundle": self.matcher.version,
            "as_of": self.matcher.as_of.isoformat(),
            "objective": self.objective,
            "currency": self.matcher.currency,
            "creator": describe_person(self.matcher, self.creator),
            "items": self.items,
            "notes": self.notes,
        }


def assortment(
    matcher: Matcher,
    creator: int,
    k: int,
    objective: str,
    merchant_id: str | None = None,
    after: int = 0,
    language: str = DEFAULT_LANGUAGE,
) -> Assortment:
    """Return the best products for a creator, ranks `after` + 1 to `after` + k.

    Parameters
    ----------
    creator : row of the catalog's creators
    merchant_id : only this merchant's products; all of everybody's by default
    """
    mask, removed = _open_to(matcher, creator, objective, merchant_id)
    count = CANDIDATE_COUNT if merchant_id is None else EXACT_COUNT
    products = nearest(matcher, creator, objective, mask, count)
    at_home = mask & _of_the_city(matcher, creator)
    products = np.union1d(products, nearest(matcher, creator, objective, at_home, count // 2))
    scored = matcher.scorer.score(np.full(len(products), creator), products)
    first, second = preference(scored.outcomes, scored.money, objective)
    rows = scored.best_channels(objective)
    rows = rows[order(first[rows], second[rows], scored.products[rows])]
    shown, left = rows[after : after + k], len(rows) - after
    search = Search(k, objective, int(mask.sum()), removed, None, False, True)
    told = [
        *_about_search(search, scored.count, left, after, language),
        *_about_money(matcher, search, scored, shown, language),
    ]
    return Assortment(matcher, creator, objective, scored, shown, after + 1, left > k, told)


def nearest(
    matcher: Matcher, creator: int, objective: str, mask: BoolArray, count: int
) -> IntArray:
    """Return up to `count` products of the mask, those of the greatest inner product, by row."""
    rows = np.flatnonzero(mask)
    if len(rows) <= count:
        return rows
    queries = matcher.contents.queries[objective]
    every = len(rows) == len(queries)
    vector = matcher.contents.encoder.vectors[creator]
    scores = np.einsum("ij,j->i", queries if every else queries[rows], vector)
    return np.sort(rows[np.argpartition(scores, -count)[-count:]])


def _of_the_city(matcher: Matcher, creator: int) -> BoolArray:
    """Return the products that are used at a place in the creator's city.

    The space tells too little of it: of 100,000 products the nearest alone had 0.94 of the ROI that
    scoring all finds, with these 0.996.
    """
    products, creators = matcher.contents.history.products, matcher.contents.history.creators
    city = creators.get("city")[creator]
    local = products.get("scene") == SCENES.index("local")
    return np.asarray(local & (products.get("city") == city) & (city >= 0))


def _open_to(
    matcher: Matcher, creator: int, objective: str, merchant_id: str | None
) -> tuple[BoolArray, Mapping[str, int]]:
    """Return the products that the creator may be offered; how many were removed, by reason."""
    history = matcher.contents.history
    products = history.products
    mask = np.ones(products.count, dtype=bool)
    removed: dict[str, int] = {}

    def keep(reason: str, passes: BoolArray) -> None:
        gone = int(np.count_nonzero(mask & ~passes))
        np.logical_and(mask, passes, out=mask)
        if gone:
            removed[reason] = gone

    if merchant_id is not None:
        merchant = int(history.merchant_ids.rows([merchant_id])[0])
        mask &= (products["merchant"] == merchant) & (merchant >= 0)
    closed = _closed(matcher, creator)
    if closed is not None:
        keep(closed, np.zeros_like(mask))
    if history.creators.has("min_commission_rate"):
        least = history.creators["min_commission_rate"][creator]
        keep("min_commission_rate", suffices(products["commission_rate"], least))
    if objective == "profit":
        keep("margin_rate", ~np.isnan(products.get("margin_rate")))
    return mask, removed


def _closed(matcher: Matcher, creator: int) -> str | None:
    """Return the name of the reason why nobody may ask the creator for anything, if so."""
    contents = matcher.contents
    day = (matcher.as_of - EPOCH).days
    request = Request(contents.history.products, 0, _ANY_COMMISSION, None, Filters(), day)
    return why_not(contents.history, contents.offers, request, np.array([creator]))[0]


def _about_search(
    search: Search, scored: int, left: int, after: int, language: str
) -> Iterator[str]:
    """Yield why there are fewer than asked for, or where the ranking ends."""
    if left < search.k and not after:
        reasons = [
            _REMOVED.say(language, count=count, reason=_reason(name, language))
            for name, count in search.removed.items()
        ]
        why = _SEMICOLON.say(language).join(reasons) or _NO_MORE.say(language)
        yield _FEWER.say(language, found=left, k=search.k, why=why)
    elif left <= search.k and search.eligible_count > scored:
        yield _ENDS.say(language, eligible=search.eligible_count, scored=scored)


def _reason(name: str, language: str) -> str:
    return (_NO_MARGIN if name == "margin_rate" else REASONS[name]).say(language)


def _about_money(
    matcher: Matcher, search: Search, scored: Scored, shown: IntArray, language: str
) -> Iterator[str]:
    """Yield what a match would note as well, and where ROI says nothing of the creator."""
    fixed = scored.money.is_degenerate[shown]
    if len(shown) and fixed.all():
        yield _DEGENERATE.say(language)
    others = shown[~fixed]
    search = replace(search, k=len(others))  # that fewer were found has been said
    yield from notes(matcher.contents, matcher.as_of, search, scored, others, language)
