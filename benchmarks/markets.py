"""Bundles of simulated markets of growing size, each made once and kept."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-c", "from matching.cli import main; main()")
FIGURES = "training.json"


def bundles_of(folder: Path, creators: int) -> Path:
    """Return the folder of versions of a market of so many creators, trained if there is none.

    A tenth as many products, and six collaborations for ten creators.
    """
    place = folder / f"{creators}"
    bundles = place / "bundles"
    if (place / FIGURES).exists():
        return bundles
    products, collaborations = max(1000, creators // 10), max(30_000, creators * 6 // 10)
    print(f"simulating and training a market of {creators:,} creators …", file=sys.stderr)
    sizes = {"creators": creators, "products": products, "collaborations": collaborations}
    options = [text for name, count in sizes.items() for text in (f"--{name}", str(count))]
    run("simulate", str(place / "market"), *options)
    seconds, peak = run("train", str(place / "market"), "--out", str(bundles))
    figures = {**sizes, "seconds": round(seconds, 1), "peak_gib": round(peak, 2)}
    (place / FIGURES).write_text(json.dumps(figures), encoding="utf-8")
    return bundles


def figures_of(bundles: Path) -> dict[str, Any]:
    """Return sizes, seconds and peak memory of a training that `bundles_of` ran."""
    return dict(json.loads((bundles.parent / FIGURES).read_text(encoding="utf-8")))


def run(*arguments: str) -> tuple[float, float]:
    """Run a command of the program; return its seconds, and the largest peak so far in GiB.

    The operating system keeps one maximum over all that have ended: run the largest last.
    """
    start = time.perf_counter()
    subprocess.run((*COMMAND, *arguments), check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return time.perf_counter() - start, peak
