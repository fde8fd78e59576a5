"""Notes: what the caller should know about an answer, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from matching.columns import SLOT_FEES
from matching.contents import Contents
from matching.eligibility import REASONS
from matching.history import IntArray
from matching.languages import DEFAULT_LANGUAGE, Text
from matching.scoring import Scored

MOST_CANDIDATES = 5_000
"""How far candidates widen for filters on predictions."""
_FRESH = timedelta(days=7)
_UNCOUNTED = {
    Text("slot fees", "坑位费"): tuple(f"creators.{name}" for name in SLOT_FEES),
    Text("sample costs", "样品成本"): ("products.sample_cost",),
    Text("service fees", "服务费"): ("products.service_fee_rate",),
    Text("costs of returns", "退货成本"): ("collaborations.return_cost",),
}
"""Costs, by the columns that would tell them; where the catalog lacks all, they count as 0."""
_COUNTS_AS_NOTHING = Text("{costs} unknown: they count as 0", "{costs}未知，按 0 计算")
_UNLEARNT = {
    "accept": Text(
        "how likely creators accept could not be learnt: too few answers are known",
        "已知的答复太少，无法估计达人接受邀约的概率",
    ),
    "fulfil": Text(
        "how likely creators publish could not be learnt: too few outcomes are known",
        "已知的结果太少，无法估计达人接受后真正发布的概率",
    ),
    "conversion": Text(
        "settled sales could not be learnt: too few outcomes are known",
        "已知的结果太少，无法估计退款后销售额",
    ),
}
_GIVEN_SALE = Text(
    "intervals hold given a sale: many published collaborations sell nothing",
    "不少已发布的合作没有成交，区间只适用于有成交的情况",
)
_WIDENED = Text(
    "{widened:,} candidates were looked at for the filters on predictions",
    "为满足对预测值的筛选，已查看 {widened:,} 位候选达人",
)
_OUTSIDE = Text(
    "this product is not in the catalog: it is judged by its content alone",
    "该商品不在商品库中，仅根据其内容判断",
)
_TOO_NEW = Text(
    "this product is too new for a history of its own", "该商品太新，还没有自己的合作记录"
)
_OLD_FACTS = Text("facts are {days} days old (as of {day})", "数据已是 {days} 天前的（截至 {day}）")
_FEWER = Text(
    "{found:,} of {k:,} creators found: {why}", "需要 {k:,} 位达人，找到 {found:,} 位：{why}"
)
_NO_MORE = Text("the catalog has no more", "达人库中没有更多达人")
_REMOVED = Text("{count:,} removed ({reason})", "{count:,} 位被排除（{reason}）")
_LEFT_BY_PREDICTIONS = Text(
    "filters on predictions left {found:,} of the {widened:,} best of {eligible:,}",
    "在 {eligible:,} 位可邀约的达人中，对最好的 {widened:,} 位按预测值筛选后剩 {found:,} 位",
)
_DEGENERATE = Text(
    "ROI cannot tell these creators apart: nothing but commission is paid, so ROI is the same "
    "whoever sells",
    "ROI 无法区分这些达人：只需支付佣金，无论谁来卖 ROI 都相同",
)
_RANKED_BY_SALES = Text(
    "{degenerate}. They are ranked by expected settled sales instead",
    "{degenerate}。因此改按预计退款后销售额排序",
)
_NO_ROI = Text("ROI is null where the cost is 0 or less", "成本为 0 或更低时没有 ROI")
_GROSS = Text("refunds unknown: sales are gross", "退款未知：销售额未扣除退款")
_COMMA, _SEMICOLON = Text(", ", "、"), Text("; ", "；")
MONEY_COLUMNS = ("collaborations.refunded_gmv", *(c for cs in _UNCOUNTED.values() for c in cs))
"""The optional columns whose absence changes what money means."""


@dataclass(frozen=True)
class Search:
    """How an answer was found: what was asked, who was eligible, how far it widened.

    `removed` counts creators by name of the reason, as in `eligibility.REASONS`.
    """

    k: int
    objective: str
    eligible_count: int
    removed: Mapping[str, int]
    widened: int | None
    is_external: bool
    has_history: bool


def notes(
    contents: Contents,
    as_of: date,
    search: Search,
    scored: Scored,
    shown: IntArray,
    language: str = DEFAULT_LANGUAGE,
) -> Iterator[str]:
    """Yield what the caller should know; `shown` are the rows of the answer."""
    if len(shown) < search.k:
        yield _shortfall(len(shown), search, language)
    elif search.widened is not None and search.widened >= MOST_CANDIDATES:
        yield _WIDENED.say(language, widened=search.widened)
    yield from _about_money(contents, search, scored, shown, language)
    yield from _about_models(contents, language)
    if search.is_external:
        yield _OUTSIDE.say(language)
    elif not search.has_history:
        yield _TOO_NEW.say(language)
    age = date.today() - as_of
    if age > _FRESH:
        yield _OLD_FACTS.say(language, days=age.days, day=as_of)


def _shortfall(found: int, search: Search, language: str) -> str:
    """Return why there are fewer creators than asked for."""
    parts = [
        _REMOVED.say(language, count=count, reason=REASONS[name].say(language))
        for name, count in search.removed.items()
    ]
    if search.widened is not None:
        left = _LEFT_BY_PREDICTIONS.say(
            language, found=found, widened=search.widened, eligible=search.eligible_count
        )
        parts.append(left)
    why = _SEMICOLON.say(language).join(parts) or _NO_MORE.say(language)
    return _FEWER.say(language, found=found, k=search.k, why=why)


def _about_money(
    contents: Contents, search: Search, scored: Scored, shown: IntArray, language: str
) -> Iterator[str]:
    if len(shown) and scored.money.is_degenerate[shown].all():
        degenerate = _DEGENERATE.say(language)
        if search.objective == "roi":
            degenerate = _RANKED_BY_SALES.say(language, degenerate=degenerate)
        yield degenerate
    if len(shown) and np.isnan(scored.money.roi[shown]).any():
        yield _NO_ROI.say(language)
    lacking = set(contents.facts["lacking"])
    if "collaborations.refunded_gmv" in lacking:
        yield _GROSS.say(language)
    costs = [c.say(language) for c, columns in _UNCOUNTED.items() if lacking.issuperset(columns)]
    if costs:
        yield _COUNTS_AS_NOTHING.say(language, costs=_COMMA.say(language).join(costs))


def _about_models(contents: Contents, language: str) -> Iterator[str]:
    for head in contents.ranker.heads.values():
        if head.reason and head.name in _UNLEARNT:
            yield _UNLEARNT[head.name].say(language)
    if contents.ranker.given_sale:
        yield _GIVEN_SALE.say(language)
