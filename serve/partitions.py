"""Partitions: products in fixed parts, each computed whole, kept on disk, and found by a rerun.

A part is written under another name, synced and renamed to a name that holds its own SHA-256: what
is there is whole, or is computed again. Its bytes depend on the bundle, the step and the products
alone, so a run that was killed anywhere and begun again ends as one that was left alone.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from matching.drafts import digest, sync
from matching.matcher import Matcher
from matching.models.index import use_one_thread

PRODUCTS_PER_PARTITION = 2048
# Fixed, so that the same lists are the same bytes.
_PRODUCTS_AT_ONCE = 64
_BATCHES_PER_GROUP = 4


class Step(Protocol):
    """What is computed for every product.

    A step travels to the workers of a cluster: a frozen dataclass of plain values. One that differs
    from partition to partition, such as what was chosen for the products of each, has to follow
    from the bundle and the arguments of the run: those alone say which parts may be taken again.
    """

    @property
    def name(self) -> str:
        """Where its parts are kept."""

    def __call__(self, matcher: Matcher, products: Sequence[str]) -> pa.Table:
        """Return the rows of up to 64 products, in their order."""


@dataclass(frozen=True, eq=False)
class Partition:
    """One step for products that stand together in id order; equal to itself alone."""

    step: Step
    number: int
    products: tuple[str, ...]

    @property
    def batches(self) -> list[tuple[str, ...]]:
        """The products in lots that are computed at once."""
        return _parts(self.products, _PRODUCTS_AT_ONCE)


Lot = tuple[Partition, tuple[str, ...]]
Run = Callable[[Sequence[Partition]], Iterator[tuple[Partition, bytes]]]
"""Computes partitions and yields each with its content, in whatever order they end."""


def program() -> dict[str, str]:
    """Return what, beside the bundle, decides the last bits: nothing must be mixed of two."""
    names = ("matching", "numpy", "scipy", "lightgbm", "faiss-cpu", "pyarrow")
    return {name: version(name) for name in names}


def split(step: Step, products: Sequence[str]) -> list[Partition]:
    """Return the partitions of a step over products in id order."""
    parts = _parts(tuple(products), PRODUCTS_PER_PARTITION)
    return [Partition(step, number, part) for number, part in enumerate(parts)]


def compute(matcher: Matcher, partition: Partition) -> bytes:
    """Return the content of a partition, computed on one thread."""
    use_one_thread()
    return _encode([partition.step(matcher, batch) for batch in partition.batches])


def locally(matcher: Matcher, advance: Callable[[int], None]) -> Run:
    """Return what computes partitions on every core here, one partition after the other.

    Parameters
    ----------
    advance : called after each lot of products, with how many they were
    """

    def run(partitions: Sequence[Partition]) -> Iterator[tuple[Partition, bytes]]:
        cores = os.cpu_count() or 1
        lots = [(part, batch) for part in partitions for batch in part.batches]

        def work(lot: Lot) -> pa.Table:
            return lot[0].step(matcher, lot[1])

        with ThreadPoolExecutor(cores, initializer=use_one_thread) as pool:
            done = zip(lots, _in_order(pool, work, lots, 2 * cores), strict=True)
            for partition, group in groupby(done, key=lambda lot: lot[0][0]):
                tables = []
                for (_, batch), table in group:
                    tables.append(table)
                    advance(len(batch))
                yield partition, _encode(tables)

    return run


@dataclass(frozen=True)
class Shelf:
    """The folder of what a run has computed so far."""

    folder: Path

    def fill(
        self, partitions: Sequence[Partition], run: Run, advance: Callable[[int], None]
    ) -> list[Path]:
        """Return the file of each partition; only those are computed that are not there yet.

        Parameters
        ----------
        advance : called for each partition that was there, with how many products it has
        """
        files = {part.number: self._find(part) for part in partitions}
        missing = []
        for partition in partitions:
            if files[partition.number] is None:
                missing.append(partition)
            else:
                advance(len(partition.products))
        for partition, content in run(missing):
            files[partition.number] = self._keep(partition, content)
        return [file for part in partitions if (file := files[part.number]) is not None]

    def _find(self, partition: Partition) -> Path | None:
        """Return the file of a partition; what is there and is not whole is removed."""
        for path in self._place(partition).glob(f"{partition.number:06}.*.arrow"):
            if digest(path) == path.name.split(".")[1]:
                return path
            path.unlink()
        return None

    def _keep(self, partition: Partition, content: bytes) -> Path:
        """Write the content of a partition, on disk when this returns."""
        place = self._place(partition)
        place.mkdir(parents=True, exist_ok=True)
        sync(place.parent)
        path = place / f"{partition.number:06}.{hashlib.sha256(content).hexdigest()}.arrow"
        aside = place / f".{partition.number:06}"
        aside.write_bytes(content)
        sync(aside)
        aside.rename(path)
        sync(place)
        return path

    def _place(self, partition: Partition) -> Path:
        return self.folder / partition.step.name


def read_groups(file: Path) -> list[pa.Table]:
    """Return the rows of a partition: one table for each 256 products that have any."""
    with pa.OSFile(str(file)) as source, pa.ipc.open_file(source) as reader:
        return [
            pa.Table.from_batches([reader.get_batch(number)])
            for number in range(reader.num_record_batches)
        ]


def _parts(products: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    return [products[start : start + size] for start in range(0, len(products), size)]


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Lot], pa.Table], lots: Iterable[Lot], ahead: int
) -> Iterator[pa.Table]:
    """Yield what each lot becomes, in order; at most so many are begun before they are asked for.

    So memory does not grow with the market, and a failure is told at once.
    """
    begun: deque[Future[pa.Table]] = deque()
    for lot in lots:
        begun.append(pool.submit(work, lot))
        if len(begun) > ahead:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _encode(tables: Sequence[pa.Table]) -> bytes:
    """Return tables as an Arrow file: each group of them one batch of rows."""
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, tables[0].schema, options=options) as writer:
        for start in range(0, len(tables), _BATCHES_PER_GROUP):
            group = pa.concat_tables(tables[start : start + _BATCHES_PER_GROUP])
            writer.write_table(group.combine_chunks())
    return sink.getvalue().to_pybytes()
