"""What a training run costs: the seconds of each phase, and the memory needed by its end."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

Advance = Callable[[float], None]
"""Told which share of a phase is done, from 0 to 1."""


def unheard(_: float) -> None:
    """Tell nobody."""


@dataclass
class Phases:
    """Phases as they begin, come on and end.

    Parameters
    ----------
    tell : callable, optional
        Called with the name of a phase and the share of it that is done, None where it begins.

    Attributes
    ----------
    costs : name → `seconds`, and `peak_mib`: the most memory that the process has had by its end,
        helper processes apart
    """

    tell: Callable[[str, float | None], None] | None = None
    costs: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[Advance]:
        """Time what happens inside, which may tell how far it has come."""
        tell = self.tell or (lambda name, share: None)
        tell(name, None)
        start = perf_counter()
        yield lambda share: tell(name, share)
        seconds = round(perf_counter() - start, 3)
        self.costs[name] = {"seconds": seconds, "peak_mib": round(_peak_mib())}


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
