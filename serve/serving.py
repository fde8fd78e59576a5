"""The one reference through which requests reach the matcher that serves now."""

from __future__ import annotations

import logging
from collections.abc import Callable

from matching.errors import BundleError, MatchingError
from matching.matcher import Matcher

log = logging.getLogger("matching.serve")


class Serving:
    """Holds the matcher that answers.

    A request takes `matcher` once and uses nothing else, so that a whole answer comes from one
    bundle even if another one takes its place meanwhile.
    """

    def __init__(self) -> None:
        self._matcher: Matcher | None = None
        self._refusal = "no bundle has been loaded yet"

    def load(self, load_matcher: Callable[[], Matcher]) -> bool:
        """Load, warm up, then take over; on failure keep what serves and remember why."""
        try:
            matcher = load_matcher()
            warm_up(matcher)
        except MatchingError as error:
            self._refusal = str(error)
            log.error("bundle refused: %s", error)
            return False
        self._matcher = matcher
        log.info("serving bundle %s, facts as of %s", matcher.version, matcher.as_of)
        return True

    @property
    def matcher(self) -> Matcher:
        """The matcher that serves; BundleError with the reason while there is none."""
        if self._matcher is None:
            raise BundleError(self._refusal)
        return self._matcher


def warm_up(matcher: Matcher) -> None:
    """Answer one match, so that the first merchant does not wait for lazy initialisation."""
    for product in matcher.products(limit=1):
        matcher.match(product["product_id"], k=1)
