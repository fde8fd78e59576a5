"""How long a promotion takes to reach every worker, idle and under load, for a large bundle.

    python benchmarks/swap.py [BUNDLE] [--gigabytes 1] [--promotions 10] [--workers 2]

Makes two versions of the bundle (default: one trained on data/sample), filled up to the size asked
for, and promotes them in turn: by the command's way, which verifies before the pointer is changed
and lets workers believe it, and with a pointer written by hand, which makes every worker hash the
whole version. Seconds count from the changed pointer until every worker serves. The floor is
hashing the same files once, in one thread, with nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
from load import ask_about, clients_of_a_process
from service import machine, sample_bundles, serving, wait_for_workers

from matching import bundle

CLIENTS = 4
FILE_BYTES = 100_000_000


def main(source: Path | None, gigabytes: float, promotions: int, workers: int) -> None:
    words = machine()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "filled"
        source = source or bundle.promoted(sample_bundles(Path(scratch) / "bundles"))
        versions = [fill(source, folder, gigabytes, seed) for seed in (1, 2)]
        bundle.promote(folder, versions[0])
        size = sum(f.stat().st_size for f in (folder / versions[0]).rglob("*") if f.is_file())
        start = time.perf_counter()
        bundle.verify(folder / versions[0])
        floor = time.perf_counter() - start
        print(f"{words}; {workers} workers, bundles of {size / 1e9:.2f} GB")
        print(f"floor: hashing one once           {floor:5.2f} s\n")
        with serving(folder, workers, Path(scratch) / "log") as port:
            for busy in (False, True):
                for by_hand in (False, True):
                    with load(port, busy) as answers:
                        took = swaps(port, folder, versions, promotions, workers, by_hand)
                    tell(took, busy, by_hand, answers)


def fill(source: Path, folder: Path, gigabytes: float, seed: int) -> str:
    """Write a version with the source's contents and so much more, and return its name."""
    manifest, files = bundle.read(source)
    rng = np.random.default_rng(seed)
    missing = int(gigabytes * 1e9) - sum(array.nbytes for array in files.arrays.values())
    for number in range(0, max(0, missing), FILE_BYTES):
        size = min(FILE_BYTES, missing - number)
        files.arrays[f"filling/{number}"] = rng.integers(0, 256, size, dtype=np.uint8)
    written = ("format_version", "version", "created_at", "as_of", "files", "sha256")
    about = {name: value for name, value in manifest.items() if name not in written}
    return bundle.write(folder, files, date.fromisoformat(manifest["as_of"]), about).name


def swaps(
    port: int, folder: Path, versions: list[str], promotions: int, workers: int, by_hand: bool
) -> list[float]:
    """Promote in turn, and return the seconds that each took to reach every worker."""
    took = []
    for _ in range(promotions):
        now = bundle.promoted(folder).name
        version = versions[1 - versions.index(now)]
        if by_hand:
            (folder / bundle.PROMOTED).write_text(json.dumps({"version": version}))
        else:
            bundle.promote(folder, version)
        took.append(
            wait_for_workers(port, f'matching_bundle_workers{{version="{version}"}}', workers)
        )
    return took


@contextmanager
def load(port: int, busy: bool) -> Iterator[list[int]]:
    """Let clients ask for matches until the end of the block; note answers and errors."""
    seen: list[int] = []
    stop = Event()
    requests = ask_about(port)["match, k = 20"]

    def ask() -> None:
        latencies, errors, _ = clients_of_a_process(port, requests, 3600, CLIENTS, 0, stop)
        seen.extend((len(latencies), errors))

    thread = Thread(target=ask)
    if busy:
        thread.start()
    yield seen
    stop.set()
    if busy:
        thread.join()


def tell(took: list[float], busy: bool, by_hand: bool, answers: list[int]) -> None:
    how = "pointer by hand" if by_hand else "promoted"
    state = "under load" if busy else "idle"
    errors = f"; {answers[0]} answers, {answers[1]} errors" if answers else ""
    print(f"{how:16} {state:12} median {median(took):5.2f} s, longest {max(took):5.2f} s{errors}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("source", metavar="BUNDLE", type=Path, nargs="?")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--promotions", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    main(**vars(parser.parse_args()))
