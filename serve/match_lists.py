"""Weekly lists over HTTP: the caller's rows of the files that `matching weekly` wrote."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app
from flask_openapi3 import Tag

from matching.errors import UnknownIdError
from serve import observe, problems
from serve.auth import below_v1, caller, own_product
from serve.cursors import from_cursor, to_cursor
from serve.payloads import ListsQuery, WeekPath
from serve.record_answers import MatchList
from serve.refusals import refusals_with_key
from serve.serving import current_matcher
from serve.weeks import DamagedListError, Week

_LISTS = Tag(name="match lists", description="What was worked out for a whole week.")


def lists_api() -> Blueprint:
    """Return the route of weekly lists."""
    api = below_v1("match_lists")

    @api.get(
        "/match-lists/<week>",
        tags=[_LISTS],
        responses={200: MatchList, **refusals_with_key(404, 422)},
    )
    def match_lists(path: WeekPath, query: ListsQuery) -> Response | dict[str, Any]:
        """The lists of a week, by product and rank."""
        after = from_cursor(query.cursor, str, int)
        if query.product_id is not None:
            own_product(current_matcher(), query.product_id)
        try:
            week = current_app.extensions["weeks"].open(path.week)
            if week is None:
                raise UnknownIdError("list of the week", path.week)
            return _page(week, query, after)
        except DamagedListError as error:
            observe.explain(str(error))
            return problems.problem(
                503, f"the lists of {path.week} are damaged; they have to be written again"
            )

    return api


def _page(week: Week, query: ListsQuery, after: tuple[str, int] | None) -> dict[str, Any]:
    rows = week.page(query.limit + 1, caller().merchant_id, query.product_id, after)
    page = rows[: query.limit]
    more = len(rows) > query.limit
    about = {name: week.manifest[name] for name in ("week", "bundle", "as_of", "objective")}
    cursor = to_cursor(page[-1]["product_id"], page[-1]["rank"]) if more else None
    return {**about, "items": page, "next_cursor": cursor}
