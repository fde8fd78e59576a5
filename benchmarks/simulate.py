"""Time and memory of simulating a market, at growing sizes.

    python benchmarks/simulate.py [--largest 1000000]

Each size runs in its own process, so that its peak memory is its own. The floor is what cannot be
saved: the raw random draws behind as many collaborations, with nothing around them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from training.simulator import Market, MarketConfig, simulate

SIZES = (10_000, 100_000, 1_000_000)  # creators, and as many products
COLLABORATIONS_PER_CREATOR = 10
JUDGED = (20_000, 300)  # creators and products asked of the truth
COLUMNS = ("creators", "simulate s", "floor s", "ratio", "save s", "truth s", "peak GB", "disk MB")


def measure(creators: int) -> tuple[str, ...]:
    """Simulate, save and ask one market; one row of the printed table."""
    collaborations = COLLABORATIONS_PER_CREATOR * creators
    started = time.perf_counter()
    market = simulate(MarketConfig(creators, creators, collaborations))
    simulated = time.perf_counter()
    with TemporaryDirectory() as folder:
        market.save(Path(folder) / "market")
        saved = time.perf_counter()
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    peak = peak_bytes()
    floor, asked = raw_draws(collaborations), ask(market)
    took = simulated - started
    figures = (took, floor, took / floor, saved - simulated, asked, peak / 1e9, size / 1e6)
    return (f"{creators:,}", *(f"{figure:,.1f}" for figure in figures))


def peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def raw_draws(collaborations: int, at_once: int = 500_000) -> float:
    """Seconds for the luck of so many collaborations, drawn by numpy alone."""
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    for _ in range(0, collaborations, at_once):
        for _ in range(4):
            np.exp(rng.standard_normal(at_once))
        for _ in range(3):
            rng.poisson(20.0, at_once)
        rng.binomial(20, rng.beta(3.0, 27.0, at_once))
        rng.binomial(20, 0.1, at_once)
        for _ in range(8):
            rng.random(at_once)
    return time.perf_counter() - started


def ask(market: Market) -> float:
    """Seconds for the true outcomes of many pairs in both channels."""
    rng = np.random.default_rng(0)
    creators = rng.integers(0, len(market.truth.creators.category), JUDGED[0])[:, None]
    products = rng.integers(0, len(market.truth.products.category), JUDGED[1])[None, :]
    started = time.perf_counter()
    for channel in ("live", "video"):
        market.truth.outcomes(creators, products, date(2026, 11, 20), channel)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="most creators")
    largest = parser.parse_args().largest
    print(f"{COLLABORATIONS_PER_CREATOR} collaborations a creator, as many products as creators;")
    print(f"truth: {JUDGED[0]:,} creators × {JUDGED[1]} products × 2 channels\n")
    print("".join(f"{column:>12}" for column in COLUMNS))
    alone = multiprocessing.get_context("spawn")
    for creators in SIZES:
        if creators <= largest:
            with ProcessPoolExecutor(1, mp_context=alone) as process:
                row = process.submit(measure, creators).result()
            print("".join(f"{cell:>12}" for cell in row), flush=True)


if __name__ == "__main__":
    main()
