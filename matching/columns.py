"""Every table and column of a catalog, with unit and meaning, once.

The catalog's validation, the data dictionary and the exports are all made from this list.
The tables are those of the data contract; a column that is not `required` may be absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from matching.errors import MatchingError
from matching.own import FILE, OWN_COLUMNS


class Kind(StrEnum):
    """What a column holds; decides its dtype in memory and the values it may take."""

    ID = "id"  # text, never null
    REFERENCE = "reference"  # an id of another table, or of something outside; may be null
    TEXT = "text"
    WORD = "word"  # text out of a fixed list
    DATE = "date"  # a day
    TIME = "time"  # a day and a time, UTC unless it names its zone
    MONEY = "money"  # in the catalog's currency, not negative
    RATE = "rate"  # a fraction in [0, 1], never percent
    COUNT = "count"  # not negative
    SCORE = "score"  # 0 to 5
    NUMBER = "number"  # any
    FLAG = "flag"


@dataclass(frozen=True)
class Column:
    """One column: name, kind, meaning, whether a catalog must have it, whether it is private.

    What is private is known to the models and told to no merchant.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()
    private: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its columns, the column that identifies a row, and whether it must be there."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = False

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)


_STATISTICS = (
    Column("follower_count", Kind.COUNT, "followers"),
    Column("fan_group_size", Kind.COUNT, "members of the paid or opted-in fan group (粉丝团)"),
    Column("live_viewers", Kind.COUNT, "mean viewers of a live session"),
    Column("video_views", Kind.COUNT, "mean views of a video"),
    Column("engagement_rate", Kind.RATE, "likes, comments and shares per view"),
    Column("live_sessions", Kind.COUNT, "live sessions in the seven days"),
    Column("videos", Kind.COUNT, "videos posted in the seven days"),
)

_UPDATED_ON = Column("updated_on", Kind.DATE, "day of this row; the latest row of an id counts")


def _own(table: str) -> tuple[Column, ...]:
    """Return the columns of one's own that a table has."""
    return tuple(Column(own.name, Kind.NUMBER, own.en) for own in OWN_COLUMNS if own.table == table)


CHANNELS = ("live", "video")
SLOT_FEES = ("live_slot_fee", "video_slot_fee")
"""The creators' columns of what each channel costs, in the order of CHANNELS."""
SCENES = ("shop", "local", "service")
STATUSES = ("invited", "declined", "accepted", "failed", "fulfilled")
EVENT_KINDS = ("impression", "view", "invite", "accept", "decline", "dismiss")

CATALOG = Table(
    "catalog",
    "what the catalog as a whole is; one row",
    (
        Column("name", Kind.TEXT, "name of the market or shop"),
        Column("currency", Kind.TEXT, "ISO 4217 code of every amount of money; CNY if absent"),
    ),
    key=(),
)

CREATORS = Table(
    "creators",
    "who posts live sessions or videos (达人)",
    (
        Column("creator_id", Kind.ID, "the creator", required=True),
        Column("name", Kind.TEXT, "display name"),
        Column("profile_text", Kind.TEXT, "bio and recent titles"),
        Column(
            "category", Kind.TEXT, "top-level category, in the words of the products' first part"
        ),
        Column("city", Kind.TEXT, "city the creator works from"),
        Column("mcn_id", Kind.REFERENCE, "the MCN that represents the creator"),
        Column("joined_on", Kind.DATE, "day the creator joined the platform"),
        Column("live_slot_fee", Kind.MONEY, "slot fee (坑位费) for a place in a live session"),
        Column("video_slot_fee", Kind.MONEY, "slot fee for a video"),
        Column(
            "min_commission_rate",
            Kind.RATE,
            "lowest commission the creator takes; private",
            private=True,
        ),
        Column(
            "weekly_capacity", Kind.COUNT, "collaborations a week; null is unlimited", private=True
        ),
        Column("opted_out", Kind.FLAG, "the creator wants no invitations"),
        Column("reputation", Kind.SCORE, "platform's reputation score, 0 to 5"),
        Column("audience_female", Kind.RATE, "share of the audience that is female"),
        Column("audience_18_24", Kind.RATE, "share of the audience aged 18 to 24"),
        Column("audience_25_34", Kind.RATE, "share of the audience aged 25 to 34"),
        Column("audience_35_plus", Kind.RATE, "share of the audience aged 35 or older"),
        Column("audience_tier1", Kind.RATE, "share of the audience in first-tier cities"),
        *_STATISTICS,
        _UPDATED_ON,
        *_own("creators"),
    ),
    key=("creator_id",),
    required=True,
)

CREATOR_STATS = Table(
    "creator_stats",
    "creators week by week; the row of a Monday holds the seven days before it",
    (
        Column("creator_id", Kind.ID, "the creator", required=True),
        Column("week", Kind.DATE, "a Monday", required=True),
        *_STATISTICS,
    ),
    key=("creator_id", "week"),
)

MERCHANTS = Table(
    "merchants",
    "who owns the products (商家)",
    (
        Column("merchant_id", Kind.ID, "the merchant", required=True),
        Column("name", Kind.TEXT, "display name"),
        Column("city", Kind.TEXT, "city of the merchant"),
        Column("rating", Kind.SCORE, "platform's shop rating, 0 to 5"),
        _UPDATED_ON,
    ),
    key=("merchant_id",),
)

PRODUCTS = Table(
    "products",
    "what is to be sold",
    (
        Column("product_id", Kind.ID, "the product", required=True),
        Column("merchant_id", Kind.ID, "the merchant who owns it", required=True),
        Column("title", Kind.TEXT, "title as buyers see it", required=True),
        Column(
            "category", Kind.TEXT, "category path, general to special: 食品/坚果", required=True
        ),
        Column("price", Kind.MONEY, "price of one unit", required=True),
        Column("commission_rate", Kind.RATE, "commission offered on settled sales", required=True),
        Column("description", Kind.TEXT, "longer text"),
        Column("brand", Kind.TEXT, "brand"),
        Column("margin_rate", Kind.RATE, "merchant's margin before marketing, of the price"),
        Column(
            "service_fee_rate", Kind.RATE, "MCN's or group leader's (团长) fee on settled sales"
        ),
        Column("sample_cost", Kind.MONEY, "cost of the sample sent to a creator"),
        Column(
            "scene", Kind.WORD, "where it is used: shop, local (at a place), service", words=SCENES
        ),
        Column("city", Kind.TEXT, "city of the place, for local products"),
        Column("listed_on", Kind.DATE, "day the product was listed"),
        Column("buyer_female", Kind.RATE, "share of its buyers who are female"),
        _UPDATED_ON,
        *_own("products"),
    ),
    key=("product_id",),
    required=True,
)

COLLABORATIONS = Table(
    "collaborations",
    "one creator asked to sell one product, and what came of it",
    (
        Column("collaboration_id", Kind.ID, "the collaboration", required=True),
        Column("creator_id", Kind.ID, "the creator who was asked", required=True),
        Column("product_id", Kind.ID, "the product", required=True),
        Column("invited_on", Kind.DATE, "day of the invitation", required=True),
        Column(
            "status",
            Kind.WORD,
            "how far it came; failed means accepted but never published",
            required=True,
            words=STATUSES,
        ),
        Column("responded_on", Kind.DATE, "day of the answer"),
        Column("published_on", Kind.DATE, "day the content was published"),
        Column("settled_on", Kind.DATE, "day the outcome was known; needed if fulfilled or failed"),
        Column("gmv", Kind.MONEY, "gross sales; needed if fulfilled"),
        Column("channel", Kind.WORD, "live session or video", words=CHANNELS),
        Column("commission_rate", Kind.RATE, "commission agreed, of settled sales"),
        Column("service_fee_rate", Kind.RATE, "service fee agreed, of settled sales"),
        Column("slot_fee", Kind.MONEY, "slot fee paid"),
        Column("sample_cost", Kind.MONEY, "cost of the sample sent"),
        Column("ads_cost", Kind.MONEY, "advertising paid for"),
        Column("subsidy", Kind.MONEY, "what the platform paid toward the cost"),
        Column("return_cost", Kind.MONEY, "merchant's cost of handling returned goods"),
        Column("impressions", Kind.COUNT, "times the content was seen"),
        Column("clicks", Kind.COUNT, "clicks on the product"),
        Column("orders", Kind.COUNT, "orders"),
        Column("refunded_gmv", Kind.MONEY, "sales refunded; at most gmv"),
        Column("fan_gmv", Kind.MONEY, "sales to the creator's own fans"),
        Column(
            "repeat_orders", Kind.COUNT, "orders by buyers who had bought from the creator before"
        ),
        Column("content_text", Kind.TEXT, "title of what was posted"),
        _UPDATED_ON,
    ),
    key=("collaboration_id",),
    required=True,
)

EVENTS = Table(
    "events",
    "what merchants saw and did, as the service exports it",
    (
        Column("event_id", Kind.ID, "the event, unique within a merchant", required=True),
        Column("merchant_id", Kind.ID, "the merchant who saw or did it", required=True),
        Column("kind", Kind.WORD, "what happened", required=True, words=EVENT_KINDS),
        Column("at", Kind.TIME, "when it happened", required=True),
        Column("product_id", Kind.ID, "the product", required=True),
        Column("creator_id", Kind.ID, "the creator", required=True),
        Column("request_id", Kind.TEXT, "the request whose answer it was about"),
        Column("channel", Kind.WORD, "live session or video", words=CHANNELS),
        Column("rank", Kind.COUNT, "place in the list"),
        Column("bundle", Kind.TEXT, "version that made the list"),
        Column("terms", Kind.TEXT, "terms that were offered, as JSON"),
        Column("told", Kind.TEXT, "of an invitation: what was predicted just then, as JSON"),
        Column("received_at", Kind.TIME, "when the service stored it"),
    ),
    key=("merchant_id", "event_id"),
)

TABLES = (CATALOG, CREATORS, CREATOR_STATS, MERCHANTS, PRODUCTS, COLLABORATIONS, EVENTS)
for _table in (CREATORS, PRODUCTS):
    for _name in _table.names:
        if _table.names.count(_name) > 1:
            raise MatchingError(f"{FILE}: {_table.name}.{_name} is there already: take another")
STATISTICS = tuple(column.name for column in _STATISTICS)
AUDIENCE = tuple(name for name in CREATORS.names if name.startswith("audience_"))

UNITS = {
    Kind.ID: "text",
    Kind.REFERENCE: "text",
    Kind.TEXT: "text",
    Kind.WORD: "word",
    Kind.DATE: "ISO day",
    Kind.TIME: "ISO time, UTC",
    Kind.MONEY: "currency",
    Kind.RATE: "fraction 0–1",
    Kind.COUNT: "count",
    Kind.SCORE: "0–5",
    Kind.NUMBER: "number",
    Kind.FLAG: "true or false",
}


def data_dictionary() -> str:
    """Return every table and column with unit and meaning as a Markdown page."""
    lines = ["# Data dictionary", "", "Columns in **bold** are required.", ""]
    for table in TABLES:
        need = "required" if table.required else "optional"
        lines += [
            f"## {table.name} ({need})",
            "",
            f"{table.meaning[0].upper()}{table.meaning[1:]}.",
        ]
        lines += ["", "| column | unit | meaning |", "| --- | --- | --- |"]
        for column in table.columns:
            name = f"**{column.name}**" if column.required else column.name
            unit = ", ".join(column.words) if column.words else UNITS[column.kind]
            lines.append(f"| {name} | {unit} | {column.meaning} |")
        lines.append("")
    return "\n".join(lines)
