from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text
from werkzeug.test import TestResponse

from serve import event_routes
from serve.app import create_app
from serve.events import EVENTS, read_events, store_events, told_by_events
from serve.export import export
from serve.keys import make_key
from serve.settings import Settings
from serve.store import open_store
from tests.serve.fake import FakeMatcher

NOW = datetime.now(UTC).replace(microsecond=0)
CHINA = timezone(timedelta(hours=8))
EVENT = {
    "event_id": "e1",
    "kind": "view",
    "at": NOW.astimezone(CHINA).isoformat(),
    "product_id": "p000",
    "creator_id": "c000",
}
INVITE = {**EVENT, "kind": "invite"}


@pytest.fixture
def store() -> Engine:
    return open_store("sqlite://")


@pytest.fixture
def client(store: Engine) -> FlaskClient:
    return create_app(four_days_old, Settings(deadline_seconds=0.1), store).test_client()


def four_days_old() -> FakeMatcher:
    matcher = FakeMatcher()
    matcher.as_of = NOW.date() - timedelta(days=4)
    return matcher


def ago(days: int) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def stored(store: Engine) -> list[Any]:
    return [found for chunk in read_events(store) for found in chunk]


def send(client: FlaskClient, *events: dict[str, Any]) -> TestResponse:
    return client.post("/v1/events", json={"events": list(events)})


def test_one_event(client: FlaskClient, store: Engine) -> None:
    answer = client.post("/v1/events", json={**EVENT, "rank": 3.0, "terms": {"slot_fee": 0}})
    assert (answer.status_code, answer.json) == (202, {"stored": 1, "known": 0})
    (found,) = stored(store)
    assert (found.merchant_id, found.event_id, found.rank) == ("m0", "e1", 3)
    assert found.at == NOW.replace(tzinfo=None)  # UTC
    assert json.loads(found.terms) == {"slot_fee": 0}
    assert found.told is None


def test_many_events_and_once_each(client: FlaskClient, store: Engine) -> None:
    many = [{**EVENT, "event_id": f"e{n}", "product_id": f"p{n % 2:03d}"} for n in range(1000)]
    assert send(client, *many).json == {"stored": 1000, "known": 0}
    assert send(client, {**EVENT, "event_id": "new"}, *many[:999]).json == {
        "stored": 1,
        "known": 999,
    }
    assert len(stored(store)) == 1001
    assert {each.merchant_id for each in stored(store)} == {"m0", "m1"}


def test_a_fault_in_one_is_named_and_stores_nothing(client: FlaskClient, store: Engine) -> None:
    events = [{**EVENT, "event_id": f"e{n}"} for n in range(4)]
    answer = send(client, *events[:3], {**events[3], "kind": "dance"})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json["errors"]] == ["events.3.kind"]
    answer = send(client, *events[:2], {**events[2], "at": ago(-2)})
    assert answer.status_code == 409
    assert [fault["field"] for fault in answer.json["errors"]] == ["events.2.at"]
    answer = client.post("/v1/events", json={**EVENT, "at": "1999-12-31T23:59:59Z"})
    assert [fault["field"] for fault in answer.json["errors"]] == ["at"]
    answer = send(client, *events, {**EVENT, "product_id": "none"})
    assert (answer.status_code, "'none'" in answer.json["detail"]) == (404, True)
    answer = send(client, *events, {**EVENT, "creator_id": "nobody"})
    assert (answer.status_code, "'nobody'" in answer.json["detail"]) == (404, True)
    assert stored(store) == []


def test_a_name_that_is_nearly_right(client: FlaskClient) -> None:
    answer = send(client, {**EVENT, "chanel": "live"})
    assert "did you mean channel?" in answer.json["errors"][0]["message"]
    answer = client.post("/v1/events", json={**EVENT, "terms": {"slot_fees": 3}})
    assert answer.json["errors"][0]["field"] == "terms.slot_fees"
    assert "did you mean slot_fee?" in answer.json["errors"][0]["message"]


def test_a_merchant_tells_of_their_own_products(store: Engine) -> None:
    keys = {name: make_key(store, name) for name in ("m0", "m1")}
    client = create_app(FakeMatcher, store=store).test_client()

    def send_as(merchant: str, product: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {keys[merchant]}"}
        return client.post("/v1/events", json={**EVENT, "product_id": product}, headers=headers)

    assert send_as("m0", "p000").status_code == 202
    theirs, none = send_as("m1", "p000"), send_as("m1", "none")
    assert (theirs.status_code, none.status_code) == (404, 404)
    assert theirs.json["detail"].replace("p000", "none") == none.json["detail"]
    assert send_as("m1", "p001").json == {"stored": 1, "known": 0}  # m0's e1 is another event
    assert {each.merchant_id for each in stored(store)} == {"m0", "m1"}


def test_an_invitation_keeps_what_was_predicted(client: FlaskClient, store: Engine) -> None:
    terms = {"commission_rate": 0.35}
    events = [
        {**INVITE, "event_id": "plain"},
        {**INVITE, "event_id": "terms", "creator_id": "c001", "channel": "video", "terms": terms},
        {**INVITE, "event_id": "same terms", "creator_id": "c002", "terms": terms},
        {**INVITE, "event_id": "past", "creator_id": "c003", "at": ago(5)},
        {**EVENT, "event_id": "view", "creator_id": "c004"},
    ]
    assert send(client, *events).status_code == 202
    told = told_by_events(store, "m0")
    # Of what the bundle may have seen the end of, nothing was promised.
    assert set(told) == {("p000", "c000"), ("p000", "c001"), ("p000", "c002")}
    (day, plain), (_, other) = told["p000", "c000"][0], told["p000", "c001"][0]
    assert (day, plain["as_of"]) == (NOW.date(), ago(4)[:10])
    assert plain["bundle"] == FakeMatcher.version
    predicted = client.get("/v1/products/p000/creators?k=3").json["creators"]
    first = next(each for each in predicted if each["creator_id"] == "c000")["predicted"]
    assert first["settled_gmv"] == plain["settled_gmv"]
    assert first["accept_probability"] == plain["accept_probability"]
    assert (plain["commission_rate"], other["commission_rate"]) == (0.2, 0.35)
    assert (plain["channel"], other["channel"]) == ("live", "video")


class Counting(FakeMatcher):
    """Counts what it is asked to promise."""

    def __init__(self) -> None:
        super().__init__()
        self.as_of = NOW.date() - timedelta(days=4)
        self.promised = 0

    def promise(self, *asked: Any) -> list[dict[str, Any]]:
        self.promised += 1
        return super().promise(*asked)


def test_what_is_known_is_not_predicted_again(store: Engine) -> None:
    matcher = Counting()
    client = create_app(lambda: matcher, store=store).test_client()
    assert send(client, INVITE).json == {"stored": 1, "known": 0}
    other = {**INVITE, "event_id": "new", "product_id": "p001"}
    theirs = {**INVITE, "product_id": "p001"}  # m1's e1 is another event
    assert send(client, INVITE, other, theirs).json == {"stored": 2, "known": 1}
    assert matcher.promised == 2
    assert all(each.told for each in stored(store))


def test_predictions_of_a_request_are_limited(store: Engine) -> None:
    matcher = Counting()
    client = create_app(lambda: matcher, store=store).test_client()
    many = [{**INVITE, "event_id": f"e{n:03d}", "terms": {"slot_fee": n % 150}} for n in range(300)]
    assert send(client, *many).json == {"stored": 300, "known": 0}
    assert matcher.promised == 100
    told = {each.event_id for each in stored(store) if each.told}
    assert told == {f"e{n:03d}" for n in range(300) if n % 150 < 100}


def test_an_estimated_cost_is_exported_as_unknown(
    client: FlaskClient, store: Engine, tmp_path: Any
) -> None:
    offered = {"channel": "live", "terms": {"commission_rate": 0.3}}
    people = [{"event_id": each, "creator_id": each} for each in ("c000", "c001")]
    assert send(client, *({**INVITE, **each, **offered} for each in people)).status_code == 202
    guessed, known = (json.loads(each.told) for each in stored(store))
    assert (guessed["cost_estimated"], known["cost_estimated"]) == (True, False)
    export(store, tmp_path / "out")
    rows = pd.read_parquet(tmp_path / "out" / "collaborations.parquet").set_index("creator_id")
    assert rows.loc["c000", ["slot_fee", "sample_cost"]].isna().all()
    assert rows.loc["c001", "slot_fee"] == known["slot_fee"]
    assert rows.loc["c001", "sample_cost"] == known["sample_cost"]


def test_an_invitation_counts_for_the_filters_at_once(client: FlaskClient) -> None:
    def found(**filters: Any) -> list[str]:
        body = {"product_id": "p002", "k": 3, "filters": filters}
        return [
            each["creator_id"] for each in client.post("/v1/matches", json=body).json["creators"]
        ]

    assert found() == ["c000", "c001", "c002"]
    sent = [
        {**INVITE, "event_id": "a", "creator_id": "c000"},
        {**INVITE, "event_id": "b", "creator_id": "c001", "at": ago(80)},
        {**INVITE, "event_id": "c", "creator_id": "c002", "product_id": "p001"},  # of m1
        {**EVENT, "event_id": "d", "creator_id": "c002"},
    ]
    assert send(client, *sent).status_code == 202
    assert found() == ["c000", "c001", "c002"]
    assert found(only_new=True) == ["c002", "c003", "c004"]
    assert found(exclude_contacted_days=30) == ["c001", "c002", "c003"]
    path = "/v1/products/p002/creators?k=1&only_new=true"
    assert client.get(path).json["creators"][0]["creator_id"] == "c002"
    new = {"title": "x", "category": "食品", "price": 10, "commission_rate": 0.2}
    for merchant, first in ((None, "c000"), ("m0", "c002"), ("m1", "c000")):
        product = {**new, **({"merchant_id": merchant} if merchant else {})}
        body = {"product": product, "k": 1, "filters": {"only_new": True}}
        answer = client.post("/v1/matches", json=body)
        assert answer.json["creators"][0]["creator_id"] == first


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "matching.request")
    return caplog


def reason(log: pytest.LogCaptureFixture) -> str:
    """What the lines of requests say that their answers do not."""
    return " ".join(record.reason for record in log.records if record.name == "matching.request")


def test_a_full_disk_refuses_events_and_matches_go_on(
    tmp_path: Any, quiet_log: pytest.LogCaptureFixture
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    client = create_app(four_days_old, store=store).test_client()
    assert send(client, INVITE).status_code == 202
    store.dispose()
    event.listen(store, "checkout", lambda made, *_: made.execute("PRAGMA max_page_count = 12"))
    many = [{**EVENT, "event_id": f"{'x' * 100}{n}"} for n in range(500)]
    answer = send(client, *many)
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert "cannot be stored" in answer.json["detail"]
    assert "full" in reason(quiet_log)
    body = {"product_id": "p000", "k": 1, "filters": {"only_new": True}}
    match = client.post("/v1/matches", json=body)
    assert match.status_code == 200
    assert match.json["creators"][0]["creator_id"] == "c001"
    assert len(stored(store)) == 1
    store.dispose()


def test_a_store_that_is_locked_is_busy(tmp_path: Any) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    client = create_app(FakeMatcher, Settings(deadline_seconds=0.1), store).test_client()
    store.dispose()
    event.listen(store, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 0"))
    with store.connect() as other:
        other.execute(text("BEGIN IMMEDIATE"))
        answer = send(client, EVENT)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert client.get("/v1/products/p000/creators?only_new=true").status_code == 200
    assert send(client, EVENT).status_code == 202
    store.dispose()


def test_one_request_of_a_worker_waits_for_the_store(
    client: FlaskClient, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(*asked: Any) -> int:
        begun.set()
        assert go_on.wait(30)
        return store_events(*asked)

    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(event_routes, "store_events", wait)
        first = threads.submit(send, client.application.test_client(), EVENT)
        assert begun.wait(30)
        second = send(client, {**EVENT, "event_id": "e2"})
        go_on.set()
        assert first.result().status_code == 202
    assert (second.status_code, second.headers["Retry-After"]) == (503, "1")
    assert send(client, {**EVENT, "event_id": "e2"}).json == {"stored": 1, "known": 0}
    assert len(stored(store)) == 2


def test_requests_at_the_same_time_are_all_stored(tmp_path: Any) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    application = create_app(FakeMatcher, store=store)

    def tell(number: int) -> int:
        told = send(application.test_client(), {**EVENT, "event_id": f"e{number}"})
        return told.status_code

    with ThreadPoolExecutor(2) as threads:  # as many as a worker has
        assert set(threads.map(tell, range(20))) == {202}
    assert len(stored(store)) == 20
    store.dispose()


def test_matches_go_on_where_invitations_cannot_be_read(
    client: FlaskClient, store: Engine, quiet_log: pytest.LogCaptureFixture
) -> None:
    EVENTS.drop(store)
    answer = client.get("/v1/products/p000/creators?only_new=true&k=1")
    assert (answer.status_code, len(answer.json["creators"])) == (200, 1)
    assert "may have been invited already" in answer.json["notes"][-1]
    assert "invitations cannot be read" in reason(quiet_log)
    quiet_log.clear()
    assert client.get("/v1/products/p000/creators?k=1").status_code == 200
    assert quiet_log.text == ""
