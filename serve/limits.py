"""How often a key may ask: counted in each worker, or exactly in a Redis that they share."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter

from serve.auth import caller
from serve.settings import Settings


def install(app: Flask, settings: Settings) -> None:
    """Answer 429 with Retry-After to a key that asks more often than the settings allow.

    Where there are no keys only this machine can ask, and nothing is counted.
    """
    limiter = Limiter(
        key_func=lambda: caller().key_id or "",
        application_limits=[settings.rate_limit],
        application_limits_exempt_when=lambda: caller().key_id is None,
        storage_uri=settings.rate_limit_storage,
        headers_enabled=True,
        # A Redis that is away must not take the service with it.
        in_memory_fallback_enabled=not settings.rate_limit_storage.startswith("memory:"),
    )
    limiter.init_app(app)
