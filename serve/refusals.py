"""How refusals are documented: a problem per status."""

from __future__ import annotations

from typing import Any

from serve.problems import PROBLEM

_MEANINGS = {
    400: "The request cannot be read.",
    401: "No key was sent, or one that is not known or was revoked.",
    404: "There is no such thing here.",
    409: "Well formed, but the facts or the fields contradict it.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "The body is not JSON.",
    422: "A parameter or field cannot be used; `errors` names it.",
    429: "The key has asked too often; `Retry-After` says when to go on.",
    500: "The service failed.",
    503: "Not ready to answer, or not within the time for it; ask again after `Retry-After`.",
}


def refusals(*statuses: int) -> dict[int, dict[str, Any]]:
    """Document these statuses, and those that any route may answer with."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _MEANINGS[status], "content": {PROBLEM: {"schema": schema}}}
        for status in sorted({400, 414, 500, 503, *statuses})
    }


def refusals_with_key(*statuses: int) -> dict[int, dict[str, Any]]:
    """Document what a route may answer that wants to know who asks, as all below /v1 do."""
    return refusals(401, 429, *statuses)
