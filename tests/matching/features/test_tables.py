"""Features of a creator alone and a product alone are computed once, to the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matching.economics import Terms
from matching.features import FEATURES, Side
from matching.matcher import Matcher
from training.run import Trained


def test_every_side_has_features():
    sides = {side: [f.name for f in FEATURES if f.side is side] for side in Side}
    assert {"log_followers", "creator_sales", "is_live"} <= set(sides[Side.CREATOR])
    assert {"log_price", "product_sales", "category_season"} <= set(sides[Side.PRODUCT])
    assert {"commission_rate", "audience_gap", "creator_refund_share"} <= set(sides[Side.PAIR])


def test_tables_have_a_row_for_everybody(quick: Trained):
    tables, history = quick.contents.tables, quick.contents.history
    sides = [feature.side for feature in FEATURES]
    assert tables.creators.shape == (history.creators.count, 2, sides.count(Side.CREATOR))
    assert tables.products.shape == (history.products.count, sides.count(Side.PRODUCT))


@pytest.mark.parametrize("terms", [Terms(), Terms(commission_rate=0.4, slot_fee=0.0)])
@pytest.mark.parametrize("products", [[3], [2, 0, 2, 5]])
def test_features_are_the_same_bits_as_computed_on_the_spot(
    quick: Trained, products: list[int], terms: Terms
):
    creators = np.array([7, 0, 7, 31])
    scorer = quick.contents.scorer()
    looked_up = scorer.score(creators, np.array(products), terms)
    computed = replace(scorer, tables=None).score(creators, np.array(products), terms)
    assert np.array_equal(looked_up.matrix, computed.matrix, equal_nan=True)
    assert np.array_equal(looked_up.money.settled_gmv, computed.money.settled_gmv)


def test_a_product_outside_the_catalog_has_features_of_its_own(quick: Trained):
    matcher = Matcher("test", quick.as_of, quick.contents)
    asked = matcher.find_product(
        {"title": "坚果礼盒", "category": "食品/坚果", "price": 59.0, "commission_rate": 0.2}
    )
    scorer, creators = matcher.scorer, np.arange(20)
    looked_up = scorer.score(creators, np.array([0]), external=asked.external)
    computed = replace(scorer, tables=None).score(creators, np.array([0]), external=asked.external)
    assert np.array_equal(looked_up.matrix, computed.matrix, equal_nan=True)
