"""Results in a terminal, in a notebook and as a frame; filters and terms as plain mappings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from matching.economics import Terms
from matching.eligibility import Filters
from matching.errors import OptionError
from matching.matcher import Matcher

PRODUCT = "p000001"


def test_a_match_as_a_frame_is_what_the_answer_says(matcher: Matcher):
    found = matcher.match(PRODUCT, k=5)
    frame, answer = found.to_frame(), found.to_dict()["creators"]
    assert frame.index.tolist() == [1, 2, 3, 4, 5]
    assert frame.index.name == "rank"
    assert frame["creator_id"].tolist() == [creator["creator_id"] for creator in answer]
    assert frame["roi"].tolist() == [creator["predicted"]["roi"] for creator in answer]
    evidence = frame[[name for name in frame if name.startswith("evidence_")]]
    assert evidence.shape[1] == 6
    np.testing.assert_allclose(evidence.sum(axis=1), np.log(frame["settled_gmv"]), atol=1e-6)
    bare = matcher.match(PRODUCT, k=5, explain=False).to_frame()
    assert not [name for name in bare if name.startswith("evidence_")]
    assert len(matcher.match(PRODUCT, filters={"follower_min": 1e12}).to_frame()) == 0


def test_products_for_a_creator_as_a_frame(matcher: Matcher):
    creator = matcher.contents.history.creator_ids[0]
    whole = matcher.products_for(creator, k=4).to_frame()
    page = matcher.products_for(creator, k=2, after=2).to_frame()
    pd.testing.assert_frame_equal(whole.iloc[2:], page)
    assert "product_id" in page


def test_a_result_is_a_table_in_a_terminal(matcher: Matcher):
    found = matcher.match(PRODUCT, k=3)
    shown = repr(found)
    for creator in found.creators:
        assert creator["creator_id"] in shown
    assert found.product["title"] in shown
    creator = matcher.contents.history.creator_ids[0]
    offered = matcher.products_for(creator, k=3)
    assert all(item["product_id"] in repr(offered) for item in offered.items)
    assert creator in repr(offered)


def test_a_result_is_an_escaped_table_in_a_notebook(matcher: Matcher):
    found = matcher.match(PRODUCT, k=3)
    shown = found._repr_html_()
    assert shown.count("<tr>") == 4
    assert all(creator["creator_id"] in shown for creator in found.creators)
    named = replace(found, product={**found.product, "title": "<script>"}, notes=["a < b"])
    shown = named._repr_html_()
    assert "<script>" not in shown
    assert "a &lt; b" in shown
    assert "<td>" in matcher.products_for(found.creators[0]["creator_id"], k=1)._repr_html_()


def test_filters_and_terms_may_be_mappings(matcher: Matcher):
    city = matcher.contents.history.words["city"][0]
    given = matcher.match(
        PRODUCT, filters={"city": city, "follower_max": 1e6}, terms={"slot_fee": 10.0}
    )
    asked = matcher.match(
        PRODUCT,
        filters=Filters(city=(city,), follower_max=1e6),
        terms=Terms(slot_fee=10.0),
    )
    assert len(given) > 0
    assert given.to_dict() == asked.to_dict()


def test_the_terms_that_were_tried_are_shown(matcher: Matcher):
    plain = matcher.match(PRODUCT, k=2)
    usual = f"{plain.product['commission_rate']:.0%}"
    assert f"commission {usual}\n" in repr(plain)
    tried = matcher.match(PRODUCT, k=2, terms={"commission_rate": 0.45, "sample_cost": 30.0})
    for shown in (repr(tried), tried._repr_html_()):
        told = f"tried: commission 45%, sample cost 30.00 (in the catalog: commission {usual})"
        assert told in " ".join(shown.split())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"filters": {"citty": "x"}}, "filters: there is no 'citty'; did you mean 'city'?"),
        ({"terms": {"slot_fees": 1.0}}, "terms: there is no 'slot_fees'; did you mean 'slot_fee'?"),
        ({"terms": {"xyz": 1.0}}, "terms: there is no 'xyz'$"),
        ({"terms": {"slot_fee": -1.0}}, "slot_fee: must be 0 or more"),
    ],
)
def test_an_unknown_filter_or_term_names_the_nearest(matcher: Matcher, given, told):
    with pytest.raises(OptionError, match=told):
        matcher.match(PRODUCT, **given)
