"""Follows promotions: a thread in each worker that looks which version is promoted.

A look costs a stat of every file. Only when it differs from the look before is a version verified
and loaded: one that was refused is not hashed twice a second, but is tried again as soon as it is
promoted again or its files are mended.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from matching import bundle
from matching.matcher import Matcher
from serve.serving import Serving

log = logging.getLogger("matching.serve")


class Watcher:
    """Brings the promoted version of a folder into service, now and whenever it changes."""

    def __init__(self, bundles: Path, serving: Serving, seconds: float) -> None:
        self._bundles = bundles
        self._serving = serving
        self._seconds = seconds
        self._seen: tuple[str, str] | None = None
        self._serves: tuple[str, str] | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Load what is promoted now; return as soon as it serves or is refused, and watch on."""
        self._try_to_look()
        threading.Thread(target=self._watch, name="watch promotions", daemon=True).start()

    def stop(self) -> None:
        """Follow no more promotions; what serves goes on."""
        self._stopped.set()

    def look(self) -> None:
        """Load what is promoted if that, or a file of it, changed since the last look."""
        seen = bundle.promoted_look(self._bundles)
        if seen == self._seen:
            return
        self._seen = seen
        if seen == self._serves:  # back to what serves on since another was refused
            return
        if self._serving.load(self._load_promoted):
            self._serves = seen
        elif self._serving.version is None:
            self._fall_back()

    def _load_promoted(self) -> Matcher:
        verified = bundle.was_verified(self._bundles)
        return Matcher.load(bundle.promoted(self._bundles), verified)

    def _fall_back(self) -> None:
        """Let a worker that has just started serve what its elders serve on with."""
        try:
            folders = bundle.earlier(self._bundles)
        except bundle.BundleError:  # promoted.json is unreadable, which was just refused
            return
        for folder in folders:
            if self._serving.load(lambda folder=folder: Matcher.load(folder)):
                return

    def _watch(self) -> None:
        while not self._stopped.wait(self._seconds):
            self._try_to_look()

    def _try_to_look(self) -> None:
        try:
            self.look()
        except Exception:  # such as a file that vanishes while it is looked at: the next look tells
            log.exception("cannot look which bundle is promoted")
