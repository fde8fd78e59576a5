"""The application: configuration in, WSGI callable out."""

from __future__ import annotations

import logging
import os
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import Info, OpenAPI
from werkzeug.exceptions import BadRequest, RequestURITooLarge, UnsupportedMediaType

from matching.bundle import promoted
from matching.errors import OptionError
from matching.matcher import Matcher
from serve import operations, pages, payloads, problems, routes
from serve.addresses import is_loopback
from serve.answers import FieldFault, Problem
from serve.serving import Serving
from serve.settings import ADDRESS_CHARS_MAX, BODY_BYTES_MAX, BUNDLES_VARIABLE

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class JsonAsWritten(DefaultJSONProvider):
    """JSON in UTF-8 and in the order of the contract; a NaN is our fault, not the caller's."""

    ensure_ascii = False
    sort_keys = False
    compact = True

    def dumps(self, obj: object, **kwargs: object) -> str:
        """Serialise; ValueError for what JSON has no word for."""
        return super().dumps(obj, allow_nan=False, **kwargs)


class JsonRequest(Request):
    """A request that says where its JSON breaks."""

    def on_json_loading_failed(self, e: ValueError | None) -> NoReturn:
        """Raise 400, or 415 where no JSON was sent at all."""
        if e is None:
            raise UnsupportedMediaType
        raise BadRequest(f"the body is not JSON: {e}")


class Application(OpenAPI):
    """Flask with OpenAPI, and JSON as the contract writes it."""

    json_provider_class = JsonAsWritten
    request_class = JsonRequest


def create_app(load_matcher: Callable[[], Matcher], *, loopback_only: bool = True) -> Application:
    """Return an application that serves the matcher that `load_matcher` brings.

    Parameters
    ----------
    load_matcher
        Called once, here: in the worker that will answer, never in the parent of a fork.
    loopback_only
        Refuse requests that name another host. Without keys anybody who reaches the service may
        ask, and a foreign web page reaches it by pointing its own name at 127.0.0.1.
    """
    app = Application(
        __name__,
        info=Info(
            title="Creator–merchant matchmaking",
            version="1",
            description="Creators for a product, ranked by predicted commission ROI.",
        ),
        static_folder=None,
        doc_ui=False,
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        validation_error_status=422,
        validation_error_model=Problem,
        validation_error_callback=problems.invalid_request,
    )
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.config["LOOPBACK_ONLY"] = loopback_only
    app.url_map.merge_slashes = False
    problems.install(app)
    _guard(app)
    app.register_api(routes.v1())
    app.register_api(operations.operations())
    app.register_blueprint(pages.pages())
    serving = app.extensions["serving"] = Serving()
    serving.load(load_matcher)
    return app


def from_environment() -> Application:
    """Return the application for the promoted bundle of $MATCHING_BUNDLES; granian's target."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    bundles = os.environ.get(BUNDLES_VARIABLE)
    if not bundles:
        raise OptionError(BUNDLES_VARIABLE, "names no folder of bundles; use `matching serve`")
    return create_app(lambda: Matcher.load(promoted(Path(bundles))))


def _guard(app: Flask) -> None:
    """Check what every request must keep to, and sign every answer."""

    @app.before_request
    def name_request() -> None:
        asked = request.headers.get("X-Request-ID", "")
        g.request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex

    @app.before_request
    def refuse_foreign_host() -> Response | None:
        host = urlsplit(f"//{request.host}").hostname or ""
        if app.config["LOOPBACK_ONLY"] and not is_loopback(host):
            return problems.problem(
                400, f"this service answers on this machine only, not as {host!r}"
            )
        return None

    @app.before_request
    def refuse_oversized() -> None:
        if len(request.full_path) > ADDRESS_CHARS_MAX:
            raise RequestURITooLarge(f"the address has more than {ADDRESS_CHARS_MAX:,} characters")

    @app.before_request
    def refuse_repeated() -> Response | None:
        """Refuse k=1&k=2: one of them would be silently ignored."""
        repeated = {name for name, values in request.args.lists() if len(values) > 1}
        faults = [
            FieldFault(field=name, message="is given more than once, and takes one value")
            for name in sorted(repeated - payloads.LIST_PARAMETERS)
        ]
        return problems.field_problem(faults) if faults else None

    @app.before_request
    def read_body() -> Response | None:
        """Read JSON here: the framework takes a broken body for none, and a string for JSON."""
        if request.url_rule is None or request.method not in ("POST", "PUT", "PATCH"):
            return None
        try:
            is_object = isinstance(request.get_json(), dict)
        except RecursionError:
            raise BadRequest("the body is not JSON that can be read: it nests too deep") from None
        fault = FieldFault(field="body", message="must be a JSON object")
        return None if is_object else problems.field_problem([fault])

    @app.after_request
    def sign(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.get("request_id") or uuid.uuid4().hex
        for name, value in _SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response
