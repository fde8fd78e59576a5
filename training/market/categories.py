"""The goods of the simulated market: figures and words by category and sub-category.

Commission and refund figures follow the practitioners' figures in the domain notes (commission:
beauty 15–20 %, supplements 18–22 %, fashion 12–18 %, home 12–15 %, food 10–15 %, electronics
5–12 %; refunds: women's wear 50–60 % live, 30–50 % overall, beauty and other fashion 15–25 %,
electronics 8–12 %). Where they are silent, the values are plausible and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SubCategory:
    """One kind of goods: its typical price, its buyers, and what its products are called."""

    name: str
    price: float  # median, yuan
    buyer_female: float
    nouns: tuple[str, ...]
    travel_share: float = 0.0  # of a distant audience, who would come to the place


@dataclass(frozen=True)
class Category:
    """A top-level category: what it pays, how it sells, when, to whom, and what comes back."""

    name: str
    weight: float  # share of products and, roughly, of creators
    scene: str
    commission: tuple[float, float]
    margin: tuple[float, float]  # before marketing
    refund_live: float
    refund_video: float
    conversion: float  # orders per average viewer of a video, for goods of 60 yuan
    live_lift: float  # the same in a live session, relative to a video
    live_share: float  # how often past merchants chose a live session
    parcel_cost: float  # yuan per returned order
    wear_share: float  # of the price, lost per returned order
    repeat_share: float  # of orders, at a creator who has only fans
    season: tuple[float, int]  # amplitude of log demand; day of year of the peak
    buyer_age: tuple[float, float, float]  # 18–24, 25–34, 35 and older
    praise: tuple[str, ...]
    forms: tuple[str, ...]
    subs: tuple[SubCategory, ...]


CATEGORIES = (
    Category(
        "食品", 0.19, "shop", (0.10, 0.15), (0.30, 0.50), 0.06, 0.045, 0.0060, 3.2, 0.55,
        7.0, 0.30, 0.45, (0.22, 20), (0.28, 0.38, 0.34),
        ("新鲜现做", "香脆可口", "产地直发", "独立小包装", "低糖少油", "家乡味道"),
        ("500g", "整箱", "礼盒装", "家庭装", "10袋装"),
        (
            SubCategory("坚果", 49, 0.62, ("每日坚果", "巴旦木", "夏威夷果", "瓜子", "腰果")),
            SubCategory("零食", 32, 0.66, ("辣条", "饼干", "牛肉干", "薯片", "沙琪玛")),
            SubCategory("水果生鲜", 45, 0.60, ("车厘子", "赣南脐橙", "草莓", "猕猴桃", "榴莲")),
            SubCategory("茶饮冲调", 69, 0.42, ("龙井茶", "普洱茶", "挂耳咖啡", "藕粉", "花茶")),
            SubCategory("海鲜水产", 99, 0.48, ("大闸蟹", "鲜活鲍鱼", "虾仁", "三文鱼", "带鱼")),
            SubCategory("粮油速食", 39, 0.58, ("螺蛳粉", "东北大米", "自热火锅", "挂面", "酱料")),
        ),
    ),
    Category(
        "美妆", 0.16, "shop", (0.15, 0.20), (0.55, 0.75), 0.22, 0.17, 0.0050, 3.6, 0.60,
        8.0, 0.12, 0.35, (0.10, 310), (0.38, 0.42, 0.20),
        ("温和不刺激", "持久显色", "提亮肤色", "补水保湿", "敏感肌可用", "成分安全"),
        ("套装", "30ml", "正装", "旅行装", "礼盒"),
        (
            SubCategory("护肤", 129, 0.84, ("精华液", "面霜", "防晒霜", "水乳", "眼霜")),
            SubCategory("彩妆", 79, 0.92, ("口红", "粉底液", "眼影盘", "腮红", "睫毛膏")),
            SubCategory("面膜", 69, 0.86, ("补水面膜", "泥膜", "睡眠面膜", "冻干面膜", "唇膜")),
            SubCategory("香水", 159, 0.70, ("淡香水", "香氛喷雾", "香膏", "车载香薰", "固体香水")),
            SubCategory("洗护", 55, 0.68, ("洗发水", "护发素", "沐浴露", "身体乳", "牙膏")),
        ),
    ),
    Category(
        "女装", 0.15, "shop", (0.12, 0.18), (0.45, 0.65), 0.55, 0.37, 0.0070, 4.0, 0.65,
        7.5, 0.06, 0.30, (0.15, 290), (0.30, 0.40, 0.30),
        ("显瘦百搭", "垂感好", "不起球", "气质通勤", "亲肤面料", "小个子友好"),
        ("新款", "秋冬款", "春夏款", "加大码", "两件套"),
        (
            SubCategory("连衣裙", 139, 0.95, ("碎花裙", "吊带裙", "针织裙", "旗袍", "衬衫裙")),
            SubCategory("上衣", 79, 0.93, ("T恤", "衬衫", "针织衫", "卫衣", "打底衫")),
            SubCategory("外套", 259, 0.92, ("羽绒服", "风衣", "大衣", "西装", "皮衣")),
            SubCategory("裤装", 89, 0.92, ("阔腿裤", "牛仔裤", "鲨鱼裤", "西裤", "休闲裤")),
            SubCategory("内衣家居服", 69, 0.94, ("无痕内衣", "睡衣", "家居服", "塑身衣", "袜子")),
        ),
    ),
    Category(
        "家居", 0.13, "shop", (0.12, 0.15), (0.35, 0.55), 0.12, 0.09, 0.0048, 2.8, 0.50,
        11.0, 0.15, 0.20, (0.08, 300), (0.18, 0.42, 0.40),
        ("结实耐用", "收纳神器", "免打孔", "可机洗", "一擦就净", "省空间"),
        ("大号", "三件套", "加厚款", "升级款", "组合装"),
        (
            SubCategory("厨房用具", 69, 0.66, ("不粘锅", "菜刀", "保鲜盒", "砧板", "保温壶")),
            SubCategory("收纳", 39, 0.72, ("收纳箱", "衣架", "置物架", "真空袋", "鞋盒")),
            SubCategory("家纺", 159, 0.74, ("四件套", "蚕丝被", "枕头", "毛毯", "凉席")),
            SubCategory("清洁", 35, 0.70, ("拖把", "洗衣液", "抽纸", "湿巾", "除霉剂")),
            SubCategory("灯具摆件", 99, 0.55, ("台灯", "香薰灯", "挂画", "花瓶", "地毯")),
        ),
    ),
    Category(
        "数码", 0.09, "shop", (0.05, 0.12), (0.18, 0.35), 0.10, 0.085, 0.0054, 2.4, 0.45,
        12.0, 0.10, 0.10, (0.10, 315), (0.36, 0.40, 0.24),
        ("超长续航", "快速充电", "静音降噪", "轻薄便携", "高清画质", "一键操作"),
        ("Pro", "升级版", "旗舰款", "青春版", "套装"),
        (
            SubCategory("手机配件", 39, 0.42, ("手机壳", "充电器", "数据线", "支架", "钢化膜")),
            SubCategory("耳机音响", 169, 0.34, ("蓝牙耳机", "头戴耳机", "音箱", "麦克风", "声卡")),
            SubCategory("小家电", 199, 0.60, ("空气炸锅", "吹风机", "扫地机", "加湿器", "养生壶")),
            SubCategory("电脑外设", 129, 0.22, ("机械键盘", "鼠标", "显示器", "硬盘", "路由器")),
            SubCategory("智能穿戴", 299, 0.38, ("智能手表", "手环", "运动相机", "无人机")),
        ),
    ),
    Category(
        "母婴", 0.08, "shop", (0.10, 0.15), (0.35, 0.55), 0.15, 0.11, 0.0050, 2.9, 0.52,
        9.0, 0.12, 0.40, (0.08, 150), (0.14, 0.58, 0.28),
        ("A类面料", "安全无味", "宝宝爱吃", "妈妈省心", "透气柔软", "益智启蒙"),
        ("S码", "礼盒", "大包装", "3岁以上", "两件装"),
        (
            SubCategory("玩具", 79, 0.66, ("积木", "遥控车", "毛绒玩具", "拼图", "早教机")),
            SubCategory("纸尿裤", 99, 0.74, ("纸尿裤", "拉拉裤", "隔尿垫", "棉柔巾", "婴儿湿巾")),
            SubCategory("童装", 69, 0.82, ("儿童卫衣", "童裤", "连体衣", "儿童羽绒服", "童鞋")),
            SubCategory("辅食营养", 59, 0.78, ("米粉", "果泥", "磨牙棒", "奶粉", "鳕鱼肠")),
        ),
    ),
    Category(
        "鞋包", 0.07, "shop", (0.12, 0.18), (0.40, 0.60), 0.22, 0.175, 0.0054, 3.2, 0.58,
        9.0, 0.08, 0.18, (0.10, 280), (0.34, 0.40, 0.26),
        ("软底舒适", "不磨脚", "大容量", "头层牛皮", "防滑耐磨", "复古百搭"),
        ("新款", "加绒款", "真皮", "情侣款", "大码"),
        (
            SubCategory("女鞋", 129, 0.92, ("单鞋", "马丁靴", "乐福鞋", "高跟鞋", "雪地靴")),
            SubCategory("男鞋", 159, 0.22, ("休闲鞋", "皮鞋", "工装靴", "帆布鞋", "拖鞋")),
            SubCategory("运动鞋", 199, 0.44, ("跑鞋", "板鞋", "篮球鞋", "老爹鞋", "徒步鞋")),
            SubCategory("箱包", 149, 0.76, ("斜挎包", "双肩包", "行李箱", "托特包", "钱包")),
        ),
    ),
    Category(
        "保健", 0.05, "shop", (0.18, 0.22), (0.60, 0.80), 0.15, 0.11, 0.0044, 3.0, 0.50,
        7.0, 0.20, 0.50, (0.12, 340), (0.16, 0.34, 0.50),
        ("科学配比", "每日一粒", "药食同源", "蓝帽认证", "好吸收", "送长辈"),
        ("60粒", "礼盒", "30袋", "两瓶装", "家庭装"),
        (
            SubCategory("维生素", 89, 0.66, ("维生素C", "钙片", "鱼油", "叶黄素", "复合维生素")),
            SubCategory("益生菌", 129, 0.70, ("益生菌", "酵素", "膳食纤维", "乳清粉", "益生元")),
            SubCategory("蛋白营养", 169, 0.36, ("蛋白粉", "增肌粉", "代餐奶昔", "能量棒", "肌酸")),
            SubCategory("传统滋补", 199, 0.62, ("阿胶糕", "燕窝", "枸杞", "人参", "蜂蜜")),
        ),
    ),
    Category(
        "本地生活", 0.05, "local", (0.06, 0.12), (0.35, 0.60), 0.20, 0.18, 0.0090, 1.6, 0.35,
        0.0, 0.02, 0.25, (0.14, 215), (0.40, 0.42, 0.18),
        ("周末好去处", "地铁直达", "性价比高", "拍照出片", "免预约", "随时退"),
        ("双人餐", "套餐", "代金券", "单次卡", "家庭票"),
        (
            SubCategory("餐饮", 99, 0.58, ("火锅", "烤肉", "小龙虾", "自助餐", "咖啡馆"), 0.008),
            SubCategory("酒店民宿", 329, 0.54, ("民宿", "温泉酒店", "江景房", "露营"), 0.060),
            SubCategory("汽车养护", 129, 0.24, ("精致洗车", "贴膜", "保养套餐", "轮胎"), 0.004),
            SubCategory("景点旅游", 149, 0.56, ("门票", "一日游", "乐园套票", "游船"), 0.050),
            SubCategory("丽人健身", 159, 0.80, ("美甲", "美发", "健身卡", "瑜伽课", "SPA"), 0.006),
        ),
    ),
    Category(
        "服务", 0.03, "service", (0.15, 0.30), (0.50, 0.80), 0.14, 0.12, 0.0038, 2.2, 0.45,
        0.0, 0.03, 0.15, (0.10, 240), (0.30, 0.42, 0.28),
        ("名师讲解", "上门服务", "在线预约", "终身回看", "不满意可退", "零基础"),
        ("体验课", "年卡", "单次", "全套", "月卡"),
        (
            SubCategory("在线课程", 199, 0.58, ("英语课", "摄影课", "考研课", "书法课", "编程课")),
            SubCategory("家政服务", 159, 0.70, ("保洁", "月嫂", "家电清洗", "搬家", "除螨")),
            SubCategory("会员服务", 88, 0.46, ("视频会员", "音乐会员", "加油卡", "话费券")),
        ),
    ),
)  # fmt: skip

SUB_CATEGORIES = tuple(sub for category in CATEGORIES for sub in category.subs)
CATEGORY_OF_SUB = np.repeat(np.arange(len(CATEGORIES)), [len(c.subs) for c in CATEGORIES])
FIRST_SUB = np.searchsorted(CATEGORY_OF_SUB, np.arange(len(CATEGORIES)))

SCENES_OF_CATEGORY = np.array([category.scene for category in CATEGORIES])
LOCAL = SCENES_OF_CATEGORY == "local"

# The largest cities first: their shares of people and of actors fall like one over the rank.
CITIES = (
    "上海", "北京", "广州", "深圳", "杭州", "成都", "重庆", "武汉", "西安", "南京", "长沙", "郑州",
    "苏州", "青岛", "沈阳", "合肥", "厦门", "昆明", "义乌", "临沂",
)  # fmt: skip
CITY_SHARE = (1 / (np.arange(len(CITIES)) + 4.0)) / (1 / (np.arange(len(CITIES)) + 4.0)).sum()
TIER_ONE = 4  # the first so many cities

# Styles run along the directions of taste: a word for each end.
STYLES = (
    ("平价", "轻奢"), ("国风", "欧美"), ("搞笑", "专业测评"), ("亲子", "独居"),
    ("养生", "潮流"), ("乡村", "都市"), ("硬核", "治愈"), ("极简", "热闹"),
)  # fmt: skip


def figures(name: str) -> np.ndarray:
    """Return one figure of every category as an array, in the order of `CATEGORIES`."""
    return np.array([getattr(category, name) for category in CATEGORIES], dtype=float)


def sub_figures(name: str) -> np.ndarray:
    """Return one figure of every sub-category as an array, in the order of `SUB_CATEGORIES`."""
    return np.array([getattr(sub, name) for sub in SUB_CATEGORIES], dtype=float)


def demand_by_day() -> np.ndarray:
    """Demand by category and day of year: one season a year and the two shopping festivals.

    Returns
    -------
    array (categories, 367)
        Factors on conversion with a mean of about one; column 0 is unused.

    """
    day = np.arange(367)
    amplitude, peak = figures("season").T
    wave = amplitude[:, None] * np.cos(2 * np.pi * (day - peak[:, None]) / 365.25)
    goods = (SCENES_OF_CATEGORY == "shop")[:, None]
    return np.exp(wave + 0.30 * goods * festival_by_day())


def festival_by_day() -> np.ndarray:
    """How close each day of the year is to 618 or 双11: 1 on the day, 0 ten days away."""
    day = np.arange(367)
    distance = np.minimum(np.abs(day - 169), np.abs(day - 315))
    return np.clip(1 - distance / 10, 0, 1)
