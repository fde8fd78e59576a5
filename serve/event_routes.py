"""Events: parse, see whose they are, note what an invitation was told, store, answer."""

from __future__ import annotations

import json
from itertools import islice
from threading import Semaphore
from typing import Any

from flask import Blueprint, Response, current_app
from flask_openapi3 import Tag
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from matching.economics import Terms
from matching.matcher import Matcher
from serve import metrics, observe, problems
from serve.answers import EventsStored, FieldFault
from serve.auth import below_v1, own_product
from serve.event_payloads import EventBody, EventsBody
from serve.events import EventsNotStoredError, known_ids, store_events
from serve.payloads import NoQuery
from serve.refusals import refusals_with_key
from serve.serving import current_matcher
from serve.store import BUSY_SECONDS, is_passing, said

_EVENTS = Tag(name="events", description="What merchants saw and did.")
_PROMISES_MAX = 100
# Longer than a write takes, and too short to keep a thread from others.
_TURN_SECONDS = 0.5


def events_api() -> Blueprint:
    """Return the route that takes events."""
    api = below_v1("events")
    # A locked store holds up one thread of a worker: the others have matches to answer.
    writing = Semaphore()

    @api.post(
        "/events",
        tags=[_EVENTS],
        responses={202: EventsStored, **refusals_with_key(404, 409, 413, 415, 422)},
    )
    def events(body: EventsBody, query: NoQuery) -> Response | tuple[dict[str, Any], int]:
        """Store one event or up to 1,000: all of them, on disk, before the answer.

        What is predicted of an invitation is kept with it for the track record; in one request for
        at most 100 different combinations of product, channel and terms, the first ones. Further
        invitations are stored without.
        """
        if faults := _out_of_time(body):
            return problems.problem(409, f"{faults[0].field}: {faults[0].message}", faults)
        matcher = current_matcher()
        try:
            stored = _store(_rows(matcher, body.events), writing)
        except EventsNotStoredError as error:
            metrics.events_received(refused=len(body.events))
            return _not_stored(error)
        known = len(body.events) - stored
        metrics.events_received(stored=stored, known=known)
        return {"stored": stored, "known": known}, 202

    return api


def _store(rows: list[dict[str, Any]], writing: Semaphore) -> int:
    """Store the events when it is their turn, and return how many were new."""
    if not writing.acquire(timeout=_TURN_SECONDS):
        raise EventsNotStoredError("another request waits for the store", passing=True)
    try:
        settings, store = (current_app.extensions[name] for name in ("settings", "store"))
        # A last try may take as long as the store waits for its lock.
        return store_events(store, rows, settings.deadline_seconds - BUSY_SECONDS)
    finally:
        writing.release()


def _out_of_time(body: EventsBody) -> list[FieldFault]:
    """Return a fault for each time that cannot be, by the name under which it was sent."""
    message = "is before the year 2000, or more than a day ahead of the service's clock"
    return [
        FieldFault(field="at" if body.is_alone else f"events.{place}.at", message=message)
        for place, event in enumerate(body.events)
        if not event.is_in_time
    ]


def _not_stored(error: EventsNotStoredError) -> Response:
    observe.explain(f"events cannot be stored: {error}")
    answer = problems.problem(
        503, "events cannot be stored now; send them again, ids unchanged, and each counts once"
    )
    answer.headers["Retry-After"] = "1" if error.passing else "30"
    return answer


def _rows(matcher: Matcher, events: list[EventBody]) -> list[dict[str, Any]]:
    """Return what is to be stored; UnknownIdError for what is not the caller's or not there."""
    owners = {
        product: str(own_product(matcher, product)["merchant_id"])
        for product in dict.fromkeys(event.product_id for event in events)
    }
    matcher.check_creators([event.creator_id for event in events])
    told = _told(matcher, events, _known(current_app.extensions["store"], owners, events))
    return [
        {
            **event.model_dump(exclude={"terms"}),
            "merchant_id": owners[event.product_id],
            "terms": event.terms and _as_json(event.terms.model_dump(exclude_none=True)),
            "told": told.get(place),
        }
        for place, event in enumerate(events)
    ]


def _known(store: Engine, owners: dict[str, str], events: list[EventBody]) -> set[int]:
    """Return the places of the invitations that are stored already."""
    asked: dict[str, dict[int, str]] = {}
    for place, event in enumerate(events):
        if event.kind == "invite":
            asked.setdefault(owners[event.product_id], {})[place] = event.event_id
    try:
        known = {owner: known_ids(store, owner, [*ids.values()]) for owner, ids in asked.items()}
    except SQLAlchemyError as error:
        raise EventsNotStoredError(said(error), is_passing(error)) from error
    return {place for owner, ids in asked.items() for place in ids if ids[place] in known[owner]}


def _told(matcher: Matcher, events: list[EventBody], known: set[int]) -> dict[int, str]:
    """Return by place what is predicted now of each invitation.

    Not of a known one, nor of one from before the bundle's date: its facts may know already how
    that one ended. At most 100 different (product, channel, terms) are predicted, the first ones:
    each costs as much as a small match.
    """
    asked: dict[tuple[str, str | None, Terms], list[int]] = {}
    for place, event in enumerate(events):
        is_new = event.kind == "invite" and place not in known
        if is_new and event.at.date() >= matcher.as_of:
            terms = event.terms.to_terms() if event.terms else Terms()
            asked.setdefault((event.product_id, event.channel, terms), []).append(place)
    return {
        place: _as_json(promise)
        for (product, channel, terms), places in islice(asked.items(), _PROMISES_MAX)
        for place, promise in zip(
            places,
            matcher.promise(product, [events[p].creator_id for p in places], channel, terms),
            strict=True,
        )
    }


def _as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
