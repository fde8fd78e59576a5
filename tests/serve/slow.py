"""A service whose matches take a hundredth of a second for each creator that is asked for."""

from __future__ import annotations

import time
from typing import Any

from matching.deadline import check_deadline
from serve import draining, logs, metrics
from serve.app import Application, create_app
from serve.settings import read_settings
from serve.store import open_store
from tests.serve.fake import FakeMatcher, FakeResult

SLOW = "tests.serve.slow:application"


class SlowMatcher(FakeMatcher):
    def match(self, product: Any, k: int = 20, **rest: Any) -> FakeResult:
        for _ in range(k):
            check_deadline("the next step")
            time.sleep(0.01)
        return super().match(product, k, **rest)


def application() -> Application:
    logs.configure()
    draining.listen()
    metrics.worker_starts()
    settings = read_settings()
    return create_app(SlowMatcher, settings, open_store(settings.store_url))
