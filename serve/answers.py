"""What the service answers: the models behind the documented responses.

They describe; the matcher's own dictionaries are sent as they are.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from serve.payloads import Objective

Stage = Literal["transform", "reach", "utilize", "strengthen", "thrive"]


class FieldFault(BaseModel):
    """One parameter or body field that is wrong."""

    field: str = Field(description="Its name; a dot leads into an object: `filters.city`.")
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldFault] = Field(default_factory=list)


class Product(BaseModel):
    """A product; what is not known about it is null."""

    product_id: str
    merchant_id: str
    title: str
    category: str
    price: float
    commission_rate: float
    description: str | None
    brand: str | None
    margin_rate: float | None
    service_fee_rate: float | None
    sample_cost: float | None
    scene: str | None
    city: str | None
    listed_on: str | None
    buyer_female: float | None


class ProductList(BaseModel):
    """One page of products; `next_cursor` is null on the last."""

    items: list[Product]
    next_cursor: str | None


class MatchedProduct(Product):
    """The product that was asked about; outside the catalog its ids may be null."""

    product_id: str | None  # type: ignore[assignment]
    merchant_id: str | None  # type: ignore[assignment]


class Offer(BaseModel):
    """The terms at which a creator was predicted."""

    channel: str
    slot_fee: float
    sample_cost: float
    commission_rate: float
    cost_estimated: bool = Field(description="Some cost is not known and was estimated.")
    roi_degenerate: bool = Field(description="Nothing fixed to pay: ROI tells nothing here.")


class Predicted(BaseModel):
    """Expectations given acceptance; `_low` and `_high` at 80 % for a published collaboration."""

    roi: float | None
    roi_low: float | None
    roi_high: float | None
    settled_gmv: float
    settled_gmv_low: float | None
    settled_gmv_high: float | None
    cost: float
    profit: float | None
    break_even_slot_fee: float | None
    accept_probability: float
    fulfil_probability: float
    sale_probability: float | None = Field(
        None, description="Only where many published collaborations sell nothing."
    )


class Evidence(BaseModel):
    """ln of expected settled sales, split by TRUST stage; the parts add up."""

    base: float
    transform: float
    reach: float
    utilize: float
    strengthen: float
    thrive: float


class Reason(BaseModel):
    """One thing about this creator that moves the prediction."""

    stage: Stage
    feature: str
    value: float | str | bool | None
    contribution: float
    text: str


class Person(BaseModel):
    """Who a creator is; what is not known is null."""

    creator_id: str
    name: str | None
    category: str | None
    city: str | None
    mcn_id: str | None
    follower_count: float | None


class Creator(Person):
    """A creator with offer, prediction and why."""

    rank: int
    offer: Offer
    predicted: Predicted
    evidence: Evidence | None = None
    reasons: list[Reason] = Field(default_factory=list)


class IncludedCreator(Creator):
    """A creator that was asked about by id."""

    rank: int | None  # type: ignore[assignment]
    offer: Offer | None  # type: ignore[assignment]
    predicted: Predicted | None  # type: ignore[assignment]
    eligible: bool
    reason: str | None = Field(description="Why not, if not eligible.")
    looked_at: int = Field(
        description="How many were ranked; whoever is eligible and has no rank lies beyond them."
    )


class Match(BaseModel):
    """The creators for a product, best first, with what the caller should know."""

    request_id: str
    bundle: str
    as_of: str
    objective: Objective
    currency: str
    product: MatchedProduct
    creators: list[Creator]
    included: list[IncludedCreator] = Field(default_factory=list)
    notes: list[str]


class EventsStored(BaseModel):
    """Every event of the request is on disk."""

    stored: int = Field(description="How many were new.")
    known: int = Field(description="How many had been stored before; the first of an id counts.")


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Readiness(BaseModel):
    """A verified bundle is loaded and has answered a match."""

    status: Literal["ready"]
    bundle: str
    as_of: str
