"""What a request may say: every parameter and body field, with its bounds, once.

Names that are not listed are refused, so that a misspelt filter never passes for no filter. Query
values arrive as text and are parsed; bodies are strict JSON, where "20" is not 20.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from matching.economics import Terms
from matching.errors import ConflictError
from matching.matcher import Filters

K_MAX = 200
Id = Annotated[str, Field(min_length=1, max_length=200)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Rate = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=0, le=1e12)]
Objective = Literal["roi", "gmv", "profit"]
FACETS_MAX = 100
IDS_MAX = 1000


def _iso_day(text: str) -> str:
    date.fromisoformat(text)
    return text


def whole(number: object) -> object:
    """JSON has one kind of number: 20.0 is a whole one."""
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return number


Count = Annotated[int, Field(ge=1, le=K_MAX), BeforeValidator(whole)]
Days = Annotated[int, Field(ge=1, le=3650), BeforeValidator(whole)]
Day = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"}),
    AfterValidator(_iso_day),
]


class Payload(BaseModel):
    """Base of every request model: closed to unknown names, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @classmethod
    @cache
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema, made once: the framework asks for it with every request."""
        schema = super().model_json_schema(*args, **kwargs)
        for part in (schema, *schema.get("$defs", {}).values()):
            for name, field in part.get("properties", {}).items():
                part["properties"][name] = cls._documented(field)
        return schema

    @classmethod
    def _documented(cls, field: dict[str, Any]) -> dict[str, Any]:
        """Leave out defaults that only mean "not given"."""
        return {key: value for key, value in field.items() if (key, value) != ("default", None)}


class Query(Payload):
    """Base of query strings, in which null cannot be written."""

    @classmethod
    def _documented(cls, field: dict[str, Any]) -> dict[str, Any]:
        field = super()._documented(field)
        kinds = [kind for kind in field.pop("anyOf", []) if kind != {"type": "null"}]
        if len(kinds) == 1:
            return {**kinds[0], **field}
        return {**field, **({"anyOf": kinds} if kinds else {})}


class Body(Payload):
    """Base of JSON bodies: no guessing of types."""

    model_config = ConfigDict(strict=True)


class FilterFields(BaseModel):
    """Which creators count. A creator whose value is unknown does not pass a filter on it."""

    category: list[Word] | None = Field(
        None, max_length=FACETS_MAX, description="The creator's own category, one of these."
    )
    city: list[Word] | None = Field(
        None, max_length=FACETS_MAX, description="The creator's city, one of these."
    )
    same_city: bool | None = Field(None, description="Only creators of the product's city.")
    mcn_id: list[Id] | None = Field(
        None, max_length=FACETS_MAX, description="Represented by one of these MCNs."
    )
    channel: Literal["live", "video"] | None = Field(
        None, description="Only offers in this channel."
    )
    follower_min: float | None = Field(None, ge=0, le=1e12, description="At least so many.")
    follower_max: float | None = Field(None, ge=0, le=1e12, description="At most so many.")
    slot_fee_max: Money | None = Field(None, description="Slot fee (坑位费) at most this.")
    reputation_min: float | None = Field(None, ge=0, le=5, description="Reputation, 0 to 5.")
    exclude: list[Id] | None = Field(None, max_length=IDS_MAX, description="Not these creators.")
    only_new: bool | None = Field(
        None, description="Only creators who have never worked with this merchant."
    )
    exclude_contacted_days: Days | None = Field(
        None, description="Nobody whom this merchant invited in so many days."
    )
    roi_min: float | None = Field(None, ge=0, le=1e12, description="Predicted ROI at least this.")
    settled_gmv_min: Money | None = Field(
        None, description="Predicted settled sales at least this."
    )
    accept_min: Rate | None = Field(None, description="Chance to accept at least this.")

    def to_filters(self) -> Filters:
        """Return what the matcher takes; ConflictError where two filters exclude each other."""
        low, high = self.follower_min, self.follower_max
        if low is not None and high is not None and low > high:
            raise ConflictError(
                f"follower_min {low:g} is above follower_max {high:g}: no creator can pass both"
            )
        given = {name: getattr(self, name) for name in FilterFields.model_fields}
        return Filters(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in given.items()
                if value is not None
            }
        )


class MatchFields(BaseModel):
    """What both ways of asking for creators have in common."""

    k: Count = Field(20, description="How many creators.")
    objective: Objective = Field(
        "roi",
        description="`roi`: settled sales per unit of cost, given acceptance; `gmv`: expected"
        " settled sales; `profit`: expected profit after marketing (needs a margin).",
    )
    explain: bool = Field(True, description="With evidence and reasons.")


class ProductPath(Payload):
    """A product of the catalog, in the address."""

    product_id: Id = Field(description="The product's id.")


class NoQuery(Query):
    """No query parameters."""


class ProductsQuery(Query):
    """Which of the caller's products to list."""

    q: str | None = Field(None, max_length=200, description="Words of title, category, brand, id.")
    limit: Count = Field(50, description="How many at a time.")
    cursor: str | None = Field(
        None, max_length=600, description="`next_cursor` of the page before."
    )


class PageQuery(Query):
    """Which part of a list."""

    limit: Count = Field(20, description="How many at a time.")
    cursor: str | None = Field(
        None, max_length=2000, description="`next_cursor` of the page before."
    )


class CreatorPath(Payload):
    """A creator, in the address."""

    creator_id: Id = Field(description="The creator's id.")


class AssortmentQuery(PageQuery):
    """Which products for a creator."""

    objective: Objective = Field("roi", description="What they are ranked by, as for creators.")
    merchant_id: Id | None = Field(
        None, description="Only this merchant's; with a merchant's key always its own."
    )


class RecordQuery(PageQuery):
    """Whose record."""

    merchant_id: Id | None = Field(
        None, description="Only this merchant's; with a merchant's key always its own."
    )


class WeekPath(Payload):
    """A week, in the address."""

    week: str = Field(
        pattern=r"^[12][0-9]{3}-W(0[1-9]|[1-4][0-9]|5[0-3])$", description="ISO week: `2026-W47`."
    )


class ListsQuery(PageQuery):
    """Which rows of a week's lists."""

    product_id: Id | None = Field(None, description="Only this product's.")


class CreatorsQuery(MatchFields, FilterFields, Query):
    """Creators for a catalog product."""


class FiltersBody(FilterFields, Body):
    """The filters of a match, in a body."""


class TermsBody(Body):
    """Terms to try instead of the known ones; rates are fractions (0.25 is 25 %)."""

    commission_rate: Rate | None = None
    service_fee_rate: Rate | None = None
    slot_fee: Money | None = None
    sample_cost: Money | None = None
    handling_cost: Money | None = Field(
        None, description="The merchant's own work per collaboration."
    )
    ads_cost: Money | None = None
    subsidy_rate: Rate | None = Field(
        None, description="Share of the commission that the platform pays."
    )

    def to_terms(self) -> Terms:
        """Return what the matcher takes."""
        return Terms(**self.model_dump())


class ProductBody(Body):
    """A product that is not in the catalog."""

    title: str = Field(min_length=1, max_length=500)
    category: str = Field(
        min_length=1, max_length=200, description="Path, top level first: `食品/坚果`."
    )
    price: float = Field(gt=0, le=1e9)
    commission_rate: Rate
    merchant_id: Id | None = Field(None, description="Whose product; decides who is new to them.")
    description: str | None = Field(None, max_length=5000)
    brand: str | None = Field(None, max_length=200)
    margin_rate: Rate | None = Field(None, description="Margin before marketing; for profit.")
    service_fee_rate: Rate | None = Field(None, description="Fee of the MCN or 团长.")
    sample_cost: Money | None = None
    scene: Literal["shop", "local", "service"] | None = Field(
        None, description="`local`: used at a place; `service`: sold by a service account."
    )
    city: Word | None = Field(None, description="Where it is used, for `local`.")
    listed_on: Day | None = None
    buyer_female: Rate | None = Field(None, description="Share of women among its buyers.")


class MatchBody(MatchFields, Body):
    """Creators for a product in the catalog or outside it."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["product_id"]}, {"required": ["product"]}]}
    )

    # None stands for "not given" and cannot be sent: `oneOf` decides by presence.
    product_id: Id = Field(None, description="A product of the catalog.")  # type: ignore[assignment]
    product: ProductBody = Field(None, description="A product outside it.")  # type: ignore[assignment]
    filters: FiltersBody | None = None
    terms: TermsBody | None = None
    include: list[Id] | None = Field(
        None, max_length=50, description="Creators to report on whatever their rank: why not?"
    )

    @model_validator(mode="after")
    def _one_product(self) -> Self:
        if len({"product_id", "product"} & self.model_fields_set) != 1:
            raise ValueError("give either product_id or product, and not both")
        return self

    def product_asked(self) -> str | dict[str, Any]:
        """Return the id, or the given fields of the product outside the catalog."""
        if "product" in self.model_fields_set:
            return self.product.model_dump(exclude_none=True)
        return self.product_id


LIST_PARAMETERS = frozenset(
    name
    for name, field in CreatorsQuery.model_json_schema()["properties"].items()
    if field.get("type") == "array"
)


def names_beside(model: str, path: tuple[int | str, ...]) -> list[str]:
    """Return the field names that may stand where `path` leads in the request model."""
    found = next(each for each in _models(Payload) if each.__name__ == model)
    for part in path[:-1]:
        if isinstance(part, str):
            found = next(_models_inside(found.model_fields[part].annotation))
    return sorted(found.model_fields)


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield base
    for model in base.__subclasses__():
        yield from _models(model)


def _models_inside(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of an annotation such as `list[EventBody] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_inside(inner)
