"""What is told of every request: one line in the log, and what the metrics count."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from flask import Flask, Response, g, request

from serve import metrics

log = logging.getLogger("matching.request")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def install(app: Flask) -> None:
    """Watch every request. First of all hooks: it then sees the whole time and the last answer."""

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def tell(response: Response) -> Response:
        seconds = time.perf_counter() - g.started
        route = _PARAMETER.sub(r"{\1}", request.url_rule.rule) if request.url_rule else None
        metrics.request_answered(route, request.method, response.status_code, seconds)
        outcome = {"route": route, "status": response.status_code}
        said = {**_about_request(), **outcome, "milliseconds": round(1000 * seconds, 1)}
        what = (request.method, request.path)
        log.log(_level(response.status_code), "%s %s", *what, extra=said, exc_info=g.get("failure"))
        return response


def _level(status: int) -> int:
    if status >= 500:
        return logging.ERROR
    return logging.WARNING if "reason" in g else logging.INFO


def explain(reason: str) -> None:
    """Let the line of this request say what its answer does not: what could not be done, and why.

    For what the operator has to know of the store or the disk; the caller is told less.
    """
    g.reason = reason


def _about_request() -> dict[str, Any]:
    matcher = g.get("matcher")
    return {
        "request_id": g.get("request_id"),
        "key_id": getattr(g.get("caller"), "key_id", None),
        "bundle": matcher.version if matcher else None,
        "problem": g.get("problem"),
        "reason": g.get("reason"),
    }
