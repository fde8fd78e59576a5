"""Every error as an RFC 9457 problem: a sentence for the caller, never a stack trace."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from http import HTTPStatus

from flask import Flask, Response, current_app, g
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, default_exceptions

from matching.errors import (
    BundleError,
    ConflictError,
    DeadlineError,
    MatchingError,
    OptionError,
    UnknownIdError,
)
from serve import metrics
from serve.answers import FieldFault
from serve.payloads import names_beside

PROBLEM = "application/problem+json"

NOTHING_SERVED = "nothing is served at this address; /docs lists what is"
_DETAILS = {
    404: NOTHING_SERVED,
    405: "this address does not take that method",
    413: "the body is too large; at most {limit:,} bytes are taken",
    415: "send JSON, with Content-Type: application/json",
}


def problem(status: int, detail: str, faults: Iterable[FieldFault] = ()) -> Response:
    """Return the answer that says what is wrong; every code path that refuses ends here."""
    content: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id", ""),
    }
    if errors := [fault.model_dump() for fault in faults]:
        content["errors"] = errors
    g.problem = detail  # for the line of this request in the log
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(body, status=status, content_type=PROBLEM)


def busy(detail: str, seconds: int = 1) -> Response:
    """Return 503, and when it is worth asking again."""
    answer = problem(503, detail)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def field_problem(faults: list[FieldFault]) -> Response:
    """Return 422 for fields that cannot be used; the detail names the first."""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return problem(422, f"{faults[0].field}: {faults[0].message}{more}", faults)


def invalid_request(error: ValidationError) -> Response:
    """Return 422 for what pydantic refused, in words and with the names that were meant."""
    return field_problem([_fault(error.title, each) for each in error.errors(include_url=False)])


def _fault(model: str, error: ErrorDetails) -> FieldFault:
    path = ".".join(str(part) for part in error["loc"]) or "body"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = names_beside(model, error["loc"])
        close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        message = "there is no such field" + (f"; did you mean {close[0]}?" if close else "")
    elif error["type"] == "less_than_equal" and path.endswith(("_rate", "_share", "_min")):
        limit = error["ctx"]["le"]
        message = f"must be at most {limit:g}" + (
            ": rates are fractions, 0.2 is 20 %" if limit == 1 else ""
        )
    return FieldFault(field=path, message=message)


def install(app: Flask) -> None:
    """Let the application answer every exception with a problem."""
    app.register_error_handler(MatchingError, _answer_matching_error)
    app.register_error_handler(Exception, _answer_unexpected)
    for code in default_exceptions:
        app.register_error_handler(code, _answer_http_error)
    app.register_error_handler(HTTPException, _answer_http_error)


def _answer_matching_error(error: MatchingError) -> Response:
    if isinstance(error, OptionError):
        return field_problem([FieldFault(field=error.field, message=error.message)])
    if isinstance(error, BundleError):
        return busy(f"not ready: {error}")
    if isinstance(error, DeadlineError):
        metrics.deadline_exceeded()
        return busy(f"{error}; ask for less, or again when fewer others ask")
    status = {UnknownIdError: 404, ConflictError: 409}.get(type(error), 422)
    return problem(status, str(error))


def _answer_http_error(error: HTTPException) -> Response:
    if error.response is not None:  # raised with its answer already made
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    detail = _DETAILS.get(status) or error.description or HTTPStatus(status).phrase
    answer = problem(status, detail.format(limit=current_app.config["MAX_CONTENT_LENGTH"]))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers.add(name, value)
    return answer


def _answer_unexpected(error: Exception) -> Response:
    g.failure = error  # for the line of this request in the log
    return problem(
        500, "the service failed to answer; the request id leads to the reason in its log"
    )
