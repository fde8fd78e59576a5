"""The one reference through which requests reach the matcher that serves now."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import current_app, g, has_request_context

from matching.errors import BundleError
from matching.matcher import Matcher
from serve import metrics

log = logging.getLogger("matching.serve")


class Serving:
    """Holds the matcher that answers; another takes its place whole, or not at all."""

    def __init__(self) -> None:
        self._matcher: Matcher | None = None
        self._refusal = "no bundle has been loaded yet"

    def load(self, load_matcher: Callable[[], Matcher]) -> bool:
        """Load, warm up, then take over; on failure keep what serves and remember why.

        The matcher that served before lives until the requests that hold it have been answered.
        """
        try:
            matcher = load_matcher()
            warm_up(matcher)
        except Exception as error:  # whatever is wrong with it, what serves goes on
            self._refuse(error)
            return False
        before, self._matcher = self._matcher, matcher
        metrics.bundle_serves(matcher.version, matcher.as_of, before and before.version)
        log.info("serving bundle %s, facts as of %s", matcher.version, matcher.as_of)
        return True

    def _refuse(self, error: Exception) -> None:
        reason = error.reason if isinstance(error, BundleError) else "damaged"
        self._refusal = str(error) if isinstance(error, BundleError) else f"it fails: {error!r}"
        serves = self._matcher.version if self._matcher else "nothing"
        log.error(
            "bundle refused (%s): %s; %s serves on",
            *(reason, self._refusal, serves),
            exc_info=None if isinstance(error, BundleError) else error,
        )
        metrics.bundle_refused(reason)

    @property
    def matcher(self) -> Matcher:
        """The matcher that serves; BundleError with the reason while there is none.

        Within a request always the same one, so that a whole answer comes from one bundle even if
        another takes its place meanwhile.
        """
        if not has_request_context():
            return self._current()
        if "matcher" not in g:
            g.matcher = self._current()
        return g.matcher

    @property
    def version(self) -> str | None:
        """The version that serves now, None while there is none."""
        return self._matcher.version if self._matcher else None

    def _current(self) -> Matcher:
        matcher = self._matcher
        if matcher is None:
            raise BundleError(self._refusal, "missing")
        return matcher


def current_matcher() -> Matcher:
    """Return the matcher of this request; BundleError with the reason while there is none."""
    serving: Serving = current_app.extensions["serving"]
    return serving.matcher


def warm_up(matcher: Matcher) -> None:
    """Answer one match, so that the first merchant does not wait for lazy initialisation."""
    for product in matcher.products(limit=1):
        matcher.match(product["product_id"], k=1).to_dict()
