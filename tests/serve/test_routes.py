from __future__ import annotations

import pytest
from flask.testing import FlaskClient

PRODUCT = {"title": "手冲咖啡", "category": "食品/冲饮", "price": 39.9, "commission_rate": 0.2}


def test_products_are_paged_to_the_last(client: FlaskClient) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        page = client.get("/v1/products", query_string={"limit": 7, "cursor": cursor}).json
        seen += [product["product_id"] for product in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"p{number:03d}" for number in range(60)]


def test_products_are_searched(client: FlaskClient) -> None:
    items = client.get("/v1/products?q=牛肉干").json["items"]
    assert items
    assert all("牛肉干" in item["title"] for item in items)


def test_one_product(client: FlaskClient) -> None:
    assert client.get("/v1/products/p003").json["product_id"] == "p003"


def test_creators_come_ranked_with_the_request_id(client: FlaskClient) -> None:
    answer = client.get("/v1/products/p000/creators?k=5", headers={"X-Request-ID": "r-1"})
    assert answer.headers["X-Request-ID"] == answer.json["request_id"] == "r-1"
    assert [creator["rank"] for creator in answer.json["creators"]] == [1, 2, 3, 4, 5]
    assert answer.json["objective"] == "roi"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("k=200&city=成都", 20),
        ("k=200&city=成都&city=杭州", 40),
        ("k=200&category=食品", 24),
        ("k=200&follower_min=1000000", 48),
        ("k=200&exclude=c000&exclude=c001", 118),
        ("k=200&same_city=true", 20),
    ],
)
def test_filters_reach_the_matcher(client: FlaskClient, query: str, count: int) -> None:
    answer = client.get(f"/v1/products/p000/creators?{query}").json
    assert len(answer["creators"]) == count
    assert answer["notes"]


def test_explanation_can_be_left_out(client: FlaskClient) -> None:
    first = client.get("/v1/products/p000/creators?explain=false").json["creators"][0]
    assert "evidence" not in first


def test_both_ways_of_asking_agree(client: FlaskClient) -> None:
    asked = client.get("/v1/products/p000/creators?k=3&city=北京&objective=gmv").json
    body = {"product_id": "p000", "k": 3, "objective": "gmv", "filters": {"city": ["北京"]}}
    posted = client.post("/v1/matches", json=body).json
    assert posted["creators"] == asked["creators"]


def test_a_product_outside_the_catalog(client: FlaskClient) -> None:
    answer = client.post("/v1/matches", json={"product": PRODUCT, "k": 2}).json
    assert answer["product"]["product_id"] is None
    assert answer["product"]["title"] == PRODUCT["title"]
    assert len(answer["creators"]) == 2


def test_terms_are_tried(client: FlaskClient) -> None:
    terms = {"commission_rate": 0.35, "slot_fee": 0}
    first = client.post("/v1/matches", json={"product_id": "p000", "terms": terms}).json[
        "creators"
    ][0]
    assert first["offer"]["commission_rate"] == 0.35
    assert first["offer"]["slot_fee"] == 0


def test_why_not_this_creator(client: FlaskClient) -> None:
    body = {"product_id": "p000", "filters": {"city": ["北京"]}, "include": ["c000"]}
    included = client.post("/v1/matches", json=body).json["included"]
    assert [(i["creator_id"], i["eligible"], i["rank"]) for i in included] == [
        ("c000", False, None)
    ]
    assert included[0]["reason"]


def test_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json["bundle"] == "20261122T073500-1a2b3c"


def test_no_answer_sets_a_cookie(client: FlaskClient) -> None:
    for address in ("/", "/v1/products", "/docs", "/nothing"):
        assert "Set-Cookie" not in client.get(address, buffered=True).headers


@pytest.mark.parametrize("address", ["/", "/docs"])
def test_pages_may_load_only_what_is_here(client: FlaskClient, address: str) -> None:
    answer = client.get(address, buffered=True)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "address", ["/docs/css/swagger-ui.css", "/docs/js/swagger-ui-bundle.js", "/page/docs.js"]
)
def test_documentation_brings_its_own_files(client: FlaskClient, address: str) -> None:
    assert client.get(address, buffered=True).status_code == 200


@pytest.mark.parametrize("address", ["/page/../app.py", "/page/%2e%2e/app.py", "/docs/nothing.js"])
def test_files_outside_the_page_are_not_served(client: FlaskClient, address: str) -> None:
    assert client.get(address, buffered=True).status_code == 404


@pytest.mark.parametrize(
    ("address", "unknown"),
    [
        ("/v1/products/a%2Fb%2F%2Fc", "product 'a/b//c'"),
        ("/v1/products/a%2Fb/creators", "product 'a/b'"),
        ("/v1/creators/a%2Fb", "creator 'a/b'"),
        ("/v1/creators/a%2Fb/similar", "creator 'a/b'"),
        ("/v1/creators/a%2Fb/products", "creator 'a/b'"),
    ],
)
def test_ids_may_have_slashes(client: FlaskClient, address: str, unknown: str) -> None:
    assert client.get(address).json["detail"] == f"there is no {unknown}"
