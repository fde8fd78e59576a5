"""Utilize: does the trade close, in this scene and at these terms?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.rates import ratio, shrunk_rate, shrunk_share


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_log_settled",
        "creator_settled_known",
        "market_log_settled",
        "market_settled_known",
    ),
    shown=Shown.AMOUNT,
)
def creator_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of the creator's past collaborations."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=2)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_channel_log_settled",
        "creator_channel_settled_known",
        "creator_log_settled",
        "creator_settled_known",
    ),
    shown=Shown.AMOUNT,
)
def creator_channel_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of the creator's past collaborations in this channel."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=2)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_category_log_settled",
        "creator_category_settled_known",
        "creator_log_settled",
        "creator_settled_known",
    ),
    shown=Shown.AMOUNT,
)
def creator_category_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of the creator's past collaborations in this category."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=1)


@feature(
    Stage.UTILIZE,
    reads=(
        "creator_subcategory_log_settled",
        "creator_subcategory_settled_known",
        "creator_category_log_settled",
        "creator_category_settled_known",
    ),
    shown=Shown.AMOUNT,
)
def creator_subcategory_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of the creator's past collaborations in this sub-category."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=1)


@feature(
    Stage.UTILIZE,
    reads=(
        "product_log_settled",
        "product_settled_known",
        "subcategory_log_settled",
        "subcategory_settled_known",
    ),
    shown=Shown.AMOUNT,
)
def product_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of past collaborations for this product."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=3)


@feature(
    Stage.UTILIZE,
    reads=(
        "merchant_log_settled",
        "merchant_settled_known",
        "market_log_settled",
        "market_settled_known",
    ),
    shown=Shown.AMOUNT,
)
def merchant_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of past collaborations for this merchant."""
    return shrunk_rate(log_settled, count, ratio(all_log, all_count), prior_count=5)


@feature(
    Stage.UTILIZE,
    reads=(
        "subcategory_log_settled",
        "subcategory_settled_known",
        "category_log_settled",
        "category_settled_known",
    ),
    shown=Shown.AMOUNT,
)
def subcategory_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of past collaborations in this sub-category."""
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
)
def category_season(
    recent: FloatArray, recent_count: FloatArray, every: FloatArray, count: FloatArray
) -> FloatArray:
    """Sales of the category in the last 90 days against before."""
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
    shown=Shown.AMOUNT,
)
def category_pair_sales(
    log_settled: FloatArray, count: FloatArray, all_log: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Settled sales of creators of this category with this sub-category."""
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
)
def creator_conversion(
    orders: FloatArray, seen: FloatArray, all_orders: FloatArray, all_seen: FloatArray
) -> FloatArray:
    """Orders per impression of the creator's past collaborations."""
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
)
def product_conversion(
    orders: FloatArray, seen: FloatArray, all_orders: FloatArray, all_seen: FloatArray
) -> FloatArray:
    """Orders per impression of past collaborations for this product."""
    usual = ratio(all_orders, all_seen)
    return np.log(np.maximum(shrunk_rate(orders, seen, usual, prior_count=20_000), 1e-9))


@feature(
    Stage.UTILIZE,
    reads=("creator_sold", "creator_settled_known", "market_sold", "market_settled_known"),
    shown=Shown.PERCENT,
)
def creator_sale_rate(
    sold: FloatArray, count: FloatArray, all_sold: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Share of the creator's published collaborations that sold anything."""
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
)
def product_sale_rate(
    sold: FloatArray, count: FloatArray, all_sold: FloatArray, all_count: FloatArray
) -> FloatArray:
    """Share of the product's published collaborations of the last 90 days that sold anything."""
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
)
def creator_refund_share(
    refunded: FloatArray,
    sold: FloatArray,
    count: FloatArray,
    all_refunded: FloatArray,
    all_sold: FloatArray,
) -> FloatArray:
    """Share of the creator's sales that buyers sent back."""
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
)
def creator_refund_step(
    refunded: FloatArray, expected: FloatArray, count: FloatArray, all_refunded: FloatArray
) -> FloatArray:
    """What buyers sent back to this creator, against what is usual for such products."""
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
)
def product_refund_share(
    refunded: FloatArray,
    sold: FloatArray,
    count: FloatArray,
    all_refunded: FloatArray,
    all_sold: FloatArray,
) -> FloatArray:
    """Share of the product's sales that buyers sent back."""
    return shrunk_share(refunded, sold, count, ratio(all_refunded, all_sold), 3)


@feature(Stage.UTILIZE, reads=("product_price",), shown=Shown.AMOUNT)
def log_price(price: FloatArray) -> FloatArray:
    """Price of the product."""
    return np.log1p(price)


@feature(Stage.UTILIZE, reads=("product_is_local", "same_city"))
def local_reach(is_local: FloatArray, same_city: FloatArray) -> FloatArray:
    """For a product used at a place: 1 in the creator's city, -1 elsewhere; else 0."""
    return np.where(is_local == 1, 2.0 * same_city - 1.0, is_local)


@feature(Stage.UTILIZE, reads=("product_is_service",), shown=Shown.YES_NO)
def is_service(service: FloatArray) -> FloatArray:
    """Whether it is a service rather than goods."""
    return service


@feature(Stage.UTILIZE, reads=("offer_commission_rate",), shown=Shown.PERCENT)
def commission_rate(rate: FloatArray) -> FloatArray:
    """Commission offered on settled sales."""
    return rate


@feature(Stage.UTILIZE, reads=("offer_slot_fee", "listed_slot_fee"), shown=Shown.TIMES)
def slot_fee_step(offered: FloatArray, listed: FloatArray) -> FloatArray:
    """Slot fee offered against the one the creator asks."""
    return np.log1p(offered) - np.log1p(listed)


@feature(Stage.UTILIZE, reads=("listed_slot_fee",), shown=Shown.AMOUNT)
def log_slot_fee(listed: FloatArray) -> FloatArray:
    """Slot fee that the creator asks in this channel."""
    return np.log1p(listed)


@feature(
    Stage.UTILIZE,
    reads=("offer_commission_rate", "creator_min_commission_rate"),
    shown=Shown.PERCENT,
)
def commission_step(offered: FloatArray, asked: FloatArray) -> FloatArray:
    """Commission offered, less the lowest one the creator takes."""
    return offered - asked
