"""Creators: their profile, who is like them, and products for them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from flask_openapi3 import Tag

from serve.auth import below_v1, own_merchant
from serve.creator_answers import ProductsFor, Profile, SimilarCreators
from serve.cursors import from_cursor, to_cursor
from serve.languages import LanguageHeader, asked_language
from serve.payloads import AssortmentQuery, CreatorPath, NoQuery, PageQuery
from serve.refusals import refusals_with_key
from serve.serving import current_matcher

_CREATORS = Tag(name="creators", description="Creators, and what they could sell.")


def creators_api() -> Blueprint:
    """Return the routes below /v1/creators."""
    api = below_v1("creators")

    @api.get(
        "/creators/<path:creator_id>",
        tags=[_CREATORS],
        responses={200: Profile, **refusals_with_key(404, 422)},
    )
    def creator(path: CreatorPath, query: NoQuery) -> dict[str, Any]:
        """A creator's public profile."""
        return current_matcher().creator(path.creator_id)

    @api.get(
        "/creators/<path:creator_id>/similar",
        tags=[_CREATORS],
        responses={200: SimilarCreators, **refusals_with_key(404, 422)},
    )
    def similar(path: CreatorPath, query: PageQuery) -> dict[str, Any]:
        """Creators like this one, most alike first."""
        (after,) = from_cursor(query.cursor, int) or (0,)
        items = current_matcher().similar(path.creator_id, query.limit, after)
        more = len(items) == query.limit
        return {"items": items, "next_cursor": to_cursor(after + len(items)) if more else None}

    @api.get(
        "/creators/<path:creator_id>/products",
        tags=[_CREATORS],
        responses={200: ProductsFor, **refusals_with_key(404, 422)},
    )
    def products(
        path: CreatorPath, query: AssortmentQuery, header: LanguageHeader
    ) -> dict[str, Any]:
        """Products for this creator, of the caller or of everybody, best first."""
        (after,) = from_cursor(query.cursor, int) or (0,)
        merchant_id = own_merchant(query.merchant_id)
        found = current_matcher().products_for(
            path.creator_id, query.limit, query.objective, merchant_id, after, asked_language()
        )
        cursor = to_cursor(after + query.limit) if found.more else None
        return {"request_id": g.request_id, **found.to_dict(), "next_cursor": cursor}

    return api
