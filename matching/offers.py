"""What a collaboration would cost before it is agreed: slot fees, samples, fees, returns.

A null in a column that the catalog has is estimated from its like and marked; a column that the
catalog lacks counts as 0 (contract §1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.columns import CHANNELS, SLOT_FEES
from matching.economics import Deal, Terms
from matching.history import Attributes, FloatArray, History, IntArray
from matching.pairs import Offer
from matching.rates import REFUND_PRIOR_COUNT, ratio, shrunk_share

BoolArray = npt.NDArray[np.bool_]

_ACTIVITY_COLUMNS = ("live_sessions", "videos")
_MOST_REFUNDED = 0.95
TOTALS = (
    ("creator_channel", "fulfilled"),
    *(
        (key, measure)
        for key in ("subcategory", "market")
        for measure in ("fulfilled", "returned_gmv", "return_cost")
    ),
)
"""What `Offers.build` asks of the history: (key, measure)."""


@dataclass(frozen=True)
class Offers:
    """What each creator and each category would cost at the bundle's date.

    Attributes
    ----------
    works : bool (creators, 2)
        Whether the creator works live, in videos.
    follower_count : float64 (creators,)
        As known at the date.
    slot_fee : float64 (creators, 2), slot_fee_estimated : bool (creators, 2)
    sample_cost, service_fee_rate : float64 (sub-categories + 1,)
        Medians by sub-category for products that do not say; the last is the whole market's.
    cost_per_refund : float64 (sub-categories + 1,)
        Expected cost of returns per refunded unit of money.
    """

    works: BoolArray
    follower_count: FloatArray
    slot_fee: FloatArray
    slot_fee_estimated: BoolArray
    sample_cost: FloatArray
    service_fee_rate: FloatArray
    cost_per_refund: FloatArray

    @cached_property
    def works_somewhere(self) -> BoolArray:
        """Which creators work in any channel, bool (creators,)."""
        return np.asarray(self.works.any(axis=1))

    @classmethod
    def build(cls, history: History) -> Offers:
        """Estimate what is not known from what is, in a frozen history."""
        works = channels_worked(history)
        followers = latest_statistic(history, "follower_count")
        fee, estimated = _slot_fees(history, works, _deciles(followers))
        return cls(
            works,
            followers,
            fee,
            estimated,
            _medians(history, "sample_cost"),
            _medians(history, "service_fee_rate"),
            _costs_per_refund(history),
        )

    def deal(
        self,
        attributes: Attributes,
        creators: IntArray,
        products: IntArray,
        channels: IntArray,
        terms: Terms,
    ) -> tuple[Deal, Offer, BoolArray]:
        """Return the deal for each pair, the offer as the features see it, and what is estimated.

        Shapes broadcast as in `Pairs`. A term of the request overrides what is known. What returns
        will cost depends on what is predicted: `return_cost_rate` adds it.
        """
        listed = self.listed(attributes, creators, products, channels)
        slot_fee, fee_estimated = listed["slot_fee"]
        known_fee = np.where(fee_estimated, np.nan, slot_fee)
        given = terms.given()
        estimated = np.zeros(slot_fee.shape, dtype=bool)
        for term, (_, guessed) in listed.items():
            if term not in given:
                estimated = estimated | guessed
        if "slot_fee" in given:
            slot_fee = known_fee = np.full(slot_fee.shape, given["slot_fee"])
        commission = given.get("commission_rate", listed["commission_rate"][0])
        deal = Deal(
            commission_rate=commission,
            service_fee_rate=given.get("service_fee_rate", listed["service_fee_rate"][0]),
            slot_fee=slot_fee,
            sample_cost=given.get("sample_cost", listed["sample_cost"][0]),
            handling_cost=given.get("handling_cost", 0.0),
            ads_cost=given.get("ads_cost", 0.0),
            subsidy_rate=given.get("subsidy_rate", 0.0),
            margin_rate=attributes.get("margin_rate")[products],
        )
        return deal, Offer(np.asarray(commission), known_fee), estimated

    def listed(
        self, attributes: Attributes, creators: IntArray, products: IntArray, channels: IntArray
    ) -> dict[str, tuple[FloatArray, BoolArray]]:
        """Return each term where nobody says otherwise, and where it is estimated from its like."""
        commission = attributes["commission_rate"][products]
        return {
            "commission_rate": (commission, np.zeros(commission.shape, dtype=bool)),
            "slot_fee": (
                self.slot_fee[creators, channels],
                self.slot_fee_estimated[creators, channels],
            ),
            "sample_cost": _or_like(attributes, "sample_cost", products, self.sample_cost),
            "service_fee_rate": _or_like(
                attributes, "service_fee_rate", products, self.service_fee_rate
            ),
        }

    def return_cost_rate(
        self, attributes: Attributes, products: IntArray, refund_share: FloatArray
    ) -> FloatArray:
        """Return the expected cost of returns per unit of settled sales."""
        place = attributes["subcategory"][products].astype(np.int64)
        return returns_of(refund_share, self.cost_per_refund[place])

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the state as arrays by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Offers:
        """Rebuild from `to_arrays`."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})  # type: ignore[arg-type]


def channels_worked(history: History) -> BoolArray:
    """Return whether each creator works live and in videos, bool (creators, 2).

    A slot fee, sessions or videos, or a past collaboration tell; where nothing tells anything of a
    creator, the channels that this market uses.
    """
    everybody = np.arange(history.creators.count)
    day = np.array(history.as_of)
    works = np.zeros((len(everybody), len(CHANNELS)), dtype=bool)
    for channel in range(len(CHANNELS)):
        fee = history.creators.get(SLOT_FEES[channel])
        activity = latest_statistic(history, _ACTIVITY_COLUMNS[channel])
        past = history.ledgers["outcomes", "creator_channel"].before(
            "fulfilled", everybody * 2 + channel, day
        )
        works[:, channel] = ~np.isnan(fee) | (np.nan_to_num(activity) > 0) | (past > 0)
    silent = np.flatnonzero(~works.any(axis=1))
    works[np.ix_(silent, np.array(history.channels))] = True
    return works


def latest_statistic(history: History, name: str, day: int | None = None) -> FloatArray:
    """Return every creator's attribute or statistic as known at a day (a frozen history's own).

    The current value in the creators table serves where no row is dated.
    """
    column = history.statistics.columns.get(name)
    current = history.creators.get(name)
    if column is None or not len(column):
        return np.asarray(current)
    everybody = np.arange(history.creators.count)
    latest = history.statistics.latest(everybody, np.array(history.as_of if day is None else day))
    return np.where(latest >= 0, column[latest], current)


def _slot_fees(
    history: History, works: BoolArray, decile: IntArray
) -> tuple[FloatArray, BoolArray]:
    """Return fees (creators, 2) and which of them are the median of channel and follower decile."""
    fees = np.zeros(works.shape)
    estimated = np.zeros(works.shape, dtype=bool)
    for channel, column in enumerate(SLOT_FEES):
        if not history.creators.has(column):
            continue
        known = history.creators[column]
        missing = np.isnan(known)
        overall = float(np.median(known[~missing])) if (~missing).any() else 0.0
        likely = np.full(11, overall)
        for group in range(11):
            fees_of_group = known[(decile == group) & ~missing]
            if len(fees_of_group):
                likely[group] = np.median(fees_of_group)
        fees[:, channel] = np.where(missing, likely[decile], known)
        estimated[:, channel] = missing
    return fees, estimated & works


def _deciles(values: FloatArray) -> IntArray:
    """Return 0 to 9 by size, 10 where unknown."""
    known = ~np.isnan(values)
    edges = np.quantile(values[known], np.arange(1, 10) / 10) if known.any() else np.zeros(9)
    return np.where(known, np.searchsorted(edges, values), 10)


def _medians(history: History, column: str) -> FloatArray:
    """Return the column's median by sub-category, else by category, else of all; 0 if absent."""
    products = history.products
    count = len(history.words["subcategory"])
    if not products.has(column):
        return np.zeros(count + 1)
    known = products[column]
    usable = ~np.isnan(known)
    overall = float(np.median(known[usable])) if usable.any() else 0.0
    medians = np.full(count + 1, overall)
    top = _top_category(history)
    for place in range(count):
        for group in (products["subcategory"] == place, products["category"] == top[place]):
            if (group & usable).any():
                medians[place] = np.median(known[group & usable])
                break
    return medians


def _top_category(history: History) -> IntArray:
    """Return the category code of each sub-category."""
    code = {word: i for i, word in enumerate(history.words["category"])}
    paths = history.words["subcategory"]
    return np.array([code[path.split("/")[0]] for path in paths], dtype=np.int64)


def returns_of(refund_share: FloatArray, cost_per_refund: FloatArray) -> FloatArray:
    """Return the expected cost of returns per unit of settled sales.

    A share r of gross sales is refunded, so settled sales of 1 come with r / (1 - r) refunded, each
    unit of which costs what returns have cost in that category.
    """
    share = np.minimum(refund_share, _MOST_REFUNDED)
    return np.asarray(share / (1.0 - share) * cost_per_refund)


def costs_per_refund(history: History, places: IntArray, days: IntArray) -> FloatArray:
    """Return what a refunded unit of money had cost before a day, 0 where nothing tells.

    By sub-category, shrunk toward the market's; `places` are codes of sub-categories, -1 the whole
    market. Shapes broadcast.
    """

    def sums(key: str, keys: IntArray, measure: str) -> FloatArray:
        return history.total(key, measure, keys, days)

    whole = np.zeros_like(places)
    market = ratio(sums("market", whole, "return_cost"), sums("market", whole, "returned_gmv"))
    category = shrunk_share(
        sums("subcategory", places, "return_cost"),
        sums("subcategory", places, "returned_gmv"),
        sums("subcategory", places, "fulfilled"),
        market,
        REFUND_PRIOR_COUNT,
    )
    return np.nan_to_num(category)


def _costs_per_refund(history: History) -> FloatArray:
    """Return the same at a frozen history's date, by sub-category, market last."""
    places = np.append(np.arange(len(history.words["subcategory"])), -1)
    return costs_per_refund(history, places, np.array(history.as_of))


def _or_like(
    attributes: Attributes, column: str, products: IntArray, medians: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Return the products' own values, the median of their like where they are null."""
    place = attributes["subcategory"][products].astype(np.int64)
    if not attributes.has(column):
        return medians[place], np.asarray(medians[place] != 0)
    own = attributes[column][products]
    missing = np.isnan(own)
    # Where the catalog lacks the column, medians are 0: that is no estimate, and a note says so.
    return np.where(missing, medians[place], own), missing & (medians != 0).any()
