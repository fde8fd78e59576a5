"""What the caller should know about an answer, in every language."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from matching.languages import LANGUAGES
from matching.notes import MOST_CANDIDATES, Search, notes
from tests.matching.words import check_words

TODAY = date.today()
SEARCH = {
    "k": 20,
    "objective": "roi",
    "eligible_count": 1802,
    "removed": {},
    "widened": None,
    "is_external": False,
    "has_history": True,
}


def told(
    language: str = "en",
    found: int = 20,
    as_of: date = TODAY,
    lacking: tuple[str, ...] = (),
    unlearnt: tuple[str, ...] = (),
    given_sale: bool = False,
    degenerate: bool = False,
    roi: float = 2.0,
    **search: Any,
) -> list[str]:
    heads = {name: SimpleNamespace(name=name, reason="only 3 known cases") for name in unlearnt}
    heads["refund"] = SimpleNamespace(name="refund", reason="")
    contents = SimpleNamespace(
        facts={"lacking": list(lacking)},
        ranker=SimpleNamespace(heads=heads, given_sale=given_sale),
    )
    money = SimpleNamespace(is_degenerate=np.full(30, degenerate), roi=np.full(30, roi))
    scored = SimpleNamespace(money=money)
    asked = Search(**{**SEARCH, **search})
    shown = np.arange(found)
    return list(notes(contents, as_of, asked, scored, shown, language))  # type: ignore[arg-type]


def test_there_is_nothing_to_know_where_all_is_well():
    assert told() == []


KINDS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"found": 3, "removed": {"opted_out": 12, "city": 1436}},
        "3 of 20 creators found: 12 removed (opted out of invitations); 1,436 removed (city not "
        "among those asked for, or unknown)",
        "需要 20 位达人，找到 3 位：12 位被排除（不接受合作邀约）；"
        "1,436 位被排除（城市不在所选范围内或未知）",
    ),
    (
        {"found": 3, "widened": 500},
        "3 of 20 creators found: filters on predictions left 3 of the 500 best of 1,802",
        "需要 20 位达人，找到 3 位："
        "在 1,802 位可邀约的达人中，对最好的 500 位按预测值筛选后剩 3 位",
    ),
    (
        {"found": 0},
        "0 of 20 creators found: the catalog has no more",
        "需要 20 位达人，找到 0 位：达人库中没有更多达人",
    ),
    (
        {"widened": MOST_CANDIDATES},
        "5,000 candidates were looked at for the filters on predictions",
        "为满足对预测值的筛选，已查看 5,000 位候选达人",
    ),
    (
        {"degenerate": True},
        "ROI cannot tell these creators apart: nothing but commission is paid, so ROI is the same "
        "whoever sells. They are ranked by expected settled sales instead",
        "ROI 无法区分这些达人：只需支付佣金，无论谁来卖 ROI 都相同。因此改按预计退款后销售额排序",
    ),
    (
        {"degenerate": True, "objective": "gmv"},
        "ROI cannot tell these creators apart: nothing but commission is paid, so ROI is the same "
        "whoever sells",
        "ROI 无法区分这些达人：只需支付佣金，无论谁来卖 ROI 都相同",
    ),
    (
        {"roi": np.nan},
        "ROI is null where the cost is 0 or less",
        "成本为 0 或更低时没有 ROI",
    ),
    (
        {"lacking": ("collaborations.refunded_gmv",)},
        "refunds unknown: sales are gross",
        "退款未知：销售额未扣除退款",
    ),
    (
        {"lacking": ("products.sample_cost", "collaborations.return_cost")},
        "sample costs, costs of returns unknown: they count as 0",
        "样品成本、退货成本未知，按 0 计算",
    ),
    (
        {"unlearnt": ("accept",)},
        "how likely creators accept could not be learnt: too few answers are known",
        "已知的答复太少，无法估计达人接受邀约的概率",
    ),
    (
        {"unlearnt": ("fulfil",)},
        "how likely creators publish could not be learnt: too few outcomes are known",
        "已知的结果太少，无法估计达人接受后真正发布的概率",
    ),
    (
        {"unlearnt": ("conversion",)},
        "settled sales could not be learnt: too few outcomes are known",
        "已知的结果太少，无法估计退款后销售额",
    ),
    (
        {"given_sale": True},
        "intervals hold given a sale: many published collaborations sell nothing",
        "不少已发布的合作没有成交，区间只适用于有成交的情况",
    ),
    (
        {"is_external": True, "has_history": False},
        "this product is not in the catalog: it is judged by its content alone",
        "该商品不在商品库中，仅根据其内容判断",
    ),
    (
        {"has_history": False},
        "this product is too new for a history of its own",
        "该商品太新，还没有自己的合作记录",
    ),
    (
        {"as_of": TODAY - timedelta(days=9)},
        f"facts are 9 days old (as of {TODAY - timedelta(days=9)})",
        f"数据已是 9 天前的（截至 {TODAY - timedelta(days=9)}）",
    ),
]


@pytest.mark.parametrize(("given", "english", "chinese"), KINDS)
def test_every_kind_of_note_is_told_in_every_language(
    given: dict[str, Any], english: str, chinese: str
):
    assert told("en", **given) == [english]
    assert told("zh", **given) == [chinese]
    for language in LANGUAGES:
        check_words(told(language, **given)[0], language)


def test_a_shortfall_names_each_filter_and_how_many_it_removed():
    (note,) = told("en", 1, removed={"follower_min": 7, "slot_fee_max": 5}, widened=300)
    assert "7 removed (fewer followers than asked for, or unknown)" in note
    assert "5 removed (slot fee above the limit, or unknown)" in note
    assert note.endswith("filters on predictions left 1 of the 300 best of 1,802")


def test_facts_of_a_week_are_fresh():
    assert told(as_of=TODAY - timedelta(days=7)) == []
