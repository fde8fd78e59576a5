"""How soon the service is ready, and what each worker adds to memory, by the operating system.

    python benchmarks/memory.py BUNDLES

Memory is the proportional set size: pages that workers share (the bundle's maps, above all) are
counted once, divided among them. Linux only.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from load import ask_about, clients_of_a_process
from service import get, machine, serving

WORKERS = (1, 2, 4)
WARM_SECONDS = 5.0


def main(bundles: Path) -> None:
    print(machine())
    print("workers  ready after s  asked for 5 s: MiB  a further worker adds MiB")
    before = (0, 0.0)
    for workers in WORKERS:
        with TemporaryDirectory() as scratch:
            start = time.perf_counter()
            with serving(bundles, workers, Path(scratch) / "log") as port:
                ready = time.perf_counter() - start
                questions = ask_about(port)["match, k = 20"]
                clients_of_a_process(port, questions, WARM_SECONDS, 2 * workers, 0)
                get(port, "/healthz")
                used = memory()
        more = (used - before[1]) / (workers - before[0])
        print(f"{workers:7}{ready:15.2f}{used:20.0f}{more if before[0] else float('nan'):27.0f}")
        before = (workers, used)


def memory() -> float:
    """Return the proportional set size in MiB of this program's descendants."""
    total = 0
    for process in descendants():
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has just ended
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def descendants() -> list[str]:
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):
            continue
        parents[status.parent.name] = lines["PPid"]
    found, own = [], Path("/proc/self").resolve().name
    for process in parents:
        ancestor = process
        while ancestor in parents and ancestor != own:
            ancestor = parents[ancestor]
        if ancestor == own and process != own:
            found.append(process)
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
