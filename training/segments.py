"""Segments that past invitations hardly reached: cold, small, far from the category, local."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from matching.catalog import Catalog
from matching.matcher import Matcher

BoolArray = npt.NDArray[np.bool_]

CREATOR_SEGMENTS = ("cold creator", "small creator", "cross-category pair")
PRODUCT_SEGMENTS = ("cold product", "local product")
SEGMENTS = (*CREATOR_SEGMENTS, *PRODUCT_SEGMENTS)


@dataclass(frozen=True)
class Segments:
    """What each creator and product was at a bundle's date, by id.

    Cold is who has no settled collaboration known at the date; small is a creator with fewer
    followers than the median; a pair is cross-category where both categories are known, in words
    of one vocabulary, and differ; a local product is used at a place.
    """

    creators: pd.DataFrame
    products: pd.DataFrame

    @classmethod
    def build(cls, matcher: Matcher, catalog: Catalog) -> Self:
        """Tell from what was known at the bundle's date."""
        log = catalog.cut(matcher.as_of).collaborations
        ended = log[log["status"].isin(["fulfilled", "failed"])]
        history = matcher.contents.history
        ids = [history.creator_ids[row] for row in range(len(history.creator_ids))]
        followers = matcher.contents.offers.follower_count
        middle = np.median(followers[~np.isnan(followers)]) if len(followers) else np.nan
        creators = pd.DataFrame({"small": followers < middle}, index=pd.Index(ids))
        creators["cold"] = ~creators.index.isin(ended["creator_id"])
        creators["category"] = _column(catalog.creators, "creator_id", "category", creators.index)
        products = pd.DataFrame(index=pd.Index(catalog.products["product_id"]))
        products["cold"] = ~products.index.isin(ended["product_id"])
        products["category"] = catalog.products["category"].str.split("/").str[0].to_numpy()
        if not creators["category"].isin(products["category"]).any():
            creators["category"] = pd.NA  # two vocabularies: that their words differ says nothing
        scene = _column(catalog.products, "product_id", "scene", products.index)
        products["local"] = (scene == "local").to_numpy(dtype=bool, na_value=False)
        return cls(creators, products)

    def of_products(self, product_ids: Sequence[str]) -> dict[str, BoolArray]:
        """Return for each segment of products which of these are in it."""
        rows = self.products.loc[list(product_ids)]
        return {
            "cold product": rows["cold"].to_numpy(dtype=bool),
            "local product": rows["local"].to_numpy(dtype=bool),
        }

    def of_creators(self, product_id: str) -> dict[str, BoolArray]:
        """Return for each segment of creators who is in it, in the rows of the bundle."""
        theirs = self.creators["category"]
        return {
            "cold creator": self.creators["cold"].to_numpy(dtype=bool),
            "small creator": self.creators["small"].to_numpy(dtype=bool),
            "cross-category pair": _differ(theirs, self.products["category"].loc[product_id]),
        }

    def of_pairs(self, creator_ids: Any, product_ids: Any) -> dict[str, BoolArray]:
        """Return for each segment which of these pairs are in it."""
        creators, products = self.creators.loc[creator_ids], self.products.loc[product_ids]
        return {
            "cold creator": creators["cold"].to_numpy(dtype=bool),
            "small creator": creators["small"].to_numpy(dtype=bool),
            "cross-category pair": _differ(creators["category"], products["category"].to_numpy()),
            "cold product": products["cold"].to_numpy(dtype=bool),
            "local product": products["local"].to_numpy(dtype=bool),
        }


def _column(table: pd.DataFrame, key: str, name: str, ids: pd.Index[Any]) -> pd.Series[Any]:
    if name not in table.columns:
        return pd.Series(pd.NA, index=ids, dtype="str")
    return table.set_index(key)[name].reindex(ids)


def _differ(one: pd.Series[Any], other: Any) -> BoolArray:
    """Return where a known word is another one."""
    known = one.notna().to_numpy(dtype=bool)
    words = np.where(known, one.to_numpy(dtype=object), "")
    return known & np.asarray(words != other, dtype=bool)
