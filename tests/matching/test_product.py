"""A product that is not in the catalog is seen as it would be if it were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.errors import OptionError
from matching.facts import build_history
from matching.history import History
from matching.models.text import ContentVectors, TextEncoder
from matching.models.topics import Topics
from matching.product import product_rows
from tests.matching.worlds import tiny_tables
from training.config import TrainConfig
from training.run import encode_texts

NUTS = {"title": "每日坚果", "category": "食品/坚果", "price": 39.9, "commission_rate": 0.2}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.from_tables(tiny_tables())


@pytest.fixture(scope="module")
def history(catalog: Catalog) -> History:
    return build_history(catalog)


@pytest.fixture(scope="module")
def encoded(catalog: Catalog, history: History) -> tuple[TextEncoder, Topics, ContentVectors]:
    return encode_texts(catalog, history, TrainConfig(text_dimensions=4))


@pytest.fixture(scope="module")
def encoder(encoded: tuple[TextEncoder, Topics, ContentVectors]) -> TextEncoder:
    return encoded[0]


def known_fields(catalog: Catalog, row: int) -> dict[str, Any]:
    """Return a catalog product as somebody would describe it who does not know its id."""
    fields = catalog.products.iloc[row].drop(["product_id", "listed_on"]).to_dict()
    return {name: None if pd.isna(value) else value for name, value in fields.items()}


@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_catalog_product_described_again_is_the_same(
    catalog: Catalog,
    history: History,
    encoded: tuple[TextEncoder, Topics, ContentVectors],
    row: int,
):
    encoder, _, texts = encoded
    attributes, text, shown = product_rows(known_fields(catalog, row), history, encoder)
    for name in history.products.columns:
        if name != "listed_on":
            own, again = history.products[name][[row]], attributes.get(name)
            assert np.array_equal(own, again, equal_nan=own.dtype.kind == "f"), name
    assert np.allclose(text[0], texts.products[row], atol=1e-6)
    assert shown["title"] == catalog.products["title"][row]


def test_what_was_not_said_is_unknown(history: History, encoder: TextEncoder):
    attributes, text, shown = product_rows(NUTS, history, encoder)
    assert attributes.count == len(text) == 1
    for name in ("margin_rate", "sample_cost", "service_fee_rate", "buyer_female", "listed_on"):
        assert np.isnan(attributes.get(name)).all(), name
    for name in ("merchant", "city", "scene", "brand"):
        assert attributes[name].tolist() == [-1], name
    assert shown["margin_rate"] is None
    assert shown["product_id"] is None


def test_words_that_the_catalog_never_used_are_unknown(history: History, encoder: TextEncoder):
    foreign = {**NUTS, "category": "汽车/配件", "city": "火星", "brand": "x", "merchant_id": "m9"}
    attributes, _, _ = product_rows(foreign, history, encoder)
    for name in ("category", "subcategory", "city", "brand", "merchant"):
        assert attributes[name].tolist() == [-1], name
    half = product_rows({**NUTS, "category": "食品/海鲜"}, history, encoder)[0]
    assert half["category"].tolist() == [history.code("category", "食品")]
    assert half["subcategory"].tolist() == [-1]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"title": None}, "title", "is needed"),
        ({"title": ""}, "title", "is needed"),
        ({"category": None}, "category", "is needed"),
        ({"price": None}, "price", "is needed"),
        ({"commission_rate": None}, "commission_rate", "is needed"),
        ({"colour": "red"}, "colour", "is no field"),
        ({"updated_on": "2026-01-01"}, "updated_on", "is no field"),
        ({"price": -1}, "price", "0 or more"),
        ({"price": float("nan")}, "price", "0 or more"),
        ({"price": float("inf")}, "price", "0 or more"),
        ({"price": "39.9"}, "price", "must be a number"),
        ({"price": True}, "price", "must be a number"),
        ({"commission_rate": 20}, "commission_rate", "0.25 is 25 percent"),
        ({"margin_rate": 1.5}, "margin_rate", "fraction"),
        ({"scene": "moon"}, "scene", "shop, local, service"),
        ({"title": 5}, "title", "must be text"),
        ({"category": ["食品"]}, "category", "must be text"),
        ({"merchant_id": 7}, "merchant_id", "must be text"),
        ({"listed_on": 20261120}, "listed_on", "must be text"),
    ],
)
def test_a_field_that_cannot_be_is_named(
    history: History, encoder: TextEncoder, change: Mapping[str, Any], field: str, message: str
):
    with pytest.raises(OptionError, match=message) as error:
        product_rows({**NUTS, **change}, history, encoder)
    assert error.value.field == f"product.{field}"


def test_a_price_of_nothing_is_a_price(history: History, encoder: TextEncoder):
    attributes, _, _ = product_rows({**NUTS, "price": 0, "commission_rate": 0.0}, history, encoder)
    assert attributes["price"].tolist() == [0.0]
