"""How often a key may ask: counted in each worker, or exactly in a Redis that they share."""

from __future__ import annotations

import math
import time

from flask import Flask, Response
from flask_limiter import Limiter, RateLimitExceeded

from serve import problems
from serve.auth import caller
from serve.settings import Settings

_TOO_OFTEN = "this key has asked too often; ask again after the seconds that Retry-After says"


def install(app: Flask, settings: Settings) -> None:
    """Answer 429 with Retry-After to a key that asks more often than the settings allow.

    Where there are no keys only this machine can ask, and nothing is counted.
    """
    limiter = Limiter(
        key_func=lambda: caller().key_id or "",
        application_limits=[settings.rate_limit],
        application_limits_exempt_when=lambda: caller().key_id is None,
        storage_uri=settings.rate_limit_storage,
        # A Redis that is away must not take the service with it.
        in_memory_fallback_enabled=not settings.rate_limit_storage.startswith("memory:"),
    )
    limiter.init_app(app)

    def refuse(error: RateLimitExceeded) -> Response:
        limit = limiter.current_limit
        seconds = limit.reset_at - time.time() if limit else 1
        answer = problems.problem(429, _TOO_OFTEN)
        answer.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
        return answer

    app.register_error_handler(RateLimitExceeded, refuse)
