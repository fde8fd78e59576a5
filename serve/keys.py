"""API keys: made, listed, revoked, and looked up with every request.

A key is `mk_<id>_<secret>` with 256 random bits. The store has the SHA-256 of the secret alone:
a slow hash protects guessable passwords, which this is not, and would cost 50 ms a request.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Column, DateTime, Engine, Row, String, Table, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from matching.errors import UnknownIdError
from serve.store import METADATA, said

_LOG = logging.getLogger("matching.keys")
Answer = TypeVar("Answer")

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("key_id", String(16), primary_key=True),
    Column("merchant_id", String(200)),  # null: the operator, who may ask for everybody
    Column("label", String(200), nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("revoked_at", DateTime),
)
_FRESH_SECONDS = 1.0  # so soon a revoked key stops working
# A store that does not answer may take seconds to say so: not with every request.
_TRUST_SECONDS = 30.0


@dataclass(frozen=True)
class Caller:
    """Who asks. `merchant_id` is None for the operator, and for everybody where no keys exist."""

    merchant_id: str | None = None
    key_id: str | None = None

    def owns(self, merchant_id: str | None) -> bool:
        """Whether what belongs to a merchant may be shown to this caller."""
        return self.merchant_id is None or self.merchant_id == merchant_id


ANYBODY = Caller()


def make_key(store: Engine, merchant_id: str | None, label: str = "") -> str:
    """Make a key for a merchant, or for the operator where None; it is told only this once."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {
        "key_id": key_id,
        "merchant_id": merchant_id,
        "label": label,
        "secret_sha256": _digest(secret),
        "made_at": _now(),
    }
    with store.begin() as connection:
        connection.execute(insert(API_KEYS), row)
    return f"mk_{key_id}_{secret}"


def list_keys(store: Engine) -> list[Row]:
    """Return every key, oldest first, revoked ones too; no secrets."""
    columns = [column for column in API_KEYS.columns if column.name != "secret_sha256"]
    with store.connect() as connection:
        ordered = select(*columns).order_by(API_KEYS.c.made_at, API_KEYS.c.key_id)
        return list(connection.execute(ordered))


def revoke_key(store: Engine, key_id: str) -> None:
    """Stop a key from working, within a second everywhere; UnknownIdError if there is none."""
    named = API_KEYS.c.key_id == key_id
    with store.begin() as connection:
        connection.execute(
            update(API_KEYS).where(named, API_KEYS.c.revoked_at.is_(None)).values(revoked_at=_now())
        )
        known = connection.execute(select(API_KEYS.c.key_id).where(named)).first()
    if known is None:
        raise UnknownIdError("key", key_id, "`matching keys list BUNDLES` names them")


def has_keys(store: Engine) -> bool:
    """Whether any key was ever made; revoking the last one does not open the service again."""
    with store.connect() as connection:
        return bool(connection.execute(select(func.count()).select_from(API_KEYS)).scalar())


class KeyRing:
    """Looks keys up, and asks the store at most once a second for each.

    While the store cannot be reached, what it said last holds, and for half a minute after a
    failure it is not asked again about what it has said: matches go on.
    """

    def __init__(self, store: Engine) -> None:
        self._store = store
        self._known: dict[str, tuple[float, Row | None]] = {}
        self._open: bool | None = None
        self._trusted_until = -math.inf

    def is_open(self) -> bool:
        """Whether everybody may ask, because no key was ever made; SQLAlchemyError if unknown."""
        if self._open is None:
            self._open = not self._ask(has_keys)
        elif self._open and not self._is_away():
            try:
                self._open = not self._ask(has_keys)
            except SQLAlchemyError as error:
                _go_on(error)
        return self._open

    def caller(self, key: str) -> Caller | None:
        """Return whose key it is, None if it is nobody's or revoked."""
        parts = key.split("_", 2)
        if len(parts) != 3 or parts[0] != "mk":
            return None
        row = self._row(parts[1])
        # Compared even where there is no such id: the time must not tell which ids exist.
        right = hmac.compare_digest(row.secret_sha256 if row else "0" * 64, _digest(parts[2]))
        if row is None or not right or row.revoked_at is not None:
            return None
        return Caller(row.merchant_id, row.key_id)

    def _row(self, key_id: str) -> Row | None:
        asked, row = self._known.get(key_id, (-_FRESH_SECONDS, None))
        if row is not None and (time.monotonic() - asked < _FRESH_SECONDS or self._is_away()):
            return row
        try:
            row = self._ask(partial(_find, key_id=key_id))
        except SQLAlchemyError as error:
            if row is None:
                raise
            _go_on(error)
        if row is not None:  # strangers' inventions are not remembered
            self._known[key_id] = (time.monotonic(), row)
        return row

    def _is_away(self) -> bool:
        return time.monotonic() < self._trusted_until

    def _ask(self, question: Callable[[Engine], Answer]) -> Answer:
        """Ask the store, and note whether it answers."""
        try:
            answer = question(self._store)
        except SQLAlchemyError:
            self._trusted_until = time.monotonic() + _TRUST_SECONDS
            raise
        self._trusted_until = -math.inf
        return answer


def _find(store: Engine, key_id: str) -> Row | None:
    with store.connect() as connection:
        return connection.execute(select(API_KEYS).where(API_KEYS.c.key_id == key_id)).first()


def _go_on(error: SQLAlchemyError) -> None:
    _LOG.warning("keys cannot be read, what was known of them holds: %s", said(error))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
