"""What those who run the service ask it: is it alive, is it ready, how does it do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app
from flask_openapi3 import APIBlueprint, Tag

from serve import metrics
from serve.answers import Health, Readiness
from serve.payloads import NoQuery
from serve.refusals import refusals
from serve.serving import current_matcher

_OPERATIONS = Tag(name="operations", description="Alive, ready, measured.")
_METRICS = {
    "description": "Every metric of all workers, in Prometheus' text format.",
    "content": {metrics.CONTENT_TYPE: {"schema": {"type": "string"}}},
}


def operations() -> Blueprint:
    """Return the routes for operators."""
    api = APIBlueprint("operations", __name__)

    @api.get("/healthz", tags=[_OPERATIONS], responses={200: Health, **refusals(422)})
    def healthz(query: NoQuery) -> dict[str, Any]:
        """Alive: the process answers."""
        return {"status": "ok"}

    @api.get("/readyz", tags=[_OPERATIONS], responses={200: Readiness, **refusals(422)})
    def readyz(query: NoQuery) -> dict[str, Any]:
        """Ready: a verified bundle is loaded and has answered a match; else 503 with the reason."""
        matcher = current_matcher()
        return {"status": "ready", "bundle": matcher.version, "as_of": matcher.as_of.isoformat()}

    @api.get("/metrics", tags=[_OPERATIONS], responses={200: _METRICS, **refusals(422)})
    def prometheus(query: NoQuery) -> Response:
        """Metrics: what all workers have counted since the service was started."""
        bundles = current_app.extensions["settings"].bundles
        return Response(metrics.exposition(bundles), content_type=metrics.CONTENT_TYPE)

    return api
