"""How long the button takes: `matching find` beside bare imports, and one request in the service.

    .venv/bin/python benchmarks/latency.py BUNDLE

Prints medians of one run and the floor that each stands on.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

RUNS = 9
REQUESTS = 60


def main(bundle: Path) -> None:
    program = Path(sys.executable).with_name("matching")
    product = first_product(bundle)
    bare = [sys.executable, "-c", "import lightgbm, faiss"]
    find = [str(program), "find", str(bundle), product]
    pairs = [(seconds(lambda: run(bare)), seconds(lambda: run(find))) for _ in range(RUNS)]
    floor, took = (median(values) for values in zip(*pairs, strict=True))
    print(f"matching find                    {took:6.2f} s")
    print(f"  floor: import lightgbm, faiss  {floor:6.2f} s   ratio {took / floor:.2f}")
    for name, explain in (("with reasons", True), ("without reasons", False)):
        print(f"one request {name:20} {request(bundle, explain):6.1f} ms")
    print(f"  floor: raw predictions         {raw_predictions(bundle):6.1f} ms")


def first_product(bundle: Path) -> str:
    from matching.matcher import Matcher

    return str(Matcher.load(bundle).products(limit=1)[0]["product_id"])


def request(bundle: Path, explain: bool) -> float:
    """Return the median milliseconds of a match and its rendering, over many products."""
    from matching.matcher import Matcher

    matcher = Matcher.load(bundle)
    products = [product["product_id"] for product in matcher.products(limit=REQUESTS)]
    matcher.match(products[0], explain=explain).to_dict()
    times = [seconds(lambda p=p: matcher.match(p, explain=explain).to_dict()) for p in products]
    return 1000 * median(times)


def raw_predictions(bundle: Path) -> float:
    """Return the median milliseconds of the heads alone, on the rows that a match scores."""
    from matching.matcher import Filters, Matcher

    matcher = Matcher.load(bundle)
    product = matcher.products(limit=1)[0]["product_id"]
    found = matcher.match(product, filters=Filters(roi_min=0.0), explain=False)
    matrix = found.scored.matrix  # of all candidates: what is predicted decides who passes
    heads = matcher.contents.ranker.heads.values()
    return 1000 * median(
        seconds(lambda: [head.margin(matrix) for head in heads]) for _ in range(REQUESTS)
    )


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
