"""Match lists as tables: the rows that weekly lists and `matching score` write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from matching.columns import CHANNELS
from matching.drafts import draft, sync
from matching.errors import MatchingError, OptionError
from matching.explain import STAGES, evidence
from matching.matcher import Matcher
from matching.results import MatchResult

_NUMBERS = (
    "predicted_roi",
    "roi_low",
    "roi_high",
    "settled_gmv",
    "settled_gmv_low",
    "settled_gmv_high",
    "cost",
    "slot_fee",
    "sample_cost",
    "commission_rate",
    "profit",
    "break_even_slot_fee",
    "accept_probability",
    "fulfil_probability",
    "evidence_base",
    *(f"evidence_{stage}" for stage in STAGES),
)
SCHEMA = pa.schema(
    [
        ("week", pa.string()),
        ("merchant_id", pa.string()),
        ("product_id", pa.string()),
        ("rank", pa.int32()),
        ("creator_id", pa.string()),
        ("channel", pa.string()),
        ("objective", pa.string()),
        *((name, pa.float64()) for name in _NUMBERS),
        ("bundle", pa.string()),
    ]
)
"""The columns of match_lists.parquet (contract §3)."""


def match_list(result: MatchResult, week: str | None = None) -> pa.Table:
    """Return a match as the rows of a match list, best first; unknown numbers are null.

    Raises
    ------
    ValueError
        If the match was asked for without explanation.
    """
    if result.contributions is None:
        raise ValueError("a match list needs the evidence: match with explain=True")
    rows, scored, count = result.rows, result.scored, len(result.rows)
    contents = result.matcher.contents
    creator_ids = contents.history.creator_ids
    stages = evidence(result.contributions, contents.parts)
    numbers: dict[str, Any] = {
        "predicted_roi": scored.money.roi[rows],
        "roi_low": scored.money.roi_low[rows],
        "roi_high": scored.money.roi_high[rows],
        "settled_gmv": scored.money.settled_gmv[rows],
        "settled_gmv_low": scored.outcomes.published_low[rows],
        "settled_gmv_high": scored.outcomes.published_high[rows],
        "cost": scored.money.cost[rows],
        "profit": scored.money.profit[rows],
        "break_even_slot_fee": scored.money.break_even_slot_fee[rows],
        "accept_probability": scored.outcomes.accept_probability[rows],
        "fulfil_probability": scored.outcomes.fulfil_probability[rows],
        **{f"evidence_{stage}": values for stage, values in stages.items()},
        **{
            term: np.broadcast_to(getattr(scored.deal, term), scored.creators.shape)[rows]
            for term in ("slot_fee", "sample_cost", "commission_rate")
        },
    }
    columns: dict[str, Any] = {
        "week": [week] * count,
        "merchant_id": [result.product["merchant_id"]] * count,
        "product_id": [result.product["product_id"]] * count,
        "rank": np.arange(1, count + 1, dtype=np.int32),
        "creator_id": [creator_ids[int(row)] for row in scored.creators[rows]],
        "channel": [CHANNELS[int(channel)] for channel in scored.channels[rows]],
        "objective": [result.objective] * count,
        **{name: pa.array(values, from_pandas=True) for name, values in numbers.items()},
        "bundle": [result.matcher.version] * count,
    }
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def score_pairs(matcher: Matcher, pairs: pa.Table, objective: str = "roi") -> pa.Table:
    """Return predictions for each (creator_id, product_id), ranked within product.

    The columns are those of a match list, `week` null, and `eligible` beside them.

    Raises
    ------
    MatchingError
        If a column is missing, an id is null or unknown, or a pair is there twice.
    """
    for name in ("creator_id", "product_id"):
        if pairs.column_names.count(name) > 1:
            raise MatchingError(f"the pairs have more than one column {name}")
        if name not in pairs.column_names:
            raise MatchingError(
                f"the pairs have no column {name}; they need creator_id, product_id"
            )
    asked: dict[str, list[str]] = {}
    columns = (pairs.column(n).cast(pa.string()).to_pylist() for n in ("product_id", "creator_id"))
    for row, (product, creator) in enumerate(zip(*columns, strict=True), start=1):
        if not product or not creator:
            raise MatchingError(f"row {row} of the pairs has no creator_id or no product_id")
        asked.setdefault(product, []).append(creator)
    return pa.concat_tables(
        [_score_product(matcher, p, asked[p], objective) for p in sorted(asked, key=str.encode)]
        or [SCHEMA.append(pa.field("eligible", pa.bool_())).empty_table()]
    )


def read_pairs(path: Path) -> pa.Table:
    """Read pairs of ids from a CSV or Parquet file, as text."""
    from pyarrow import csv, parquet

    if not path.is_file():
        raise OptionError("PAIRS", f"there is no file {path}")
    try:
        if path.suffix == ".parquet":
            return parquet.read_table(path)
        names = ("creator_id", "product_id")
        options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        return csv.read_csv(path, convert_options=options)
    except (pa.ArrowInvalid, OSError) as error:
        raise OptionError("PAIRS", f"{path} cannot be read: {error}") from error


def _score_product(matcher: Matcher, product: str, creators: list[str], objective: str) -> pa.Table:
    if len(set(creators)) < len(creators):
        twice = next(c for c in creators if creators.count(c) > 1)
        raise MatchingError(f"the pair ({twice}, {product}) is there more than once")
    result = matcher.score(creators, product, objective)
    may = matcher.eligible(product)[result.scored.creators[result.rows]]
    return match_list(result).append_column("eligible", pa.array(may))


def write_table(table: pa.Table, out: Path) -> None:
    """Write a table as CSV or Parquet, by the suffix; the file appears whole or not at all."""
    from pyarrow import csv, parquet

    if out.suffix not in (".csv", ".parquet"):
        raise OptionError("out", f"{out} must end in .csv or .parquet")
    with draft(out.absolute().parent) as work:
        path = work.folder / out.name
        if out.suffix == ".csv":
            csv.write_csv(table, path)
        else:
            parquet.write_table(table, path, compression="zstd")
        sync(path)
        path.replace(out)
