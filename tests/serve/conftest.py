from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine

from matching.matcher import Matcher
from serve.app import Application, create_app
from serve.keys import make_key
from serve.settings import Settings
from serve.store import METADATA, open_store
from tests.serve.browsing import browser, desk_tab, page, phone, phone_tab, site
from tests.serve.fake import FakeMatcher

__all__ = ["browser", "desk_tab", "page", "phone", "phone_tab", "site"]

UNLIMITED = Settings(rate_limit="1000000 per second")


@pytest.fixture(scope="session")
def application() -> Application:
    return create_app(FakeMatcher)


@pytest.fixture
def client(application: Application) -> FlaskClient:
    return application.test_client()


@dataclass(frozen=True)
class Keyed:
    """A service with keys: the operator's, and one of each merchant."""

    application: Application
    operator: str
    merchants: dict[str, str]

    def client(self, key: str | None) -> FlaskClient:
        """A client that sends this key with every request."""
        client = self.application.test_client()
        if key is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return client


def with_keys(
    load_matcher: Callable[[], Matcher],
    merchants: Sequence[str] = ("m0", "m1"),
    lists: Path | None = None,
) -> Keyed:
    """Return a service with keys on this matcher, and on a folder of weekly lists."""
    store = open_store("sqlite://")
    own = {name: make_key(store, name) for name in merchants}
    operator = make_key(store, None, "tests")
    settings = UNLIMITED.model_copy(update={"lists": lists})
    return Keyed(create_app(load_matcher, settings, store), operator, own)


@pytest.fixture(scope="session")
def keyed() -> Keyed:
    return with_keys(FakeMatcher)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store, of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.sqlite"
        return
    url: str = request.getfixturevalue("postgresql_url")
    yield url
    engine = create_engine(url)
    METADATA.drop_all(engine)
    engine.dispose()


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    """An empty store, of either kind."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()
