from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from matching.matcher import Matcher
from serve.allotment import Rules
from serve.app import create_app
from serve.record_answers import MatchList
from serve.settings import Settings
from serve.weekly import write_weekly
from tests.serve.conftest import Keyed, with_keys
from tests.serve.fake import FakeMatcher
from tests.serve.lists import row, write_lists
from tests.serve.test_problems import refused

WEEK = "2026-W47"


def service(folder: Path | None) -> Keyed:
    return with_keys(FakeMatcher, lists=folder)


@pytest.fixture
def keyed_lists(tmp_path: Path) -> Keyed:
    """Three rows of m0's p000 and p002, two of m1's p001; a week of m1 alone."""
    write_lists(
        tmp_path,
        WEEK,
        [
            [row("m0", "p000", "c1"), row("m0", "p000", "c2", rank=2)],
            [row("m1", "p001", "c1"), row("m1", "p001", "c3", rank=2), row("m0", "p002", "c1")],
        ],
    )
    write_lists(tmp_path, "2026-W48", [[row("m1", "p001", "c1")]])
    return service(tmp_path)


def read(client: FlaskClient, address: str = f"/v1/match-lists/{WEEK}") -> list[tuple[str, int]]:
    """Return where each row stands, after holding the answer to what is documented."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    MatchList.model_validate(answer.json)
    return [(item["product_id"], item["rank"]) for item in answer.json["items"]]


MINE = [("p000", 1), ("p000", 2), ("p002", 1)]
THEIRS = [("p001", 1), ("p001", 2)]


def test_a_merchant_reads_its_own_rows(keyed_lists: Keyed) -> None:
    mine, theirs = (keyed_lists.client(keyed_lists.merchants[m]) for m in ("m0", "m1"))
    assert read(mine) == MINE
    assert read(theirs) == THEIRS
    assert read(keyed_lists.client(keyed_lists.operator)) == sorted(MINE + THEIRS)


def test_lists_that_explore_tell_the_chance_of_each_place(tmp_path: Path) -> None:
    rows = [row("m0", "p000", f"c{n}", rank=n, placement_probability=1 / n) for n in (1, 4)]
    write_lists(tmp_path, WEEK, [rows], schema=Rules(explore=0.1).schema)
    write_lists(tmp_path, "2026-W48", [[row("m0", "p000", "c1")]])
    explored = service(tmp_path)
    client = explored.client(explored.merchants["m0"])
    chances = []
    for week in (WEEK, "2026-W48"):
        told = MatchList.model_validate(client.get(f"/v1/match-lists/{week}").json)
        chances.append([item.placement_probability for item in told.items])
    assert chances == [[1.0, 0.25], [None]]
    listed = client.get("/openapi.json").json["components"]["schemas"]["ListRow"]
    assert "placement_probability" in listed["properties"]
    assert "placement_probability" not in listed["required"]


def test_the_week_is_described(keyed_lists: Keyed) -> None:
    told = keyed_lists.client(keyed_lists.operator).get(f"/v1/match-lists/{WEEK}").json
    about = [told[name] for name in ("week", "bundle", "as_of", "objective", "next_cursor")]
    assert about == [WEEK, "20261101T000000-abcdef", "2026-11-14", "roi", None]


def test_pages_lead_to_the_last_row(keyed_lists: Keyed) -> None:
    client = keyed_lists.client(keyed_lists.merchants["m0"])
    seen: list[tuple[str, int]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        told: dict[str, Any] = client.get(f"/v1/match-lists/{WEEK}", query_string=query).json
        seen += [(item["product_id"], item["rank"]) for item in told["items"]]
        cursor = told["next_cursor"]
    assert seen == MINE


def test_one_product(keyed_lists: Keyed) -> None:
    client = keyed_lists.client(keyed_lists.merchants["m0"])
    address = f"/v1/match-lists/{WEEK}?product_id="
    assert read(client, f"{address}p000") == MINE[:2]
    assert read(client, f"{address}p004") == []  # its own, and nobody was found for it
    for other in ("p001", "p999"):
        assert "product" in refused(client.get(address + other), 404)["detail"]


def test_a_week_that_has_nothing_of_the_callers_is_empty(keyed_lists: Keyed) -> None:
    client = keyed_lists.client(keyed_lists.merchants["m0"])
    assert read(client, "/v1/match-lists/2026-W48") == []
    refused(client.get("/v1/match-lists/2026-W49"), 404)
    refused(client.get("/v1/match-lists/2026-W53"), 404)


def test_without_a_folder_there_are_none(keyed: Keyed) -> None:
    refused(keyed.client(keyed.operator).get(f"/v1/match-lists/{WEEK}"), 404)


@pytest.mark.parametrize("week", ["2026-W54", "2026-W00", "2026-47", "W47", "2026-w47", "..", "x"])
def test_what_is_no_week(keyed_lists: Keyed, week: str) -> None:
    said = refused(keyed_lists.client(keyed_lists.operator).get(f"/v1/match-lists/{week}"), 422)
    assert said["errors"][0]["field"] == "week"


def test_damaged_lists_are_not_shown(tmp_path: Path) -> None:
    path = write_lists(tmp_path, WEEK, [[row("m0", "p000", "c1")]])
    path.write_bytes(path.read_bytes()[:-9])
    found = service(tmp_path)
    said = refused(found.client(found.operator).get(f"/v1/match-lists/{WEEK}"), 503)
    assert "damaged" in said["detail"]
    assert str(tmp_path) not in said["detail"]


def test_lists_as_they_are_written_every_week(matcher: Matcher, tmp_path: Path) -> None:
    """Of the sample: what was written is what is read, row by row."""
    products = [product["product_id"] for product in matcher.products(limit=5)]
    write_weekly(matcher, "2026-W48", tmp_path, k=3, products=products)
    client = create_app(lambda: matcher, Settings(lists=tmp_path)).test_client()
    places = read(client, "/v1/match-lists/2026-W48")
    assert places == [(product, rank) for product in products for rank in (1, 2, 3)]
    item = client.get("/v1/match-lists/2026-W48?limit=1").json["items"][0]
    asked = client.get(f"/v1/products/{products[0]}/creators?k=1").json["creators"][0]
    assert item["creator_id"] == asked["creator_id"]
    assert item["settled_gmv"] == pytest.approx(asked["predicted"]["settled_gmv"])
    assert item["evidence_reach"] == pytest.approx(asked["evidence"]["reach"])
