"""Who may be offered a product: contract §4, and the filters that act inside retrieval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from matching.columns import CHANNELS
from matching.errors import OptionError
from matching.history import Attributes, FloatArray, History, IntArray
from matching.languages import Text
from matching.offers import BoolArray, Offers


@dataclass(frozen=True)
class Filters:
    """What a merchant asks of creators. An unknown value does not pass.

    `category`, `city` and `mcn_id` take any of several words; `same_city` is the product's city, or
    its merchant's; `only_new` leaves out creators whom the merchant has invited before. `roi_min`,
    `settled_gmv_min` and `accept_min` act on predictions, the others inside retrieval.
    """

    category: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    same_city: bool = False
    mcn_id: tuple[str, ...] = ()
    channel: str | None = None
    follower_min: float | None = None
    follower_max: float | None = None
    slot_fee_max: float | None = None
    reputation_min: float | None = None
    exclude: tuple[str, ...] = ()
    only_new: bool = False
    exclude_contacted_days: int | None = None
    roi_min: float | None = None
    settled_gmv_min: float | None = None
    accept_min: float | None = None

    def check(self) -> Filters:
        """Return self; OptionError names the first filter that cannot be."""
        if self.channel is not None and self.channel not in CHANNELS:
            raise OptionError("channel", f"must be live or video, not {self.channel!r}")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and not (np.isfinite(value) and value >= 0):
                raise OptionError(field.name, f"must be 0 or more, not {value}")
        if (
            self.follower_min is not None
            and self.follower_max is not None
            and self.follower_min > self.follower_max
        ):
            raise OptionError("follower_min", "is above follower_max: nobody can pass")
        return self

    @property
    def channel_code(self) -> int | None:
        """The channel as 0 live, 1 video."""
        return None if self.channel is None else CHANNELS.index(self.channel)

    @property
    def on_predictions(self) -> bool:
        """Whether a filter acts on what is predicted."""
        return any(x is not None for x in (self.roi_min, self.settled_gmv_min, self.accept_min))


Contacts = tuple[IntArray, IntArray]
"""Creators who were invited, as rows (-1: not in this catalog), and the day of the last time."""
NOBODY: Contacts = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Request:
    """What eligibility depends on: the offer, the product and the filters.

    `invited` are invitations of this merchant that the history may not know yet.
    """

    attributes: Attributes
    product: int
    commission_rate: float
    slot_fee: float | None
    filters: Filters
    capacity_day: int
    invited: Contacts = NOBODY


REASONS = {
    "joined_on": Text("not yet joined", "尚未入驻平台"),
    "opted_out": Text("opted out of invitations", "不接受合作邀约"),
    "min_commission_rate": Text(
        "asks a higher commission than is offered", "要求的佣金高于所给佣金"
    ),
    "weekly_capacity": Text("no capacity left this week", "本周档期已满"),
    "channel": Text("does not work in the channel asked for", "不做所选渠道的合作"),
    "category": Text("category not among those asked for, or unknown", "类目不在所选范围内或未知"),
    "city": Text("city not among those asked for, or unknown", "城市不在所选范围内或未知"),
    "same_city": Text("not in the product's city, or unknown", "不在商品所在城市或城市未知"),
    "mcn_id": Text("MCN not among those asked for, or unknown", "MCN 不在所选范围内或未知"),
    "follower_min": Text("fewer followers than asked for, or unknown", "粉丝数低于下限或未知"),
    "follower_max": Text("more followers than asked for, or unknown", "粉丝数高于上限或未知"),
    "slot_fee_max": Text("slot fee above the limit, or unknown", "坑位费高于上限或未知"),
    "reputation_min": Text("reputation below the limit, or unknown", "口碑分低于下限或未知"),
    "exclude": Text("left out by request", "已按要求排除"),
    "only_new": Text("invited by this merchant before", "该商家以前邀约过"),
    "exclude_contacted_days": Text("invited by this merchant too recently", "该商家近期邀约过"),
    "roi_min": Text("predicted ROI below the limit, or unknown", "预计 ROI 低于下限或未知"),
    "settled_gmv_min": Text(
        "predicted settled sales below the limit, or unknown", "预计退款后销售额低于下限或未知"
    ),
    "accept_min": Text("chance to accept below the limit, or unknown", "接受概率低于下限或未知"),
}
"""Why a creator is not returned, by the column or filter that decides it."""

Check = tuple[str, Callable[[History, Offers, Request], BoolArray | None]]


def eligible(history: History, offers: Offers, request: Request) -> BoolArray:
    """Return who may be offered the product, bool (creators,)."""
    mask = np.ones(history.creators.count, dtype=bool)
    for _, passes in _passing(history, offers, request):
        mask &= passes
    return mask


def count_removed(history: History, offers: Offers, request: Request) -> Mapping[str, int]:
    """Return how many may not be offered the product, by name of the reason.

    Reasons are counted in order: a creator is removed by the first that applies.
    """
    left = np.ones(history.creators.count, dtype=bool)
    removed = {}
    for reason, passes in _passing(history, offers, request):
        gone = int(np.count_nonzero(left & ~passes))
        left &= passes
        if gone:
            removed[reason] = gone
    return removed


def why_not(
    history: History, offers: Offers, request: Request, creators: IntArray
) -> list[str | None]:
    """Return for each creator the name of the first reason not to offer them the product."""
    found: list[str | None] = [None] * len(creators)
    for reason, passes in _passing(history, offers, request):
        for place in np.flatnonzero(~passes[creators]):
            found[place] = found[place] or reason
    return found


def why_not_offered(
    history: History,
    offers: Offers,
    creators: IntArray,
    commission_rates: FloatArray,
    capacity_day: int,
) -> list[str | None]:
    """Return for each pair the first reason of contract §4 not to offer it, None where it may be.

    Parameters
    ----------
    creators : int (pairs,), rows
    commission_rates : float64 (pairs,)
        What each pair's product offers.
    capacity_day : a day of the week whose capacity counts, since 1970
    """
    has = history.creators.has
    passes: dict[str, BoolArray] = {"channel": offers.works_somewhere[creators]}
    if has("joined_on"):
        passes["joined_on"] = history.joined[creators]
    if has("opted_out"):
        passes["opted_out"] = history.open_to_invitations[creators]
    if has("min_commission_rate"):
        least = history.creators["min_commission_rate"][creators]
        passes["min_commission_rate"] = suffices(commission_rates, least)
    if has("weekly_capacity"):
        passes["weekly_capacity"] = history.free_in_week(capacity_day)[creators]
    found: list[str | None] = [None] * len(creators)
    for reason, _ in _CHECKS:
        for place in np.flatnonzero(~passes[reason]) if reason in passes else ():
            found[place] = found[place] or reason
    return found


def _passing(history: History, offers: Offers, request: Request) -> Iterator[tuple[str, BoolArray]]:
    """Yield each rule that applies with who passes it."""
    for reason, check in _CHECKS:
        passes = check(history, offers, request)
        if passes is not None:
            yield reason, passes


def _joined(history: History, offers: Offers, request: Request) -> BoolArray | None:
    if not history.creators.has("joined_on"):
        return None
    return history.joined


def _not_opted_out(history: History, offers: Offers, request: Request) -> BoolArray | None:
    if not history.creators.has("opted_out"):
        return None
    return history.open_to_invitations


def _commission(history: History, offers: Offers, request: Request) -> BoolArray | None:
    if not history.creators.has("min_commission_rate"):
        return None
    return suffices(request.commission_rate, history.creators["min_commission_rate"])


def suffices(offered: Any, least: Any) -> BoolArray:
    """Say whether a commission is no lower than asked for; nobody asks where it is unknown."""
    return np.asarray(~(least > offered + 1e-9))


def _capacity(history: History, offers: Offers, request: Request) -> BoolArray | None:
    if not history.creators.has("weekly_capacity"):
        return None
    return history.free_in_week(request.capacity_day)


def _channel(history: History, offers: Offers, request: Request) -> BoolArray | None:
    code = request.filters.channel_code
    return offers.works_somewhere if code is None else offers.works[:, code]


def _slot_fee(history: History, offers: Offers, request: Request) -> BoolArray | None:
    most = request.filters.slot_fee_max
    if most is None:
        return None
    return np.asarray(affordable_channels(offers, request).any(axis=1))


def affordable_channels(offers: Offers, request: Request) -> BoolArray:
    """Return the channels, bool (creators, 2), that pass the filters on channel and slot fee.

    An estimated fee is unknown, and what is unknown does not pass.
    """
    filters = request.filters
    passes = offers.works
    if filters.channel_code is not None:
        passes = passes & (np.arange(passes.shape[1]) == filters.channel_code)
    if filters.slot_fee_max is not None:
        if request.slot_fee is not None:
            passes = passes & (request.slot_fee <= filters.slot_fee_max)
        else:
            cheap = offers.slot_fee <= filters.slot_fee_max
            passes = passes & cheap & ~offers.slot_fee_estimated
    return passes


def _words(column: str) -> Callable[[History, Offers, Request], BoolArray | None]:
    def check(history: History, offers: Offers, request: Request) -> BoolArray | None:
        wanted: tuple[str, ...] = getattr(request.filters, column)
        if not wanted:
            return None
        codes = [code for word in wanted if (code := history.code(column, word)) >= 0]
        if not history.creators.has(column):
            return np.zeros(history.creators.count, dtype=bool)
        return np.isin(history.creators[column], codes)

    return check


def _same_city(history: History, offers: Offers, request: Request) -> BoolArray | None:
    if not request.filters.same_city:
        return None
    city = product_city(history, request.attributes, request.product)
    if city < 0 or not history.creators.has("city"):
        return np.zeros(history.creators.count, dtype=bool)
    return np.asarray(history.creators["city"] == city)


def product_city(history: History, attributes: Attributes, product: int) -> int:
    """Return the code of the product's city, else of its merchant's, -1 if neither is known."""
    if attributes.has("city") and attributes["city"][product] >= 0:
        return int(attributes["city"][product])
    merchant = int(attributes["merchant"][product])
    if merchant < 0 or not history.merchants.has("city"):
        return -1
    return int(history.merchants["city"][merchant])


def _followers_above(history: History, offers: Offers, request: Request) -> BoolArray | None:
    least = request.filters.follower_min
    return None if least is None else np.asarray(offers.follower_count >= least)


def _followers_below(history: History, offers: Offers, request: Request) -> BoolArray | None:
    most = request.filters.follower_max
    return None if most is None else np.asarray(offers.follower_count <= most)


def _reputation(history: History, offers: Offers, request: Request) -> BoolArray | None:
    least = request.filters.reputation_min
    return None if least is None else np.asarray(history.creators.get("reputation") >= least)


def _excluded(history: History, offers: Offers, request: Request) -> BoolArray | None:
    if not request.filters.exclude:
        return None
    return _all_but(history, history.creator_ids.rows(request.filters.exclude))


def _new(history: History, offers: Offers, request: Request) -> BoolArray | None:
    if not request.filters.only_new:
        return None
    return _all_but(history, _contacted(history, request)[0])


def _not_contacted(history: History, offers: Offers, request: Request) -> BoolArray | None:
    days = request.filters.exclude_contacted_days
    if days is None:
        return None
    creators, last = _contacted(history, request)
    # Days count back from the date of the facts, so what happened after it is always within them.
    return _all_but(history, creators[last >= (history.as_of or 0) - days])


def _contacted(history: History, request: Request) -> Contacts:
    merchant = int(request.attributes["merchant"][request.product])
    creators, last = NOBODY if merchant < 0 else history.contacted(merchant)
    since, lately = request.invited
    return np.concatenate((creators, since)), np.concatenate((last, lately))


def _all_but(history: History, rows: IntArray) -> BoolArray:
    passes = np.ones(history.creators.count, dtype=bool)
    passes[rows[rows >= 0]] = False
    return passes


_CHECKS: tuple[Check, ...] = (
    ("joined_on", _joined),
    ("opted_out", _not_opted_out),
    ("min_commission_rate", _commission),
    ("weekly_capacity", _capacity),
    ("channel", _channel),
    ("category", _words("category")),
    ("city", _words("city")),
    ("same_city", _same_city),
    ("mcn_id", _words("mcn_id")),
    ("follower_min", _followers_above),
    ("follower_max", _followers_below),
    ("slot_fee_max", _slot_fee),
    ("reputation_min", _reputation),
    ("exclude", _excluded),
    ("only_new", _new),
    ("exclude_contacted_days", _not_contacted),
)
