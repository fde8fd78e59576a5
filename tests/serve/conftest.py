from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from serve.app import Application, create_app
from tests.serve.fake import FakeMatcher


@pytest.fixture(scope="session")
def application() -> Application:
    return create_app(FakeMatcher)


@pytest.fixture
def client(application: Application) -> FlaskClient:
    return application.test_client()
