"""Digests of what was trained on, so that a manifest tells whether two catalogs are the same."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import pyarrow as pa

from matching.catalog import Catalog
from matching.columns import CATALOG, TABLES


def digest_tables(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Return of each table with rows how many there are, and the SHA-256 of their values.

    The order of the columns in the source does not matter, nor how they were stored there.
    """
    frames = {t.name: getattr(catalog, t.name) for t in TABLES if t is not CATALOG}
    return {
        name: {"rows": len(frame), "sha256": _digest(frame)}
        for name, frame in frames.items()
        if len(frame)
    }


def _digest(frame: pd.DataFrame) -> str:
    """Hash one column at a time, as one piece, so that only one is copied."""
    digest = _Hashed()
    for name in sorted(frame.columns):
        column = pa.table({name: pa.array(frame[name], from_pandas=True)}).combine_chunks()
        with pa.ipc.new_stream(pa.PythonFile(digest, mode="w"), column.schema) as stream:
            stream.write_table(column)
    return digest.sha256.hexdigest()


class _Hashed:
    """A file that keeps nothing of what is written but its SHA-256."""

    closed = False

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, data: Any) -> int:
        self.sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""
