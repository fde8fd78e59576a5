"""Imports that would warn in a notebook of what nobody misses there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_bars() -> Iterator[None]:
    """Import a library that may draw progress bars, without its advice to install widgets.

    No bar of theirs is ever shown, and a red warning at the top of a cell looks like a fault.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        yield
