"""Transform: does this creator's content connect with this product?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.languages import Text
from matching.rates import ratio, shrunk_rate


@feature(
    Stage.TRANSFORM,
    reads=("content_similarity",),
    zh="达人内容与商品文案的相似度（最高为 1）为 {value}",
)
def content_similarity(similarity: FloatArray) -> FloatArray:
    """The likeness of the creator's texts and the product's (at most 1) is {value}."""
    return similarity


@feature(
    Stage.TRANSFORM,
    reads=("content_topic",),
    zh="此类商品在达人内容中的分量（0 为平均）为 {value}",
)
def content_topic(topic: FloatArray) -> FloatArray:
    """The weight of this kind of product in the creator's texts (0 is average) is {value}."""
    return topic


@feature(
    Stage.TRANSFORM,
    reads=("same_category",),
    shown=Shown.WORDS,
    zh="达人的主营类目为 {value}",
    words={0: Text("not the product's", "其他类目"), 1: Text("the product's", "商品所在类目")},
)
def same_category(same: FloatArray) -> FloatArray:
    """The creator's own category is {value}."""
    return same


@feature(
    Stage.TRANSFORM,
    reads=("creator_category_fulfilled", "creator_fulfilled"),
    shown=Shown.PERCENT,
    zh="达人已发布的合作中有 {value} 属于商品所在类目",
)
def category_experience_share(here: FloatArray, everywhere: FloatArray) -> FloatArray:
    """{value} of the creator's published collaborations were in the product's category."""
    return ratio(here, everywhere)


@feature(
    Stage.TRANSFORM,
    reads=("creator_subcategory_fulfilled",),
    zh="达人在商品所在子类目已发布的合作次数为 {value}",
)
def subcategory_experience_count(fulfilled: FloatArray) -> FloatArray:
    """The number of the creator's collaborations in the product's sub-category is {value}."""
    return fulfilled


@feature(
    Stage.TRANSFORM,
    reads=(
        "category_pair_accepted",
        "category_pair_answers",
        "market_accepted",
        "market_answers",
    ),
    shown=Shown.PERCENT,
    zh="与该达人同类目的达人接受了此子类目 {value} 的邀约",
)
def category_pair_accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """Creators of this creator's category accept {value} of invitations for this sub-category."""
    return shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=20)


@feature(
    Stage.TRANSFORM,
    reads=("creator_audience_female", "product_buyer_female"),
    shown=Shown.PERCENT,
    zh="达人受众与商品买家的女性占比相差 {value}",
)
def audience_gap(audience_female: FloatArray, buyer_female: FloatArray) -> FloatArray:
    """The shares of women in the audience and among the product's buyers differ by {value}."""
    return np.abs(audience_female - buyer_female)


@feature(
    Stage.TRANSFORM,
    reads=(
        "product_price",
        "creator_log_price",
        "creator_fulfilled",
        "subcategory_log_price",
        "subcategory_fulfilled",
    ),
    shown=Shown.TIMES,
    zh="商品价格是达人常卖商品的 {value}",
)
def price_step(
    price: FloatArray,
    log_price: FloatArray,
    fulfilled: FloatArray,
    category_log_price: FloatArray,
    category_fulfilled: FloatArray,
) -> FloatArray:
    """The product costs {value} what the creator usually sells."""
    usual = shrunk_rate(log_price, fulfilled, ratio(category_log_price, category_fulfilled), 2)
    return np.log1p(price) - usual


@feature(
    Stage.TRANSFORM,
    reads=("creator_audience_25_34", "creator_audience_35_plus"),
    shown=Shown.PERCENT,
    zh="受众中有 {value} 在 25 岁及以上",
)
def audience_maturity(aged_25_34: FloatArray, aged_35_plus: FloatArray) -> FloatArray:
    """{value} of the audience is aged 25 or older."""
    return aged_25_34 + aged_35_plus


@feature(
    Stage.TRANSFORM,
    reads=("creator_audience_tier1", "product_price"),
    zh="受众一线城市占比按商品价格加权的得分为 {value}",
)
def tier1_for_price(tier1: FloatArray, price: FloatArray) -> FloatArray:
    """The score of first-tier cities in the audience, weighted by the price, is {value}."""
    return tier1 * np.log1p(price)
