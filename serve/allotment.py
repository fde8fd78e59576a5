"""A week's allocation: from the edges of all products to the lists of each.

Two passes over the products with one choice between them: what every candidate would bring
(`candidates.EdgeStep`), the allocation of the whole market, and the chosen ones with evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from matching.batches import Ranked, explain_batch
from matching.errors import OptionError
from matching.lists import SCHEMA, match_list
from matching.matcher import Matcher
from serve.allocation import Allocation, allocate
from serve.candidates import EDGES, EdgeStep, capacity_left, small_creators, uncertainty
from serve.capacity import FloatArray, IntArray
from serve.edges import Edges, Limits
from serve.partitions import Partition, read_groups, split

PROBABILITY = pa.field("placement_probability", pa.float64())
"""The chance that the placement had: a column of lists that explore."""


@dataclass(frozen=True)
class Rules:
    """What is asked of an allocation (`edges.Limits`)."""

    per_mcn: int | None = None
    min_share: float = 0.0
    explore: float = 0.0
    min_settled_gmv: float | None = None

    def check(self) -> Rules:
        """Return self; OptionError names the first rule that cannot be."""
        Limits(1, np.zeros(0), **asdict(self)).check()
        return self

    @property
    def schema(self) -> pa.Schema:
        """The columns of the lists."""
        return SCHEMA.append(PROBABILITY) if self.explore > 0.0 else SCHEMA


@dataclass(frozen=True, eq=False)
class Chosen:
    """The chosen pairs in the order of products: rows, channel, and the chance that each had."""

    products: IntArray
    creators: IntArray
    channels: IntArray
    probability: FloatArray

    def of(self, products: IntArray) -> Chosen:
        """Return the pairs of these products, rows in rising order."""
        rows = np.flatnonzero(np.isin(self.products, products))
        columns = (self.products, self.creators, self.channels, self.probability)
        return Chosen(*(column[rows] for column in columns))


@dataclass(frozen=True, eq=False)
class ChosenStep:
    """The chosen creators of each product, with evidence."""

    name: ClassVar[str] = "chosen"
    chosen: Chosen
    objective: str
    week: str
    schema: pa.Schema

    def __call__(self, matcher: Matcher, products: Sequence[str]) -> pa.Table:
        """Return the rows of match_lists.parquet for these products."""
        asked = [matcher.find_product(product) for product in products]
        chosen = self.chosen.of(np.array([each.row for each in asked]))
        if not len(chosen.products):
            return self.schema.empty_table()
        scored = matcher.scorer.score(chosen.creators, chosen.products)
        offered = np.flatnonzero(scored.channels == chosen.channels[scored.candidates])
        lists = [
            scored.ranked(self.objective, offered[scored.products[offered] == each.row])
            for each in asked
        ]
        results = explain_batch(matcher, Ranked(asked, scored, lists), self.objective)
        table = pa.concat_tables([match_list(result, self.week) for result in results])
        if PROBABILITY.name in self.schema.names:
            chances = chosen.probability[scored.candidates[np.concatenate(lists)]]
            table = table.append_column(PROBABILITY, pa.array(chances))
        return table


def read_share(text: str | None) -> float:
    """Return the least share that a text such as small=0.2 asks for, 0 where there is none."""
    if text is None:
        return 0.0
    group, _, share = text.partition("=")
    try:
        if group != "small":
            raise ValueError
        return float(share)
    except ValueError:
        raise OptionError("min-share", f"is as small=0.2, not {text!r}") from None


def edge_partitions(
    products: Sequence[str], k: int, objective: str, monday: date, rules: Rules
) -> list[Partition]:
    """Return the first pass over the products."""
    places = k * len(products)
    return split(EdgeStep(objective, monday, places, rules.min_share > 0.0), products)


def choose(
    matcher: Matcher, files: Iterable[Path], k: int, objective: str, monday: date, rules: Rules
) -> tuple[Chosen, dict[str, Any]]:
    """Return who is listed for what, of the edges in these files, and the allocation's report."""
    tables = [pa.concat_tables(groups) for file in files if (groups := read_groups(file))]
    whole = pa.concat_tables([EDGES.empty_table(), *tables])
    columns = {name: whole[name].to_numpy() for name in EDGES.names}
    limits = Limits(k, capacity_left(matcher, monday), **asdict(rules))
    seed = int(hashlib.sha256(f"{matcher.version} {monday}".encode()).hexdigest()[:16], 16)
    found = allocate(edges_of(matcher, columns, objective), limits, objective, seed)
    return _chosen(columns, found), found.report


def chosen_partitions(
    matcher: Matcher,
    products: Sequence[str],
    chosen: Chosen,
    objective: str,
    week: str,
    rules: Rules,
) -> list[Partition]:
    """Return the second pass over the products; each part carries what was chosen for it."""
    whole = ChosenStep(chosen, objective, week, rules.schema)
    ids = matcher.contents.history.product_ids
    return [
        Partition(
            replace(whole, chosen=chosen.of(ids.rows(part.products))), part.number, part.products
        )
        for part in split(whole, products)
    ]


def edges_of(matcher: Matcher, columns: dict[str, Any], objective: str) -> Edges:
    """Return what the columns of the first pass say, with what is known of each creator."""
    creators = columns["creator"].astype(np.int64)
    mcns = np.nan_to_num(matcher.contents.history.creators.get("mcn_id"), nan=-1).astype(np.int64)
    settled, cost, profit, accept = (
        columns[name].astype(np.float64)
        for name in ("settled_gmv", "cost", "profit", "accept_probability")
    )
    return Edges(
        columns["product"].astype(np.int64),
        creators,
        profit if objective == "profit" else settled,
        settled,
        cost,
        accept,
        mcns[creators],
        small_creators(matcher)[creators],
        uncertainty(matcher)[creators],
    )


def _chosen(columns: dict[str, Any], found: Allocation) -> Chosen:
    rows = found.chosen
    products, creators, channels = (
        columns[name][rows].astype(np.int64) for name in ("product", "creator", "channel")
    )
    return Chosen(products, creators, channels, found.placement_probability)
