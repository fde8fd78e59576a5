"""Segments: who was cold, small or of another category at the date."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from training.segments import SEGMENTS, Segments


def test_cold_is_who_has_no_outcome_known_at_the_date(earlier, catalog):
    segments = Segments.build(earlier, catalog)
    known = catalog.cut(earlier.as_of).collaborations
    ended = known[known["status"].isin(["fulfilled", "failed"])]
    cold = segments.creators["cold"]
    assert set(cold.index[~cold]) == set(ended["creator_id"])
    assert 0 < cold.mean() < 1
    later = catalog.products.loc[
        ~catalog.products["product_id"].isin(known["product_id"]), "product_id"
    ]
    assert segments.of_products(later)["cold product"].all()


def test_half_of_the_creators_are_small(earlier, catalog):
    small = Segments.build(earlier, catalog).creators["small"]
    followers = earlier.contents.offers.follower_count
    assert 0.4 < small.mean() <= 0.5
    assert followers[small].max() < followers[~small].min()


def test_pairs_are_in_the_segments_of_both(earlier, catalog):
    segments = Segments.build(earlier, catalog)
    ids = [earlier.contents.history.creator_ids[row] for row in range(50)]
    creators = catalog.creators.set_index("creator_id").loc[ids].reset_index()
    product = catalog.products.iloc[3]
    inside = segments.of_pairs(creators["creator_id"], [product["product_id"]] * 50)
    assert set(inside) == set(SEGMENTS)
    top = product["category"].split("/")[0]
    differs = (creators["category"] != top).to_numpy()
    assert (inside["cross-category pair"] == differs).all()
    everybody = segments.of_creators(product["product_id"])
    for name in ("cold creator", "small creator", "cross-category pair"):
        assert (everybody[name][:50] == inside[name]).all()
    is_local = (catalog.products["scene"] == "local").to_numpy()
    local = segments.of_products(catalog.products["product_id"])["local product"]
    assert (local == is_local).all()


def test_words_of_two_vocabularies_and_unknown_ones_do_not_differ(earlier, catalog):
    product_id = catalog.products["product_id"].iloc[0]
    foreign = catalog.creators.assign(category=pd.Series("shopping", index=catalog.creators.index))
    segments = Segments.build(earlier, replace(catalog, creators=foreign))
    assert not segments.of_creators(product_id)["cross-category pair"].any()
    without = replace(catalog, creators=catalog.creators.drop(columns="category"))
    segments = Segments.build(earlier, without)
    assert not segments.of_creators(product_id)["cross-category pair"].any()
    assert isinstance(segments.of_creators(product_id)["cold creator"], np.ndarray)
