from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from matching.errors import UnknownIdError
from matching.history import Ids
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


@pytest.mark.parametrize("failure", [PoolTimeoutError, InterfaceError])
def test_a_store_that_is_away_is_not_asked_with_every_request(
    store: Engine, monkeypatch: pytest.MonkeyPatch, failure: type[SQLAlchemyError]
) -> None:
    now, asked = [100.0], [0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: now[0])
    key, ring, connect = make_key(store, "m1"), KeyRing(store), store.connect
    stranger = make_key(store, "m2")
    assert ring.caller(key) and not ring.is_open()

    def away() -> None:
        asked[0] += 1
        raise failure("away") if failure is PoolTimeoutError else failure("", {}, Exception("away"))

    monkeypatch.setattr(store, "connect", away)
    for _ in range(10):
        now[0] += 2.5
        assert ring.caller(key) and not ring.is_open()
    assert asked == [1]
    now[0] += 30
    assert ring.caller(key)
    assert asked == [2]
    with pytest.raises(failure):
        ring.caller(stranger)
    monkeypatch.setattr(store, "connect", connect)
    revoke_key(store, key.split("_")[1])
    now[0] += 1.0
    assert ring.caller(stranger)  # it answers again, so known keys are asked for too
    assert ring.caller(key) is None


def test_an_open_service_stays_open_while_the_store_is_away(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, asked = [100.0], [0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: now[0])
    ring, late, connect = KeyRing(store), KeyRing(store), store.connect
    assert ring.is_open()

    def away() -> None:
        asked[0] += 1
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(store, "connect", away)
    for _ in range(10):
        now[0] += 2.5
        assert ring.is_open()
    assert asked == [1]
    with pytest.raises(OperationalError):
        late.is_open()  # it was never told
    monkeypatch.setattr(store, "connect", connect)
    make_key(store, "m1")
    now[0] += 30
    assert not ring.is_open()


def promote_with(bundles: Path, *merchants: str) -> None:
    """Promote what looks like a bundle of these merchants."""
    (bundles / "v1" / "ids").mkdir(parents=True)
    (bundles / "v1" / "manifest.json").write_text("{}")
    (bundles / "promoted.json").write_text('{"version": "v1"}')
    np.save(bundles / "v1" / "ids" / "merchant_ids.npy", Ids.build(merchants).encoded)


def test_command_line_warns_of_an_unknown_merchant(run: Run, tmp_path: Path) -> None:
    assert "warning" not in run("keys", "make", tmp_path, "--merchant", "nosuch")[2]
    promote_with(tmp_path, "m1", "m2")
    code, out, err = run("keys", "make", tmp_path, "--merchant", "nosuch")
    assert (code, out[:3]) == (0, "mk_")
    assert "warning: the promoted bundle knows no merchant 'nosuch'" in err
    assert "warning" not in run("keys", "make", tmp_path, "--merchant", "m2")[2]
    assert "warning" not in run("keys", "make", tmp_path, "--operator")[2]
    (tmp_path / "v1" / "ids" / "merchant_ids.npy").write_bytes(b"damaged")
    code, _, err = run("keys", "make", tmp_path, "--merchant", "nosuch")
    assert (code, "warning" in err) == (0, False)


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
