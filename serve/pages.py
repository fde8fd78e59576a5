"""What people look at in a browser: the merchant page, and the documentation of the API.

Everything comes from this machine; the content security policy holds the pages to that.
"""

from __future__ import annotations

from pathlib import Path

import flask_openapi3_swagger
from flask import Blueprint, Response, current_app, send_from_directory

PAGE = Path(__file__).parent / "page"
SWAGGER = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI writes style attributes.
_DOCS_POLICY = _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


def pages() -> Blueprint:
    """Return the page at /, its files, /openapi.json and /docs."""
    site = Blueprint("pages", __name__)

    @site.get("/")
    def page() -> Response:
        return _html("index.html", _POLICY)

    @site.get("/page/<path:name>")
    def page_file(name: str) -> Response:
        return _revalidated(send_from_directory(PAGE, name))

    @site.get("/openapi.json")
    def document() -> Response:
        return current_app.json.response(current_app.api_doc)  # type: ignore[attr-defined]

    @site.get("/docs")
    def docs() -> Response:
        return _html("docs.html", _DOCS_POLICY)

    @site.get("/docs/<path:name>")
    def docs_file(name: str) -> Response:
        return _revalidated(send_from_directory(SWAGGER, name))

    return site


def _html(name: str, policy: str) -> Response:
    response = _revalidated(send_from_directory(PAGE, name))
    response.headers["Content-Security-Policy"] = policy
    return response


def _revalidated(response: Response) -> Response:
    """Let browsers keep files but ask whether they changed: a new release shows at once."""
    response.headers["Cache-Control"] = "no-cache"
    return response
