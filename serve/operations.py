"""What those who run the service ask it: is it alive, is it ready."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from flask_openapi3 import APIBlueprint, Tag

from serve.answers import Health, Readiness
from serve.payloads import NoQuery
from serve.refusals import refusals

_OPERATIONS = Tag(name="operations", description="Alive and ready.")


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
        matcher = current_app.extensions["serving"].matcher
        return {"status": "ready", "bundle": matcher.version, "as_of": matcher.as_of.isoformat()}

    return api
