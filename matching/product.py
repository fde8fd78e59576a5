"""A product that is not in the catalog, as the models see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.columns import PRODUCTS, SCENES, Kind
from matching.errors import OptionError
from matching.history import Attributes, History
from matching.models.text import TextEncoder

TEXT_COLUMNS = ("title", "category", "brand", "description")
NEEDED = ("title", "category", "price", "commission_rate")


def product_rows(
    fields: Mapping[str, Any], history: History, encoder: TextEncoder
) -> tuple[Attributes, npt.NDArray[np.float32], dict[str, Any]]:
    """Return one product's attributes, its content vector (1, d), and its fields with nulls.

    Raises
    ------
    OptionError
        Naming the field that is missing, unknown or of a value that cannot be.
    """
    checked = _checked(fields)
    path = str(checked["category"])
    columns: dict[str, npt.NDArray[Any]] = {
        column.name: np.array([np.nan if checked[column.name] is None else checked[column.name]])
        for column in PRODUCTS.columns
        if column.kind in (Kind.MONEY, Kind.RATE, Kind.NUMBER)
    }
    codes = {
        "category": history.code("category", path.split("/", maxsplit=1)[0]),
        "subcategory": history.code("subcategory", path),
        "city": history.code("city", checked["city"]),
        "brand": history.code("brand", checked["brand"]),
        "merchant": int(history.merchant_ids.rows([checked["merchant_id"]])[0]),
        "scene": SCENES.index(checked["scene"]) if checked["scene"] else -1,
    }
    columns.update({name: np.array([code], dtype=np.int32) for name, code in codes.items()})
    text = " ".join(["", *(str(checked[name] or "") for name in TEXT_COLUMNS)])
    return Attributes(columns, 1), encoder.encode([text]), checked


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    known = {column.name: column for column in PRODUCTS.columns if column.name != "updated_on"}
    for name in fields:
        if name not in known:
            raise OptionError(f"product.{name}", "is no field of a product")
    for name in NEEDED:
        if fields.get(name) in (None, ""):
            raise OptionError(f"product.{name}", "is needed for a product outside the catalog")
    checked = {name: fields.get(name) for name in known}
    for name, column in known.items():
        if checked[name] is not None:
            _check_value(f"product.{name}", column.kind, column.words, checked[name])
    return checked


def _check_value(field: str, kind: Kind, words: tuple[str, ...], value: Any) -> None:
    if kind in (Kind.MONEY, Kind.RATE, Kind.NUMBER):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise OptionError(field, f"must be a number, not {value!r}")
        if not np.isfinite(value) or (value < 0 and kind is not Kind.NUMBER):
            raise OptionError(field, f"must be 0 or more, not {value}")
        if kind is Kind.RATE and value > 1:
            raise OptionError(
                field, f"is a fraction between 0 and 1, not {value}: 0.25 is 25 percent"
            )
    elif not isinstance(value, str):
        raise OptionError(field, f"must be text, not {value!r}")
    elif kind is Kind.WORD and value not in words:
        raise OptionError(field, f"must be one of {', '.join(words)}, not {value!r}")
