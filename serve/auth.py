"""Who asks: every route below /v1 and the metrics know their caller before they run.

A merchant is told of what is not theirs what they would be told of what does not exist: 404.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_openapi3 import APIBlueprint
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from matching.errors import UnknownIdError
from matching.matcher import Matcher
from serve import observe, problems
from serve.addresses import is_loopback
from serve.keys import ANYBODY, Caller, KeyRing
from serve.store import said

OPERATORS_ONLY = frozenset({"/metrics"})


def install(app: Flask, store: Engine) -> None:
    """Let every request say who asks, as `g.caller`."""
    ring = KeyRing(store)

    @app.before_request
    def identify() -> Response | None:
        g.caller = ANYBODY
        try:
            is_open = ring.is_open()
            if is_open:
                return _refuse_foreign_host()
            if not _needs_key(request.path):
                return None
            kind, _, key = request.headers.get("Authorization", "").partition(" ")
            caller = ring.caller(key.strip()) if kind.lower() == "bearer" else None
        except SQLAlchemyError as error:
            observe.explain(f"keys cannot be read: {said(error)}")
            return problems.busy("keys cannot be checked now; ask again in a moment")
        if caller is None:
            return _unauthorized()
        if request.path in OPERATORS_ONLY and caller.merchant_id is not None:
            return problems.problem(404, problems.NOTHING_SERVED)
        g.caller = caller
        return None


def below_v1(name: str) -> APIBlueprint:
    """Return a blueprint for routes below /v1, which are documented to want a key."""
    return APIBlueprint(name, __name__, url_prefix="/v1", abp_security=[{"key": []}])


def own_product(matcher: Matcher, product_id: str) -> dict[str, object]:
    """Return a product of the caller; UnknownIdError for another's as for none."""
    product = matcher.product(product_id)
    if not caller().owns(str(product["merchant_id"])):
        raise UnknownIdError("product", product_id)
    return product


def own_merchant(merchant_id: str | None) -> str | None:
    """Return the merchant asked about, the caller's own if none is; 404 for another's."""
    if merchant_id is not None and not caller().owns(merchant_id):
        raise UnknownIdError("merchant", merchant_id)
    return merchant_id or caller().merchant_id


def caller() -> Caller:
    """Return who asks."""
    found: Caller = g.caller
    return found


def _needs_key(path: str) -> bool:
    return path == "/v1" or path.startswith("/v1/") or path in OPERATORS_ONLY


def _refuse_foreign_host() -> Response | None:
    """Refuse other names while no keys exist.

    Anybody who reaches the service may ask then, and a foreign web page reaches it by pointing its
    own name at 127.0.0.1.
    """
    host = urlsplit(f"//{request.host}").hostname or ""
    if is_loopback(host):
        return None
    return problems.problem(400, f"this service answers on this machine only, not as {host!r}")


def _unauthorized() -> Response:
    given = "Authorization" in request.headers
    wrong = "this key is not known or was revoked" if given else "a key is needed"
    answer = problems.problem(401, f"{wrong}; send Authorization: Bearer KEY")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="matching"'
    return answer
