from __future__ import annotations

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from matching.errors import BundleError
from serve.app import create_app

OUTSIDE = {"title": "x", "category": "食品", "price": 10, "commission_rate": 0.2}


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["title"] and answer.json["detail"]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    return answer.json


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("k=0", "k"),
        ("k=201", "k"),
        ("k=abc", "k"),
        ("k=1&k=2", "k"),
        ("objective=fame", "objective"),
        ("objetive=roi", "objetive"),
        ("follower_min=-1", "follower_min"),
        ("follower_min=nan", "follower_min"),
        ("accept_min=20", "accept_min"),
        ("reputation_min=6", "reputation_min"),
        ("city=", "city.0"),
        ("exclude_contacted_days=0", "exclude_contacted_days"),
        ("channel=radio", "channel"),
        ("same_city=perhaps", "same_city"),
    ],
)
def test_parameter_that_cannot_be_used_is_named(
    client: FlaskClient, query: str, field: str
) -> None:
    said = refused(client.get(f"/v1/products/p000/creators?{query}"), 422)
    assert [fault["field"] for fault in said["errors"]] == [field]
    assert said["errors"][0]["message"]
    assert field in said["detail"]


def test_every_fault_is_named_at_once(client: FlaskClient) -> None:
    said = refused(client.get("/v1/products/p000/creators?k=0&accept_min=2&foo=1"), 422)
    assert {fault["field"] for fault in said["errors"]} == {"k", "accept_min", "foo"}


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("/v1/products?limt=3", "limit"),
        ("/v1/products/p000/creators?folower_min=3", "follower_min"),
    ],
)
def test_misspelt_parameter_is_told_what_was_meant(
    client: FlaskClient, address: str, meant: str
) -> None:
    assert f"did you mean {meant}?" in refused(client.get(address), 422)["detail"]


def test_route_without_parameters_refuses_them(client: FlaskClient) -> None:
    refused(client.get("/v1/products/p000?fields=title"), 422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ([], "body"),
        ("p000", "body"),
        ([{"product_id": "p000"}], "body"),
        ({"product_id": "p000", "product": OUTSIDE}, "body"),
        ({"product_id": None}, "product_id"),
        ({"product_id": "p000", "k": "20"}, "k"),
        ({"product_id": "p000", "filter": {}}, "filter"),
        ({"product_id": "p000", "filters": {"citi": ["成都"]}}, "filters.citi"),
        ({"product_id": "p000", "terms": {"commission_rate": 25}}, "terms.commission_rate"),
        ({"product": {**OUTSIDE, "price": 0}}, "product.price"),
        ({"product": {**OUTSIDE, "price": 13}}, "product.price"),
        ({"product": {**OUTSIDE, "colour": "red"}}, "product.colour"),
        ({"product": {**OUTSIDE, "listed_on": "2026-02-30"}}, "product.listed_on"),
        ({"product_id": "p000", "include": ["c000"] * 51}, "include"),
    ],
)
def test_body_that_cannot_be_used_is_named(client: FlaskClient, body: object, field: str) -> None:
    said = refused(client.post("/v1/matches", json=body), 422)
    assert [fault["field"] for fault in said["errors"]] == [field]


def test_percent_is_told_to_be_a_fraction(client: FlaskClient) -> None:
    body = {"product": {**OUTSIDE, "commission_rate": 20}}
    assert "0.2 is 20 %" in refused(client.post("/v1/matches", json=body), 422)["detail"]


@pytest.mark.parametrize("text", ["{", '{"k": NaN1}', "[" * 100_000, '{"a": "\\ud800"}x', "\xff"])
def test_broken_json(client: FlaskClient, text: str) -> None:
    answer = client.post(
        "/v1/matches", data=text.encode("latin-1"), content_type="application/json"
    )
    assert "not JSON" in refused(answer, 400)["detail"]


def test_other_content_types(client: FlaskClient) -> None:
    refused(client.post("/v1/matches", data="a=1"), 415)
    refused(client.post("/v1/matches", data={"product_id": "p000"}), 415)


def test_sizes_are_capped(client: FlaskClient) -> None:
    refused(client.post("/v1/matches", json={"product_id": "x" * 1_100_000}), 413)
    refused(client.get("/v1/products?q=" + "x" * 20_000), 414)


@pytest.mark.parametrize(
    "address", ["/v1/products/p999", "/v1/products/p999/creators", "/nothing", "/v1//products"]
)
def test_unknown_things(client: FlaskClient, address: str) -> None:
    refused(client.get(address), 404)


def test_strange_cursor(client: FlaskClient) -> None:
    assert "next_cursor" in refused(client.get("/v1/products?cursor=***"), 404)["detail"]


def test_facts_that_contradict_the_request(client: FlaskClient) -> None:
    said = refused(client.get("/v1/products/p001/creators?objective=profit"), 409)
    assert "margin_rate" in said["detail"]
    query = "follower_min=9&follower_max=3"
    refused(client.get(f"/v1/products/p000/creators?{query}"), 409)


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "POST"])
def test_other_methods_are_told_which_are_allowed(client: FlaskClient, method: str) -> None:
    answer = client.open("/v1/products", method=method)
    refused(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_unexpected_failure_is_logged_and_not_shown(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"product": {**OUTSIDE, "price": 666}}
    with caplog.at_level(logging.ERROR, "matching.request"):
        answer = client.post("/v1/matches", json=body, headers={"X-Request-ID": "find-me"})
    refused(answer, 500)
    assert "secret" not in answer.text
    (line,) = caplog.records
    assert line.request_id == "find-me"
    assert "the secret inside" in caplog.text


@pytest.mark.parametrize("sent", ["a" * 65, "sp ace", "<x>", ""])
def test_strange_request_ids_are_replaced(client: FlaskClient, sent: str) -> None:
    answered = client.get("/healthz", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
    assert answered != sent
    assert len(answered) == 32


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "10.0.0.7", "127.0.0.1.x"])
def test_foreign_host_is_refused(client: FlaskClient, host: str) -> None:
    refused(client.get("/v1/products", headers={"Host": host}), 400)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "127.1.2.3"])
def test_loopback_hosts_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_without_a_bundle_it_lives_but_is_not_ready() -> None:
    def damaged() -> None:
        raise BundleError("bundles/x/index.faiss is not what was written; train again")

    client = create_app(damaged).test_client()
    assert client.get("/healthz").status_code == 200
    for address in ("/readyz", "/v1/products", "/v1/products/p000/creators"):
        assert "index.faiss" in refused(client.get(address), 503)["detail"]
