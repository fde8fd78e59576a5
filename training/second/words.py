"""Names, profiles, titles and descriptions in the words of the second market."""

from __future__ import annotations

import numpy as np

from training.market.text import Column, join, take, where
from training.second.actors import Creators, Merchants, Products
from training.second.goods import CATEGORIES, CITIES, KINDS, STYLES

SURNAMES = (
    "李",
    "王",
    "张",
    "刘",
    "陈",
    "杨",
    "赵",
    "周",
    "吴",
    "徐",
    "孙",
    "马",
    "朱",
    "胡",
    "林",
)
CALLED = ("姐", "哥", "大叔", "妹子", "师傅", "老师", "妈妈", "掌柜", "同学", "大厨")
DOES = ("说好物", "带货", "的日常", "逛市集", "直播", "挑东西", "在路上", "")
BRAND_FIRST = tuple("山海田园星月春秋金玉东南西北兴隆福瑞")
BRAND_LAST = tuple("源香庄阁坊居屋厂社号轩堂线品物家")
PRAISES = (
    "源头工厂",
    "老客回购",
    "今年新货",
    "口碑之选",
    "结实耐用",
    "手工制作",
    "包退包换",
    "升级款",
)
FORMS = ("一件装", "两件装", "大份", "礼盒", "试用装", "全家装")
POSTS = ("家人们看过来", "今天把价格打下来", "我自己一直在用", "实话实说", "最后一批", "拆箱")
SHOPS = ("旗舰店", "工厂直营", "小店", "供销社", "专卖店")
_GOODS = tuple(category.name for category in CATEGORIES)
_KINDS = tuple(kind.name for kind in KINDS)
_NOUNS = tuple(noun for kind in KINDS for noun in kind.nouns)
_COUNTS = np.array([len(kind.nouns) for kind in KINDS])
_FIRST = np.cumsum(_COUNTS) - _COUNTS


def pick(choices: tuple[str, ...], count: int, rng: np.random.Generator) -> Column:
    """Return any of the words for each row."""
    return take(choices, rng.integers(0, len(choices), count))


def nouns(kind: np.ndarray, rng: np.random.Generator) -> Column:
    """Return what goods of each kind are called."""
    return take(_NOUNS, _FIRST[kind] + (rng.random(len(kind)) * _COUNTS[kind]).astype(int))


def style(place: np.ndarray, rng: np.random.Generator) -> Column:
    """Return the word for the side of the map on which a place lies, seen through some noise."""
    seen = place + 0.25 * rng.standard_normal(place.shape)
    turn = np.arctan2(seen[:, 1], seen[:, 0]) / (2 * np.pi)
    return take(STYLES, (turn * len(STYLES)).astype(int) % len(STYLES))


def creator_names(creators: Creators, rng: np.random.Generator) -> Column:
    """A surname, how they are called, and often what they do."""
    n = len(creators.category)
    goods = where(rng.random(n) < 0.4, take(_GOODS, creators.category))
    return join(pick(SURNAMES, n, rng), pick(CALLED, n, rng), goods, pick(DOES, n, rng))


def profiles(creators: Creators, kinds: np.ndarray, rng: np.random.Generator) -> Column:
    """Bio and recent titles: mostly of goods near the creator's place on the map."""
    n = len(creators.category)
    apart = ((creators.place[:, None] - kinds[None]) ** 2).sum(axis=2)
    near = np.maximum(1 - apart / creators.width[:, None] ** 2, 0.1) ** 2
    edges = np.cumsum(near, axis=1)
    recent: list[Column | str] = []
    for _ in range(4):
        point = rng.random(n) * edges[:, -1]
        shown = np.minimum((edges < point[:, None]).sum(axis=1), len(KINDS) - 1)
        recent += [nouns(shown, rng), "、"]
    return join(
        style(creators.place, rng),
        take(_GOODS, creators.category),
        "主播，主推",
        take(_KINDS, creators.kind),
        "。近期：",
        *recent[:-1],
        where(rng.random(n) < 0.5, join("。人在", take(CITIES, creators.city))),
    )


def brands(count: int, rng: np.random.Generator) -> Column:
    """Return a brand a merchant."""
    return join(pick(BRAND_FIRST, count, rng), pick(BRAND_LAST, count, rng))


def merchant_names(merchants: Merchants, brand: Column, rng: np.random.Generator) -> Column:
    """Brand, goods and kind of shop."""
    n = len(merchants.category)
    return join(brand, take(_GOODS, merchants.category), pick(SHOPS, n, rng))


def titles(products: Products, brand: Column, noun: Column, rng: np.random.Generator) -> Column:
    """Brand, a style, the goods, praise, form; the city of a place."""
    n = len(products.category)
    shown = where(rng.random(n) < 0.6, style(products.place, rng))
    place = where(products.city >= 0, join("（", take(CITIES, products.city), "店）"))
    return join(brand, shown, noun, pick(PRAISES, n, rng), pick(FORMS, n, rng), place)


def descriptions(products: Products, noun: Column, rng: np.random.Generator) -> Column:
    """The kind of goods, and what is said in their favour."""
    n = len(products.category)
    manner = style(products.place, rng)
    praise = pick(PRAISES, n, rng)
    return join(take(_KINDS, products.kind), "：", noun, "，", praise, "，", manner, "风格")


def posts(kind: np.ndarray, live: np.ndarray, rng: np.random.Generator) -> Column:
    """Titles of what was posted."""
    return join(where(live, "直播预告："), pick(POSTS, len(kind), rng), "，", nouns(kind, rng))
