"""Simulates a market of live commerce in the tables of the data contract, with its truth.

>>> market = simulate(MarketConfig(creators=50, products=10, collaborations=100, seed=1))
>>> len(market.tables["collaborations"])
100
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from matching.errors import OptionError
from training.market import log, tables, text
from training.market.drawing import draw_creators, draw_merchants, draw_products, draw_space
from training.market.luck import draw
from training.market.mechanisms import Terms
from training.market.truth import EPOCH, TrueOutcomes, Truth
from training.second.build import build as build_second
from training.second.truth import MARKET as SECOND
from training.second.truth import Truth as SecondTruth

__all__ = [
    "MARKETS",
    "Market",
    "MarketConfig",
    "SecondTruth",
    "Terms",
    "TrueOutcomes",
    "Truth",
    "draw",
    "load_truth",
    "simulate",
]

MARKETS = ("first", SECOND)

PRODUCTS_PER_MERCHANT = 8
ROWS_A_GROUP = 1_000_000


MOST_WEEKS = 520


@dataclass(frozen=True)
class MarketConfig:
    """How large a market, over how many weeks up to which day, its seed, and which of `MARKETS`.

    Raises
    ------
    OptionError
        If a size is below one, the seed is negative, or there is no such market.

    """

    creators: int = 2000
    products: int = 400
    collaborations: int = 12000
    weeks: int = 52
    seed: int = 0
    last_day: date = date(2026, 11, 20)
    market: str = MARKETS[0]

    def __post_init__(self) -> None:
        for name in ("creators", "products", "collaborations", "weeks"):
            if getattr(self, name) < 1:
                raise OptionError(name, f"{getattr(self, name)} is too few; give 1 or more")
        if self.weeks > MOST_WEEKS:
            raise OptionError("weeks", f"{self.weeks} is too many; give {MOST_WEEKS} or fewer")
        if self.seed < 0:
            raise OptionError("seed", f"{self.seed} is negative; give 0 or more")
        if self.market not in MARKETS:
            known = " or ".join(MARKETS)
            raise OptionError("market", f"there is no market {self.market!r}; give {known}")


@dataclass(frozen=True)
class Market:
    """A simulated market: the tables of the contract, and what is true behind them."""

    tables: dict[str, pd.DataFrame] = field(repr=False)
    truth: Truth | SecondTruth = field(repr=False)

    def save(self, out: Path) -> None:
        """Write every table as `out/<table>.parquet` and the truth to `out/truth/`.

        All is written beside `out` first, so that a failure leaves `out` as it was.
        """
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            self.save_tables(Path(folder))
            self.truth.save(Path(folder) / "truth")
            out.mkdir(exist_ok=True)
            shutil.rmtree(out / "truth", ignore_errors=True)
            for written in Path(folder).iterdir():
                written.replace(out / written.name)

    def save_tables(self, out: Path) -> None:
        """Write every table as `out/<table>.parquet`, without the truth."""
        out.mkdir(parents=True, exist_ok=True)
        for name, frame in self.tables.items():
            with pq.ParquetWriter(
                out / f"{name}.parquet", _arrow(frame[:0]).schema, compression="zstd"
            ) as file:
                for first in range(0, len(frame), ROWS_A_GROUP):
                    file.write_table(_arrow(frame[first : first + ROWS_A_GROUP]))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """Convert a few rows at a time, so that a large table is never in memory twice."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()


def load_truth(folder: Path) -> Truth | SecondTruth:
    """Read the truth of a simulated market, whichever it is; ValueError as their `load` has it."""
    facts = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return (SecondTruth if facts.get("market") == SECOND else Truth).load(folder)


def simulate(config: MarketConfig) -> Market:
    """Draw the actors, let past merchants invite, play it, and write what an export would show.

    The same configuration gives the same tables. Each step has its own random stream, so that a
    change in one leaves the others' draws alone.
    """
    last_day = (config.last_day - EPOCH).days
    first_day = last_day - 7 * config.weeks + 1
    if config.market == SECOND:
        sizes = (config.creators, config.products, config.collaborations)
        return Market(*build_second(*sizes, first_day, last_day, config.seed))
    steps = np.random.default_rng(config.seed).spawn(8)
    space = draw_space(steps[0])
    creators = draw_creators(config.creators, space, first_day, last_day, steps[1])
    merchants = draw_merchants(max(1, config.products // PRODUCTS_PER_MERCHANT), steps[2])
    products = draw_products(config.products, merchants, space, first_day, last_day, steps[3])
    truth = Truth(creators, products, last_day)

    invitations = log.invite(truth, config.collaborations, first_day, steps[4])
    brand = text.brands(len(merchants.category), steps[5])
    return Market(
        {
            "catalog": pd.DataFrame({"name": ["simulated market"], "currency": ["CNY"]}),
            "creators": tables.creators_table(creators, steps[5]),
            "creator_stats": tables.stats_table(creators, first_day, last_day, steps[6]),
            "merchants": tables.merchants_table(merchants, brand, steps[5]),
            "products": tables.products_table(products, merchants, brand, steps[5]),
            "collaborations": log.write(truth, invitations, steps[7]),
        },
        truth,
    )
