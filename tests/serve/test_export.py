from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from matching.catalog import Catalog
from matching.columns import COLLABORATIONS
from matching.columns import EVENTS as EVENTS_TABLE
from matching.errors import CatalogError, MatchingError
from serve.app import create_app
from serve.events import EVENTS, store_events
from serve.export import export
from serve.settings import read_settings
from serve.store import open_store
from tests.conftest import QUICK, Run
from tests.serve.test_events import NOON, row
from training.run import Trained, train

WORDS = {"terms": '{"commission_rate": 0.3}', "rank": 2, "channel": "live", "request_id": "r1"}


def filled(store: Engine, **of: Any) -> Engine:
    """Return the store with an invitation, its answer, and a look at somebody else."""
    store_events(
        store,
        [
            row(0, kind="invite", **WORDS, **of),
            row(30, kind="accept", **of),
            row(31, **{**of, "creator_id": "c0002"}),
        ],
    )
    return store


def test_events_as_a_table_of_a_catalog(store: Engine, tmp_path: Path) -> None:
    exported = export(filled(store), tmp_path / "out")
    assert (exported.events, exported.invitations, exported.notes) == (3, 1, [])
    events = pd.read_parquet(tmp_path / "out" / "events.parquet")
    assert tuple(events.columns) == EVENTS_TABLE.names
    assert events["kind"].tolist() == ["invite", "accept", "view"]
    assert events["at"].tolist() == [NOON + timedelta(hours=n) for n in (0, 30, 31)]
    assert json.loads(events["terms"][0]) == {"commission_rate": 0.3}
    (made,) = pd.read_parquet(tmp_path / "out" / "collaborations.parquet").to_dict("records")
    assert set(made) <= set(COLLABORATIONS.names)
    assert (made["collaboration_id"], made["status"]) == ("m0/e0", "accepted")
    assert (made["invited_on"], made["responded_on"]) == (date(2026, 11, 24), date(2026, 11, 25))
    assert (made["commission_rate"], made["channel"]) == (0.3, "live")


def test_a_store_without_events(store: Engine, tmp_path: Path, small: Catalog) -> None:
    assert export(store, tmp_path / "alone").events == 0
    assert len(pd.read_parquet(tmp_path / "alone" / "events.parquet")) == 0
    small.save(tmp_path / "data")
    export(store, tmp_path / "out", tmp_path / "data")
    assert _files(tmp_path / "out") == _files(tmp_path / "data")


def test_only_events_since_a_day(store: Engine, tmp_path: Path) -> None:
    exported = export(filled(store), tmp_path / "out", since=date(2026, 11, 25))
    assert (exported.events, exported.invitations) == (2, 0)
    assert exported.notes == [
        "left out of the collaborations: 1 answer no invitation that is known here"
    ]


def test_joined_to_a_catalog_again_and_again(tmp_path: Path, small: Catalog) -> None:
    """Each export is made onto the one before: nothing doubles, answers find their invitation."""
    store, pair = open_store("sqlite://"), {"creator_id": "c0001", "product_id": "p000"}
    small.save(tmp_path / "0")
    store_events(store, [row(0, kind="invite", **pair), row(1, kind="invite", creator_id="gone")])
    first = export(store, tmp_path / "1", tmp_path / "0")
    assert (first.invitations, len(first.notes)) == (1, 1)
    assert "1 name a creator or product that is not in" in first.notes[0]
    store_events(store, [row(30, kind="decline", **pair), row(100, kind="invite", **pair)])
    assert export(store, tmp_path / "2", tmp_path / "1").invitations == 1
    assert export(store, tmp_path / "3", tmp_path / "2").invitations == 0
    assert _files(tmp_path / "3") == _files(tmp_path / "2")
    catalog = Catalog.load(tmp_path / "3")
    assert len(catalog.events) == 4
    log = catalog.collaborations
    assert len(log) == len(small.collaborations) + 2
    mine = log[log["collaboration_id"].str.startswith("m0/")]
    assert mine["status"].tolist() == ["declined", "invited"]
    assert mine["responded_on"].iloc[0] == pd.Timestamp("2026-11-25")
    others = log[~log["collaboration_id"].str.startswith("m0/")].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, small.collaborations)
    pd.testing.assert_frame_equal(catalog.creator_stats, small.creator_stats)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_nothing_is_written_half(tmp_path: Path) -> None:
    store = filled(open_store("sqlite://"))
    (tmp_path / "data").mkdir()
    with pytest.raises(CatalogError, match="creators: the table is missing"):
        export(store, tmp_path / "out", tmp_path / "data")
    (tmp_path / "data" / "mine.txt").touch()
    with pytest.raises(MatchingError, match="is there already"):
        export(store, tmp_path / "data")
    EVENTS.drop(store)
    with pytest.raises(MatchingError, match="no such table"):
        export(store, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_was_sent_is_learnt_from(
    run: Run, tmp_path: Path, small: Catalog, quick: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: events sent to the service, exported, trained on, known to the next bundle."""
    monkeypatch.setenv("MATCHING_STORE", f"sqlite:///{tmp_path}/events.sqlite")
    store = open_store(read_settings().store_url)
    client = create_app(quick.matcher, store=store).test_client()
    now = datetime.now(UTC)
    product = client.get("/v1/products?limit=1").json["items"][0]["product_id"]
    address = f"/v1/products/{product}/creators?only_new=true&k=3"
    chosen = [each["creator_id"] for each in client.get(address).json["creators"]]
    sent = [
        {
            "event_id": f"{kind} {creator}",
            "kind": kind,
            "at": (now - timedelta(hours=hours)).isoformat(),
            "product_id": product,
            "creator_id": creator,
        }
        for creator, kind, hours in (
            (chosen[0], "invite", 3),
            (chosen[1], "invite", 2),
            (chosen[1], "accept", 1),
        )
    ]
    assert client.post("/v1/events", json={"events": sent}).status_code == 202
    store.dispose()
    small.save(tmp_path / "data")
    code, out, err = run(
        "events", "export", tmp_path, tmp_path / "out", "--data", tmp_path / "data"
    )
    assert (code, out.strip()) == (0, str(tmp_path / "out")), err
    assert "3 events, 2 new collaborations" in err

    joined = Catalog.load(tmp_path / "out")
    status = joined.collaborations.set_index("collaboration_id")["status"]
    merchant = small.products.set_index("product_id")["merchant_id"][product]
    assert status[f"{merchant}/invite {chosen[0]}"] == "invited"
    assert status[f"{merchant}/invite {chosen[1]}"] == "accepted"
    history = train(joined, QUICK).contents.history
    asked, last = history.contacted(int(history.merchant_ids.rows([merchant])[0]))
    known = {history.creator_ids[int(row)]: day for row, day in zip(asked, last, strict=True)}
    today = ((now - timedelta(hours=2)).date() - date(1970, 1, 1)).days
    assert known[chosen[1]] == today
    assert chosen[0] in known
    assert chosen[2] not in known
    accepted = history.acceptances[history.acceptances[:, 1] >= today - 1, 0]
    assert [history.creator_ids[int(row)] for row in accepted] == [chosen[1]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--since", "soon"), "since"),
        (("--data", "nowhere"), "no such folder"),
    ],
)
def test_a_wrong_value_is_a_sentence(
    run: Run, tmp_path: Path, arguments: tuple[str, str], told: str
) -> None:
    code, out, err = run("events", "export", tmp_path, tmp_path / "out", *arguments)
    assert (code, out, told in err) == (1, "", True)
    assert not (tmp_path / "out").exists()
