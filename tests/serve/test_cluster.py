"""Weekly lists on a real Dask scheduler with two worker processes: the same bytes as here."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from distributed import Client, Future, KilledWorker

from matching.errors import MatchingError, OptionError
from matching.matcher import Matcher
from serve import partitions
from serve.allotment import Rules
from serve.cluster import on_cluster
from serve.partitions import Partition, Run
from serve.weekly import LISTS, MANIFEST, write_weekly
from tests.conftest import Run as Command
from tests.serve.dask_cluster import Cluster, cluster

WEEK = "2026-W48"
SMALL, COUNT = 8, 60
RULES = Rules(per_mcn=2, min_share=0.2, explore=0.05)
LONG = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def _small_partitions() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "PRODUCTS_PER_PARTITION", SMALL)
        patch.setattr("serve.cluster._AHEAD", 4)
        yield


@pytest.fixture(scope="module")
def products(matcher: Matcher) -> list[str]:
    ids = matcher.contents.history.product_ids
    return [ids[row] for row in range(COUNT)]


def listed_here(
    matcher: Matcher, products: list[str], out: Path, rules: Rules | None
) -> tuple[bytes, bytes]:
    """The lists as one machine writes them."""
    return contents(write_weekly(matcher, WEEK, out, 3, products=products, rules=rules))


@pytest.fixture(scope="module")
def here(
    matcher: Matcher, products: list[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[bytes, bytes]:
    return listed_here(matcher, products, tmp_path_factory.mktemp("here"), None)


@pytest.fixture(scope="module")
def allocated_here(
    matcher: Matcher, products: list[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[bytes, bytes]:
    return listed_here(matcher, products, tmp_path_factory.mktemp("allocated"), RULES)


def contents(week: Path) -> tuple[bytes, bytes]:
    return (week / LISTS).read_bytes(), (week / MANIFEST).read_bytes()


def test_the_same_bytes_as_on_one_machine(
    run: Command,
    dask: Cluster,
    bundle: Path,
    products: list[str],
    tmp_path: Path,
    here: tuple[bytes, bytes],
) -> None:
    file = tmp_path / "products.txt"
    file.write_text("\n".join(products))
    out = tmp_path / "lists"
    options = ("--week", WEEK, "-k", 3, "--products", file, "--scheduler", dask.address)
    code, printed, err = run("weekly", bundle, "--out", out, *options)
    assert code == 0, err
    assert contents(Path(printed.strip())) == here
    parts = json.loads(here[1])["partitions"]
    assert [part["products"] for part in parts] == [8] * 7 + [4]


def test_bundles_in_shared_storage_are_copied_there_and_from_there(
    dask: Cluster,
    matcher: Matcher,
    bundle: Path,
    products: list[str],
    tmp_path: Path,
    here: tuple[bytes, bytes],
) -> None:
    shared, done = tmp_path / "shared", []
    for out in (tmp_path / "a", tmp_path / "b"):
        with on_cluster(dask.address, bundle, f"file://{shared}/", done.append) as run:
            folder = write_weekly(matcher, WEEK, out, 3, products=products, run=run)
        assert contents(folder) == here
    assert sum(done) == 2 * COUNT
    assert (shared / bundle.name / "manifest.json").is_file()
    assert list(dask.folder.rglob(f"{bundle.name}/manifest.json"))


def test_workers_that_cannot_load_the_bundle_say_so(
    dask: Cluster, matcher: Matcher, bundle: Path, products: list[str], tmp_path: Path
) -> None:
    with (
        pytest.raises(MatchingError, match=r"on a worker: .*elsewhere.* is no bundle"),
        on_cluster(dask.address, bundle, str(tmp_path / "elsewhere"), print) as run,
    ):
        write_weekly(matcher, WEEK, tmp_path, 3, products=products, run=run)


def test_workers_of_another_version_are_refused(
    dask: Cluster,
    matcher: Matcher,
    bundle: Path,
    products: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = {**partitions.program(), "numpy": "1.0"}
    monkeypatch.setattr("serve.cluster.program", lambda: other)
    with (
        pytest.raises(MatchingError, match=r"a worker runs numpy .* and this program 1\.0"),
        on_cluster(dask.address, bundle, None, print) as run,
    ):
        write_weekly(matcher, WEEK, tmp_path, 3, products=products, run=run)


class Worker:
    address = "tcp://127.0.0.1:1"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KilledWorker("work", Worker(), 3), "workers died again and again"),
        (CancelledError("connection lost"), "scheduler is gone .*connection lost.* goes on"),
    ],
)
def test_what_a_cluster_dies_of_is_a_sentence(
    dask: Cluster,
    matcher: Matcher,
    bundle: Path,
    products: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: str,
) -> None:
    def die(future: Future) -> bytes:
        raise error

    monkeypatch.setattr(Future, "result", die)
    with (
        pytest.raises(MatchingError, match=told),
        on_cluster(dask.address, bundle, None, print) as run,
    ):
        write_weekly(matcher, WEEK, tmp_path, 3, products=products, run=run)


def test_no_scheduler_is_a_sentence(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.cluster._PATIENCE_SECONDS", 1)
    with (
        pytest.raises(OptionError, match=r"scheduler: nothing answers at tcp://127\.0\.0\.1:1:"),
        on_cluster("tcp://127.0.0.1:1", bundle, None, print),
    ):
        pass


@pytest.mark.parametrize(
    "address", ["foo", "tcp://foo", "tcp://:8786", "tcp://foo:0", "tcp://foo:99999", "tcp://foo:x"]
)
def test_an_address_without_host_and_port_is_refused_at_once(
    run: Command, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "__init__", lambda *arguments, **options: pytest.fail("connects"))
    asked = ("weekly", "version", "data", "--week", WEEK, "--out", tmp_path / "out")
    code, _, err = run(*asked, "--scheduler", address)
    told = f"scheduler: {address} is no address such as tcp://10.0.0.1:8786"
    assert (code, told in err, err.count("\n")) == (1, True, 1), err
    with (
        pytest.raises(OptionError, match="is no address"),
        on_cluster(address, tmp_path, "", print),
    ):
        pass


@pytest.mark.parametrize("address", ["tls://127.0.0.1:1", "http://127.0.0.1:1"])
def test_a_client_that_cannot_be_made_is_closed(address: str, bundle: Path) -> None:
    before = set(threading.enumerate())
    with (
        pytest.raises(OptionError, match=rf"scheduler: nothing answers at {address}: "),
        on_cluster(address, bundle, None, print),
    ):
        pass
    assert set(threading.enumerate()) <= before


def test_a_scheduler_without_workers_is_a_sentence(
    dask: Cluster, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(client: Client, count: int, timeout: float) -> None:
        raise TimeoutError

    monkeypatch.setattr(Client, "wait_for_workers", wait)
    with (
        pytest.raises(OptionError, match="has no workers"),
        on_cluster(dask.address, bundle, None, print),
    ):
        pass


def test_shared_storage_without_a_scheduler_is_refused(
    run: Command, bundle: Path, tmp_path: Path
) -> None:
    code, _, err = run("weekly", bundle, "--week", WEEK, "--out", tmp_path, "--shared", "s3://x")
    assert (code, "give --scheduler too" in err) == (1, True)


def test_storage_that_is_not_known_is_a_sentence(bundle: Path) -> None:
    with (
        pytest.raises(OptionError, match=r"shared: nowhere://x/.* cannot be reached"),
        on_cluster("tcp://127.0.0.1:1", bundle, "nowhere://x", print),
    ):
        pass


def disturbed(run: Run, dask: Cluster, draw: random.Random) -> Run:
    """Kill a worker at a random moment of each pass over the partitions; another one joins."""

    def call(asked: Sequence[Partition]) -> Iterator[tuple[Partition, bytes]]:
        after = draw.randrange(6)
        for number, done in enumerate(run(asked)):
            if number == after:
                time.sleep(draw.uniform(0.0, 0.2))
                dask.kill_worker()
                dask.start_worker()
            yield done

    return call


@pytest.mark.parametrize(
    ("rules", "kills"),
    [
        pytest.param(None, 1, id="none-1"),
        pytest.param(RULES, 1, id="capacity-1", marks=pytest.mark.slow),
        pytest.param(None, 20, id="none-20", marks=LONG),
        pytest.param(RULES, 5, id="capacity-5", marks=LONG),
    ],
)
def test_a_worker_that_is_killed_costs_nothing_but_time(
    request: pytest.FixtureRequest,
    dask: Cluster,
    matcher: Matcher,
    bundle: Path,
    products: list[str],
    tmp_path: Path,
    rules: Rules | None,
    kills: int,
) -> None:
    expected = request.getfixturevalue("here" if rules is None else "allocated_here")
    draw = random.Random(kills)
    for number in range(kills):
        out = tmp_path / str(number)
        with on_cluster(dask.address, bundle, None, lambda count: None) as run:
            part = disturbed(run, dask, draw)
            folder = write_weekly(matcher, WEEK, out, 3, products=products, run=part, rules=rules)
        assert contents(folder) == expected
