"""Products and matches: parse, ask the matcher, answer."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, current_app, g
from flask_openapi3 import Tag
from sqlalchemy.exc import SQLAlchemyError

from matching.economics import Terms
from matching.languages import Text
from matching.matcher import Filters
from serve import events, metrics, observe
from serve.answers import Match, Product, ProductList
from serve.auth import below_v1, caller, own_merchant, own_product
from serve.cursors import from_cursor, to_cursor
from serve.languages import LanguageHeader, asked_language
from serve.payloads import (
    CreatorsQuery,
    MatchBody,
    MatchFields,
    NoQuery,
    ProductPath,
    ProductsQuery,
)
from serve.refusals import refusals_with_key
from serve.serving import current_matcher
from serve.store import said

_PRODUCTS = Tag(name="products", description="The products that creators are found for.")
_MATCHES = Tag(name="matches", description="Creators for a product, ranked.")
_INVITED_UNKNOWN = Text(
    "invitations after {as_of} cannot be read now: some of these may have been invited already",
    "暂时无法读取 {as_of} 之后的邀约记录：名单中可能有已邀约的达人",
)


def v1() -> Blueprint:
    """Return the routes of version 1, freshly made: each application documents its own."""
    api = below_v1("v1")

    @api.get(
        "/products",
        tags=[_PRODUCTS],
        responses={200: ProductList, **refusals_with_key(404, 422)},
    )
    def products(query: ProductsQuery) -> dict[str, Any]:
        """Products, in the order of their ids."""
        (after,) = from_cursor(query.cursor, str) or (None,)
        items = current_matcher().products(
            query.q, limit=query.limit + 1, after=after, merchant_id=caller().merchant_id
        )
        page = items[: query.limit]
        more = len(items) > query.limit
        return {"items": page, "next_cursor": to_cursor(page[-1]["product_id"]) if more else None}

    @api.get(
        "/products/<path:product_id>",
        tags=[_PRODUCTS],
        responses={200: Product, **refusals_with_key(404, 422)},
    )
    def product(path: ProductPath, query: NoQuery) -> dict[str, Any]:
        """One product."""
        return own_product(current_matcher(), path.product_id)

    @api.get(
        "/products/<path:product_id>/creators",
        tags=[_MATCHES],
        responses={200: Match, **refusals_with_key(404, 409, 422)},
    )
    def creators(path: ProductPath, query: CreatorsQuery, header: LanguageHeader) -> dict[str, Any]:
        """Top creators for a product of the catalog."""
        return _match(path.product_id, query, filters=query.to_filters())

    @api.post(
        "/matches",
        tags=[_MATCHES],
        responses={200: Match, **refusals_with_key(404, 409, 413, 415, 422)},
    )
    def matches(body: MatchBody, query: NoQuery, header: LanguageHeader) -> dict[str, Any]:
        """Top creators for a product in or outside the catalog, on terms to try."""
        return _match(
            body.product_asked(),
            body,
            filters=body.filters.to_filters() if body.filters else Filters(),
            terms=body.terms.to_terms() if body.terms else Terms(),
            include=tuple(body.include or ()),
        )

    return api


def _match(
    product: str | dict[str, Any], asked: MatchFields, filters: Filters, **rest: Any
) -> dict[str, Any]:
    matcher = current_matcher()
    if isinstance(product, str):
        merchant_id = str(own_product(matcher, product)["merchant_id"])
    elif merchant_id := own_merchant(product.get("merchant_id")):
        product = {**product, "merchant_id": merchant_id}
    language, invited = asked_language(), _invited(merchant_id, filters)
    result = matcher.match(
        product,
        k=asked.k,
        objective=asked.objective,
        explain=asked.explain,
        language=language,
        filters=filters,
        invited=invited or {},
        **rest,
    )
    answer = result.to_dict()
    if invited is None:
        answer["notes"].append(_INVITED_UNKNOWN.say(language, as_of=answer["as_of"]))
    metrics.match_answered(answer, asked.k, result.candidates)
    return {"request_id": g.request_id, **answer}


def _invited(merchant_id: str | None, filters: Filters) -> dict[str, date] | None:
    """Return whom the merchant has invited, if a filter asks; None while the store is away."""
    asked = filters.only_new or filters.exclude_contacted_days is not None
    if merchant_id is None or not asked:
        return {}
    try:
        return events.invited(current_app.extensions["store"], merchant_id)
    except SQLAlchemyError as error:
        observe.explain(f"invitations cannot be read: {said(error)}")
        return None
