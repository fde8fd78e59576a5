"""What the service answers of the past: the models behind the documented responses."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

ToldBy = Literal["list", "bundle", "replay"]


class Promised(BaseModel):
    """What was told before; sales and cost given acceptance, bounds for a published one."""

    roi: float | None
    settled_gmv: float
    settled_gmv_low: float | None
    settled_gmv_high: float | None
    cost: float
    accept_probability: float | None
    fulfil_probability: float | None


class Came(BaseModel):
    """What came of it."""

    published: bool
    roi: float | None
    settled_gmv: float
    cost: float
    inside_interval: bool | None = Field(
        description="Null where nothing was published, or no bounds hold."
    )


class PastCase(BaseModel):
    """A collaboration that came to an end, beside what was told before the invitation."""

    collaboration_id: str
    merchant_id: str
    product_id: str
    title: str | None
    creator_id: str
    name: str | None
    channel: str | None
    invited_on: str
    told_by: ToldBy = Field(
        description="The weekly list of that week; the bundle that served when the invitation was"
        " stored; else a replay with what was known on that day."
    )
    bundle: str = Field(description="The version that told it, or that replays it.")
    learnt: bool = Field(
        description="Whether the model that replays had learnt from this very outcome."
    )
    cost_estimated: bool = Field(description="A term is not known and was estimated, in both.")
    promised: Promised
    came: Came


class RecordTotals(BaseModel):
    """Sums over collaborations; ROI is the sum of sales by the sum of costs."""

    cases: int
    published: int
    promised_published: float
    promised_settled_gmv: float
    settled_gmv: float
    promised_cost: float
    cost: float
    promised_roi: float | None
    roi: float | None
    interval_cases: int = Field(description="Published ones for which bounds hold.")
    inside_interval: float | None = Field(description="Share of those inside.")


class TotalsByGroup(BaseModel):
    """Judge by `fair`: all that was told by whoever could not know what came."""

    fair: RecordTotals = Field(description="Lists, bundles, and replays out of sample.")
    all: RecordTotals = Field(
        description="With the learnt ones, which may look better than they were."
    )
    list: RecordTotals
    bundle: RecordTotals
    replay: RecordTotals = Field(description="By a model that had not learnt the outcome.")
    learnt: RecordTotals = Field(description="Replays by one that had learnt it.")


class TrackRecord(BaseModel):
    """Past collaborations: promised before the invitation against what came."""

    request_id: str
    bundle: str
    as_of: str
    currency: str
    merchant_id: str | None = Field(description="Whose; null is everybody's.")
    interval_level: float = Field(description="Share that the bounds are to hold.")
    totals: TotalsByGroup
    worst: list[PastCase] = Field(description="Furthest from the promise, in settled sales.")
    items: list[PastCase] = Field(description="By merchant, newest invitation first.")
    next_cursor: str | None
    notes: list[str]


class ListRow(BaseModel):
    """A row of a weekly list, as `match_lists.parquet` has it."""

    week: str
    merchant_id: str
    product_id: str
    rank: int
    creator_id: str
    channel: str
    objective: str
    predicted_roi: float | None
    roi_low: float | None
    roi_high: float | None
    settled_gmv: float
    settled_gmv_low: float | None
    settled_gmv_high: float | None
    cost: float
    slot_fee: float
    sample_cost: float
    commission_rate: float
    profit: float | None
    break_even_slot_fee: float | None
    accept_probability: float
    fulfil_probability: float
    evidence_base: float
    evidence_transform: float
    evidence_reach: float
    evidence_utilize: float
    evidence_strengthen: float
    evidence_thrive: float
    bundle: str
    placement_probability: float | None = Field(
        default=None,
        description="The chance that the place had; absent where lists do not explore.",
    )


class MatchList(BaseModel):
    """One page of a week's lists, by product and rank; `next_cursor` is null on the last."""

    week: str
    bundle: str
    as_of: str
    objective: str
    items: list[ListRow]
    next_cursor: str | None
