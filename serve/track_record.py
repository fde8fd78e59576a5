"""The track record: what the caller was told before past invitations, against what came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, current_app, g
from flask_openapi3 import Tag
from sqlalchemy.exc import SQLAlchemyError

from matching.languages import Text
from matching.past import Past
from serve import observe
from serve.auth import below_v1, own_merchant
from serve.cursors import from_cursor, to_cursor
from serve.languages import LanguageHeader, asked_language
from serve.payloads import RecordQuery
from serve.promises import GROUPS, Promises
from serve.record_answers import TrackRecord
from serve.refusals import refusals_with_key
from serve.serving import current_matcher
from serve.store import said
from serve.teller import Events

_RECORD = Tag(name="track record", description="How good the predictions were.")
_NOTHING = Text("no collaboration has come to an end yet", "还没有已结束的合作")
_LEARNT = Text(
    "{learnt:,} of {cases:,} promises are replayed by a model that had learnt from these very "
    "outcomes and may look better than they were; judge by the {fair:,} others",
    "{cases:,} 个预测中有 {learnt:,} 个由已学过该结果的模型重算，可能显得比实际更准；请以其余 "
    "{fair:,} 个为准",
)
_REPLAYED = Text(
    "{replayed:,} promises are replayed with what was known on the day of the invitation: no list "
    "and no stored invitation tells what was shown then; their levels and intervals are calibrated "
    "on other creators of the same weeks",
    "{replayed:,} 个预测是按邀约当天已知的数据重算的：没有当时的周榜或邀约记录可查；其水平和区间按"
    "同一时期的其他达人校准",
)
_GIVEN_SALE = Text(
    "intervals hold given a sale: those who sold nothing are not counted",
    "区间只适用于有成交的情况：没有成交的合作不计入",
)
_GROSS = Text("refunds unknown: sales are gross", "退款未知：销售额未扣除退款")
_ESTIMATED = Text(
    "the cost of {count:,} rests on a term that is not known and was estimated",
    "{count:,} 个合作的成本含有未知而估算的条款",
)
_DAMAGED = Text(
    "the lists of {weeks} are damaged and were left out", "{weeks} 的周榜已损坏，未使用"
)
_NO_EVENTS = Text(
    "stored invitations cannot be read now and were left out", "目前无法读取邀约记录，未使用"
)
_COMMA = Text(", ", "、")


def record_api() -> Blueprint:
    """Return the route of the track record."""
    api = below_v1("track_record")

    @api.get(
        "/track-record",
        tags=[_RECORD],
        responses={200: TrackRecord, **refusals_with_key(404, 422)},
    )
    def track_record(query: RecordQuery, header: LanguageHeader) -> dict[str, Any]:
        """Past collaborations: promised before the invitation against what came."""
        language, merchant_id = asked_language(), own_merchant(query.merchant_id)
        place = from_cursor(query.cursor, str, int, str)
        matcher = current_matcher()
        past, events = matcher.past(merchant_id), _events(merchant_id)
        teller = current_app.extensions["teller"]
        told: Promises = teller.tell(past, events or {}, matcher.version, merchant_id)
        first = past.after(*place) if place else 0
        rows = range(first, min(first + query.limit, len(past)))
        more = first + query.limit < len(past)
        return {
            "request_id": g.request_id,
            "bundle": matcher.version,
            "as_of": matcher.as_of.isoformat(),
            "currency": matcher.currency,
            "merchant_id": merchant_id,
            "interval_level": past.interval_level,
            "totals": {name: told.totals(name) for name in GROUPS},
            "worst": [told.describe(row, matcher.version) for row in told.worst()],
            "items": [told.describe(row, matcher.version) for row in rows],
            "next_cursor": to_cursor(*past.place(rows[-1])) if more else None,
            "notes": list(_notes(told, events is not None, language)),
        }

    return api


def _events(merchant_id: str | None) -> Events | None:
    """Return what was predicted of stored invitations; None while the store is away."""
    try:
        found: Events = current_app.extensions["told_by_events"](merchant_id)
    except SQLAlchemyError as error:
        observe.explain(f"stored invitations cannot be read: {said(error)}")
        return None
    return found


def _notes(told: Promises, has_events: bool, language: str) -> Iterator[str]:
    past: Past = told.past
    counts = {name: int(told.group(name).sum()) for name in GROUPS}
    estimated = int(past.cases.cost_estimated.sum())
    if not len(past):
        yield _NOTHING.say(language)
    if counts["learnt"]:
        learnt, fair = counts["learnt"], counts["fair"]
        yield _LEARNT.say(language, learnt=learnt, cases=counts["all"], fair=fair)
    if counts["replay"]:
        yield _REPLAYED.say(language, replayed=counts["replay"] + counts["learnt"])
    if past.given_sale:
        yield _GIVEN_SALE.say(language)
    if past.is_gross:
        yield _GROSS.say(language)
    if estimated:
        yield _ESTIMATED.say(language, count=estimated)
    if told.damaged:
        yield _DAMAGED.say(language, weeks=_COMMA.say(language).join(told.damaged))
    if not has_events:
        yield _NO_EVENTS.say(language)
