"""A catalog's tables as the arrays of a `History`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from matching.catalog import Catalog, answer_days, is_accepted
from matching.columns import CHANNELS, CREATORS, MERCHANTS, PRODUCTS, SCENES, STATISTICS, Kind
from matching.history import (
    ANSWERS,
    INVITATIONS,
    LOG_UNIT,
    MONEY_UNIT,
    SPAN,
    Attributes,
    FloatArray,
    History,
    Ids,
    IntArray,
    Ledger,
    Ledgers,
    Statistics,
)
from matching.rates import REFUND_PRIOR_COUNT, ratio, shrunk_share

_NUMBERS = (Kind.MONEY, Kind.RATE, Kind.COUNT, Kind.SCORE, Kind.NUMBER)


def build_history(catalog: Catalog) -> History:
    """Return everything the catalog knows, ready to be asked for any date."""
    words = _vocabularies(catalog)
    creators = _attributes(catalog.creators, CREATORS.columns, words)
    creator_ids = Ids.build(catalog.creators["creator_id"])
    product_ids = Ids.build(catalog.products["product_id"])
    merchant_ids = Ids.build(
        _words(catalog.products["merchant_id"], catalog.merchants["merchant_id"])
    )
    merchants = _attributes(_every_merchant(catalog, merchant_ids), MERCHANTS.columns, words)
    products = product_attributes(catalog.products, words, merchant_ids)
    log = catalog.collaborations
    channels = usual_channels(catalog)
    rows = log_rows(log, creator_ids, product_ids, channels)
    streams = _streams(catalog, rows)
    history = History(
        creators=creators,
        products=products,
        merchants=merchants,
        creator_ids=creator_ids,
        product_ids=product_ids,
        merchant_ids=merchant_ids,
        words=words,
        ledgers={},
        statistics=Statistics(np.zeros(0, dtype=np.int64), {}),
        contacts=_contacts(log, rows, products, creators.count),
        acceptances=_acceptances(streams["answers"], rows),
        known=frozenset(log.columns),
        channels=channels,
    )

    def keys(key: str, chosen: IntArray) -> IntArray:
        creators, products, channels = (
            rows[name][chosen] for name in ("creator", "product", "channel")
        )
        return history.key(key, creators, products, channels)

    def build(stream: str, key: str) -> Ledger:
        chosen, days, measures = streams[stream]
        return Ledger.build(keys(key, chosen), days, measures)

    _expect_refunds(streams["outcomes"], keys)
    # not before: `keys` holds on to the history above, and statistics may be let go of
    return replace(history, ledgers=Ledgers(build), statistics=_statistics(catalog, creator_ids))


def product_attributes(
    products: pd.DataFrame, words: Mapping[str, list[str]], merchant_ids: Ids
) -> Attributes:
    """Return products as arrays, also products that are not in the catalog."""
    plain = _attributes(products, PRODUCTS.columns, words)
    path = products["category"].astype("str")
    columns = dict(plain.columns)
    columns["category"] = _codes(path.str.split("/").str[0], words["category"])
    columns["subcategory"] = _codes(path, words["subcategory"])
    columns["merchant"] = merchant_ids.rows(products["merchant_id"]).astype(np.int32)
    if "scene" in products.columns:
        columns["scene"] = _codes(products["scene"], list(SCENES))
    return Attributes(columns, len(products))


def settled_sales(collaborations: pd.DataFrame) -> FloatArray:
    """Return gmv less refunds per row; NaN where not fulfilled or the refund is not known.

    Where the catalog has no refunds at all, sales count gross.
    """
    if "gmv" not in collaborations.columns:
        return np.full(len(collaborations), np.nan)
    sales = collaborations["gmv"].to_numpy(dtype=np.float64)
    if "refunded_gmv" in collaborations.columns:
        refunded = collaborations["refunded_gmv"].to_numpy(dtype=np.float64)
        sales = np.maximum(sales - refunded, 0.0)  # a refund may exceed its sales by a rounding
    fulfilled = (collaborations["status"] == "fulfilled").to_numpy(dtype=bool)
    return np.where(fulfilled, sales, np.nan)


def usual_channels(catalog: Catalog) -> tuple[int, ...]:
    """Return the channels (0 live, 1 video) that this catalog's collaborations use."""
    if not catalog.has("collaborations", "channel"):
        return (0,)
    seen = catalog.collaborations["channel"].dropna().unique()
    return tuple(i for i, channel in enumerate(CHANNELS) if channel in seen) or (0,)


def days_of(column: pd.Series[Any]) -> FloatArray:
    """Return dates as days since 1970-01-01, NaN where there is none."""
    days = column.to_numpy().astype("datetime64[D]")
    numbers = days.astype(np.int64).astype(np.float64)
    return np.where(np.isnat(days), np.nan, numbers)


def _vocabularies(catalog: Catalog) -> dict[str, list[str]]:
    """Return the sorted words of every coded column."""
    paths = catalog.products["category"].astype("str")
    tops = [paths.str.split("/").str[0]]
    if catalog.has("creators", "category"):
        tops.append(catalog.creators["category"])
    cities = [
        table["city"]
        for table in (catalog.creators, catalog.products, catalog.merchants)
        if "city" in table.columns
    ]
    words = {
        "category": _words(*tops),
        "subcategory": _words(paths),
        "city": _words(*cities),
    }
    for name, table in (("mcn_id", catalog.creators), ("brand", catalog.products)):
        words[name] = _words(table[name]) if name in table.columns else []
    return words


def _words(*columns: pd.Series[Any]) -> list[str]:
    found: set[str] = set()
    for column in columns:
        found.update(column.dropna().unique())
    return sorted(found)


def _codes(column: pd.Series[Any], words: list[str]) -> npt.NDArray[np.int32]:
    """Return int32 codes, -1 where null or unknown."""
    return np.asarray(pd.Index(words, dtype="str").get_indexer(pd.Index(column)), dtype=np.int32)


def _attributes(frame: pd.DataFrame, columns: Any, words: Mapping[str, list[str]]) -> Attributes:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for column in columns:
        if column.name not in frame.columns:
            continue
        values = frame[column.name]
        if column.kind in _NUMBERS:
            arrays[column.name] = values.to_numpy(dtype=np.float64)
        elif column.kind is Kind.DATE:
            arrays[column.name] = days_of(values)
        elif column.kind is Kind.FLAG:
            arrays[column.name] = values.astype("Float64").to_numpy(np.float64, na_value=np.nan)
        elif column.name in words:
            arrays[column.name] = _codes(values, words[column.name])
    return Attributes(arrays, len(frame))


def log_rows(
    log: pd.DataFrame, creator_ids: Ids, product_ids: Ids, channels: tuple[int, ...]
) -> dict[str, IntArray]:
    """Return creator row, product row and channel of each collaboration."""
    channel = np.full(len(log), channels[0], dtype=np.int64)
    if "channel" in log.columns:
        codes = _codes(log["channel"], list(CHANNELS))
        channel = np.where(codes < 0, channel, codes)
    return {
        "creator": creator_ids.rows(log["creator_id"]),
        "product": product_ids.rows(log["product_id"]),
        "channel": channel,
    }


Stream = tuple[IntArray, IntArray, dict[str, IntArray]]


def _streams(catalog: Catalog, rows: Mapping[str, IntArray]) -> dict[str, Stream]:
    """Return per stream the collaborations that belong to it, their days and measures."""
    log = catalog.collaborations
    everything = np.arange(len(log))
    invited = days_of(log["invited_on"]).astype(np.int64)
    answered = days_of(answer_days(log))
    answers = np.flatnonzero(~np.isnan(answered))
    accepted = is_accepted(log).to_numpy(dtype=bool)[answers]
    status = log["status"].to_numpy(dtype=object)
    ended = np.flatnonzero((status == "fulfilled") | (status == "failed"))
    settled_on = log["settled_on"] if "settled_on" in log.columns else None
    settled = days_of(settled_on)[ended] if settled_on is not None else np.zeros(0)
    ones = np.ones(len(log), dtype=np.int64)
    price = catalog.products["price"].to_numpy(dtype=np.float64)[rows["product"][ended]]
    return {
        "invitations": (everything, invited, dict.fromkeys(INVITATIONS, ones)),
        "answers": (
            answers,
            answered[answers].astype(np.int64),
            dict(zip(ANSWERS, (ones[answers], accepted.astype(np.int64)), strict=True)),
        ),
        "outcomes": (ended, settled.astype(np.int64), _outcomes(log.iloc[ended], price)),
    }


def _outcomes(ended: pd.DataFrame, price: FloatArray) -> dict[str, IntArray]:
    """Return the integer measures of collaborations that came to an end."""

    def number(name: str) -> FloatArray:
        if name not in ended.columns:
            return np.full(len(ended), np.nan)
        return np.where(fulfilled, ended[name].to_numpy(dtype=np.float64), np.nan)

    def whole(values: FloatArray, scale: float = 1.0) -> IntArray:
        return np.round(np.nan_to_num(values) * scale).astype(np.int64)

    def money(values: FloatArray) -> IntArray:
        return whole(values, MONEY_UNIT)

    def only(known: FloatArray, values: FloatArray) -> FloatArray:
        return np.where(np.isnan(known), np.nan, values)

    fulfilled = (ended["status"] == "fulfilled").to_numpy(dtype=bool)
    sales = settled_sales(ended)
    gmv, refunded, returned = number("gmv"), number("refunded_gmv"), number("return_cost")
    orders, repeats, seen = number("orders"), number("repeat_orders"), number("impressions")
    fans = number("fan_gmv")
    return {
        "outcomes": np.ones(len(ended), dtype=np.int64),
        "fulfilled": fulfilled.astype(np.int64),
        "settled_known": (~np.isnan(sales)).astype(np.int64),
        "sold": (np.nan_to_num(sales) > 0).astype(np.int64),
        "log_settled": whole(np.log1p(sales), LOG_UNIT),
        "gmv": money(gmv),
        "refundable_gmv": money(only(refunded, gmv)),
        "refunded_gmv": money(refunded),
        "returned_gmv": money(only(returned, refunded)),
        "return_cost": money(only(refunded, returned)),
        "fan_known_gmv": money(only(fans, gmv)),
        "fan_gmv": money(fans),
        "repeat_known_orders": whole(only(repeats, orders)),
        "repeat_orders": whole(only(orders, repeats)),
        "impressions_known": (~np.isnan(seen)).astype(np.int64),
        "log_impressions": whole(np.log1p(seen), LOG_UNIT),
        "seen_impressions": whole(only(orders, seen)),
        "seen_orders": whole(only(seen, orders)),
        "log_price": whole(np.where(fulfilled, np.log1p(price), np.nan), LOG_UNIT),
    }


def _expect_refunds(outcomes: Stream, keys: Callable[[str, IntArray], IntArray]) -> None:
    """Add what would have been refunded at the sub-category's share as known on each day.

    Where nothing was known of it yet, what was refunded counts as expected.
    """
    chosen, days, measures = outcomes
    needed = {name: measures[name] for name in ("refunded_gmv", "refundable_gmv", "fulfilled")}

    def known(key: str) -> list[FloatArray]:
        asked = keys(key, chosen)
        ledger = Ledger.build(asked, days, needed)
        return [ledger.before(name, asked, days).astype(np.float64) for name in needed]

    refunded, whole, count = known("subcategory")
    market_refunded, market_whole, _ = known("market")
    share = shrunk_share(
        refunded, whole, count, ratio(market_refunded, market_whole), REFUND_PRIOR_COUNT
    )
    expected = np.round(np.nan_to_num(share) * measures["refundable_gmv"]).astype(np.int64)
    measures["expected_refunded_gmv"] = np.where(
        np.isnan(share), measures["refunded_gmv"], expected
    )


def _every_merchant(catalog: Catalog, merchant_ids: Ids) -> pd.DataFrame:
    """Return the merchants' rows in the order of the ids; unknown ones are null."""
    every = [merchant_ids[row] for row in range(len(merchant_ids))]
    return catalog.merchants.set_index("merchant_id").reindex(every).reset_index()


def _statistics(catalog: Catalog, creator_ids: Ids) -> Statistics:
    table = catalog.creator_stats
    creators = creator_ids.rows(table["creator_id"])
    stamps = creators * SPAN + days_of(table["week"]).astype(np.int64)
    order = np.argsort(stamps, kind="stable")
    columns = {
        name: table[name].to_numpy(dtype=np.float64)[order]
        for name in STATISTICS
        if name in table.columns
    }
    return Statistics(stamps[order], columns)


def _contacts(
    log: pd.DataFrame, rows: Mapping[str, IntArray], products: Attributes, creator_count: int
) -> Ledger:
    merchants = products["merchant"][rows["product"]].astype(np.int64)
    keys = merchants * creator_count + rows["creator"]
    return Ledger.build(keys, days_of(log["invited_on"]).astype(np.int64), {})


def _acceptances(answers: Stream, rows: Mapping[str, IntArray]) -> IntArray:
    chosen, days, measures = answers
    accepted = measures["accepted"] == 1
    return np.stack((rows["creator"][chosen][accepted], days[accepted]), axis=1)
