"""Weekly lists as files, of whatever rows a test needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from matching.lists import SCHEMA

PLAIN: dict[str, Any] = {
    "rank": 1,
    "channel": "live",
    "objective": "roi",
    "bundle": "20261101T000000-abcdef",
}


def row(merchant: str, product: str, creator: str, **values: Any) -> dict[str, Any]:
    """Return a row of a list; every number that is not given is 1."""
    numbers = {field.name: 1.0 for field in SCHEMA if field.type == pa.float64()}
    ids = {"merchant_id": merchant, "product_id": product, "creator_id": creator}
    return {**numbers, **PLAIN, **ids, **values}


def write_lists(
    folder: Path,
    week: str,
    groups: Iterable[list[Mapping[str, Any]]],
    as_of: str = "2026-11-14",
    schema: pa.Schema = SCHEMA,
    **about: Any,
) -> Path:
    """Write the lists of a week, in these row groups, and their manifest; return the file."""
    path = folder / week / "match_lists.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in groups:
            rows = [{**each, "week": week} for each in group]
            table = pa.Table.from_pylist(rows, schema)
            writer.write_table(table, row_group_size=max(1, len(rows)))
    manifest = {
        "week": week,
        "bundle": PLAIN["bundle"],
        "as_of": as_of,
        "objective": "roi",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        **about,
    }
    path.with_name("manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return path
