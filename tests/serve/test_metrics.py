from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from serve import metrics
from serve.app import create_app
from serve.events import EVENTS
from serve.store import open_store
from tests.serve.fake import FakeMatcher
from tests.serve.running import serving
from tests.serve.slow import SLOW
from tests.serve.test_event_routes import EVENT, send

CREATORS = "/v1/products/{product_id}/creators"


@pytest.fixture
def counted(client: FlaskClient) -> Callable[[str], float]:
    """Says how much a series has grown since it was first asked for."""
    before: dict[str, float] = {}

    def value(series: str) -> float:
        lines = (line.rpartition(" ") for line in client.get("/metrics").text.splitlines())
        now = next((float(number) for name, _, number in lines if name == series), 0.0)
        return now - before.setdefault(series, now)

    return value


def test_metrics_are_text_that_prometheus_reads(client: FlaskClient) -> None:
    client.get("/v1/products/p000/creators?k=3")
    answer = client.get("/metrics")
    assert (answer.status_code, answer.content_type) == (200, metrics.CONTENT_TYPE)
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["matching_request_seconds"].type == "histogram"
    assert families["matching_requests"].type == "counter"
    assert families["matching_requests"].documentation == "Requests answered."
    assert not any(name.endswith("_created") for name in families)


def test_requests_are_counted_by_template_never_by_address(
    client: FlaskClient, counted: Callable[[str], float]
) -> None:
    def requests(route: str, status: int, method: str = "GET") -> str:
        return f'matching_requests_total{{method="{method}",route="{route}",status="{status}"}}'

    series = [requests(CREATORS, 200), requests("none", 404), requests("/docs/{name}", 404)]
    series += [requests("none", 405, "other"), 'matching_problems_total{status="404"}']
    series += [f'matching_request_seconds_count{{route="{CREATORS}"}}']
    assert [counted(each) for each in series] == [0] * 6
    client.get("/v1/products/p000/creators?k=1")
    client.get("/v1/products/p001/creators?k=1")
    client.get("/secret-path/12345")
    client.get("/docs/nothing-here")
    client.open("/v1/products", method="PROPFIND")
    assert [counted(each) for each in series] == [2, 1, 1, 1, 2, 2]
    assert "12345" not in client.get("/metrics").text


def test_matches_are_counted_with_what_was_missing(
    client: FlaskClient, counted: Callable[[str], float]
) -> None:
    fewer, empty = (f'matching_shortfalls_total{{kind="{kind}"}}' for kind in ("fewer", "empty"))
    told, scored = "matching_predicted_roi_count", "matching_candidates_scored_total"
    matches = 'matching_matches_total{objective="gmv"}'
    assert [counted(each) for each in (fewer, empty, told, scored, matches)] == [0] * 5
    client.get("/v1/products/p000/creators?k=3&objective=gmv")
    client.get("/v1/products/p000/creators?k=200")
    client.get("/v1/products/p000/creators?k=5&city=nowhere")
    assert [counted(each) for each in (fewer, empty)] == [1, 1]
    assert counted(told) == 3 + 10  # of each answer the first ten
    assert counted(scored) == 3 * 120
    assert counted(matches) == 1


def test_events_are_counted_by_what_became_of_them(counted: Callable[[str], float]) -> None:
    series = [f'matching_events_total{{outcome="{each}"}}' for each in metrics.EVENT_OUTCOMES]
    assert [counted(each) for each in series] == [0, 0, 0]
    store = open_store("sqlite://")
    client = create_app(FakeMatcher, store=store).test_client()
    assert send(client, EVENT, {**EVENT, "event_id": "e2"}).status_code == 202
    assert send(client, EVENT).status_code == 202
    EVENTS.drop(store)
    assert send(client, EVENT, {**EVENT, "event_id": "e3"}).status_code == 503
    assert [counted(each) for each in series] == [2, 1, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_two_workers_are_counted_as_one_service(tmp_path: Path) -> None:
    """Exactly, whichever of them answers and whichever is asked."""
    with serving(tmp_path, target=SLOW) as server:
        server.wait_until_ready()
        for number in range(24):
            assert server.ask(f"/v1/products/p0{number % 10:02}/creators?k=1")[0] == 200
        for number in range(8):
            assert server.ask(f"/v1/products/unknown{number}")[0] == 404
        for _ in range(4):
            got = f'matching_requests_total{{method="GET",route="{CREATORS}",status="200"}}'
            assert server.metric(got) == 24
            assert server.metric(f'matching_request_seconds_count{{route="{CREATORS}"}}') == 24
            assert server.metric('matching_problems_total{status="404"}') == 8
            assert server.metric("matching_predicted_roi_count") == 24
            assert server.metric("matching_workers") == 2
            assert server.metric('matching_events_total{outcome="refused"}') == 0
        worked = {line["process"] for line in server.lines if line["logger"] == "matching.request"}
        assert len(worked) == 2, "one worker alone has answered everything"
