"""What the service counts, for Prometheus: one module names every metric.

With several workers each writes its numbers to files in $PROMETHEUS_MULTIPROC_DIR, which has to be
set before this module is imported, and any of them answers /metrics for all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from matching.errors import BUNDLE_REASONS
from serve.settings import METRICS_VARIABLE

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
SHORTFALLS = ("fewer", "empty")
EVENT_OUTCOMES = ("stored", "known", "refused")
_ROI_TOLD = 10  # of each answer: deeper ranks would let large k speak louder
_FILE_BYTES = 1 << 20
_KINDS = ("counter", "histogram", "gauge_livesum", "gauge_livemostrecent")

_own = CollectorRegistry()
disable_created_metrics()  # another series for each, which several workers cannot tell anyway


def _reserve(folder: Path) -> None:
    """Make this process's files, all of their room reserved.

    Reserved, since a write to a mapped file on a disk that has become full would kill the worker;
    renamed to their places whole, since another worker may read them at any moment.
    """
    for kind in _KINDS:
        place = folder / f"{kind}_{os.getpid()}.db"
        if not place.exists():
            draft = place.with_suffix(".draft")
            draft.write_bytes(bytes(_FILE_BYTES))
            draft.rename(place)


if os.environ.get(METRICS_VARIABLE):  # before the first metric opens them
    _reserve(Path(os.environ[METRICS_VARIABLE]))

REQUESTS = Counter(
    "matching_requests_total",
    "Requests answered.",
    ("route", "method", "status"),
    registry=_own,
)
SECONDS = Histogram(
    "matching_request_seconds",
    "Time from a worker taking a request up to its answer.",
    ("route",),
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10),
    registry=_own,
)
PROBLEMS = Counter(
    "matching_problems_total", "Requests answered with a problem.", ("status",), registry=_own
)
DEADLINES = Counter(
    "matching_deadlines_exceeded_total", "Requests given up for their deadline.", registry=_own
)
MATCHES = Counter("matching_matches_total", "Matches computed.", ("objective",), registry=_own)
CANDIDATES = Counter("matching_candidates_scored_total", "Creators scored.", registry=_own)
SHORT = Counter(
    "matching_shortfalls_total",
    "Matches with fewer creators than asked for: fewer, or empty.",
    ("kind",),
    registry=_own,
)
ROI = Histogram(
    "matching_predicted_roi",
    f"Predicted commission ROI of the first {_ROI_TOLD} creators of each match.",
    buckets=(0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 50, 100),
    registry=_own,
)
REFUSALS = Counter(
    "matching_bundle_refusals_total",
    "Bundles that a worker refused to serve.",
    ("reason",),
    registry=_own,
)
SWAPS = Counter(
    "matching_bundle_swaps_total", "Bundles that a worker began to serve.", registry=_own
)
READY = Gauge(
    "matching_ready_workers",
    "Workers that serve a verified and warm bundle.",
    multiprocess_mode="livesum",
    registry=_own,
)
WORKERS = Gauge("matching_workers", "Workers that run.", multiprocess_mode="livesum", registry=_own)
BUNDLE = Gauge(
    "matching_bundle_workers",
    "Workers that serve a version of the bundle.",
    ("version",),
    multiprocess_mode="livesum",
    registry=_own,
)
# When, not how long ago: an age would stand still where the service does. time() - this is the age.
FACTS = Gauge(
    "matching_bundle_facts_timestamp_seconds",
    "The date of the facts that are served.",
    multiprocess_mode="livemostrecent",
    registry=_own,
)
SINCE = Gauge(
    "matching_bundle_loaded_timestamp_seconds",
    "When a worker last began to serve a bundle.",
    multiprocess_mode="livemostrecent",
    registry=_own,
)
EVENTS = Counter(
    "matching_events_total",
    "Events received: stored, known (stored before) or refused (could not be stored).",
    ("outcome",),
    registry=_own,
)
DISK = Gauge(
    "matching_disk_free_bytes",
    "Room on the disk of the bundles, where the events are too unless the store is elsewhere.",
    multiprocess_mode="livemostrecent",
    registry=_own,
)
LOST = Counter(
    "matching_workers_lost_total", "Workers that ended without being told to.", registry=_own
)


def exposition(bundles: Path) -> bytes:
    """Return every metric of all workers in Prometheus' text format."""
    if bundles.is_dir():
        DISK.set(shutil.disk_usage(bundles).free)
    if not os.environ.get(METRICS_VARIABLE):
        return generate_latest(_own)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)


def worker_lost(pid: int) -> None:
    """Count a worker that ended without being told to, and drop what it said of itself.

    What it counted stays counted.
    """
    LOST.inc()
    if os.environ.get(METRICS_VARIABLE):
        multiprocess.mark_process_dead(pid)


def worker_starts() -> None:
    """Say that this process is a worker, not ready yet, and begin every series at 0."""
    WORKERS.set(1)
    READY.set(0)
    for counter, labels in (
        (REFUSALS, BUNDLE_REASONS),
        (SHORT, SHORTFALLS),
        (EVENTS, EVENT_OUTCOMES),
        (PROBLEMS, ("500", "503")),
    ):
        for label in labels:
            counter.labels(label)


def request_answered(route: str | None, method: str, status: int, seconds: float) -> None:
    """Count a request by its route's template, never by the address that was asked for."""
    route = route or "none"
    method = method if method in METHODS else "other"
    REQUESTS.labels(route, method, str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    if status >= 400:
        PROBLEMS.labels(str(status)).inc()


def deadline_exceeded() -> None:
    """Count a request that was given up."""
    DEADLINES.inc()


def match_answered(answer: Mapping[str, Any], asked: int, scored: int) -> None:
    """Count a match: how many offers were scored, how many were missing, what ROI was told."""
    creators = answer["creators"]
    MATCHES.labels(answer["objective"]).inc()
    CANDIDATES.inc(scored)
    if len(creators) < asked:
        SHORT.labels("fewer" if creators else "empty").inc()
    for creator in creators[:_ROI_TOLD]:
        roi = creator["predicted"]["roi"]
        if roi is not None:
            ROI.observe(roi)


def bundle_refused(reason: str) -> None:
    """Count a bundle that this worker refused."""
    REFUSALS.labels(reason).inc()


def bundle_serves(version: str, as_of: date, before: str | None) -> None:
    """Say which bundle this worker serves from now on, and which it served before."""
    if before:
        BUNDLE.labels(before).set(0)
    BUNDLE.labels(version).set(1)
    READY.set(1)
    SWAPS.inc()
    FACTS.set(datetime.combine(as_of, time(), UTC).timestamp())
    SINCE.set_to_current_time()


def events_received(**counts: int) -> None:
    """Count events by outcome: `stored`, `known`, `refused`."""
    for outcome, count in counts.items():
        EVENTS.labels(outcome).inc(count)
