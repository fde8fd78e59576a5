"""What is told of a request: the line in the log."""

from __future__ import annotations

import json
import logging

import pytest
from flask.testing import FlaskClient

from serve.logs import JsonFormatter
from tests.serve.conftest import Keyed
from tests.serve.fake import FakeMatcher

OUTSIDE = {"title": "x", "category": "食品", "price": 666, "commission_rate": 0.2}


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "matching.request")
    return caplog


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """The requests' lines as they would be written."""
    formatter = JsonFormatter()
    records = [record for record in caplog.records if record.name == "matching.request"]
    caplog.clear()
    return [json.loads(formatter.format(record)) for record in records]


def test_a_request_is_one_line(client: FlaskClient, said: pytest.LogCaptureFixture) -> None:
    client.get("/v1/products/p000/creators?k=1", headers={"X-Request-ID": "r1"})
    (line,) = lines(said)
    assert line["message"] == "GET /v1/products/p000/creators"
    assert line["route"] == "/v1/products/{product_id}/creators"
    assert (line["level"], line["status"], line["request_id"]) == ("info", 200, "r1")
    assert line["bundle"] == FakeMatcher.version
    assert line["key_id"] is None and line["problem"] is None
    assert 0 < float(str(line["milliseconds"])) < 60_000
    assert str(line["time"]).endswith("+00:00")


def test_a_refusal_says_why(client: FlaskClient, said: pytest.LogCaptureFixture) -> None:
    client.get("/v1/products/nobody")
    client.get("/no\nsuch\npage")
    unknown, nowhere = lines(said)
    assert (unknown["status"], unknown["level"]) == (404, "info")
    assert "nobody" in str(unknown["problem"])
    assert nowhere["route"] is None


def test_a_failure_has_its_exception_in_its_line(
    client: FlaskClient, said: pytest.LogCaptureFixture
) -> None:
    client.post("/v1/matches", json={"product": OUTSIDE})
    (line,) = lines(said)
    assert (line["status"], line["level"]) == (500, "error")
    assert "the secret inside" in str(line["exception"])
    assert "Traceback" in str(line["exception"])


def test_the_key_is_told_by_its_id_alone(keyed: Keyed, said: pytest.LogCaptureFixture) -> None:
    keyed.client(keyed.operator).get("/v1/products")
    (line,) = lines(said)
    _, key_id, secret = keyed.operator.split("_", 2)
    assert line["key_id"] == key_id
    assert secret not in json.dumps(line)


def test_a_line_is_one_line_whatever_is_in_it() -> None:
    record = logging.makeLogRecord({"msg": "two\nlines %s", "args": ("木",), "where": object()})
    written = JsonFormatter().format(record)
    assert "\n" not in written
    assert json.loads(written)["message"] == "two\nlines 木"
    assert "木" in written
