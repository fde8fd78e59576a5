"""What `POST /v1/events` takes: one event, or many."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic.json_schema import DEFAULT_REF_TEMPLATE

from serve.payloads import Body, Id, TermsBody, whole

EVENTS_MAX = 1000
EARLIEST = datetime(2000, 1, 1)
LATEST_AHEAD = timedelta(days=1)
_RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def _instant(value: object) -> datetime:
    """Return the time in UTC, without a zone; one that UTC cannot tell is as early as can be."""
    found = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a time with its offset, such as 2026-11-24T09:30:00+08:00")
    day, minutes, seconds, fraction, offset = found.groups()
    leap = seconds == "60"  # a leap second counts as the one after it
    text = f"{day}T{minutes}:{'59' if leap else seconds}{(fraction or '')[:7]}{offset.upper()}"
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"is no time: {error}") from None
    try:
        return (time.astimezone(UTC) + timedelta(seconds=leap)).replace(tzinfo=None)
    except OverflowError:
        return datetime.min if time.year == 1 else datetime.max


Plain = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Rank = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(whole)]


class EventBody(Body):
    """Something that a merchant saw or did, about one creator for one product of theirs."""

    event_id: Plain = Field(
        description="Made by the sender, unique within the merchant: send again as often as it"
        " takes, it counts once."
    )
    kind: Literal["impression", "view", "invite", "accept", "decline", "dismiss"] = Field(
        description="What happened. `invite`: the creator was asked; `accept`, `decline`: the"
        " creator's answer."
    )
    at: Instant = Field(
        description="When, with its offset from UTC; from 2000 on, at most a day ahead."
    )
    product_id: Id = Field(description="A product of the catalog.")
    creator_id: Id = Field(description="A creator of the catalog.")
    request_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._:-]{1,64}$",
        description="`request_id` of the answer that it is about.",
    )
    channel: Literal["live", "video"] | None = None
    rank: Rank | None = Field(None, description="Place in that answer, from 1.")
    bundle: Plain | None = Field(None, description="`bundle` of that answer.")
    terms: TermsBody | None = Field(None, description="The terms that were offered.")

    @property
    def is_in_time(self) -> bool:
        """Whether it can have happened while there was anything to happen."""
        now = datetime.now(UTC).replace(tzinfo=None)
        return EARLIEST <= self.at <= now + LATEST_AHEAD


class EventBatch(Body):
    """Many events; all are stored, or none."""

    events: list[EventBody] = Field(min_length=1, max_length=EVENTS_MAX)


class EventsBody(Body):
    """One event, or many as `events`."""

    events: list[EventBody]
    is_alone: bool

    @classmethod
    def model_validate(cls, obj: Any, **rest: Any) -> Self:
        """Read either form, so that whatever is wrong is named as it was sent."""
        if isinstance(obj, dict) and "events" in obj:
            events = EventBatch.model_validate(obj, **rest).events
            return cls.model_construct(events=events, is_alone=False)
        event = EventBody.model_validate(obj, **rest)
        return cls.model_construct(events=[event], is_alone=True)

    @classmethod
    @cache
    def model_json_schema(
        cls, by_alias: bool = True, ref_template: str = DEFAULT_REF_TEMPLATE, **rest: Any
    ) -> dict[str, Any]:
        """Return the schema, which offers both forms."""
        batch = EventBatch.model_json_schema(by_alias, ref_template, **rest)
        forms = {**batch["$defs"], "EventBatch": {k: v for k, v in batch.items() if k != "$defs"}}
        return {
            "title": cls.__name__,
            "description": cls.__doc__,
            "oneOf": [
                {"$ref": ref_template.format(model=name)} for name in ("EventBody", "EventBatch")
            ],
            "$defs": forms,
        }
