"""How the service is configured: one frozen object, read from `MATCHING_…` variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from limits import parse_many
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from matching.errors import OptionError

PREFIX = "MATCHING_"
STORE_NAME = "service.sqlite"
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Prometheus' own: the folder through which workers share their numbers."""


def _rate(text: str) -> str:
    parse_many(text)
    return text


def _url(text: str) -> str:
    try:
        make_url(text)
    except ArgumentError:
        raise ValueError("is no SQLAlchemy address such as postgresql+psycopg://…") from None
    return text


class Settings(BaseSettings):
    """What can be set from outside; `matching serve --show-config` prints it.

    Attributes
    ----------
    bundles, lists
        The folder of versions, and the folder of weekly lists (`matching weekly --out`).
    store
        SQLAlchemy address of keys and events; several machines share a PostgreSQL. Default: a
        SQLite file in the folder of bundles.
    host, port, workers
        Where the service listens, with how many processes.
    rate_limit, rate_limit_storage
        Requests a key may make, and where they are counted: `memory://` counts in each worker,
        `redis://…` exactly.
    body_bytes_max, address_chars_max
        The largest body and address that are read.
    deadline_seconds
        A request that has not been answered by then is given up with 503.
    watch_seconds
        How often a worker looks whether another bundle was promoted.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    bundles: Path = Path("bundles")
    lists: Path | None = None
    store: Annotated[str, AfterValidator(_url)] | None = None
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    workers: int = Field(2, ge=1, le=64)
    rate_limit: Annotated[str, AfterValidator(_rate)] = "1200 per minute"
    rate_limit_storage: str = "memory://"
    body_bytes_max: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    address_chars_max: int = Field(16 * 1024, ge=1024, le=64 * 1024)
    deadline_seconds: float = Field(10.0, gt=0, le=600)
    watch_seconds: float = Field(0.5, gt=0, le=60)

    @property
    def store_url(self) -> str:
        """Address of the database of keys and events."""
        return self.store or f"sqlite:///{(self.bundles / STORE_NAME).resolve()}"

    def shown(self) -> dict[str, str]:
        """Return every value by the name of its variable, passwords left out."""
        values = {**dict(self), "store": self.store_url}
        return {PREFIX + name.upper(): _shown(value) for name, value in values.items()}

    def to_environment(self) -> dict[str, str]:
        """Return the variables from which a worker reads the same settings."""
        values = {name: value for name, value in self if value is not None}
        return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def read_settings(**given: Any) -> Settings:
    """Return the settings of the environment; what is given and not None goes first.

    Raises
    ------
    OptionError
        Naming the variable or option that cannot be used.
    """
    given = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = str(fault["loc"][0])
        message = fault["msg"].removeprefix("Value error, ")
        shown = name if name in given else PREFIX + name.upper()
        raise OptionError(shown, f"{message}, not {fault['input']!r}") from None


def unused(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return variables that look like ours and set nothing: most often misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def _shown(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return make_url(text).render_as_string(hide_password=True) if "://" in text else text
