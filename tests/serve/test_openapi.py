from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from matching.matcher import Matcher
from serve.keys import make_key
from serve.store import open_store
from serve.weekly import write_weekly
from tests.serve.conformance import check_conformance
from tests.serve.conftest import UNLIMITED, with_keys
from tests.serve.fake import FakeMatcher
from tests.serve.lists import row, write_lists
from tests.serve.running import serving, wait_for

METHODS = ("get", "post", "put", "patch", "delete")


def test_document_describes_the_service(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/products",
        "/v1/products/{product_id}",
        "/v1/products/{product_id}/creators",
        "/v1/matches",
        "/v1/events",
        "/healthz",
        "/readyz",
        "/v1/creators/{creator_id}",
        "/v1/creators/{creator_id}/similar",
        "/v1/creators/{creator_id}/products",
        "/v1/track-record",
        "/v1/match-lists/{week}",
        "/metrics",
    }
    assert document["components"]["securitySchemes"]


def test_every_refusal_is_documented_as_a_problem(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    for path, item in document["paths"].items():
        for method in set(METHODS) & set(item):
            for status, answer in item[method]["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_lists_are_documented_as_repeated_parameters(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    found = document["paths"]["/v1/products/{product_id}/creators"]["get"]["parameters"]
    types = {parameter["name"]: parameter["schema"].get("type") for parameter in found}
    assert {name for name, kind in types.items() if kind == "array"} == {
        "category",
        "city",
        "mcn_id",
        "exclude",
    }
    assert types["k"] == "integer" and types["slot_fee_max"] == "number"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("examples", [20, pytest.param(50, marks=pytest.mark.slow)])
def test_documented_and_actual_behaviour_agree(tmp_path: Path, examples: int) -> None:
    write_lists(tmp_path, "2026-W47", [[row("m0", "p000", "c000")], [row("m1", "p001", "c003")]])
    keyed = with_keys(FakeMatcher, lists=tmp_path)
    cases = check_conformance(keyed.application, keyed.operator, examples, "p000", "c003")
    assert len(cases) == 13
    assert sum(cases.values()) >= 8 * examples
    assert min(cases[label] for label in cases if "/v1/" in label) >= examples


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.filterwarnings("default")
def test_the_running_service_holds_to_its_document(
    bundles: Path,
    matcher: Matcher,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """At least 2,000 cases, all checks, over the network, on a real bundle with weekly lists."""
    store = f"sqlite:///{tmp_path}/store.sqlite"
    key = make_key(open_store(store), None)
    write_weekly(matcher, "2026-W47", tmp_path / "lists", k=3, allow_stale=True)
    product = matcher.products(limit=1)[0]["product_id"]
    creator = matcher.contents.history.creator_ids[7]
    settings = {"lists": str(tmp_path / "lists"), "rate_limit": UNLIMITED.rate_limit}
    with serving(bundles, store=store, **settings) as server:
        wait_for(server.is_ready, "the server being ready")
        url = f"http://127.0.0.1:{server.port}"
        cases = check_conformance(url, key, 200, product, creator)
    record_property("cases", sum(cases.values()))
    print(f"{sum(cases.values())} cases: {dict(cases)}")
    assert sum(cases.values()) >= 2000
    assert min(cases[label] for label in cases if "/v1/" in label) >= 150
