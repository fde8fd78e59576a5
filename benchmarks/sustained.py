"""Sustained load of the service by wrk, beside the same server's empty answer, and its memory.

    python benchmarks/sustained.py BUNDLES [--seconds 60]

Two workers answer eight connections that ask for the creators of a hundred products in turn, with
reasons. wrk (Debian: apt-get install wrk) takes less of the machine than clients in Python.
Memory is the proportional set size before and after. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from memory import memory
from service import get_json, machine, serving

WORKERS, CONNECTIONS, THREADS = 2, 8, 2
PRODUCTS = 100
WARM_SECONDS, FLOOR_SECONDS = 5, 10
SCRIPT = """
local paths, number = {paths}, 0
request = function()
  number = number + 1
  return wrk.format("GET", paths[number % #paths + 1])
end
"""


def main(bundles: Path, seconds: int) -> None:
    print(machine())
    with TemporaryDirectory() as scratch, serving(bundles, WORKERS, Path(scratch) / "log") as port:
        items = get_json(port, f"/v1/products?limit={PRODUCTS}")["items"]
        paths = [
            f"/v1/products/{quote(item['product_id'], safe='')}/creators?k=20" for item in items
        ]
        script = Path(scratch) / "ask.lua"
        listed = ", ".join(json.dumps(path) for path in paths)
        script.write_text(SCRIPT.format(paths=f"{{{listed}}}"), encoding="utf-8")
        base = f"http://127.0.0.1:{port}"
        wrk(WARM_SECONDS, "--script", str(script), base)
        before = memory()
        print(wrk(seconds, "--script", str(script), base))
        after = memory()
        print(wrk(FLOOR_SECONDS, f"{base}/healthz"))
    print(f"memory before and after these {seconds} s: {before:,.0f} and {after:,.0f} MiB")


def wrk(seconds: int, *arguments: str) -> str:
    """Return what wrk tells of so many seconds; it names answers that are no success."""
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("bundles", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    main(**vars(parser.parse_args()))
