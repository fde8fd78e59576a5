"""Chinese names, profiles, titles and descriptions, put together from word lists as Arrow arrays.

Text tells what a real export would tell: category and sub-category words, a part of a creator's
talents, and a word of style that leans the way the taste does. No loop runs over rows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.market.actors import TALENT_COUNT, Creators, Merchants, Products
from training.market.categories import CATEGORIES, CITIES, STYLES, SUB_CATEGORIES

Column = pa.Array | pa.ChunkedArray

NICKNAMES = (
    "小鹿", "阿强", "大橙子", "婷婷", "老王", "糖糖", "小北", "阿May", "胖虎", "七七", "麦子",
    "阿花", "大壮", "木子", "悠悠", "晓晓", "老陈", "丸子", "阿宁", "可可", "小鱼", "东哥", "芳姐",
    "团团", "石头", "夏天", "Luna", "阿泽", "米粒", "乐乐", "佳佳", "阿坤", "小雨", "柚子", "大伟",
)  # fmt: skip
ROLES = ("爱分享", "好物铺", "严选", "日记", "测评室", "说", "的小店", "同学", "直播间", "生活记")
GREETINGS = ("专注", "每天分享", "只推荐自己用过的", "认真做", "三年深耕", "带你逛")
HOOKS = (
    "真的太香了",
    "回购三次了",
    "闭眼入",
    "今天福利价",
    "用了一周来反馈",
    "姐妹们冲",
    "别再乱买了",
)
BRAND_FIRST = tuple("云悦森禾沐朗青白初锦泰乐安优佳美源尚和盛")
BRAND_LAST = tuple("之汀朵野谷禾里研坊记舍语品家派尚汇木源泽")
STREETS = ("万达店", "大学城店", "老街店", "机场店", "湖滨店", "高新店", "步行街店")
BUYERS = ("男生", "大家", "女生")

_NOUN_COUNTS = np.array([len(sub.nouns) for sub in SUB_CATEGORIES])
_NOUNS = tuple(noun for sub in SUB_CATEGORIES for noun in sub.nouns)
_FIRST_NOUN = np.concatenate([[0], np.cumsum(_NOUN_COUNTS)[:-1]])
_STYLE_WORDS = tuple(word for pair in STYLES for word in pair)


def take(words: tuple[str, ...], rows: np.ndarray) -> Column:
    """Return `words[row]` for every row; null where the row is negative."""
    rows = np.asarray(rows)
    return pa.array(words, pa.large_string()).take(pa.array(rows, mask=rows < 0))


def join(*parts: Column | str) -> Column:
    """Join columns and constants row by row; a null part counts as empty."""
    scalars = [pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in parts]
    empty = pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(
        *scalars, empty, null_handling="replace", null_replacement=""
    )


def where(condition: np.ndarray, column: Column | str) -> Column:
    """Return the column where the condition holds and null elsewhere."""
    if isinstance(column, str):
        column = pa.scalar(column, pa.large_string())
    return pc.if_else(pa.array(condition), column, pa.scalar(None, pa.large_string()))


def ids(letter: str, count: int, width: int) -> Column:
    """Return `count` ids from 1 on, padded with zeros so that text order is row order."""
    numbers = pc.cast(pa.array(np.arange(1, count + 1)), pa.large_string())
    return join(letter, pc.utf8_lpad(numbers, max(width, len(str(count))), "0"))


def nouns(sub: np.ndarray, rng: np.random.Generator) -> Column:
    """Return what a product of each sub-category is called."""
    choice = (rng.random(len(sub)) * _NOUN_COUNTS[sub]).astype(int)
    return take(_NOUNS, _FIRST_NOUN[sub] + choice)


def styles(taste: np.ndarray, rng: np.random.Generator) -> Column:
    """Return a word for the direction in which a taste leans most, seen through some noise."""
    seen = taste + 0.25 * rng.standard_normal(taste.shape)
    axis = np.abs(seen).argmax(axis=1)
    return take(_STYLE_WORDS, 2 * axis + (seen[np.arange(len(seen)), axis] > 0))


def creator_names(creators: Creators, rng: np.random.Generator) -> Column:
    """Nickname, often the declared goods, and a role."""
    n = len(creators.category)
    goods = tuple(category.name for category in CATEGORIES)
    shows = rng.random(n) < 0.5
    return join(
        take(NICKNAMES, rng.integers(0, len(NICKNAMES), n)),
        where(shows, take(goods, creators.category)),
        take(ROLES, rng.integers(0, len(ROLES), n)),
    )


def profile_texts(creators: Creators, rng: np.random.Generator) -> Column:
    """Bio and recent titles: declared goods, style, and most of the talents."""
    n = len(creators.category)
    goods = tuple(category.name for category in CATEGORIES)
    kinds = tuple(sub.name for sub in SUB_CATEGORIES)
    recent: list[Column | str] = []
    for k in range(TALENT_COUNT):
        # The stronger a talent, the likelier the creator has shown it lately.
        shown = rng.random(n) < 0.25 + 0.45 * np.minimum(creators.talent_strength[:, k], 1.5)
        recent.append(where(shown, join("、", nouns(creators.talents[:, k], rng))))
    return join(
        take(GREETINGS, rng.integers(0, len(GREETINGS), n)),
        take(goods, creators.category),
        "，",
        take(kinds, creators.sub),
        "达人，",
        styles(creators.taste, rng),
        "风。最近：",
        nouns(creators.sub, rng),
        "、",
        nouns(creators.sub, rng),
        *recent,
        where(rng.random(n) < 0.6, join("。坐标", take(CITIES, creators.city))),
    )


def brands(count: int, rng: np.random.Generator) -> Column:
    """Brand names of two characters, one a merchant."""
    return join(
        take(BRAND_FIRST, rng.integers(0, len(BRAND_FIRST), count)),
        take(BRAND_LAST, rng.integers(0, len(BRAND_LAST), count)),
    )


def merchant_names(merchants: Merchants, brand: Column, rng: np.random.Generator) -> Column:
    """Brand, goods and kind of shop."""
    goods = tuple(category.name for category in CATEGORIES)
    kinds = ("旗舰店", "专营店", "工厂店", "官方店")
    choice = rng.integers(0, len(kinds), len(merchants.category))
    return join(brand, take(goods, merchants.category), take(kinds, choice))


def product_titles(
    products: Products, brand: Column, noun: Column, rng: np.random.Generator
) -> Column:
    """Brand, style, noun, praise and size; a branch for places."""
    n = len(products.category)
    local = products.city >= 0
    return join(
        brand,
        where(rng.random(n) < 0.6, styles(products.taste, rng)),
        noun,
        _of_category("praise", products.category, rng),
        _of_category("forms", products.category, rng),
        where(local, join("（", take(CITIES, products.city), _pick(STREETS, n, rng), "）")),
    )


def descriptions(products: Products, noun: Column, rng: np.random.Generator) -> Column:
    """Kind of goods, what is good about it, its style and who buys it."""
    kinds = tuple(sub.name for sub in SUB_CATEGORIES)
    buyers = np.digitize(products.buyer_female, [0.35, 0.7])
    return join(
        take(kinds, products.sub),
        "精选，",
        noun,
        _of_category("praise", products.category, rng),
        "，",
        _of_category("praise", products.category, rng),
        "，适合喜欢",
        styles(products.taste, rng),
        "的",
        take(BUYERS, buyers),
    )


def content_texts(
    sub: np.ndarray, category: np.ndarray, live: np.ndarray, rng: np.random.Generator
) -> Column:
    """Titles of what was posted."""
    return join(
        where(live, "【直播】"),
        nouns(sub, rng),
        _of_category("praise", category, rng),
        "，",
        _pick(HOOKS, len(sub), rng),
    )


def _pick(words: tuple[str, ...], count: int, rng: np.random.Generator) -> Column:
    return take(words, rng.integers(0, len(words), count))


def _of_category(words: str, category: np.ndarray, rng: np.random.Generator) -> Column:
    lists = [getattr(entry, words) for entry in CATEGORIES]
    sizes = np.array([len(entry) for entry in lists])
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    choice = (rng.random(len(category)) * sizes[category]).astype(int)
    return take(tuple(word for entry in lists for word in entry), first[category] + choice)
