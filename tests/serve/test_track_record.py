"""The track record over HTTP: whose, told by whom, in which pages; on a market with lists."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from matching.catalog import Catalog
from matching.matcher import Matcher
from serve.app import create_app
from serve.events import store_events
from serve.record_answers import TrackRecord
from serve.store import open_store
from serve.weekly import write_weekly
from tests.conftest import QUICK
from tests.serve.conftest import Keyed, with_keys
from tests.serve.fake import FakeMatcher
from tests.serve.test_events import row as event_row
from tests.serve.test_problems import refused
from training.run import Trained, train

MONDAY = date(2026, 7, 6)
WEEK = "2026-W28"


def ask(client: FlaskClient, **query: Any) -> TrackRecord:
    """Return the answer, after holding it to what is documented."""
    answer = client.get("/v1/track-record", query_string=query)
    assert answer.status_code == 200, answer.text
    return TrackRecord.model_validate(answer.json)


def pages(client: FlaskClient, limit: int, **query: Any) -> list[str]:
    seen: list[str] = []
    told = ask(client, limit=limit, **query)
    for _ in range(1000):
        seen += [item.collaboration_id for item in told.items]
        if told.next_cursor is None:
            return seen
        told = ask(client, limit=limit, cursor=told.next_cursor, **query)
    raise AssertionError("the pages never end")


# --- whose, and in which pages ---


def test_a_merchant_sees_its_own_record(keyed: Keyed) -> None:
    for merchant in ("m0", "m1"):
        told = ask(keyed.client(keyed.merchants[merchant]))
        assert told.merchant_id == merchant
        assert told.totals.all.cases == 60
        cases = [*told.items, *told.worst]
        assert {case.merchant_id for case in cases} == {merchant}


def test_the_operator_sees_everybodys_or_one_merchants(keyed: Keyed) -> None:
    client = keyed.client(keyed.operator)
    assert ask(client).totals.all.cases == 120
    assert ask(client, merchant_id="m1").totals.all.cases == 60
    nobody = ask(client, merchant_id="m9")
    assert (nobody.totals.all.cases, nobody.items, nobody.next_cursor) == (0, [], None)
    assert nobody.notes == ["no collaboration has come to an end yet"]


def test_another_merchants_record_is_not_there(keyed: Keyed) -> None:
    client = keyed.client(keyed.merchants["m0"])
    for other in ("m1", "m9"):
        refused(client.get(f"/v1/track-record?merchant_id={other}"), 404)
    assert ask(client, merchant_id="m0").totals == ask(client).totals


@pytest.mark.parametrize("limit", [1, 7, 60, 200])
def test_pages_lead_to_the_last_case(client: FlaskClient, limit: int) -> None:
    every = pages(client, 200)
    assert len(set(every)) == len(every) == 120
    assert pages(client, limit) == every
    assert pages(client, limit, merchant_id="m1") == every[60:]


def test_totals_do_not_depend_on_the_page(client: FlaskClient) -> None:
    first = ask(client, limit=5)
    second = ask(client, limit=5, cursor=first.next_cursor)
    assert first.totals == second.totals
    assert first.worst == second.worst
    assert not {i.collaboration_id for i in first.items} & {
        i.collaboration_id for i in second.items
    }


@pytest.mark.parametrize(
    ("query", "status"), [("cursor=***", 404), ("limit=0", 422), ("merchant=m0", 422)]
)
def test_what_cannot_be_asked(client: FlaskClient, query: str, status: int) -> None:
    refused(client.get(f"/v1/track-record?{query}"), status)


# --- what is said ---


def test_fair_and_learnt_are_told_apart(client: FlaskClient) -> None:
    told = ask(client)
    assert (told.totals.fair.cases, told.totals.learnt.cases) == (60, 60)
    assert told.totals.all.cases == 120
    assert "60 of 120 promises" in told.notes[0]


def test_notes_speak_the_callers_language(client: FlaskClient) -> None:
    answer = client.get("/v1/track-record", headers={"Accept-Language": "zh"})
    assert "重算" in answer.json["notes"][0]
    assert answer.headers["Content-Language"] == "zh"


def test_stored_invitations_are_asked_for_by_merchant() -> None:
    keyed = with_keys(FakeMatcher)
    asked: list[str | None] = []

    def told_by_events(merchant_id: str | None) -> dict[Any, Any]:
        asked.append(merchant_id)
        return {}

    keyed.application.extensions["told_by_events"] = told_by_events
    ask(keyed.client(keyed.merchants["m1"]))
    ask(keyed.client(keyed.operator))
    assert asked == ["m1", None]


def test_what_a_stored_invitation_told_is_in_the_record() -> None:
    store, plain = open_store("sqlite://"), FakeMatcher()
    client = create_app(lambda: plain, store=store).test_client()
    case = ask(client, merchant_id="m0").items[0]
    (told,) = plain.promise(case.product_id, [case.creator_id], case.channel)
    told |= {"as_of": case.invited_on, "settled_gmv": 4321.0}
    at = datetime.fromisoformat(case.invited_on) + timedelta(hours=9)
    about = {"product_id": case.product_id, "creator_id": case.creator_id, "at": at}
    store_events(store, [event_row(0, kind="invite", told=json.dumps(told), **about)])
    again = ask(client, merchant_id="m0")
    assert (case.told_by, again.items[0].told_by) == ("replay", "bundle")
    assert again.items[0].promised.settled_gmv == 4321.0
    assert again.totals.bundle.cases == 1


def test_a_store_that_is_away_is_said(caplog: pytest.LogCaptureFixture) -> None:
    application = create_app(FakeMatcher)

    def away(merchant_id: str | None) -> dict[Any, Any]:
        raise OperationalError("select secret", {}, Exception("the disk\nis gone"))

    application.extensions["told_by_events"] = away
    caplog.set_level(logging.WARNING, "matching.request")
    told = ask(application.test_client())
    assert told.totals.all.cases == 120
    assert "stored invitations cannot be read" in told.notes[-1]
    (line,) = (each for each in caplog.records if each.name == "matching.request")
    assert line.reason == "stored invitations cannot be read: the disk is gone"


# --- a real market, with the lists of a week ---


@dataclass(frozen=True)
class Market:
    """What serves, the lists of an earlier bundle for one week, and a service on both."""

    matcher: Matcher
    lists: pd.DataFrame
    client: FlaskClient


@pytest.fixture(scope="module")
def market(quick: Trained, small: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Market:
    folder = tmp_path_factory.mktemp("lists")
    earlier = train(small, QUICK, as_of=MONDAY).matcher()
    write_weekly(earlier, WEEK, folder, k=80)
    lists = pq.read_table(folder / WEEK / "match_lists.parquet").to_pandas()
    matcher = quick.matcher()
    keyed = with_keys(lambda: matcher, ("m0",), folder)
    return Market(matcher, lists, keyed.client(keyed.operator))


def test_what_a_list_told_is_what_was_promised(market: Market) -> None:
    told = ask(market.client, limit=200)
    items = list(told.items)
    while told.next_cursor:
        told = ask(market.client, limit=200, cursor=told.next_cursor)
        items += told.items
    assert len(items) == told.totals.all.cases > 400
    listed = market.lists.set_index(["product_id", "creator_id"])
    found = 0
    for item in items:
        pair = (item.product_id, item.creator_id)
        year, week, _ = date.fromisoformat(item.invited_on).isocalendar()
        there = f"{year}-W{week}" == WEEK and pair in listed.index
        there = there and listed.loc[pair, "channel"] == item.channel
        assert (item.told_by == "list") == there
        if there:
            row = listed.loc[pair]
            assert item.promised.settled_gmv == row["settled_gmv"]
            assert item.promised.settled_gmv_low == row["settled_gmv_low"]
            assert item.promised.cost == row["cost"]
            assert item.promised.roi == pytest.approx(row["predicted_roi"])
            assert item.bundle == row["bundle"]
            assert not item.learnt
            found += 1
    assert found >= 3
    assert told.totals.list.cases == found


def test_the_record_adds_up_to_the_catalog(market: Market, small: Catalog) -> None:
    """Of every merchant: as many cases, as much sold, as the collaborations say."""
    log = small.collaborations.merge(small.products[["product_id", "merchant_id"]])
    ended = log[log["status"].isin(["fulfilled", "failed"])]
    for merchant, own in ended.groupby("merchant_id"):
        totals = ask(market.client, merchant_id=merchant).totals
        sold = (own["gmv"] - own["refunded_gmv"]).sum()
        assert totals.all.cases == len(own)
        assert totals.all.published == (own["status"] == "fulfilled").sum()
        assert math.isclose(totals.all.settled_gmv, sold, rel_tol=1e-9)
        parts = (totals.list, totals.bundle, totals.replay)
        assert totals.fair.cases == sum(part.cases for part in parts)
        assert totals.all.cases == totals.fair.cases + totals.learnt.cases
        assert totals.fair.cases > 0 < totals.learnt.cases
