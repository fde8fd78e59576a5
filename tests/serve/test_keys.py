from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from matching.errors import UnknownIdError
from serve import keys
from serve.keys import API_KEYS, Caller, KeyRing, has_keys, list_keys, make_key, revoke_key
from serve.store import open_store
from tests.conftest import Run


@pytest.fixture
def store() -> Engine:
    return open_store("sqlite://")


def test_a_key_tells_whose_it_is(store: Engine) -> None:
    merchant, operator = make_key(store, "m1", "till"), make_key(store, None)
    ring = KeyRing(store)
    assert ring.caller(merchant) == Caller("m1", merchant.split("_")[1])
    assert ring.caller(operator) == Caller(None, operator.split("_")[1])
    assert [row.label for row in list_keys(store)] == ["till", ""]


def test_secret_is_long_and_not_kept(store: Engine) -> None:
    key = make_key(store, "m1")
    secret = key.split("_", 2)[2]
    assert len(secret) >= 43  # 256 bits
    with store.connect() as connection:
        kept = connection.execute(select(API_KEYS)).one()
    assert secret not in map(str, kept)


def test_what_is_no_key(store: Engine) -> None:
    key = make_key(store, "m1")
    ring = KeyRing(store)
    for wrong in ("", "x", "mk_", "mk__", key[:-1], key + "x", key.replace("mk_", "xx_"), "mk_a_b"):
        assert ring.caller(wrong) is None


def test_only_the_first_key_closes_the_service(store: Engine) -> None:
    ring = KeyRing(store)
    assert ring.is_open() and not has_keys(store)
    key = make_key(store, "m1")
    assert not ring.is_open()
    revoke_key(store, key.split("_")[1])
    assert not KeyRing(store).is_open()  # revoking the last key must not open the door


def test_revoked_key_stops_within_a_second(store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: now[0])
    key, ring = make_key(store, "m1"), KeyRing(store)
    assert ring.caller(key)
    revoke_key(store, key.split("_")[1])
    now[0] += 1.0
    assert ring.caller(key) is None
    assert list_keys(store)[0].revoked_at is not None


def test_revoking_what_is_not_there(store: Engine) -> None:
    with pytest.raises(UnknownIdError, match="matching keys list"):
        revoke_key(store, "nothing")


def test_known_keys_go_on_while_the_store_is_away(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: now[0])
    key, stranger, ring = make_key(store, "m1"), make_key(store, "m2"), KeyRing(store)
    assert ring.caller(key)

    def away() -> None:
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(store, "connect", away)
    now[0] += 60.0
    assert ring.caller(key) == Caller("m1", key.split("_")[1])
    with pytest.raises(OperationalError):
        ring.caller(stranger)


def test_command_line_makes_lists_and_revokes(run: Run, tmp_path: Path) -> None:
    code, out, err = run("keys", "make", tmp_path, "--merchant", "m1", "--label", "till")
    assert code == 0 and "not shown again" in err
    key = out.strip()
    assert KeyRing(open_store(f"sqlite:///{tmp_path}/service.sqlite")).caller(key)
    assert "m1" in run("keys", "list", tmp_path)[1]
    assert key.split("_", 2)[2] not in run("keys", "list", tmp_path)[1]
    assert run("keys", "revoke", tmp_path, key)[0] == 0
    assert "revoked" in run("keys", "list", tmp_path)[1]
    assert run("keys", "revoke", tmp_path, "nothing")[0] == 1


def test_command_line_wants_to_know_whose(run: Run, tmp_path: Path) -> None:
    assert run("keys", "make", tmp_path)[0] == 1
    assert run("keys", "make", tmp_path, "--merchant", "m1", "--operator")[0] == 1
    assert run("keys", "make", tmp_path / "nowhere", "--operator")[0] == 1
