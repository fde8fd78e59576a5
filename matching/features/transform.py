"""Transform: does this creator's content connect with this product?"""

from __future__ import annotations

import numpy as np

from matching.features.spec import Shown, Stage, feature
from matching.history import FloatArray
from matching.rates import ratio, shrunk_rate


@feature(Stage.TRANSFORM, reads=("content_similarity",))
def content_similarity(similarity: FloatArray) -> FloatArray:
    """Likeness of the creator's texts and the product's, 0 to 1."""
    return similarity


@feature(Stage.TRANSFORM, reads=("content_topic",))
def content_topic(topic: FloatArray) -> FloatArray:
    """How much the creator's texts speak of this kind of product, 0 as usual among creators."""
    return topic


@feature(Stage.TRANSFORM, reads=("same_category",), shown=Shown.YES_NO)
def same_category(same: FloatArray) -> FloatArray:
    """Whether the creator's own category is the product's."""
    return same


@feature(
    Stage.TRANSFORM, reads=("creator_category_fulfilled", "creator_fulfilled"), shown=Shown.PERCENT
)
def category_experience_share(here: FloatArray, everywhere: FloatArray) -> FloatArray:
    """Share of the creator's published collaborations that were in the product's category."""
    return ratio(here, everywhere)


@feature(Stage.TRANSFORM, reads=("creator_subcategory_fulfilled",))
def subcategory_experience_count(fulfilled: FloatArray) -> FloatArray:
    """Collaborations the creator has published in the product's sub-category."""
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
)
def category_pair_accept_rate(
    accepted: FloatArray, answers: FloatArray, all_accepted: FloatArray, all_answers: FloatArray
) -> FloatArray:
    """Share of creators of this category who accept products of this sub-category."""
    return shrunk_rate(accepted, answers, ratio(all_accepted, all_answers), prior_count=20)


@feature(
    Stage.TRANSFORM, reads=("creator_audience_female", "product_buyer_female"), shown=Shown.PERCENT
)
def audience_gap(audience_female: FloatArray, buyer_female: FloatArray) -> FloatArray:
    """Gap between the female share of the audience and of the product's buyers."""
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
)
def price_step(
    price: FloatArray,
    log_price: FloatArray,
    fulfilled: FloatArray,
    category_log_price: FloatArray,
    category_fulfilled: FloatArray,
) -> FloatArray:
    """Price against what the creator usually sells."""
    usual = shrunk_rate(log_price, fulfilled, ratio(category_log_price, category_fulfilled), 2)
    return np.log1p(price) - usual


@feature(
    Stage.TRANSFORM,
    reads=("creator_audience_25_34", "creator_audience_35_plus"),
    shown=Shown.PERCENT,
)
def audience_maturity(aged_25_34: FloatArray, aged_35_plus: FloatArray) -> FloatArray:
    """Share of the audience aged 25 or older."""
    return aged_25_34 + aged_35_plus


@feature(Stage.TRANSFORM, reads=("creator_audience_tier1", "product_price"))
def tier1_for_price(tier1: FloatArray, price: FloatArray) -> FloatArray:
    """Share of the audience in first-tier cities, weighted by how dear the product is."""
    return tier1 * np.log1p(price)
