"""The application: configuration in, WSGI callable out."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from flask import Flask, Request, Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from flask_openapi3 import Info, OpenAPI
from sqlalchemy import Engine
from werkzeug.exceptions import BadRequest, RequestURITooLarge, UnsupportedMediaType

from matching.deadline import deadline
from matching.matcher import Matcher
from serve import (
    auth,
    creators,
    draining,
    event_routes,
    limits,
    logs,
    match_lists,
    metrics,
    observe,
    operations,
    pages,
    payloads,
    problems,
    routes,
    track_record,
)
from serve.answers import FieldFault, Problem
from serve.events import told_by_events
from serve.serving import Serving
from serve.settings import Settings, read_settings
from serve.store import open_store
from serve.teller import Teller
from serve.watch import Watcher
from serve.weeks import Weeks

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What one key was told is not for the next: no cache may keep it. Pages set their own.
    "Cache-Control": "no-store",
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

    def dispatch_request(self) -> ResponseReturnValue:
        """Answer a request, or give it up when its time is over."""
        with deadline(self.extensions["settings"].deadline_seconds):
            return super().dispatch_request()


def create_app(
    load_matcher: Callable[[], Matcher] | None,
    settings: Settings | None = None,
    store: Engine | None = None,
) -> Application:
    """Return an application that serves the matcher that `load_matcher` brings.

    Parameters
    ----------
    load_matcher
        Called once, here: in the worker that will answer, never in the parent of a fork. None
        where the caller brings matchers itself, to `extensions["serving"]`.
    settings
        Default: those of the environment.
    store
        Where keys and events are; default: one in memory, which ends with the application.
    """
    settings = settings or read_settings()
    store = open_store("sqlite://") if store is None else store
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
    app.config["MAX_CONTENT_LENGTH"] = settings.body_bytes_max
    app.extensions["settings"] = settings
    app.extensions["store"] = store
    app.extensions["weeks"] = Weeks(settings.lists)
    app.extensions["teller"] = Teller(app.extensions["weeks"])
    app.extensions["told_by_events"] = partial(told_by_events, store)
    app.url_map.merge_slashes = False
    problems.install(app)
    observe.install(app)
    draining.install(app)
    _name_requests(app)
    auth.install(app, store)
    limits.install(app, settings)
    _guard(app, settings.address_chars_max)
    app.register_api(routes.v1())
    app.register_api(creators.creators_api())
    app.register_api(track_record.record_api())
    app.register_api(match_lists.lists_api())
    app.register_api(event_routes.events_api())
    app.register_api(operations.operations())
    app.register_blueprint(pages.pages())
    serving = app.extensions["serving"] = Serving()
    if load_matcher is not None:
        serving.load(load_matcher)
    return app


def from_environment() -> Application:
    """Return the application that `MATCHING_…` variables describe; granian's target."""
    logs.configure()
    draining.listen()
    metrics.worker_starts()
    settings = read_settings()
    app = create_app(None, settings, open_store(settings.store_url))
    Watcher(settings.bundles, app.extensions["serving"], settings.watch_seconds).start()
    return app


def _name_requests(app: Flask) -> None:
    """Give every request its id, before anything can refuse it."""

    @app.before_request
    def name_request() -> None:
        asked = request.headers.get("X-Request-ID", "")
        g.request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex


def _guard(app: Flask, address_chars_max: int) -> None:
    """Check what every request must keep to, and sign every answer."""

    @app.before_request
    def refuse_oversized() -> None:
        if len(request.full_path) > address_chars_max:
            raise RequestURITooLarge(f"the address has more than {address_chars_max:,} characters")

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
