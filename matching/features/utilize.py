"""Utilize: does the trade close, in this scene and at these terms?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.languages import Text
from matching.rates import ratio, shrunk_rate, shrunk_share


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_log_settled",
        "creator_settled_known",
        "market_log_settled",
        "market_settled_known",
    ),
    shown=Shown.MONEY,
    zh="达人以往合作的退款后销售额通常为 {value}",
)
def creator_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """The creator's past collaborations typically sold {value} after refunds."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=2)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_channel_log_settled",
        "creator_channel_settled_known",
        "creator_log_settled",
        "creator_settled_known",
    ),
    shown=Shown.MONEY,
    zh="达人在该渠道以往合作的退款后销售额通常为 {value}",
)
def creator_channel_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """The creator's past collaborations in this channel typically sold {value} after refunds."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=2)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_category_log_settled",
        "creator_category_settled_known",
        "creator_log_settled",
        "creator_settled_known",
    ),
    shown=Shown.MONEY,
    zh="达人在该类目以往合作的退款后销售额通常为 {value}",
)
def creator_category_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """The creator's past collaborations in this category typically sold {value} after refunds."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=1)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_subcategory_log_settled",
        "creator_subcategory_settled_known",
        "creator_category_log_settled",
        "creator_category_settled_known",
    ),
    shown=Shown.MONEY,
    zh="达人在此子类目以往合作的退款后销售额通常为 {value}",
)
def creator_subcategory_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """The creator's past collaborations in this sub-category typically sold {value}."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=1)


@feature(
    Stage.UTILIZE,
    reads=(
        "product_log_settled",
        "product_settled_known",
        "subcategory_log_settled",
        "subcategory_settled_known",
    ),
    shown=Shown.MONEY,
    zh="该商品以往合作的退款后销售额通常为 {value}",
)
def product_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Past collaborations for this product typically sold {value} after refunds."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=3)


@feature(
    Stage.UTILIZE,
    reads=(
        "merchant_log_settled",
        "merchant_settled_known",
        "market_log_settled",
        "market_settled_known",
    ),
    shown=Shown.MONEY,
    zh="该商家以往合作的退款后销售额通常为 {value}",
)
def merchant_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Past collaborations for this merchant typically sold {value} after refunds."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=5)


@feature(
    Stage.UTILIZE,
    reads=(
        "subcategory_log_settled",
        "subcategory_settled_known",
        "category_log_settled",
        "category_settled_known",
    ),
    shown=Shown.MONEY,
    zh="此子类目以往合作的退款后销售额通常为 {value}",
)
def subcategory_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Past collaborations in this sub-category typically sold {value} after refunds."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=10)


@feature(
    Stage.UTILIZE,
    reads=(
        "category_log_settled_recent",
        "category_settled_known_recent",
        "category_log_settled",
        "category_settled_known",
    ),
    shown=Shown.TIMES,
    zh="该类目近 90 天的销售额是平时的 {value}",
)
def category_season(
    recent: FloatArray, recent_count: FloatArray, every: FloatArray, count: FloatArray
) -> FloatArray:
    """The category's sales of the last 90 days are {value} its usual ones."""
    usual = ratio(every, count)
    return shrunk_rate(recent, recent_count, usual, prior_count=10) - usual


@feature(
    Stage.UTILIZE,
    reads=(
        "category_pair_log_settled",
        "category_pair_settled_known",
        "subcategory_log_settled",
        "subcategory_settled_known",
    ),
    shown=Shown.MONEY,
    zh="与该达人同类目的达人带此子类目的退款后销售额通常为 {value}",
)
def category_pair_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Creators of this creator's category typically sold {value} of this sub-category."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=10)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_seen_orders",
        "creator_seen_impressions",
        "market_seen_orders",
        "market_seen_impressions",
    ),
    shown=Shown.RATE,
    zh="达人以往合作的曝光有 {value} 转化为订单",
)
def creator_conversion(
    orders: FloatArray, seen: FloatArray, all_orders: FloatArray, all_seen: FloatArray
) -> FloatArray:
    """{value} of the impressions of the creator's past collaborations became orders."""
    usual = ratio(all_orders, all_seen)
    return np.log(np.maximum(shrunk_rate(orders, seen, usual, prior_count=20_000), 1e-9))


@feature(
    Stage.UTILIZE,
    reads=(
        "product_seen_orders",
        "product_seen_impressions",
        "subcategory_seen_orders",
        "subcategory_seen_impressions",
    ),
    shown=Shown.RATE,
    zh="该商品以往合作的曝光有 {value} 转化为订单",
)
def product_conversion(
    orders: FloatArray, seen: FloatArray, all_orders: FloatArray, all_seen: FloatArray
) -> FloatArray:
    """{value} of the impressions of past collaborations for this product became orders."""
    usual = ratio(all_orders, all_seen)
    return np.log(np.maximum(shrunk_rate(orders, seen, usual, prior_count=20_000), 1e-9))


@feature(
    Stage.UTILIZE,
    reads=("creator_sold", "creator_settled_known", "market_sold", "market_settled_known"),
    shown=Shown.PERCENT,
    zh="达人已发布的合作中有 {value} 产生了成交",
)
def creator_sale_rate(
    sold: FloatArray, count: FloatArray, all_sold: FloatArray, all_count: FloatArray
) -> FloatArray:
    """{value} of the creator's published collaborations sold something."""
    return shrunk_rate(sold, count, ratio(all_sold, all_count), prior_count=5)


@feature(
    Stage.UTILIZE,
    reads=(
        "product_sold_recent",
        "product_settled_known_recent",
        "market_sold_recent",
        "market_settled_known_recent",
    ),
    shown=Shown.PERCENT,
    zh="该商品近 90 天已发布的合作中有 {value} 产生了成交",
)
def product_sale_rate(
    sold: FloatArray, count: FloatArray, all_sold: FloatArray, all_count: FloatArray
) -> FloatArray:
    """{value} of the product's published collaborations of the last 90 days sold something."""
    return shrunk_rate(sold, count, ratio(all_sold, all_count), prior_count=10)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_refunded_gmv",
        "creator_refundable_gmv",
        "creator_fulfilled",
        "subcategory_refunded_gmv",
        "subcategory_refundable_gmv",
    ),
    shown=Shown.PERCENT,
    zh="达人的销售额中有 {value} 被退款",
)
def creator_refund_share(
    refunded: FloatArray,
    sold: FloatArray,
    count: FloatArray,
    all_refunded: FloatArray,
    all_sold: FloatArray,
) -> FloatArray:
    """Buyers sent back {value} of the creator's sales."""
    return shrunk_share(refunded, sold, count, ratio(all_refunded, all_sold), 3)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_refunded_gmv",
        "creator_expected_refunded_gmv",
        "creator_fulfilled",
        "market_refunded_gmv",
    ),
    shown=Shown.TIMES,
    zh="达人的退款是其所售商品常见水平的 {value}",
)
def creator_refund_step(
    refunded: FloatArray, expected: FloatArray, count: FloatArray, all_refunded: FloatArray
) -> FloatArray:
    """Buyers send back {value} what is usual for the products that the creator sells."""
    usual = np.where(all_refunded > 0, 1.0, np.nan)  # nothing is usual where none is known
    return np.log(np.maximum(shrunk_share(refunded, expected, count, usual, 3), 0.05))


@feature(
    Stage.UTILIZE,
    reads=(
        "product_refunded_gmv",
        "product_refundable_gmv",
        "product_fulfilled",
        "subcategory_refunded_gmv",
        "subcategory_refundable_gmv",
    ),
    shown=Shown.PERCENT,
    zh="该商品的销售额中有 {value} 被退款",
)
def product_refund_share(
    refunded: FloatArray,
    sold: FloatArray,
    count: FloatArray,
    all_refunded: FloatArray,
    all_sold: FloatArray,
) -> FloatArray:
    """Buyers sent back {value} of the product's sales."""
    return shrunk_share(refunded, sold, count, ratio(all_refunded, all_sold), 3)


@feature(
    Stage.UTILIZE,
    reads=("product_price",),
    shown=Shown.MONEY,
    zh="商品价格为 {value}",
)
def log_price(price: FloatArray) -> FloatArray:
    """The product costs {value}."""
    return np.log1p(price)


@feature(
    Stage.UTILIZE,
    reads=("product_is_local", "same_city"),
    shown=Shown.WORDS,
    zh="商品的使用地点为 {value}",
    words={
        -1: Text("not the creator's city", "其他城市"),
        0: Text("not bound to a city", "不限城市"),
        1: Text("the creator's city", "达人所在城市"),
    },
)
def local_reach(is_local: FloatArray, same_city: FloatArray) -> FloatArray:
    """The place where the product is used is {value}."""
    return np.where(is_local == 1, 2.0 * same_city - 1.0, is_local)


@feature(
    Stage.UTILIZE,
    reads=("product_is_service",),
    shown=Shown.WORDS,
    zh="所售商品为 {value}",
    words={0: Text("goods", "实物"), 1: Text("a service", "服务")},
)
def is_service(service: FloatArray) -> FloatArray:
    """What is sold is {value}."""
    return service


@feature(
    Stage.UTILIZE,
    reads=("offer_commission_rate",),
    shown=Shown.PERCENT,
    zh="所给佣金为退款后销售额的 {value}",
)
def commission_rate(rate: FloatArray) -> FloatArray:
    """The commission offered is {value} of settled sales."""
    return rate


@feature(
    Stage.UTILIZE,
    reads=("offer_slot_fee", "listed_slot_fee"),
    shown=Shown.TIMES,
    zh="所给坑位费是达人报价的 {value}",
)
def slot_fee_step(offered: FloatArray, listed: FloatArray) -> FloatArray:
    """The slot fee offered is {value} the one that the creator asks."""
    return np.log1p(offered) - np.log1p(listed)


@feature(
    Stage.UTILIZE,
    reads=("listed_slot_fee",),
    shown=Shown.MONEY,
    zh="达人在该渠道的坑位费报价为 {value}",
)
def log_slot_fee(listed: FloatArray) -> FloatArray:
    """The creator asks a slot fee of {value} in this channel."""
    return np.log1p(listed)


@feature(
    Stage.UTILIZE,
    reads=("offer_commission_rate", "creator_min_commission_rate"),
    shown=Shown.PRIVATE,
    zh="与达人的要求相比，所给佣金预计带来 {value} 销售",
)
def commission_step(offered: FloatArray, asked: FloatArray) -> FloatArray:
    """Compared with what the creator asks, the commission offered promises {value} sales."""
    return offered - asked
