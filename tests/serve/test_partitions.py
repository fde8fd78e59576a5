"""Partitions of a week: killed, locked out, on a full disk, damaged, and always the same bytes."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from matching.errors import MatchingError
from matching.matcher import Matcher
from serve import partitions
from serve.locks import alone
from serve.partitions import Partition, locally
from serve.weekly import LISTS, MANIFEST, ListStep, write_weekly
from serve.weeks import Weeks

WEEK, LAST = "2026-W48", "2026-W47"
SMALL, COUNT = 16, 40
ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]
LONG = [pytest.mark.slow, pytest.mark.timeout(900)]
CHILD = f"""
import sys
from pathlib import Path
from matching.matcher import Matcher
from serve import partitions
from serve.weekly import write_weekly

partitions.PRODUCTS_PER_PARTITION = {SMALL}
matcher = Matcher.load(Path(sys.argv[1]))
print("begun", flush=True)
write_weekly(matcher, {WEEK!r}, Path(sys.argv[2]), k=3, products=sys.argv[3:])
"""


@pytest.fixture(autouse=True, scope="module")
def _small_partitions() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "PRODUCTS_PER_PARTITION", SMALL)
        yield


@pytest.fixture(scope="module")
def products(matcher: Matcher) -> list[str]:
    ids = matcher.contents.history.product_ids
    return [ids[row] for row in range(COUNT)]


@pytest.fixture(scope="module")
def write(matcher: Matcher, products: list[str]) -> Write:
    """Write the lists of a week into a folder."""

    def call(out: Path, run: partitions.Run | None = None, k: int = 3, **more: Any) -> Path:
        return write_weekly(matcher, WEEK, out, k, products=products, run=run, **more)

    return call


@pytest.fixture(scope="module")
def undisturbed(write: Write, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    return contents(write(tmp_path_factory.mktemp("whole")))


def contents(week: Path) -> tuple[bytes, bytes]:
    return (week / LISTS).read_bytes(), (week / MANIFEST).read_bytes()


def computed(matcher: Matcher, numbers: list[int], most: int = 99) -> partitions.Run:
    """Return what computes here, notes which partitions, and fails after so many."""
    here = locally(matcher, lambda count: None)

    def run(asked: Sequence[Partition]) -> Iterator[tuple[Partition, bytes]]:
        for partition, content in here(asked):
            if len(numbers) == most:
                raise RuntimeError("the power went out")
            numbers.append(partition.number)
            yield partition, content

    return run


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=LONG)])
def test_killed_at_any_moment_it_costs_nothing_but_time(
    bundle: Path,
    tmp_path: Path,
    write: Write,
    products: list[str],
    undisturbed: tuple[bytes, bytes],
    kills: int,
) -> None:
    draw = random.Random(kills)
    started = time.perf_counter()
    write(tmp_path)
    took = time.perf_counter() - started
    for number in range(kills):
        out = tmp_path / str(number)
        command = [sys.executable, "-c", CHILD, str(bundle), str(out), *products]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"begun\n"
            time.sleep(draw.uniform(0.0, 1.2 * took))
            child.kill()
        seen = Weeks(out).open(WEEK)  # whole, or not at all
        assert seen is None or seen.manifest["sha256"] in undisturbed[1].decode()
        assert contents(write(out)) == undisturbed
        assert sorted(path.name for path in out.iterdir()) == [".lists.lock", WEEK]


def test_a_rerun_computes_only_what_is_missing(
    matcher: Matcher, tmp_path: Path, write: Write, undisturbed: tuple[bytes, bytes]
) -> None:
    first: list[int] = []
    with pytest.raises(RuntimeError):
        write(tmp_path, computed(matcher, first, 2))
    assert Weeks(tmp_path).open(WEEK) is None
    second: list[int] = []
    progress: list[int] = []
    folder = write(tmp_path, computed(matcher, second), advance=progress.append)
    assert contents(folder) == undisturbed
    assert (first, second) == ([0, 1], [2])
    assert sum(progress) == 2 * SMALL
    write(tmp_path, computed(matcher, second, 0))


def test_what_was_computed_for_other_arguments_is_not_taken(
    matcher: Matcher, tmp_path: Path, write: Write, undisturbed: tuple[bytes, bytes]
) -> None:
    with pytest.raises(RuntimeError):
        write(tmp_path, computed(matcher, [], 2), k=2)
    assert contents(write(tmp_path)) == undisturbed


def test_a_part_that_rots_is_computed_again(
    matcher: Matcher, tmp_path: Path, write: Write, undisturbed: tuple[bytes, bytes]
) -> None:
    with pytest.raises(RuntimeError):
        write(tmp_path, computed(matcher, [], 2))
    rotten = sorted(tmp_path.rglob("*.arrow"))[1]
    content = bytearray(rotten.read_bytes())
    content[len(content) // 2] ^= 1
    rotten.write_bytes(content)
    again: list[int] = []
    folder = write(tmp_path, computed(matcher, again))
    assert contents(folder) == undisturbed
    assert again == [1, 2]


def test_lists_that_rot_are_written_again(
    tmp_path: Path, write: Write, undisturbed: tuple[bytes, bytes]
) -> None:
    folder = write(tmp_path)
    (folder / LISTS).write_bytes(undisturbed[0][:-1])
    assert contents(write(tmp_path)) == undisturbed


def test_a_second_run_at_the_same_time_is_refused(matcher: Matcher, tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(MatchingError, match="another run is writing"):
        write_weekly(matcher, WEEK, tmp_path, k=1, products=["p000001"])
    assert write_weekly(matcher, WEEK, tmp_path, k=1, products=["p000001"]).name == WEEK


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let the system refuse to write on, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("place", ["a part", "the lists"])
def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(
    matcher: Matcher, tmp_path: Path, write: Write, undisturbed: tuple[bytes, bytes], place: str
) -> None:
    kept = [
        write_weekly(matcher, week, tmp_path, k=1, products=["p000001"]) for week in (LAST, WEEK)
    ]
    before = [contents(week) for week in kept]
    size = 1000 if place == "a part" else len(undisturbed[0]) - 1000
    with files_no_larger_than(size), pytest.raises(MatchingError, match="no room on the disk"):
        write(tmp_path)
    assert [contents(week) for week in kept] == before
    for week in (LAST, WEEK):
        readable = Weeks(tmp_path).open(week)
        assert readable is not None
        assert len(readable.page(9)) == 1
    assert bool(list(tmp_path.rglob("*.arrow"))) == (place == "the lists")
    assert contents(write(tmp_path)) == undisturbed


def test_other_faults_of_the_disk_are_told_as_they_are(
    matcher: Matcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*paths: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serve.weekly.publish", fail)
    with pytest.raises(PermissionError):
        write_weekly(matcher, WEEK, tmp_path, k=1, products=["p000001"])


def test_readers_see_no_lists_before_they_are_complete(
    matcher: Matcher, tmp_path: Path, write: Write
) -> None:
    here, seen = locally(matcher, lambda count: None), []

    def run(asked: Sequence[Partition]) -> Iterator[tuple[Partition, bytes]]:
        for done in here(asked):
            seen.append(Weeks(tmp_path).open(WEEK))
            yield done

    write(tmp_path, run)
    assert len(seen) > 1
    assert set(seen) == {None}
    assert Weeks(tmp_path).open(WEEK) is not None


def test_partitions_cover_all_products_in_order() -> None:
    products = tuple(f"p{number:03}" for number in range(COUNT))
    parts = partitions.split(ListStep(k=3, objective="roi", week=WEEK), products)
    assert [len(part.products) for part in parts] == [16, 16, 8]
    assert tuple(p for part in parts for p in part.products) == products
