"""One merchant's key against everything of another's, on every route of the document itself.

Whatever belongs to the other merchant carries a mark in its id or its words. No answer may contain
the mark, beyond repeating the very words that were asked; what is the other's must be answered as
what does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pytest
from werkzeug.test import TestResponse

from matching.catalog import Catalog
from matching.matcher import Matcher
from serve.app import create_app
from serve.weekly import write_weekly
from tests.conftest import QUICK
from tests.markets import small_market
from tests.serve.conftest import Keyed, with_keys
from tests.serve.fake import FakeMatcher
from training.run import train

MARK = "theirs"
MINE, THEIRS = "m0", f"{MARK}-m1"
PRIVATE = {"min_commission_rate", "weekly_capacity", "secret_sha256"}
WEEK = "2026-W48"
METHODS = {"get", "post", "put", "patch", "delete"}


def marked_market() -> dict[str, pd.DataFrame]:
    """The small market, in which all that is of merchant m1 carries the mark."""
    tables = small_market()
    products = tables["products"]
    other = products["merchant_id"] == "m1"
    names = {old: f"{MARK}-{old}" for old in products.loc[other, "product_id"]}
    for name in ("title", "description", "brand"):
        products.loc[other, name] = f"{MARK} " + products.loc[other, name]
    log = tables["collaborations"]
    told = log["product_id"].isin(names)
    log.loc[told, "collaboration_id"] = f"{MARK}-" + log.loc[told, "collaboration_id"]
    for table in (products, log):
        table["product_id"] = table["product_id"].replace(names)
    for table in (products, tables["merchants"]):
        table["merchant_id"] = table["merchant_id"].replace({"m1": THEIRS})
    return tables


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return train(Catalog.from_tables(marked_market()), QUICK).matcher()


@pytest.fixture(scope="module")
def guarded(matcher: Matcher, tmp_path_factory: pytest.TempPathFactory) -> Keyed:
    lists = tmp_path_factory.mktemp("lists")
    write_weekly(matcher, WEEK, lists, k=3, allow_stale=True)
    return with_keys(lambda: matcher, merchants=(MINE, THEIRS), lists=lists)


@pytest.fixture(scope="module")
def ids(matcher: Matcher) -> dict[str, str]:
    """Ids of the other merchant's, of the caller's own, and of creators, who are nobody's."""
    mine = matcher.products(merchant_id=MINE)[0]["product_id"]
    theirs = matcher.products(merchant_id=THEIRS)[0]["product_id"]
    return {"mine": mine, "theirs": theirs, "creator": "c0000"}


def routes() -> list[Any]:
    """Every route below /v1 that the document describes, as (method, path, description)."""
    document = create_app(FakeMatcher).api_doc
    return [
        pytest.param(method, path, item[method], id=f"{method} {path}")
        for path, item in document["paths"].items()
        for method in sorted(METHODS & set(item))
        if path.startswith("/v1/")
    ]


def foreign_values(ids: Mapping[str, str]) -> dict[str, list[str]]:
    """For every parameter of every route, what a curious merchant would try."""
    return {
        "product_id": [ids["theirs"]],
        "merchant_id": [THEIRS],
        "q": [MARK, ids["theirs"]],
        "creator_id": [ids["creator"]],
        "week": [WEEK],
    }


HARMLESS = {
    *("k", "limit", "cursor", "objective", "explain", "category", "city", "same_city", "mcn_id"),
    *("channel", "follower_min", "follower_max", "slot_fee_max", "reputation_min", "exclude"),
    *("only_new", "exclude_contacted_days", "roi_min", "settled_gmv_min", "accept_min"),
    *("Accept-Language",),
}
"""Parameters that name nobody's things."""


def bodies(ids: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """For every route that takes a body, bodies that name the other merchant's things."""
    product = {"title": "x", "category": "食品/坚果", "price": 10.0, "commission_rate": 0.2}
    event = {"event_id": "e", "kind": "invite", "at": "2024-11-24T09:30:00+08:00"}
    theirs = {**event, "product_id": ids["theirs"], "creator_id": ids["creator"]}
    return {
        "/v1/events": [theirs, {"events": [{**theirs, "product_id": ids["mine"]}, theirs]}],
        "/v1/matches": [
            {"product_id": ids["theirs"]},
            {"product": {**product, "merchant_id": THEIRS}},
            {"product": product, "filters": {"only_new": True}, "include": [ids["creator"]]},
        ],
    }


def requests(
    path: str, described: Mapping[str, Any], ids: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str], Any]]:
    """Yield (address, query, body) of all that may be tried; fail where nobody taught how."""
    foreign = foreign_values(ids)
    named = {p["name"]: p["in"] for p in described.get("parameters", [])}
    untaught = set(named) - set(foreign) - HARMLESS
    assert not untaught, f"{path}: say in this test what {untaught} may reveal"
    if "requestBody" in described:
        assert path in bodies(ids), f"{path}: say in this test which bodies may reveal something"
    places = [name for name, where in named.items() if where == "path"]
    for theirs in (True, False):
        address = path
        for name in places:
            value = foreign[name][0] if theirs or name != "product_id" else ids["mine"]
            address = address.replace(f"{{{name}}}", value)
        for body in bodies(ids).get(path, [None]):
            yield address, {}, body
        for name, where in named.items():
            if where == "query" and name in foreign:
                for value in foreign[name]:
                    yield address, {name: value}, None


@pytest.mark.parametrize(("method", "path", "described"), routes())
def test_nothing_of_another_merchant_is_told(
    guarded: Keyed, ids: dict[str, str], method: str, path: str, described: dict[str, Any]
) -> None:
    client = guarded.client(guarded.merchants[MINE])
    tried = 0
    for address, query, body in requests(path, described, ids):
        answer = client.open(address, method=method, query_string=query, json=body)
        assert answer.status_code < 500, (address, answer.text)
        assert MARK not in without_echo(answer, address, query, body), (address, query, body)
        assert not PRIVATE & keys_of(answer.json), address
        tried += 1
    assert tried


@pytest.mark.parametrize(("method", "path", "described"), routes())
def test_what_is_theirs_is_answered_as_what_does_not_exist(
    guarded: Keyed, ids: dict[str, str], method: str, path: str, described: dict[str, Any]
) -> None:
    client = guarded.client(guarded.merchants[MINE])

    def answer(asked: str) -> tuple[int, str]:
        address, query, body = json.loads(asked)
        found = client.open(address, method=method, query_string=query, json=body)
        return found.status_code, told(found).replace(MARK, "nobody")

    for request in requests(path, described, ids):
        asked = json.dumps(request)
        if MARK in asked:
            assert answer(asked) == answer(asked.replace(MARK, "nobody")), asked


def test_the_operator_and_the_owner_are_told(guarded: Keyed, ids: dict[str, str]) -> None:
    """The test above could pass on a service that tells nobody anything."""
    for key in (guarded.operator, guarded.merchants[THEIRS]):
        client = guarded.client(key)
        assert MARK in client.get("/v1/products?limit=200").text
        assert client.get(f"/v1/products/{ids['theirs']}/creators").status_code == 200
        for address in (
            f"/v1/match-lists/{WEEK}?product_id={ids['theirs']}",
            f"/v1/track-record?merchant_id={THEIRS}",
            f"/v1/creators/{ids['creator']}/products?limit=200",
        ):
            assert MARK in client.get(address).text, address
        answer = client.post("/v1/matches", json={"product_id": ids["theirs"]})
        assert answer.status_code == 200


def without_echo(answer: TestResponse, *asked: Any) -> str:
    """Return the answer's text without the words that the caller sent."""
    text = answer.get_data(as_text=True)
    sent = json.dumps(asked, ensure_ascii=False)
    for word in sorted({w for w in sent.replace("/", '"').split('"') if MARK in w}, key=len):
        text = text.replace(f"'{word}'", "''")
    return text


def told(answer: TestResponse) -> str:
    """Return what was said, without the request's own id."""
    content = answer.json
    content.pop("request_id", None)
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def keys_of(value: Any) -> set[str]:
    """Return every name in a JSON value."""
    if isinstance(value, dict):
        return set(value) | set().union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) and value else set()
