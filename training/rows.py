"""Past collaborations as training rows: features as of the invitation, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from matching.catalog import Catalog, answer_days, is_accepted
from matching.columns import SLOT_FEES
from matching.facts import days_of, log_rows, settled_sales
from matching.features import FEATURES, Feature, build_matrix
from matching.history import FloatArray, History, IntArray
from matching.models.outcomes import Matrix
from matching.pairs import Offer, Pairs, Texts
from matching.rates import REFUND_PRIOR_COUNT, ratio, shrunk_share
from matching.scoring import log_prices
from training.phases import Advance, unheard

BoolArray = npt.NDArray[np.bool_]

GIVEN_SALE_SHARE = 0.1  # of published ones that sell nothing
SEEN_SHARE = 0.5  # of published ones with impressions
_ORGANIC_SHARE = 0.5  # of published ones without advertising
_HALF_UNIT = 0.5  # keeps the logarithm of a handful of orders finite and nearly unbiased
_ROWS_AT_ONCE = 200_000
PATIENCE = 0.95  # quantile of the delay after which an answer or an outcome counts as due


@dataclass(frozen=True)
class Form:
    """How the sales of a market are put together.

    Attributes
    ----------
    given_sale : bool
        Whether sales are learnt of those that sell anything, and the chance of that apart.
    by_impressions : bool
        Whether sales are impressions times what each who sees it brings.
    organic_only : bool
        Whether only collaborations without advertising teach; else most had some, and all do.
    """

    given_sale: bool
    by_impressions: bool
    organic_only: bool = True


@dataclass(frozen=True)
class Log:
    """Collaborations in the order of the catalog's table: who, when, on what terms, what came.

    `answered_on` and `ended_on` days are NaN where nothing is known; `sales` (settled), `gmv`,
    `impressions` and `refund_share` are NaN unless published, settled and known. `organic` ones had
    no advertising.
    """

    creators: IntArray
    products: IntArray
    channels: IntArray
    invited: IntArray
    answered_on: FloatArray
    accepted: BoolArray
    ended_on: FloatArray
    fulfilled: BoolArray
    sales: FloatArray
    gmv: FloatArray
    impressions: FloatArray
    refund_share: FloatArray
    organic: BoolArray
    log_price: FloatArray
    offer: Offer

    def only(self, rows: slice | IntArray) -> Log:
        """Return some of the collaborations."""
        kept = {f.name: getattr(self, f.name)[rows] for f in fields(Log) if f.name != "offer"}
        offer = Offer(self.offer.commission_rate[rows], self.offer.slot_fee[rows])
        return Log(**kept, offer=offer)


@dataclass(frozen=True)
class Rows(Log):
    """Collaborations, with features as of the invitation: `matrix`, float32 (rows, features)."""

    matrix: Matrix

    @property
    def units(self) -> FloatArray:
        """Gross sales in units of the product's price."""
        return np.asarray(self.gmv / np.exp(self.log_price))

    @property
    def counting(self) -> FloatArray:
        """Variance that the logarithm of `units` has from counting orders alone."""
        return np.asarray(1.0 / (self.units + _HALF_UNIT))

    def form(self, known_before: int) -> Form:
        """Return how sales are put together, by what was known before a day."""
        published = (self.ended_on < known_before) & ~np.isnan(self.sales)
        if not published.any():
            return Form(given_sale=False, by_impressions=False)
        nothing = float(np.mean(self.sales[published] == 0))
        seen = float(np.mean(self.impressions[published] > 0))
        organic = float(np.mean(self.organic[published])) >= _ORGANIC_SHARE
        given_sale = nothing > GIVEN_SALE_SHARE
        return Form(given_sale, not given_sale and seen >= SEEN_SHARE, organic)

    def conversion(self, form: Form) -> tuple[BoolArray, FloatArray]:
        """Return the rows that teach conversion once they are settled, and their targets.

        The target is ln of units sold, for each impression where the form says so.
        """
        teaches = ~np.isnan(self.gmv) & (self.organic | (not form.organic_only))
        if form.given_sale:
            teaches &= self.sales > 0
        target = np.log(np.nan_to_num(self.units) + _HALF_UNIT)
        if form.by_impressions:
            teaches &= self.impressions > 0
            target = target - np.log(np.where(self.impressions > 0, self.impressions, 1.0))
        return teaches, target

    def heads(
        self, known_before: int, form: Form, invited_from: int = 0
    ) -> dict[str, tuple[IntArray, FloatArray]]:
        """Return per head the rows whose outcome was known before a day, and their targets.

        Accept and fulfil take only invitations that are old enough for the slow ones to be in, so
        that quick answers are not over-represented.
        """
        asked = self.invited >= invited_from
        answered = asked & (self.answered_on < known_before)
        ended = asked & (self.ended_on < known_before)
        published = ended & ~np.isnan(self.sales)
        teaches, conversion = self.conversion(form)
        seen = ended & (self.impressions > 0)
        chosen = {
            "accept": answered & self._due(self.answered_on, answered, known_before),
            "fulfil": ended & self._due(self.ended_on, ended, known_before),
            "sale": published,
            "impressions": seen & (self.organic | (not form.organic_only)),
            "conversion": ended & teaches,
            "refund": ended & (self.gmv > 0) & ~np.isnan(self.refund_share),
        }
        targets = {
            "accept": self.accepted.astype(np.float64),
            "fulfil": self.fulfilled.astype(np.float64),
            "sale": np.where(np.nan_to_num(self.sales) > 0, 1.0, 0.0),
            "impressions": np.log(np.where(self.impressions > 0, self.impressions, 1.0)),
            "conversion": conversion,
            "refund": np.nan_to_num(self.refund_share),
        }
        return {name: (np.flatnonzero(rows), targets[name][rows]) for name, rows in chosen.items()}

    def ended(self) -> IntArray:
        """Return the collaborations that came to an end with a known result."""
        failed = ~self.fulfilled & ~np.isnan(self.ended_on)
        return np.flatnonzero(failed | ~np.isnan(self.sales))

    def _due(self, known_on: FloatArray, known: BoolArray, day: int) -> BoolArray:
        """Return which invitations are older than nearly every delay."""
        if not known.any():
            return known
        delay = np.quantile((known_on - self.invited)[known], PATIENCE)
        return np.asarray(self.invited <= day - delay)


def collect_rows(
    catalog: Catalog, history: History, texts: Texts, features: Sequence[Feature] = FEATURES
) -> Rows:
    """Return every collaboration with its features as of the day of its invitation."""
    return add_features(read_log(catalog, history), history, texts, features)


def read_log(catalog: Catalog, history: History) -> Log:
    """Return every collaboration."""
    log = catalog.collaborations
    rows = log_rows(log, history.creator_ids, history.product_ids, history.channels)
    invited = days_of(log["invited_on"]).astype(np.int64)
    status = log["status"].to_numpy(dtype=object)
    ended = (status == "fulfilled") | (status == "failed")
    settled = days_of(log["settled_on"]) if "settled_on" in log.columns else np.zeros(len(log))
    ended_on = np.where(ended, settled, np.nan)
    price = history.products["price"][rows["product"]]

    def outcome(name: str) -> FloatArray:
        known = name in log.columns
        values = log[name].to_numpy(dtype=np.float64) if known else np.full(len(log), np.nan)
        return np.where(status == "fulfilled", values, np.nan)

    gmv, refunded = outcome("gmv"), outcome("refunded_gmv")
    return Log(
        creators=rows["creator"],
        products=rows["product"],
        channels=rows["channel"],
        invited=invited,
        answered_on=days_of(answer_days(log)),
        accepted=is_accepted(log).to_numpy(dtype=bool),
        ended_on=ended_on,
        fulfilled=status == "fulfilled",
        sales=_sales(catalog, history, rows, ended_on),
        gmv=gmv,
        impressions=outcome("impressions"),
        refund_share=np.clip(ratio(refunded, gmv), 0.0, 1.0),
        organic=~(outcome("ads_cost") > 0),
        log_price=log_prices(price),
        offer=_past_offers(catalog, history, rows),
    )


def add_features(
    log: Log,
    history: History,
    texts: Texts,
    features: Sequence[Feature] = FEATURES,
    advance: Advance = unheard,
) -> Rows:
    """Return the rows with features, made some at a time: what they read is wider than they are."""
    count = len(log.invited)
    matrix = np.empty((count, len(features)), dtype=np.float32)
    for start in range(0, count, _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        part = log.only(some)
        pairs = Pairs(
            history, texts, part.creators, part.products, part.channels, part.invited, part.offer
        )
        matrix[some] = build_matrix(pairs, features)
        advance(min(1.0, some.stop / count))
    return Rows(**{f.name: getattr(log, f.name) for f in fields(log)}, matrix=matrix)


def _sales(
    catalog: Catalog, history: History, rows: dict[str, IntArray], ended_on: FloatArray
) -> FloatArray:
    """Return settled sales; an unknown refund is the category's share as known on that day."""
    log = catalog.collaborations
    sales = settled_sales(log)
    if "gmv" not in log.columns:
        return sales
    gmv = log["gmv"].to_numpy(dtype=np.float64)
    fulfilled = (log["status"] == "fulfilled").to_numpy(dtype=bool)
    unknown = np.flatnonzero(fulfilled & np.isnan(sales) & ~np.isnan(gmv) & ~np.isnan(ended_on))
    days = ended_on[unknown].astype(np.int64)
    place = history.products["subcategory"][rows["product"][unknown]].astype(np.int64)

    def total(key: str, keys: IntArray, measure: str) -> FloatArray:
        return history.total(key, measure, keys, days)

    market = np.zeros_like(place)
    share = shrunk_share(
        total("subcategory", place, "refunded_gmv"),
        total("subcategory", place, "refundable_gmv"),
        total("subcategory", place, "fulfilled"),
        ratio(total("market", market, "refunded_gmv"), total("market", market, "refundable_gmv")),
        REFUND_PRIOR_COUNT,
    )
    sales[unknown] = gmv[unknown] * (1.0 - share)
    return sales


def _past_offers(catalog: Catalog, history: History, rows: dict[str, IntArray]) -> Offer:
    """Return the terms of each past invitation; what it does not say is taken from the listing."""
    log = catalog.collaborations
    commission = history.products["commission_rate"][rows["product"]]
    if "commission_rate" in log.columns:
        given = log["commission_rate"].to_numpy(dtype=np.float64)
        commission = np.where(np.isnan(given), commission, given)
    live, video = (history.creators.get(name)[rows["creator"]] for name in SLOT_FEES)
    slot_fee = np.where(rows["channel"] == 0, live, video)
    if "slot_fee" in log.columns:
        given = log["slot_fee"].to_numpy(dtype=np.float64)
        slot_fee = np.where(np.isnan(given), slot_fee, given)
    return Offer(commission, slot_fee)


def join_texts(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    """Return the text columns that are there, joined per row."""
    joined = pd.Series("", index=frame.index, dtype="str")
    for name in columns:
        if name in frame.columns:
            joined = joined + " " + frame[name].fillna("")
    return joined.tolist()
