"""How many requests a second the service answers, beside the same server answering nothing.

    python benchmarks/load.py [BUNDLES] [--seconds 10] [--clients 8] [--workers 2]

Starts the service on the promoted bundle (default: one trained on data/sample) and asks on
connections that stay open, each client as soon as it has its answer. The floor is /healthz of the
same server in the same run. The clients share the machine with the server; what they take of it is
told. Rounds of all questions alternate, so that a noisy moment does not meet one of them alone.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from urllib.parse import quote

from service import get_json, machine, sample_bundles, serving

ROUNDS = 3
CLIENT_PROCESSES = 2
PRODUCTS = 200
COLUMNS = ("question", "requests/s", "p50 ms", "p99 ms", "errors", "of the floor", "clients' CPU")


@dataclass(frozen=True)
class Answers:
    """What one round of one question saw."""

    seconds: float
    latencies: list[float]
    errors: int
    cpu: float

    def __add__(self, other: Answers) -> Answers:
        return Answers(
            self.seconds + other.seconds,
            self.latencies + other.latencies,
            self.errors + other.errors,
            self.cpu + other.cpu,
        )


def main(bundles: Path | None, seconds: float, clients: int, workers: int) -> None:
    words = machine()
    with TemporaryDirectory() as scratch:
        folder = bundles or sample_bundles(Path(scratch) / "bundles")
        with serving(folder, workers, Path(scratch) / "log") as port:
            about = get_json(port, "/readyz")
            questions = ask_about(port)
            seen = measure(port, questions, seconds / ROUNDS, clients)
    print(f"{words}; {workers} workers, {clients} clients, bundle {about['bundle']}\n")
    floor = rate(next(iter(seen.values())))
    rows = [tell(name, answers, floor) for name, answers in seen.items()]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    for row in (COLUMNS, *rows):
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]))


def ask_about(port: int) -> dict[str, list[bytes]]:
    """Return each question as the requests that are sent in turn; the first is the floor."""
    items = get_json(port, f"/v1/products?limit={PRODUCTS}")["items"]
    ids = [item["product_id"] for item in items]
    paths = [f"/v1/products/{quote(product, safe='')}/creators?k=20" for product in ids]
    terms = {"commission_rate": 0.25, "slot_fee": 0}
    return {
        "nothing (/healthz)": [request("/healthz")],
        "match, k = 20": [request(path) for path in paths],
        "match without reasons": [request(path + "&explain=false") for path in paths],
        "match on other terms": [
            request("/v1/matches", {"product_id": product, "terms": terms}) for product in ids
        ],
    }


def request(path: str, body: object = None) -> bytes:
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content


def measure(
    port: int, questions: dict[str, list[bytes]], seconds: float, clients: int
) -> dict[str, Answers]:
    seen: dict[str, Answers] = {}
    with ProcessPoolExecutor(CLIENT_PROCESSES, mp_context=get_context("spawn")) as pool:
        for requests in questions.values():  # warm
            play(pool, port, requests, 1.0, clients)
        for _ in range(ROUNDS):
            for name, requests in questions.items():
                answers = play(pool, port, requests, seconds, clients)
                seen[name] = seen[name] + answers if name in seen else answers
    return seen


def play(
    pool: ProcessPoolExecutor, port: int, requests: list[bytes], seconds: float, clients: int
) -> Answers:
    """Let the clients ask for so many seconds."""
    start = time.perf_counter()
    each = clients // CLIENT_PROCESSES
    parts = [
        pool.submit(clients_of_a_process, port, requests, seconds, each, offset)
        for offset in range(CLIENT_PROCESSES)
    ]
    latencies: list[float] = []
    errors, cpu = 0, 0.0
    for part in parts:
        found, failed, used = part.result()
        latencies += found
        errors += failed
        cpu += used
    return Answers(time.perf_counter() - start, latencies, errors, cpu)


def clients_of_a_process(
    port: int,
    requests: list[bytes],
    seconds: float,
    clients: int,
    offset: int,
    stop: Event | None = None,
) -> tuple[list[float], int, float]:
    """Ask for so many seconds, or until `stop`.

    Return the latencies in seconds, the number of errors, and the CPU seconds used.
    """
    stop = stop or Event()
    latencies: list[float] = []
    errors: list[str] = []
    before = time.process_time()
    end = time.perf_counter() + seconds

    def client(number: int) -> None:
        position = (number * CLIENT_PROCESSES + offset) * 7919
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.perf_counter() < end and not stop.is_set():
                position += 1
                start = time.perf_counter()
                connection.sendall(requests[position % len(requests)])
                status = read_answer(connection)
                latencies.append(time.perf_counter() - start)
                if status != b"200":
                    errors.append(status.decode())

    threads = [Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies, len(errors), time.process_time() - before


def read_answer(connection: socket.socket) -> bytes:
    """Read one answer to its end, and return its status."""
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, content = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    missing = length - len(content)
    while missing > 0:
        missing -= len(connection.recv(min(missing, 65536)))
    return head[9:12]


def rate(answers: Answers) -> float:
    return len(answers.latencies) / answers.seconds


def tell(name: str, answers: Answers, floor: float) -> tuple[str, ...]:
    ordered = sorted(answers.latencies)
    p50, p99 = (1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    share = answers.cpu / (answers.seconds * (os.cpu_count() or 1))
    figures = (f"{rate(answers):,.0f}", f"{p50:.1f}", f"{p99:.1f}", str(answers.errors))
    return (name, *figures, f"{rate(answers) / floor:.3f}", f"{share:.0%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("bundles", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each question")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    main(**vars(parser.parse_args()))
