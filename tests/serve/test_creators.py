from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from matching.matcher import Matcher
from serve.app import create_app
from serve.creator_answers import ProductsFor, Profile, SimilarCreators
from tests.serve.conftest import Keyed
from tests.serve.test_problems import refused


def test_a_profile(client: FlaskClient) -> None:
    profile = Profile.model_validate(client.get("/v1/creators/c003").json)
    assert profile.creator_id == "c003"
    assert profile.slot_fees.live == 500.0


def paged(client: FlaskClient, address: str, limit: int) -> list[dict[str, object]]:
    seen: list[dict[str, object]] = []
    cursor: str | None = ""
    for _ in range(100):
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        page = client.get(address, query_string=query).json
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return seen
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("limit", [7, 17, 119, 120])
def test_similar_creators_are_paged_to_the_last(client: FlaskClient, limit: int) -> None:
    seen = paged(client, "/v1/creators/c003/similar", limit)
    assert len({each["creator_id"] for each in seen}) == len(seen) == 119
    assert "c003" not in {each["creator_id"] for each in seen}


@pytest.mark.parametrize("limit", [7, 20, 60])
def test_products_for_a_creator_are_paged_to_the_last(client: FlaskClient, limit: int) -> None:
    seen = paged(client, "/v1/creators/c003/products", limit)
    assert [each["product_id"] for each in seen] == [f"p{number:03d}" for number in range(60)]
    assert [each["rank"] for each in seen] == list(range(1, 61))


def test_products_for_a_creator_by_an_objective(client: FlaskClient) -> None:
    answer = client.get(
        "/v1/creators/c003/products?objective=profit&limit=5",
        headers={"X-Request-ID": "r-7", "Accept-Language": "zh-CN"},
    )
    told = ProductsFor.model_validate(answer.json)
    assert (told.request_id, told.objective) == ("r-7", "profit")
    assert all(item.margin_rate for item in told.items)
    assert told.notes == ["in zh"]
    assert answer.headers["Content-Language"] == "zh"


def test_a_merchant_sees_its_own_products_for_a_creator(keyed: Keyed) -> None:
    for key, owners in (("m0", {"m0"}), (None, {"m0", "m1"})):
        client = keyed.client(keyed.operator if key is None else keyed.merchants[key])
        items = client.get("/v1/creators/c003/products?limit=60").json["items"]
        assert {item["merchant_id"] for item in items} == owners
    own, other = (
        client.get(f"/v1/creators/c003/products?limit=60&merchant_id={m}")
        for client, m in (
            (keyed.client(keyed.operator), "m1"),
            (keyed.client(keyed.merchants["m0"]), "m1"),
        )
    )
    assert {item["merchant_id"] for item in own.json["items"]} == {"m1"}
    refused(other, 404)


@pytest.mark.parametrize("rest", ["", "/similar", "/products"])
def test_unknown_creators(client: FlaskClient, rest: str) -> None:
    assert "nobody" in refused(client.get(f"/v1/creators/nobody{rest}"), 404)["detail"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/v1/creators/c003?k=3", 422),
        ("/v1/creators/c003/similar?limit=0", 422),
        ("/v1/creators/c003/similar?limit=201", 422),
        ("/v1/creators/c003/similar?cursor=***", 404),
        ("/v1/creators/c003/products?objective=fame", 422),
        ("/v1/creators/c003/products?cursor=WyJ4Il0", 404),
        ("/v1/creators/c003/products?objetive=gmv", 422),
    ],
)
def test_what_cannot_be_asked(client: FlaskClient, address: str, status: int) -> None:
    refused(client.get(address), status)


def test_on_a_real_bundle(matcher: Matcher) -> None:
    """Every answer is as documented, and similar creators have profiles of their own."""
    client = create_app(lambda: matcher).test_client()
    ids = matcher.contents.history.creator_ids
    for creator in (ids[row] for row in (3, 400, 1999)):
        profile = Profile.model_validate(client.get(f"/v1/creators/{creator}").json)
        assert profile.channels
        similar = client.get(f"/v1/creators/{creator}/similar?limit=3").json
        for item in SimilarCreators.model_validate(similar).items:
            assert client.get(f"/v1/creators/{item.creator_id}").status_code == 200
        for objective in ("roi", "gmv", "profit"):
            address = f"/v1/creators/{creator}/products?limit=4&objective={objective}"
            ProductsFor.model_validate(client.get(address).json)
