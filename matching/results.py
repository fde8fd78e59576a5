"""What a match says, as plain values: the JSON answer of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matching.columns import CHANNELS, PRODUCTS
from matching.explain import reasons
from matching.history import IntArray
from matching.scoring import Scored

if TYPE_CHECKING:
    from matching.matcher import Matcher

_PRODUCT_FIELDS = tuple(name for name in PRODUCTS.names if name != "updated_on")


@dataclass(frozen=True)
class MatchResult:
    """The ranked creators for one product, and what the caller should know."""

    bundle: str
    as_of: date
    objective: str
    currency: str
    product: Mapping[str, Any]
    creators: Sequence[Mapping[str, Any]]
    notes: Sequence[str]
    included: Sequence[Mapping[str, Any]] | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the contract's JSON, without the request's id."""
        answer = {
            "bundle": self.bundle,
            "as_of": self.as_of.isoformat(),
            "objective": self.objective,
            "currency": self.currency,
            "product": dict(self.product),
            "creators": list(self.creators),
            "notes": list(self.notes),
        }
        if self.included is not None:
            answer["included"] = list(self.included)
        return answer


def describe_match(
    matcher: Matcher,
    product: Mapping[str, Any],
    objective: str,
    scored: Scored,
    rows: IntArray,
    explained: tuple[npt.NDArray[np.float64], list[dict[str, float]]] | None,
    notes: Sequence[str],
    included: Sequence[tuple[Scored, int, str | None]] | None,
) -> MatchResult:
    """Return the answer for these rows, best first."""
    creators = [
        {"rank": rank, **describe_creator(matcher, scored, int(row))}
        for rank, row in enumerate(rows, start=1)
    ]
    if explained is not None:
        contributions, evidence = explained
        usual = matcher.contents.facts["usual"]
        for creator, row, parts, stages in zip(
            creators, rows, contributions, evidence, strict=True
        ):
            creator["evidence"] = stages
            told = reasons(parts, scored.matrix[row], usual)
            creator["reasons"] = [reason.to_dict() for reason in told]
    return MatchResult(
        bundle=matcher.version,
        as_of=matcher.as_of,
        objective=objective,
        currency=matcher.currency,
        product=product,
        creators=creators,
        notes=notes,
        included=None if included is None else _describe_included(matcher, creators, included),
    )


def describe_creator(matcher: Matcher, scored: Scored, row: int) -> dict[str, Any]:
    """Return who the creator is, the offer and what is predicted."""
    history = matcher.contents.history
    creator = int(scored.creators[row])
    names = matcher.contents.creators

    def word(column: str) -> str | None:
        if not history.creators.has(column):
            return None
        code = int(history.creators[column][creator])
        return history.words[column][code] if code >= 0 else None

    followers = number(matcher.contents.offers.follower_count[creator])
    return {
        "creator_id": history.creator_ids[creator],
        "name": names.column("name")[creator].as_py() if "name" in names.column_names else None,
        "category": word("category"),
        "city": word("city"),
        "mcn_id": word("mcn_id"),
        "follower_count": None if followers is None else int(followers),
        "offer": describe_offer(scored, row),
        "predicted": describe_prediction(matcher, scored, row),
    }


def describe_offer(scored: Scored, row: int) -> dict[str, Any]:
    """Return the terms on which the creator would be asked."""

    def term(name: str) -> float | None:
        return number(np.broadcast_to(getattr(scored.deal, name), scored.creators.shape)[row])

    return {
        "channel": CHANNELS[int(scored.channels[row])],
        "slot_fee": term("slot_fee"),
        "sample_cost": term("sample_cost"),
        "commission_rate": term("commission_rate"),
        "cost_estimated": bool(scored.estimated[row]),
        "roi_degenerate": bool(scored.money.is_degenerate[row]),
    }


def describe_prediction(matcher: Matcher, scored: Scored, row: int) -> dict[str, Any]:
    """Return the prediction; an unknown number is None."""
    money, outcomes = scored.money, scored.outcomes
    predicted = {
        "roi": number(money.roi[row]),
        "roi_low": number(money.roi_low[row]),
        "roi_high": number(money.roi_high[row]),
        "settled_gmv": number(money.settled_gmv[row]),
        "settled_gmv_low": number(outcomes.published_low[row]),
        "settled_gmv_high": number(outcomes.published_high[row]),
        "cost": number(money.cost[row]),
        "profit": number(money.profit[row]),
        "break_even_slot_fee": number(money.break_even_slot_fee[row]),
        "accept_probability": number(outcomes.accept_probability[row]),
        "fulfil_probability": number(outcomes.fulfil_probability[row]),
    }
    if matcher.contents.ranker.given_sale:
        predicted["sale_probability"] = number(outcomes.sale_probability[row])
    return predicted


def describe_product(table: Any, row: int) -> dict[str, Any]:
    """Return a product of the catalog with every field of the contract, unknown ones None."""
    product: dict[str, Any] = {}
    for name in _PRODUCT_FIELDS:
        value: Any = table.column(name)[row].as_py() if name in table.column_names else None
        if isinstance(value, float):
            value = number(value)
        product[name] = value.date().isoformat() if hasattr(value, "date") else value
    return product


def number(value: Any) -> float | None:
    """Return a plain float, None where it is not a finite number."""
    return float(value) if np.isfinite(value) else None


def _describe_included(
    matcher: Matcher,
    creators: Sequence[Mapping[str, Any]],
    included: Sequence[tuple[Scored, int, str | None]],
) -> list[dict[str, Any]]:
    ranks = {creator["creator_id"]: creator["rank"] for creator in creators}
    described = []
    for scored, row, reason in included:
        creator = describe_creator(matcher, scored, row)
        rank = ranks.get(creator["creator_id"])
        described.append({"rank": rank, **creator, "eligible": reason is None, "reason": reason})
    return described
