"""What many tests share: one market, trained on once, saved and loaded once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from matching import bundle as bundle_folder
from matching import cli
from matching.catalog import Catalog
from matching.matcher import Matcher
from tests import postgres
from tests.markets import small_market
from training.config import TrainConfig
from training.run import Trained, train

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
QUICK = TrainConfig(
    tree_count=15,
    learning_rate=0.12,
    text_dimensions=8,
    anchor_products=16,
    anchor_creators=50,
    threads=1,
    gate_days=0,
)
"""Enough to learn something from a small market in a blink; nothing is judged for the gate."""
CHEAP = replace(QUICK, tree_count=40, text_dimensions=16, anchor_products=24, anchor_creators=150)
"""Enough for the sample, in a few seconds."""


@pytest.fixture(scope="session", autouse=True)
def _quick_machine() -> Iterator[None]:
    """Spare what so small markets do not need.

    One thread for linear algebra, also in the programs that tests start: on arrays of this size
    threads wait for each other longer than they work, most of all on a busy machine. And no waiting
    for the disk: nothing that a test writes has to survive a power cut.
    """
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            patch.setenv(name, "1")
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def sample() -> Catalog:
    """The simulated market that comes with the program."""
    return Catalog.load(SAMPLE)


@pytest.fixture(scope="session")
def trained(sample: Catalog) -> Trained:
    return train(sample, CHEAP)


@pytest.fixture(scope="session")
def bundles(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of versions with one in it, which is promoted."""
    folder = tmp_path_factory.mktemp("bundles")
    bundle_folder.promote(folder, trained.save(folder).name)
    return folder


@pytest.fixture(scope="session")
def bundle(bundles: Path) -> Path:
    """The folder of that version."""
    return bundle_folder.promoted(bundles)


@pytest.fixture(scope="session")
def matcher(bundle: Path) -> Matcher:
    return Matcher.load(bundle)


@pytest.fixture(scope="session")
def small() -> Catalog:
    """A small market with every column, some values unknown."""
    return Catalog.from_tables(small_market())


@pytest.fixture(scope="session")
def quick(small: Catalog) -> Trained:
    """What was trained on the small market."""
    return train(small, QUICK)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a database that is there for the tests alone."""
    folder = postgres.binaries()
    if folder is None:
        pytest.skip(postgres.WHY_NOT)
    with postgres.postgresql(folder) as url:
        yield url


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command and return its exit code, stdout and stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["matching", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return command


def write_csv(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    folder.mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder
