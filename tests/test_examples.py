"""The examples in docstrings run, and say what comes out."""

from __future__ import annotations

import doctest
import importlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from matching.catalog import Catalog
from tests.conftest import QUICK
from tests.test_imports import MODULES

WITH_EXAMPLES = [name for name, path in MODULES.items() if ">>> " in path.read_text("utf-8")]


@pytest.fixture
def given(bundle: Path, small: Catalog, tmp_path: Path) -> dict[str, Any]:
    """What examples may use: the sample's bundle, a small catalog, a quick configuration."""
    return {
        "bundle": bundle,
        "catalog": small,
        "config": QUICK,
        "date": date,
        "folder": tmp_path,
    }


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_run(name: str, given: dict[str, Any]):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    found = doctest.DocTestFinder(exclude_empty=True).find(module, name)
    for test in found:
        test.globs.update(given)
        runner.run(test)
    assert runner.summarize(verbose=False).attempted > 0
    assert runner.summarize(verbose=False).failed == 0


def test_what_everybody_starts_with_has_examples():
    assert {
        "matching.matcher",
        "training.config",
        "training.run",
        "training.evaluate",
    } <= set(WITH_EXAMPLES)
