"""A matcher with an obvious market, so that the service is tested without training anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from matching.economics import Terms
from matching.errors import ConflictError, OptionError, UnknownIdError
from matching.history import Ids
from matching.languages import Text
from matching.matcher import Filters
from matching.past import Past
from matching.record import Cases

TITLES = (
    ("每日坚果混合装 750g", "食品/坚果", 59.9),
    ("手工红糖姜茶 12袋", "食品/冲饮", 29.9),
    ("老字号麻辣牛肉干 500g", "食品/零食", 68.0),
    ("云南小粒咖啡挂耳 20片", "食品/冲饮", 45.0),
    ("氨基酸洁面乳 120ml", "美妆/洁面", 79.0),
    ("哑光丝绒口红 三支装", "美妆/彩妆", 129.0),
    ("真丝衬衫 通勤款", "服饰/女装", 269.0),
    ("儿童防晒衣 轻薄透气", "服饰/童装", 99.0),
    ("空气炸锅 5L 可视窗", "家居/小家电", 299.0),
    ("无线吸尘器 轻音版", "数码/家电", 899.0),
    ("双人火锅套餐 到店用", "本地生活/餐饮", 128.0),
    ("新疆棉四件套 1.8m", "家居/床品", 239.0),
)
NAMES = (
    *("小雨的厨房", "成都老周", "阿敏试吃", "北方的狼", "美妆师Coco"),
    *("李姐严选", "大山里的阿福", "深夜食堂君", "豆豆妈", "潮州仔"),
)
NO_FILTERS, NO_TERMS = Filters(), Terms()
NOBODY: Mapping[str, date] = {}
CITIES = ("成都", "杭州", "北京", "广州", "西安", None)
CATEGORIES = ("食品", "美妆", "服饰", "家居", "数码")
STAGES = ("transform", "reach", "utilize", "strengthen", "thrive")
REASONS = {
    "transform": Text(
        "{share}% of the creator's published collaborations were in the product's category; the "
        "category's median is 31% ({effect} expected sales)",
        "达人已发布的合作中有 {share}% 属于商品所在类目，类目中位数为 31%（预计销售额 {effect}）",
    ),
    "reach": Text(
        "The creator usually has {share},000 viewers in this channel; the category's median is "
        "8,200 ({effect} expected sales)",
        "达人在该渠道日常的观看人数为 {share},000，类目中位数为 8,200（预计销售额 {effect}）",
    ),
    "utilize": Text(
        "Buyers sent back {share}% of the creator's sales; the category's median is 18% ({effect} "
        "expected sales)",
        "达人的销售额中有 {share}% 被退款，类目中位数为 18%（预计销售额 {effect}）",
    ),
    "strengthen": Text(
        "Fans bring {share}% of this creator's sales; the category's median is 19% ({effect} "
        "expected sales)",
        "粉丝贡献了该达人 {share}% 的销售额，类目中位数为 19%（预计销售额 {effect}）",
    ),
    "thrive": Text(
        "{share}% of this creator's orders are repurchases; the category's median is 11% ({effect} "
        "expected sales)",
        "达人的订单中有 {share}% 是复购，类目中位数为 11%（预计销售额 {effect}）",
    ),
}
FEWER = Text(
    "{found} of {asked} creators found: {removed} removed (city not among those asked for, or "
    "unknown)",
    "需要 {asked} 位达人，找到 {found} 位：{removed} 位被排除（城市不在所选范围内或未知）",
)
DEGENERATE = Text(
    "ROI cannot tell these creators apart: nothing but commission is paid, so ROI is the same "
    "whoever sells",
    "ROI 无法区分这些达人：只需支付佣金，无论谁来卖 ROI 都相同",
)
NOT_ELIGIBLE = Text("city not among those asked for, or unknown", "城市不在所选范围内或未知")


@dataclass(frozen=True)
class FakeResult:
    answer: dict[str, Any]
    candidates = 120

    def to_dict(self) -> dict[str, Any]:
        return self.answer


@dataclass(frozen=True)
class FakeAssortment(FakeResult):
    more: bool


class FakeMatcher:
    """Sixty products of two merchants, 120 creators; bigger number in the id, lower ROI.

    A point more of commission is a point more of acceptance, and moves every third creator up by
    one place.
    """

    version = "20261122T073500-1a2b3c"
    as_of = date(2026, 11, 20)
    looked_at = 120  # how many have a rank

    def __init__(self, currency: str = "CNY", scale: float = 1.0, degenerate: bool = False) -> None:
        self.currency = currency
        self._scale = scale
        self._degenerate = degenerate
        self._products = [self._make_product(number) for number in range(60)]
        self._creators = [_make_creator(number) for number in range(120)]

    def _make_product(self, number: int) -> dict[str, Any]:
        title, category, price = TITLES[number % len(TITLES)]
        return {
            "product_id": f"p{number:03d}",
            "merchant_id": f"m{number % 2}",
            "title": title
            if number < len(TITLES)
            else f"{title} · 第{number // len(TITLES) + 1}代",
            "category": category,
            "price": price * self._scale,
            "commission_rate": 0.2,
            "description": None,
            "brand": None,
            "margin_rate": None if number % 3 == 1 else 0.4,
            "service_fee_rate": None,
            "sample_cost": 15.0 * self._scale,
            "scene": "local" if category.startswith("本地") else "shop",
            "city": "成都" if category.startswith("本地") else None,
            "listed_on": "2026-05-01",
            "buyer_female": None,
        }

    def products(
        self,
        query: str | None = None,
        limit: int = 50,
        after: str | None = None,
        merchant_id: str | None = None,
    ) -> list[dict[str, Any]]:
        words = (query or "").lower().split()
        found = [
            product
            for product in self._products
            if all(w in f"{product['product_id']} {product['title']}".lower() for w in words)
            and (after is None or product["product_id"] > after)
            and merchant_id in (None, product["merchant_id"])
        ]
        return found[:limit]

    def product(self, product_id: str) -> dict[str, Any]:
        for product in self._products:
            if product["product_id"] == product_id:
                return product
        raise UnknownIdError("product", product_id)

    def match(
        self,
        product: str | Mapping[str, Any],
        k: int = 20,
        objective: str = "roi",
        filters: Filters = NO_FILTERS,
        terms: Terms = NO_TERMS,
        include: Sequence[str] = (),
        explain: bool = True,
        language: str = "en",
        invited: Mapping[str, date] = NOBODY,
    ) -> FakeResult:
        known = self.product(product) if isinstance(product, str) else dict(product)
        if known["price"] == 666:
            raise RuntimeError("the secret inside of the service")
        if known["price"] == 13:
            raise OptionError("product.price", "13 brings bad luck")
        if objective == "profit" and known.get("margin_rate") is None:
            raise ConflictError(
                "profit needs the product's margin_rate, which is not known; choose roi or gmv"
            )
        passing = [c for c in self._creators if _passes(c, filters, invited, self.as_of)]
        passing.sort(key=lambda creator: _place(creator, _raise(known, terms)))
        notes = []
        if len(passing) < k:
            removed = len(self._creators) - len(passing)
            notes.append(FEWER.say(language, found=len(passing), asked=k, removed=removed))
        if self._degenerate:
            notes.append(DEGENERATE.say(language))
        channel = filters.channel or "live"
        creators = [
            {**self._predict(c, known, terms, channel, language if explain else None), "rank": rank}
            for rank, c in enumerate(passing[:k], start=1)
        ]
        answer = {
            "bundle": self.version,
            "as_of": self.as_of.isoformat(),
            "objective": objective,
            "currency": self.currency,
            "product": {name: known.get(name) for name in self._products[0]},
            "creators": [_ranked_first(creator) for creator in creators],
            "notes": notes,
        }
        if include:
            answer["included"] = [
                self._included(i, known, terms, passing, language) for i in include
            ]
        return FakeResult(answer)

    def promise(
        self,
        product: str,
        creators: Sequence[str],
        channel: str | None = None,
        terms: Terms = NO_TERMS,
    ) -> list[dict[str, Any]]:
        asked, people = self.product(product), [self._person(each) for each in creators]
        told = [self._predict(each, asked, terms, channel or "live", None) for each in people]
        about = {"bundle": self.version, "as_of": self.as_of.isoformat()}
        return [{**about, **each["offer"], **each["predicted"]} for each in told]

    def check_creators(self, creator_ids: Sequence[str]) -> None:
        for creator_id in creator_ids:
            self._person(creator_id)

    def creator(self, creator_id: str) -> dict[str, Any]:
        known = self._person(creator_id)
        return {
            **known,
            "profile_text": f"{known['category']} 测评",
            "joined_on": "2025-01-06",
            "channels": ["live", "video"],
            "slot_fees": {"live": 500.0, "video": None},
            **dict.fromkeys(("fan_group_size", "live_viewers", "video_views"), 1000.0),
            **dict.fromkeys(("engagement_rate", "reputation"), 0.5),
            **dict.fromkeys(("audience_female", "audience_18_24", "audience_25_34"), 0.4),
            **dict.fromkeys(("audience_35_plus", "audience_tier1"), None),
        }

    def similar(self, creator_id: str, k: int = 20, after: int = 0) -> list[dict[str, Any]]:
        """Nearest by number, of the same category first."""
        known = self._person(creator_id)
        others = [c for c in self._creators if c is not known]
        others.sort(key=lambda c: c["category"] != known["category"])
        return [{**c, "similarity": 0.5} for c in others[after : after + k]]

    def products_for(
        self,
        creator_id: str,
        k: int = 20,
        objective: str = "roi",
        merchant_id: str | None = None,
        after: int = 0,
        language: str = "en",
    ) -> FakeAssortment:
        """Products in the order of their ids; none is left out but for profit."""
        known = self._person(creator_id)
        own = [
            product
            for product in self._products
            if merchant_id in (None, product["merchant_id"])
            and (objective != "profit" or product["margin_rate"])
        ]
        items = []
        for rank, product in enumerate(own[after : after + k], start=after + 1):
            told = self._predict(known, product, NO_TERMS, "live", None)
            offer = {name: told[name] for name in ("offer", "predicted")}
            items.append({"rank": rank, **product, **offer})
        answer = {
            "bundle": self.version,
            "as_of": self.as_of.isoformat(),
            "objective": objective,
            "currency": self.currency,
            "creator": known,
            "items": items,
            "notes": [f"in {language}"],
        }
        return FakeAssortment(answer, len(own) > after + k)

    def past(self, merchant_id: str | None = None) -> Past:
        """Two collaborations of each product: one published, of thrice the promise, one failed."""
        owners = np.array([int(product["merchant_id"][1:]) for product in self._products])
        rows = np.repeat(np.argsort(owners, kind="stable"), 2)
        whole = _past(self._products, self._creators, rows, owners[rows])
        if merchant_id is None:
            return whole
        own = np.flatnonzero(whole.merchants == whole.merchant_ids.rows([merchant_id]))
        return replace(whole, cases=whole.cases[own], merchants=whole.merchants[own])

    def _person(self, creator_id: str) -> dict[str, Any]:
        for creator in self._creators:
            if creator["creator_id"] == creator_id:
                return creator
        raise UnknownIdError("creator", creator_id)

    def _included(
        self,
        key: str,
        product: Mapping[str, Any],
        terms: Terms,
        passing: list[dict[str, Any]],
        language: str,
    ) -> dict[str, Any]:
        for creator in self._creators:
            if creator["creator_id"] == key:
                eligible = creator in passing
                item = self._predict(creator, product, terms, "live", language)
                rank = passing.index(creator) + 1 if eligible else None
                rank = None if rank is None or rank > self.looked_at else rank
                reason = None if eligible else NOT_ELIGIBLE.say(language)
                return {
                    **item,
                    "rank": rank,
                    "eligible": eligible,
                    "reason": reason,
                    "looked_at": self.looked_at,
                }
        raise UnknownIdError("creator", key)

    def _predict(
        self,
        creator: dict[str, Any],
        product: Mapping[str, Any],
        terms: Terms,
        channel: str,
        language: str | None,
    ) -> dict[str, Any]:
        number = int(creator["creator_id"][1:])
        noise = np.random.default_rng(number)
        rate = terms.commission_rate
        rate = product["commission_rate"] if rate is None else rate
        sales = (9000 + 400 * number) * float(noise.uniform(0.3, 2.0)) * self._scale
        fee = 0.0 if number % 3 else (creator["follower_count"] or 0) * 0.004 * self._scale
        fee = fee if terms.slot_fee is None else terms.slot_fee
        cost = fee + (0 if self._degenerate else 15.0 * self._scale) + rate * sales
        if not self._degenerate and terms.slot_fee is None:
            roi = 4.8 * 0.975 ** _place(creator, _raise(product, terms))
            cost = sales / roi
        roi = None if cost <= 0 else sales / cost
        spread = float(noise.uniform(0.25, 1.0))
        margin = product.get("margin_rate")
        profit = None if margin is None else sales * margin - cost
        bars = [round(float(x), 3) for x in noise.normal(0.15, 0.3, 5)]
        bounds = (None, None) if roi is None else (roi * math.exp(-spread), roi * math.exp(spread))
        return {
            "rank": 0,
            **creator,
            "offer": {
                "channel": channel,
                "slot_fee": fee,
                "sample_cost": 0.0 if self._degenerate else 15.0 * self._scale,
                "commission_rate": rate,
                "cost_estimated": number % 5 == 0,
                "roi_degenerate": self._degenerate,
            },
            "predicted": {
                "roi": roi,
                "roi_low": bounds[0],
                "roi_high": bounds[1],
                "settled_gmv": sales,
                "settled_gmv_low": sales * math.exp(-spread),
                "settled_gmv_high": sales * math.exp(spread),
                "cost": cost,
                "profit": profit,
                "break_even_slot_fee": None if profit is None else fee + profit,
                "accept_probability": float(
                    np.clip(noise.uniform(0.2, 0.9) + _raise(product, terms), 0, 1)
                ),
                "fulfil_probability": float(noise.uniform(0.6, 0.99)),
            },
            **(_explained(sales, bars, noise, language) if language else {}),
        }


def _past(
    products: list[dict[str, Any]],
    creators: list[dict[str, Any]],
    rows: np.ndarray,
    owners: np.ndarray,
) -> Past:
    count, published = len(rows), np.arange(len(rows)) % 2 == 0
    whole = np.ones(count)
    cases = Cases(
        collaboration_ids=np.array([f"k{row:03d}".encode() for row in range(count)], np.bytes_),
        products=rows.astype(np.int32),
        creators=(np.arange(count) % len(creators)).astype(np.int32),
        channels=np.zeros(count, dtype=np.int8),
        invited_on=(20_700 - np.arange(count)).astype(np.int32),
        published=published,
        learnt=np.arange(count) % 4 > 1,
        cost_estimated=np.zeros(count, dtype=bool),
        promised_gmv=900.0 * whole,
        promised_low=500.0 * whole,
        promised_high=1500.0 * whole,
        promised_cost=300.0 * whole,
        accept_probability=0.5 * whole,
        fulfil_probability=0.9 * whole,
        settled_gmv=np.where(published, 2700.0, 0.0),
        cost=np.where(published, 840.0, 15.0),
    )
    return Past(
        cases,
        owners,
        Ids.build(["m0", "m1"]),
        Ids.build([product["product_id"] for product in products]),
        Ids.build([creator["creator_id"] for creator in creators]),
        lambda row: products[row]["title"],
        lambda row: creators[row]["name"],
        interval_level=0.8,
        given_sale=False,
        is_gross=False,
    )


def _explained(
    sales: float, bars: list[float], noise: np.random.Generator, language: str
) -> dict[str, Any]:
    evidence = dict(zip(STAGES, bars, strict=True))
    strongest = sorted(STAGES, key=lambda stage: -abs(evidence[stage]))[:4]
    return {
        "evidence": {"base": math.log(sales) - sum(bars), **evidence},
        "reasons": [
            {
                "stage": stage,
                "feature": f"{stage}_share",
                "value": 0.44,
                "contribution": evidence[stage],
                "text": REASONS[stage].say(
                    language,
                    share=int(noise.integers(20, 80)),
                    effect=f"{math.expm1(evidence[stage]):+.0%}",
                ),
            }
            for stage in strongest
        ],
    }


def _make_creator(number: int) -> dict[str, Any]:
    return {
        "creator_id": f"c{number:03d}",
        "name": NAMES[number % len(NAMES)] + ("" if number < len(NAMES) else str(number)),
        "category": CATEGORIES[number % len(CATEGORIES)],
        "city": CITIES[number % len(CITIES)],
        "mcn_id": f"mcn{number % 4}" if number % 4 else None,
        "follower_count": float(int(3000 * 1.09**number)) if number % 17 else None,
    }


def _raise(product: Mapping[str, Any], terms: Terms) -> float:
    """Return by how much more commission is offered than is known."""
    rate = terms.commission_rate
    return 0.0 if rate is None else rate - float(product["commission_rate"])


def _place(creator: Mapping[str, Any], more: float) -> float:
    number = int(creator["creator_id"][1:])
    return number - 100 * more if number % 3 == 2 else number


def _passes(
    creator: dict[str, Any], filters: Filters, invited: Mapping[str, date], as_of: date
) -> bool:
    followers = creator["follower_count"]
    last, days = invited.get(creator["creator_id"]), filters.exclude_contacted_days
    return not (
        (filters.only_new and last is not None)
        or (days is not None and last is not None and last >= as_of - timedelta(days))
        or (filters.category and creator["category"] not in filters.category)
        or (filters.city and creator["city"] not in filters.city)
        or (filters.same_city and creator["city"] != "成都")
        or creator["creator_id"] in filters.exclude
        or (filters.follower_min is not None and (followers or -1) < filters.follower_min)
        or (filters.follower_max is not None and (followers or 1e18) > filters.follower_max)
    )


def _ranked_first(creator: dict[str, Any]) -> dict[str, Any]:
    return {"rank": creator.pop("rank"), **creator}
