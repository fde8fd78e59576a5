"""What a match says, as plain values: the JSON answer of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from matching.columns import CHANNELS, PRODUCTS, Kind
from matching.display import to_frame, to_html, to_text
from matching.economics import Terms
from matching.eligibility import REASONS
from matching.explain import evidence, reasons
from matching.history import FloatArray, IntArray
from matching.languages import DEFAULT_LANGUAGE
from matching.scoring import NO_TERMS, Scored
from matching.telling import Voice

if TYPE_CHECKING:
    import pandas as pd

    from matching.matcher import Matcher

_PRODUCT_FIELDS = tuple(
    column.name
    for column in PRODUCTS.columns
    if column.name != "updated_on" and column.kind is not Kind.NUMBER  # told as reasons alone
)


@dataclass(frozen=True)
class Included:
    """A creator who was asked about: their prediction, rank, and why they are not eligible.

    `reason` is a name of `eligibility.REASONS`. `rank` is None too for those who are eligible but
    not among the `looked_at` creators whom retrieval finds.
    """

    scored: Scored
    row: int
    rank: int | None
    reason: str | None
    looked_at: int


@dataclass(frozen=True, repr=False)
class MatchResult:
    """The ranked creators for one product, and what the caller should know.

    Attributes
    ----------
    rows : int64 (found,)
        Rows of `scored`, best first.
    contributions : float64 (found, parts + 1), or None if no explanation was asked for
    category : int
        Code of the product's category, -1 where the catalog does not know it.
    language : of the reasons and notes
    """

    matcher: Matcher
    product: Mapping[str, Any]
    objective: str
    scored: Scored
    rows: IntArray
    contributions: FloatArray | None
    category: int
    notes: Sequence[str]
    included: Sequence[Included] | None = None
    language: str = DEFAULT_LANGUAGE
    terms: Terms = NO_TERMS

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return to_text(self.to_dict(), self.terms.given())

    def _repr_html_(self) -> str:
        return to_html(self.to_dict(), self.terms.given())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a creator, best first, indexed by rank: offer, prediction and evidence."""
        return to_frame(self.creators)

    @property
    def candidates(self) -> int:
        """How many creators were scored to find these."""
        return self.scored.looked_at

    @property
    def creators(self) -> list[dict[str, Any]]:
        """The creators as plain values, best first."""
        creators = [
            {"rank": rank, **describe_creator(self.matcher, self.scored, int(row))}
            for rank, row in enumerate(self.rows, start=1)
        ]
        if self.contributions is not None:
            contents = self.matcher.contents
            stages = evidence(self.contributions, contents.parts)
            usual = contents.medians.usual(self.category)
            voice = Voice(self.language, self.matcher.currency)
            for place, creator in enumerate(creators):
                row, moved = self.rows[place], self.contributions[place]
                creator["evidence"] = {n: float(values[place]) for n, values in stages.items()}
                told = reasons(moved, self.scored.matrix[row], usual, contents.parts, voice)
                creator["reasons"] = [reason.to_dict() for reason in told]
        return creators

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the contract's JSON, without the request's id."""
        answer = {
            "bundle": self.matcher.version,
            "as_of": self.matcher.as_of.isoformat(),
            "objective": self.objective,
            "currency": self.matcher.currency,
            "product": dict(self.product),
            "creators": self.creators,
            "notes": list(self.notes),
        }
        if self.included is not None:
            answer["included"] = [
                {
                    "rank": asked.rank,
                    **describe_creator(self.matcher, asked.scored, asked.row),
                    "eligible": asked.reason is None,
                    "reason": asked.reason and REASONS[asked.reason].say(self.language),
                    "looked_at": asked.looked_at,
                }
                for asked in self.included
            ]
        return answer


def describe_creator(matcher: Matcher, scored: Scored, row: int) -> dict[str, Any]:
    """Return who the creator is, the offer and what is predicted."""
    return {
        **describe_person(matcher, int(scored.creators[row])),
        "offer": describe_offer(scored, row),
        "predicted": describe_prediction(matcher, scored, row),
    }


def describe_person(matcher: Matcher, creator: int) -> dict[str, Any]:
    """Return who the creator of a row of the catalog is."""
    history = matcher.contents.history
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


PROMISED = (
    "roi",
    "roi_low",
    "roi_high",
    "settled_gmv",
    "settled_gmv_low",
    "settled_gmv_high",
    "cost",
    "accept_probability",
    "fulfil_probability",
)


def describe_promise(matcher: Matcher, scored: Scored, row: int) -> dict[str, Any]:
    """Return offer and prediction in one, with the bundle that makes them: for the record."""
    predicted = describe_prediction(matcher, scored, row)
    offer = describe_offer(scored, row)
    del offer["roi_degenerate"]
    promised = {name: predicted[name] for name in PROMISED}
    return {
        "bundle": matcher.version,
        "as_of": matcher.as_of.isoformat(),
        **offer,
        **promised,
    }


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
