"""Partitions on a Dask cluster: the same work, and so the same bytes, as on one machine.

Workers load the bundle from where they reach it, once a process. A worker that dies costs time: the
scheduler gives what it had to another.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import fsspec
from distributed import Client, Future, KilledWorker, as_completed, get_worker
from distributed.comm import parse_address, parse_host_port
from threadpoolctl import threadpool_limits

from matching.bundle import MANIFEST, read_manifest
from matching.errors import MatchingError, OptionError
from matching.matcher import Matcher
from serve.partitions import Partition, Run, compute, program

_PATIENCE_SECONDS = 30
_AHEAD = 64  # partitions that are begun at once, at least: a few megabytes each when they end
_REMOTE = "://"
_loading = threading.Lock()
_loaded: dict[str, Matcher] = {}


@contextmanager
def on_cluster(
    address: str, bundle: Path, shared: str | None, advance: Callable[[int], None]
) -> Iterator[Run]:
    """Yield what computes partitions on a cluster.

    Parameters
    ----------
    address : of the Dask scheduler, such as tcp://10.0.0.1:8786
    bundle : folder of the version
    shared : where workers find the folder of versions: a path, or an address that fsspec knows, to
        which the version is copied if it is not there; default the bundle's own path
    advance : called with how many products are done since

    Raises
    ------
    OptionError
        If the address is none, no scheduler answers, or it has no workers.
    MatchingError
        If workers run another program, cannot load the bundle, or die of the work, or the scheduler
        does.
    """
    check_address(address)
    where = _share(bundle, shared)
    try:
        client = _Client(address, timeout=_PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise OptionError("scheduler", f"nothing answers at {address}: {error}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_SECONDS)
        except TimeoutError:
            raise OptionError("scheduler", f"{address} has no workers; start some") from None
        yield _runner(client, where, advance)


def check_address(address: str) -> None:
    """Refuse what is no address of a scheduler: a client would look for it for a long time.

    Raises
    ------
    OptionError
        If it lacks a host or a port.
    """
    try:
        host, port = parse_host_port(parse_address(address)[1])
    except ValueError:
        host, port = "", 0
    if not host or not 0 < port < 1 << 16:
        told = f"{address} is no address such as tcp://10.0.0.1:8786, with a host and a port"
        raise OptionError("scheduler", told)


class _Client(Client):
    """A client that closes itself where it cannot start.

    One that is half made would be closed at the end of the program, and wait a minute for a thread
    that has ended.
    """

    def start(self, **options: Any) -> None:
        try:
            super().start(**options)
        except BaseException:
            self.close()
            raise


def _runner(client: Client, where: str, advance: Callable[[int], None]) -> Run:
    ours = program()

    def run(partitions: Sequence[Partition]) -> Iterator[tuple[Partition, bytes]]:
        waiting = iter(partitions)
        asked: dict[Future, Partition] = {}

        def submit(count: int) -> list[Future]:
            begun = {
                client.submit(work, where, ours, p, pure=False): p for p in islice(waiting, count)
            }
            asked.update(begun)
            return list(begun)

        ahead = max(_AHEAD, 2 * sum(client.nthreads().values()))
        ended = as_completed(submit(ahead), loop=client.loop)
        for future in ended:
            partition = asked.pop(future)
            yield partition, _result(future)
            advance(len(partition.products))
            ended.update(submit(1))

    return run


def _result(future: Future) -> bytes:
    try:
        return bytes(future.result())
    except KilledWorker as error:
        raise MatchingError(
            f"workers died again and again over the same partition ({error}): see their logs; "
            "mostly they need more memory"
        ) from error
    except CancelledError as error:
        raise MatchingError(
            f"the scheduler is gone ({error}); start it and its workers, and give the same command "
            "again: it goes on with what is finished"
        ) from error


def work(where: str, theirs: Mapping[str, str], partition: Partition) -> bytes:
    """Return the content of a partition: what a worker does.

    Raises
    ------
    MatchingError
        If this worker has other versions of what decides the bytes, or cannot load the bundle.
    """
    ours = program()
    if ours != theirs:
        name = next(name for name in ours if ours[name] != theirs.get(name))
        raise MatchingError(
            f"a worker runs {name} {ours[name]} and this program {theirs.get(name)}: the lists "
            "would differ; install the same on all"
        )
    try:
        return compute(_matcher(where), partition)
    except (MatchingError, OSError) as error:
        raise MatchingError(f"on a worker: {error}") from None  # plain, so that it can travel


def _matcher(where: str) -> Matcher:
    """Return the bundle's matcher, loaded once a process; the one before is let go."""
    with _loading:
        if where not in _loaded:
            threadpool_limits(1, user_api="blas")  # as in `write_weekly`
            _loaded.clear()
            _loaded[where] = Matcher.load(_fetch(where) if _REMOTE in where else Path(where))
        return _loaded[where]


def _share(bundle: Path, shared: str | None) -> str:
    """Return where workers find the bundle; copied there if it is not, the manifest last."""
    if shared is None:
        return str(bundle.resolve())
    where = f"{shared.rstrip('/')}/{bundle.name}"
    if _REMOTE not in where:
        return where
    storage, root = _storage(where)
    if not storage.exists(f"{root}/{MANIFEST}"):
        for name in (*read_manifest(bundle)["files"], MANIFEST):
            storage.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
            storage.put_file(str(bundle / name), f"{root}/{name}")
    return where


def _storage(where: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it."""
    try:
        storage, path = fsspec.core.url_to_fs(where)
    except (ImportError, ValueError) as error:
        raise OptionError("shared", f"{where} cannot be reached: {error}") from error
    return storage, str(path)


def _fetch(where: str) -> Path:
    """Copy a bundle into the worker's own folder, where the one before was, and return it.

    Loading verifies every file.
    """
    own = Path(get_worker().local_directory) / "bundle"
    shutil.rmtree(own, ignore_errors=True)
    folder = own / where.rpartition("/")[2]
    storage, root = _storage(where)
    folder.mkdir(parents=True, exist_ok=True)
    storage.get_file(f"{root}/{MANIFEST}", str(folder / MANIFEST))
    for name in read_manifest(folder)["files"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        storage.get_file(f"{root}/{name}", str(folder / name))
    return folder
