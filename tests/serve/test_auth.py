from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from serve.app import create_app
from serve.keys import make_key
from serve.settings import Settings
from serve.store import open_store
from tests.serve.conftest import Keyed
from tests.serve.fake import FakeMatcher

THEIRS = {"m0": "p001", "m1": "p000"}
"""Of each merchant, a product of the other."""


@pytest.mark.parametrize("key", [None, "", "mk_a_b", "nonsense"])
def test_without_a_key_nobody_is_told_anything(keyed: Keyed, key: str | None) -> None:
    client = keyed.client(key)
    for path in ("/v1/products", "/v1/products/p000", "/v1/nothing"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_page_and_the_state_of_the_service_need_no_key(keyed: Keyed) -> None:
    client = keyed.client(None)
    for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz"):
        with client.get(path) as answer:
            assert answer.status_code == 200, path


def test_a_merchant_lists_their_own_products(keyed: Keyed) -> None:
    for merchant, key in keyed.merchants.items():
        items = keyed.client(key).get("/v1/products?limit=200").json["items"]
        assert {item["merchant_id"] for item in items} == {merchant}
    everything = keyed.client(keyed.operator).get("/v1/products?limit=200").json["items"]
    assert {item["merchant_id"] for item in everything} == {"m0", "m1"}


@pytest.mark.parametrize("merchant", ["m0", "m1"])
def test_another_merchants_product_is_as_unknown_as_none(keyed: Keyed, merchant: str) -> None:
    client, theirs = keyed.client(keyed.merchants[merchant]), THEIRS[merchant]

    def told(product: str) -> list[tuple[int, str]]:
        answers = (
            client.get(f"/v1/products/{product}"),
            client.get(f"/v1/products/{product}/creators"),
            client.post("/v1/matches", json={"product_id": product}),
        )
        return [(a.status_code, a.json["detail"].replace(product, "")) for a in answers]

    assert told(theirs) == told("none")
    assert {status for status, _ in told(theirs)} == {404}


def test_a_new_product_is_the_callers_own(keyed: Keyed) -> None:
    product = {"title": "x", "category": "食品", "price": 10, "commission_rate": 0.2}
    client = keyed.client(keyed.merchants["m0"])
    mine = client.post("/v1/matches", json={"product": product}).json
    assert mine["product"]["merchant_id"] == "m0"
    theirs = client.post("/v1/matches", json={"product": {**product, "merchant_id": "m1"}})
    assert theirs.status_code == 404


def test_a_key_made_while_it_runs_closes_the_service() -> None:
    store = open_store("sqlite://")
    client = create_app(FakeMatcher, store=store).test_client()
    assert client.get("/v1/products").status_code == 200
    make_key(store, "m0")
    assert client.get("/v1/products").status_code == 401


def test_without_keys_other_names_of_this_machine_are_refused(client: FlaskClient) -> None:
    assert client.get("/v1/products", headers={"Host": "evil.example"}).status_code == 400


def test_with_keys_any_name_is_served(keyed: Keyed) -> None:
    answer = keyed.client(keyed.operator).get("/v1/products", headers={"Host": "match.example"})
    assert answer.status_code == 200


def test_keys_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("sqlite://")
    key = make_key(store, "m0")
    client = create_app(FakeMatcher, store=store).test_client()

    def away() -> None:
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(store, "connect", away)
    answer = client.get("/v1/products", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"


def test_a_key_that_asks_too_often_waits() -> None:
    store = open_store("sqlite://")
    hasty, other = make_key(store, "m0"), make_key(store, "m1")
    app = create_app(FakeMatcher, Settings(rate_limit="3 per minute"), store)
    client = app.test_client()

    def ask(key: str, path: str = "/v1/products?limit=1") -> int:
        return client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code

    assert [ask(hasty) for _ in range(4)] == [200, 200, 200, 429]
    assert ask(hasty, "/v1/products/p000") == 429  # over all routes together
    assert ask(other) == 200
    assert client.get("/healthz").status_code == 200
    answer = client.get("/v1/products", headers={"Authorization": f"Bearer {hasty}"})
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.content_type == "application/problem+json"


def test_without_keys_nothing_is_counted() -> None:
    client = create_app(FakeMatcher, Settings(rate_limit="1 per minute")).test_client()
    assert [client.get("/v1/products?limit=1").status_code for _ in range(3)] == [200] * 3


def test_only_a_limit_says_when_to_ask_again(keyed: Keyed) -> None:
    client = keyed.client(keyed.operator)
    for path in ("/v1/products?limit=1", "/v1/products/none", "/v1/products?limit=0"):
        assert "Retry-After" not in client.get(path).headers


def test_no_cache_keeps_what_one_key_was_told(keyed: Keyed) -> None:
    client = keyed.client(keyed.operator)
    for path in ("/v1/products?limit=1", "/v1/products/none", "/healthz"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
    with client.get("/") as page:
        assert page.headers["Cache-Control"] == "no-cache"
