"""The service on a real bundle: every way to ask, answered as documented."""

from __future__ import annotations

import math
from typing import Any

import pytest
from flask.testing import FlaskClient

from matching.matcher import Matcher
from serve.answers import Match, ProductList
from serve.app import Application, create_app
from tests.serve.conformance import check_conformance
from tests.serve.conftest import with_keys

NEW = {
    "title": "云南小粒咖啡 挂耳 20 片",
    "category": "食品/冲饮",
    "price": 45,
    "commission_rate": 0.2,
    "margin_rate": 0.5,
    "sample_cost": 12,
}


@pytest.fixture(scope="module")
def real(matcher: Matcher) -> Application:
    return create_app(lambda: matcher)


@pytest.fixture
def client(real: Application) -> FlaskClient:
    return real.test_client()


@pytest.fixture(scope="module")
def product(matcher: Matcher) -> dict[str, Any]:
    """A product with a margin, in a category in which several creators are at home."""
    return next(each for each in matcher.products(limit=200) if each["margin_rate"])


def asked(client: FlaskClient, body: dict[str, Any]) -> Match:
    answer = client.post("/v1/matches", json=body)
    assert answer.status_code == 200, answer.text
    return Match.model_validate(answer.json)


def test_products_are_listed_and_found(client: FlaskClient, product: dict[str, Any]) -> None:
    page = ProductList.model_validate(client.get("/v1/products?limit=3").json)
    assert [item.product_id for item in page.items] == sorted(i.product_id for i in page.items)
    after = client.get("/v1/products", query_string={"limit": 3, "cursor": page.next_cursor})
    assert after.json["items"][0]["product_id"] > page.items[-1].product_id
    found = client.get("/v1/products", query_string={"q": product["title"]}).json["items"]
    assert product["product_id"] in [item["product_id"] for item in found]


@pytest.mark.parametrize("objective", ["roi", "gmv", "profit"])
def test_creators_are_ranked_by_the_objective(
    client: FlaskClient, product: dict[str, Any], objective: str
) -> None:
    match = asked(client, {"product_id": product["product_id"], "k": 30, "objective": objective})
    assert [creator.rank for creator in match.creators] == list(range(1, 31))
    values = []
    for creator in match.creators:
        predicted = creator.predicted
        weighted = {
            "roi": float(f"{predicted.roi:.3g}"),
            "gmv": predicted.accept_probability * predicted.settled_gmv,
            "profit": predicted.accept_probability * (predicted.profit or 0),
        }
        values.append(weighted[objective])
        assert creator.evidence is not None
        total = sum(creator.evidence.model_dump().values())
        assert math.isclose(total, math.log(predicted.settled_gmv), rel_tol=1e-3)
    assert values == sorted(values, reverse=True)


def test_both_ways_of_asking_agree(client: FlaskClient, product: dict[str, Any]) -> None:
    path = f"/v1/products/{product['product_id']}/creators"
    got = client.get(f"{path}?k=5&channel=live&follower_min=1000").json
    posted = client.post(
        "/v1/matches",
        json={
            "product_id": product["product_id"],
            "k": 5,
            "filters": {"channel": "live", "follower_min": 1000},
        },
    ).json
    assert got["creators"] == posted["creators"]


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"follower_max": 20_000}, lambda c: c.follower_count <= 20_000),
        ({"channel": "video"}, lambda c: c.offer.channel == "video"),
        ({"slot_fee_max": 100}, lambda c: c.offer.slot_fee <= 100),
        ({"accept_min": 0.3}, lambda c: c.predicted.accept_probability >= 0.3),
        ({"roi_min": 1}, lambda c: c.predicted.roi >= 1),
    ],
)
def test_filters_hold_for_everyone_returned(
    client: FlaskClient, product: dict[str, Any], filters: dict[str, Any], holds: Any
) -> None:
    match = asked(client, {"product_id": product["product_id"], "filters": filters})
    assert match.creators
    assert all(holds(creator) for creator in match.creators)


def test_shortfall_is_explained(client: FlaskClient, product: dict[str, Any]) -> None:
    match = asked(
        client, {"product_id": product["product_id"], "filters": {"city": ["nowhere at all"]}}
    )
    assert match.creators == []
    assert match.notes


def test_a_product_outside_the_catalog(client: FlaskClient) -> None:
    match = asked(client, {"product": NEW, "objective": "profit"})
    assert match.product.product_id is None
    assert match.product.title == NEW["title"]
    assert len(match.creators) == 20


def test_terms_change_acceptance_and_cost(client: FlaskClient, product: dict[str, Any]) -> None:
    first = asked(client, {"product_id": product["product_id"], "k": 1}).creators[0]
    body = {"product_id": product["product_id"], "include": [first.creator_id]}
    low = asked(client, {**body, "terms": {"commission_rate": 0.0}}).included[0]
    high = asked(client, {**body, "terms": {"commission_rate": 0.5}}).included[0]
    assert low.predicted and high.predicted
    assert high.predicted.accept_probability >= low.predicted.accept_probability
    assert high.predicted.cost > low.predicted.cost


def test_why_not_this_creator(client: FlaskClient, product: dict[str, Any]) -> None:
    first = asked(client, {"product_id": product["product_id"], "k": 1}).creators[0]
    match = asked(
        client,
        {
            "product_id": product["product_id"],
            "filters": {"exclude": [first.creator_id]},
            "include": [first.creator_id],
        },
    )
    (included,) = match.included
    assert (included.eligible, included.rank) == (False, None)
    assert included.reason
    assert first.creator_id not in [creator.creator_id for creator in match.creators]


def test_unknown_creator_is_named(client: FlaskClient, product: dict[str, Any]) -> None:
    body = {"product_id": product["product_id"], "include": ["nobody"]}
    answer = client.post("/v1/matches", json=body)
    assert answer.status_code == 404
    assert "nobody" in answer.json["detail"]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("examples", [15, pytest.param(40, marks=pytest.mark.slow)])
def test_behaves_as_documented(matcher: Matcher, product: dict[str, Any], examples: int) -> None:
    keyed = with_keys(lambda: matcher)
    creator = matcher.contents.history.creator_ids[7]
    cases = check_conformance(
        keyed.application, keyed.operator, examples, product["product_id"], creator
    )
    assert min(cases[label] for label in cases if "/v1/" in label) >= examples
