"""What the service answers of creators: the models behind the documented responses."""

from __future__ import annotations

from pydantic import BaseModel, Field

from serve.answers import Offer, Person, Predicted, Product
from serve.payloads import Objective


class SlotFees(BaseModel):
    """The slot fee (坑位费) that a creator lists for each channel of theirs; null if none is."""

    live: float | None = None
    video: float | None = None


class Profile(Person):
    """What anybody may know of a creator, as of the newest facts."""

    profile_text: str | None
    joined_on: str | None
    channels: list[str] = Field(description="Where the creator works: live, video.")
    slot_fees: SlotFees
    fan_group_size: float | None = Field(description="Members of the fan group (粉丝团).")
    live_viewers: float | None = Field(description="Mean viewers of a live session.")
    video_views: float | None = Field(description="Mean views of a video.")
    engagement_rate: float | None
    reputation: float | None
    audience_female: float | None
    audience_18_24: float | None
    audience_25_34: float | None
    audience_35_plus: float | None
    audience_tier1: float | None


class SimilarCreator(Person):
    """A creator who is like the one asked about."""

    similarity: float = Field(ge=-1, le=1, description="1 is the same in all that is expected.")


class SimilarCreators(BaseModel):
    """Creators like one, most alike first."""

    items: list[SimilarCreator]
    next_cursor: str | None


class ProductFor(Product):
    """A product for a creator, on which terms, and what is expected of it."""

    rank: int
    offer: Offer
    predicted: Predicted


class ProductsFor(BaseModel):
    """Products for a creator, best first, with what the caller should know."""

    request_id: str
    bundle: str
    as_of: str
    objective: Objective
    currency: str
    creator: Person
    items: list[ProductFor]
    next_cursor: str | None
    notes: list[str]
