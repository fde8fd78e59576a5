"""The other side of the market: which products a creator should be asked to sell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from matching import assortment as module
from matching.assortment import nearest
from matching.catalog import Catalog
from matching.economics import OBJECTIVES, three_digits
from matching.errors import OptionError, UnknownIdError
from matching.matcher import Matcher
from matching.offers import BoolArray
from tests.conftest import QUICK
from tests.markets import small_market
from training.run import Trained, train

MERCHANT = "m1"


@pytest.fixture(scope="module")
def small_matcher(quick: Trained) -> Matcher:
    return quick.matcher()


@pytest.fixture(scope="module")
def asking(small: Catalog) -> str:
    """A creator who takes part, and takes no commission below 15 %."""
    people = small.creators
    takes_part = (people["opted_out"] == False) & people["weekly_capacity"].isna()  # noqa: E712
    return str(people["creator_id"][takes_part & (people["min_commission_rate"] == 0.15)].iloc[0])


def values(items: list[dict[str, Any]], objective: str) -> list[float]:
    """Return what the objective compares."""
    told = [item["predicted"] for item in items]
    if objective == "roi":
        return three_digits([p["roi"] for p in told]).tolist()
    name = "settled_gmv" if objective == "gmv" else "profit"
    return [p["accept_probability"] * p[name] for p in told]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_products_are_ranked_by_the_objective(small_matcher: Matcher, asking: str, objective: str):
    answer = small_matcher.products_for(asking, 200, objective).to_dict()
    json.dumps(answer, allow_nan=False)
    items = answer["items"]
    assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
    ranked = values(items, objective)
    assert ranked == sorted(ranked, reverse=True)
    assert len(set(ranked)) > 5
    assert answer["creator"]["creator_id"] == asking
    assert (answer["objective"], answer["bundle"]) == (objective, "unsaved")


def test_predictions_are_those_of_a_match(small_matcher: Matcher, asking: str):
    """Asked from either side, the same pair has the same offer and the same money."""
    for item in small_matcher.products_for(asking, 5, "gmv").items:
        scored = small_matcher.score([asking], item["product_id"], "gmv").creators[0]
        assert item["offer"] == scored["offer"]
        assert item["predicted"] == pytest.approx(scored["predicted"])
        assert item["title"] == small_matcher.product(item["product_id"])["title"]


def test_products_used_in_the_creators_city_are_looked_at_too(
    small_matcher: Matcher, small: Catalog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CANDIDATE_COUNT", 6)
    people = small.creators[(small.creators["opted_out"] == False)]  # noqa: E712
    scenes = small.products.set_index("product_id")["scene"]

    def local_ones(creators: Any) -> list[int]:
        return [
            sum(scenes[item["product_id"]] == "local" for item in answer.items)
            for creator in creators
            if len(answer := small_matcher.products_for(creator, 20, "gmv"))
        ]

    at_home = local_ones(people["creator_id"][people["city"] == "成都"])
    elsewhere = local_ones(
        people["creator_id"][people["city"].notna() & (people["city"] != "成都")]
    )
    assert np.median(at_home) >= 3  # half of the six
    assert np.median(elsewhere) < 3


def test_only_what_pays_the_commission_asked_for(
    small_matcher: Matcher, small: Catalog, asking: str
):
    enough = small.products["commission_rate"] >= 0.15
    found = small_matcher.products_for(asking, 200)
    assert {item["product_id"] for item in found.items} == set(small.products["product_id"][enough])
    assert f"{int((~enough).sum())} removed" in found.notes[0]


def test_profit_needs_a_margin(small_matcher: Matcher, small: Catalog, asking: str):
    goods = small.products[small.products["commission_rate"] >= 0.15]
    found = small_matcher.products_for(asking, 200, "profit")
    known = goods["product_id"][goods["margin_rate"].notna()]
    assert {item["product_id"] for item in found.items} == set(known) < set(goods["product_id"])
    assert any("margin_rate" in note for note in found.notes)


def test_a_merchants_own_products(small_matcher: Matcher, small: Catalog, asking: str):
    goods = small.products[small.products["commission_rate"] >= 0.15]
    found = small_matcher.products_for(asking, 200, merchant_id=MERCHANT)
    own = goods["product_id"][goods["merchant_id"] == MERCHANT]
    assert {item["product_id"] for item in found.items} == set(own)
    nothing = small_matcher.products_for(asking, 20, merchant_id="nobody")
    assert (nothing.items, nothing.more) == ([], False)


@pytest.mark.parametrize("change", [{"opted_out": True}, {"joined_on": "2030-01-01"}])
def test_who_may_not_be_asked_is_asked_for_nothing(change: dict[str, Any]):
    tables = small_market(creators=20, collaborations=300)
    people = tables["creators"]
    for name, value in change.items():
        column = people[name].astype(object)
        column.iloc[4] = value
        people[name] = column
    matcher = train(Catalog.from_tables(tables), QUICK).matcher()
    found = matcher.products_for(people["creator_id"].iloc[4])
    assert found.items == []
    assert "0 of 20 products found" in found.notes[0]


def test_pages_are_the_ranking_in_parts(small_matcher: Matcher, asking: str):
    whole = small_matcher.products_for(asking, 200).items
    pages: list[dict[str, Any]] = []
    for after in range(0, 200, 7):
        page = small_matcher.products_for(asking, 7, after=after)
        pages += page.items
        if not page.more:
            break
    assert pages == whole
    beyond = small_matcher.products_for(asking, 7, after=500)
    assert (beyond.items, beyond.more) == ([], False)


def test_where_the_ranking_ends_is_said(
    small_matcher: Matcher, asking: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CANDIDATE_COUNT", 10)
    assert not any("ends here" in n for n in small_matcher.products_for(asking, 5).notes)
    last = small_matcher.products_for(asking, 5, after=5)
    assert (len(last), last.more) == (5, False)
    assert any("likeliest 10 were looked at" in note for note in last.notes)


def test_what_cannot_be_asked(small_matcher: Matcher, asking: str):
    with pytest.raises(UnknownIdError, match="nobody"):
        small_matcher.products_for("nobody")
    with pytest.raises(OptionError, match="objective"):
        small_matcher.products_for(asking, objective="fame")
    with pytest.raises(OptionError, match="k"):
        small_matcher.products_for(asking, 0)


def open_products(matcher: Matcher) -> Iterator[tuple[int, BoolArray]]:
    """Yield creators who may be asked, and for what."""
    for creator in range(0, matcher.contents.history.creators.count, 40):
        mask, _ = module._open_to(matcher, creator, "roi", None)
        if mask.sum() > 200:
            yield creator, mask


@pytest.mark.parametrize("objective", ["roi", "gmv"])
def test_the_space_finds_nearly_what_scoring_everything_finds(matcher: Matcher, objective: str):
    """A quarter of the sample's products keeps the value of the best twenty."""
    kept = []
    for creator, mask in open_products(matcher):
        every = np.flatnonzero(mask)
        near = nearest(matcher, creator, objective, mask, 100)
        best = [np.sort(worth(matcher, creator, rows, objective))[-20:] for rows in (every, near)]
        kept.append(best[1].sum() / best[0].sum())
    assert len(kept) >= 20
    assert np.mean(kept) > 0.97


def worth(matcher: Matcher, creator: int, products: np.ndarray, objective: str) -> np.ndarray:
    scored = matcher.scorer.score(np.full(len(products), creator), products)
    rows = scored.best_channels(objective)
    if objective == "roi":
        return np.asarray(scored.money.roi[rows])
    return np.asarray((scored.outcomes.accept_probability * scored.money.settled_gmv)[rows])
