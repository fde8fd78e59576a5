"""What there is to sell, and the segments of buyers.

Commission and refund figures are those of the domain notes; where they are silent, values are
plausible and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kind:
    """A sub-category: its usual price, its buyers (female; 18–24, 25–34, 35 and older), its nouns.

    `travel_share` of a distant crowd would come to a place; places only.
    """

    name: str
    price: float  # yuan
    female: float
    ages: tuple[float, float, float]
    nouns: tuple[str, ...]
    travel_share: float = 0.0


@dataclass(frozen=True)
class Category:
    """A top-level category: what it pays, what comes back, and how much is spent on it."""

    name: str
    scene: str
    weight: float  # share of products and of creators
    commission: tuple[float, float]
    margin: tuple[float, float]
    refund_live: float  # of a fair deal; hype and impulse come on top
    refund_video: float
    need: float  # share of an interested live crowd that would buy at a low price
    budget: float  # yuan that a person of a session's crowd can spend on it in a week
    parcel_cost: float  # yuan a return
    wear_share: float  # of the price, lost with a return
    kinds: tuple[Kind, ...]


CATEGORIES = (
    Category("食品", "shop", 0.22, (0.10, 0.15), (0.30, 0.50), 0.050, 0.040, 0.050, 3.0, 6, 0.30, (
        Kind("坚果炒货", 45, 0.60, (0.25, 0.40, 0.35), ("瓜子", "核桃", "开心果", "花生")),
        Kind("休闲零食", 30, 0.64, (0.45, 0.38, 0.17), ("辣条", "肉脯", "饼干", "果干")),
        Kind("海鲜生鲜", 110, 0.50, (0.12, 0.40, 0.48), ("对虾", "梭子蟹", "鲍鱼", "带鱼")),
        Kind("米面粮油", 48, 0.62, (0.10, 0.36, 0.54), ("大米", "菜籽油", "手工面", "杂粮")),
        Kind("茶酒饮料", 88, 0.30, (0.10, 0.36, 0.54), ("白茶", "红茶", "米酒", "咖啡")),
    )),
    Category("美妆", "shop", 0.18, (0.15, 0.20), (0.55, 0.75), 0.175, 0.145, 0.038, 4.0, 8, 0.12, (
        Kind("面部护理", 139, 0.86, (0.25, 0.45, 0.30), ("精华", "乳液", "防晒", "眼霜")),
        Kind("彩妆", 75, 0.92, (0.52, 0.38, 0.10), ("唇釉", "气垫", "眼影", "眉笔")),
        Kind("个人洗护", 52, 0.66, (0.28, 0.40, 0.32), ("洗发水", "沐浴乳", "护手霜", "牙膏")),
        Kind("男士护理", 85, 0.22, (0.42, 0.40, 0.18), ("洁面乳", "剃须刀", "须后水", "发泥")),
    )),
    Category("女装", "shop", 0.17, (0.12, 0.18), (0.45, 0.65), 0.480, 0.335, 0.058, 4.6, 7, 0.06, (
        Kind("裙装", 129, 0.95, (0.36, 0.42, 0.22), ("长裙", "半身裙", "吊带裙", "旗袍裙")),
        Kind("外套大衣", 269, 0.93, (0.22, 0.42, 0.36), ("风衣", "羽绒服", "毛呢大衣", "夹克")),
        Kind("中老年女装", 99, 0.94, (0.02, 0.18, 0.80), ("妈妈装", "唐装", "棉马甲", "打底衫")),
        Kind("内衣睡衣", 65, 0.95, (0.28, 0.42, 0.30), ("睡衣", "文胸", "保暖衣", "家居服")),
    )),
    Category("男装鞋包", "shop", 0.1, (0.12, 0.18), (0.4, 0.6), 0.180, 0.155, 0.038, 4.0, 9, 0.08, (
        Kind("男装", 118, 0.28, (0.28, 0.42, 0.30), ("衬衫", "休闲裤", "夹克衫", "卫衣")),
        Kind("运动鞋", 189, 0.42, (0.46, 0.38, 0.16), ("跑鞋", "板鞋", "篮球鞋", "登山鞋")),
        Kind("皮具箱包", 149, 0.70, (0.24, 0.44, 0.32), ("双肩包", "手提包", "皮带", "拉杆箱")),
    )),
    Category("家居", "shop", 0.12, (0.12, 0.15), (0.35, 0.55), 0.105, 0.085, 0.036, 3.4, 11, 0.15, (
        Kind("厨具", 79, 0.62, (0.12, 0.42, 0.46), ("炒锅", "刀具", "保温杯", "饭盒")),
        Kind("床品家纺", 169, 0.74, (0.14, 0.42, 0.44), ("被子", "床单", "枕芯", "毛毯")),
        Kind("清洁收纳", 36, 0.72, (0.18, 0.44, 0.38), ("垃圾袋", "拖把", "收纳盒", "洗衣液")),
    )),
    Category("数码", "shop", 0.08, (0.05, 0.12), (0.18, 0.35), 0.096, 0.085, 0.030, 4.2, 12, 0.10, (
        Kind("手机周边", 42, 0.44, (0.46, 0.36, 0.18), ("充电宝", "手机壳", "数据线", "自拍杆")),
        Kind("影音耳机", 159, 0.32, (0.50, 0.36, 0.14), ("耳机", "音箱", "话筒", "投影仪")),
        Kind("厨卫小电", 209, 0.62, (0.12, 0.46, 0.42), ("电饭煲", "榨汁机", "吹风机", "风扇")),
    )),
    Category("保健", "shop", 0.05, (0.18, 0.22), (0.60, 0.80), 0.110, 0.090, 0.034, 4.0, 7, 0.20, (
        Kind("营养补充", 119, 0.58, (0.16, 0.38, 0.46), ("维生素", "鱼油", "钙片", "益生菌")),
        Kind("滋补养生", 189, 0.62, (0.06, 0.28, 0.66), ("阿胶", "枸杞", "燕窝", "人参")),
    )),
    Category("同城", "local", 0.05, (0.06, 0.12), (0.35, 0.60), 0.160, 0.145, 0.110, 9.0, 0, 0.02, (
        Kind("到店餐饮", 98, 0.56, (0.40, 0.42, 0.18), ("火锅", "烧烤", "早茶", "小馆"), 0.010),
        Kind("汽车服务", 139, 0.24, (0.18, 0.48, 0.34), ("洗车", "贴膜", "保养", "换胎"), 0.004),
        Kind("酒店景区", 289, 0.55, (0.30, 0.44, 0.26), ("民宿", "温泉", "门票", "度假"), 0.080),
    )),
    Category("服务", "service", 0.03, (0.15, 0.3), (0.5, 0.8), 0.130, 0.110, 0.024, 4.0, 0, 0.0, (
        Kind("课程培训", 199, 0.56, (0.34, 0.42, 0.24), ("摄影课", "瑜伽课", "剪辑课", "书法课")),
        Kind("会员卡券", 69, 0.48, (0.44, 0.40, 0.16), ("视频会员", "加油券", "话费卡", "音乐卡")),
    )),
)  # fmt: skip

KINDS = tuple(kind for category in CATEGORIES for kind in category.kinds)
CATEGORY_OF_KIND = np.repeat(np.arange(len(CATEGORIES)), [len(c.kinds) for c in CATEGORIES])
CITIES = (
    "北京", "上海", "深圳", "广州", "成都", "杭州", "武汉", "重庆", "西安", "长春", "沈阳",
    "石家庄", "临沂", "保定", "洛阳", "大连",
)  # fmt: skip
TIER_ONE = 4  # the first so many cities
STYLES = (
    "乡土实在",
    "精致讲究",
    "搞笑热闹",
    "专业讲解",
    "清新文艺",
    "硬核实测",
    "温情家常",
    "潮流前卫",
)

# A segment is a gender, an age, a city tier and a way with money.
_CELLS = np.indices((2, 3, 2, 2)).reshape(4, -1)
FEMALE, AGE, TIER, LAVISH = _CELLS[0] == 0, _CELLS[1], _CELLS[2] == 0, _CELLS[3] == 0
SEGMENTS = len(AGE)
TASTE_GROUP = 3 * (~FEMALE).astype(int) + AGE  # tastes drift by gender and age
TASTE_GROUPS = 6
# What a segment pays at most, and has to spend, by that of the average buyer.
CEILING = (
    np.where(TIER, 1.25, 0.92) * np.where(LAVISH, 1.80, 0.80) * np.array([0.85, 1.05, 1.0])[AGE]
)
INCOME = np.where(TIER, 1.40, 0.85) * np.where(LAVISH, 1.6, 0.7) * np.array([0.7, 1.15, 1.1])[AGE]
PLATFORM_FEMALE, PLATFORM_AGES = 0.55, (0.32, 0.38, 0.30)
PLATFORM_TIER1, PLATFORM_LAVISH = 0.16, 0.30


def figures(name: str) -> np.ndarray:
    """Return one figure of every category as an array, in the order of `CATEGORIES`."""
    return np.array([getattr(category, name) for category in CATEGORIES], dtype=float)


def kind_figures(name: str) -> np.ndarray:
    """Return one figure of every kind of goods as an array, in the order of `KINDS`."""
    return np.array([getattr(kind, name) for kind in KINDS], dtype=float)
