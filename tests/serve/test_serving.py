from __future__ import annotations

import threading

import pytest

from matching.errors import BundleError
from serve.app import create_app
from serve.serving import Serving
from serve.settings import Settings
from tests.serve.fake import FakeMatcher
from tests.serve.slow import SlowMatcher


class Other(FakeMatcher):
    version = "20261129T073500-5d6e7f"


def test_nothing_serves_until_something_is_loaded() -> None:
    serving = Serving()
    with pytest.raises(BundleError, match="no bundle has been loaded"):
        _ = serving.matcher
    assert serving.version is None


def test_a_request_asks_one_bundle_even_while_another_takes_its_place() -> None:
    app = create_app(FakeMatcher)
    serving = app.extensions["serving"]
    with app.test_request_context("/"):
        first = serving.matcher
        assert serving.load(Other)
        assert serving.matcher is first
    with app.test_request_context("/"):
        assert serving.matcher.version == Other.version


def test_what_cannot_be_loaded_leaves_what_serves() -> None:
    serving = Serving()
    assert serving.load(FakeMatcher)

    def fail() -> FakeMatcher:
        raise OSError("the disk is gone")

    assert not serving.load(fail)
    assert serving.version == FakeMatcher.version


def test_a_request_that_takes_too_long_is_given_up() -> None:
    app = create_app(SlowMatcher, Settings(deadline_seconds=0.5))
    client = app.test_client()
    assert client.get("/v1/products/p000/creators?k=1").status_code == 200
    answer = client.get("/v1/products/p000/creators?k=200")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert "time for an answer was over" in answer.json["detail"]
    assert client.get("/v1/products/p000/creators?k=1").status_code == 200


def test_requests_side_by_side_have_deadlines_of_their_own() -> None:
    app = create_app(SlowMatcher, Settings(deadline_seconds=0.5))
    statuses = {}

    def ask(k: int) -> None:
        path = f"/v1/products/p000/creators?k={k}"
        statuses[k] = app.test_client().get(path).status_code

    threads = [threading.Thread(target=ask, args=(k,)) for k in (1, 2, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {1: 200, 2: 200, 200: 503}
