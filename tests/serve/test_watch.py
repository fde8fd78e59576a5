"""What a worker does when another bundle is promoted, without a server."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from matching import bundle as bundles
from serve import metrics
from serve.serving import Serving
from serve.watch import Watcher
from tests.serve.running import wait_for

DIGEST = bundles.digest


@dataclass
class Worker:
    """A folder of versions, what serves of it, and which files were hashed."""

    folder: Path
    serving: Serving = field(default_factory=Serving)
    hashed: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.folder, self.serving, seconds=0.01)

    def look(self) -> str | None:
        """Look once; return what serves then."""
        self.watcher.look()
        return self.serving.version

    def promote(self, version: str) -> None:
        bundles.promote(self.folder, version)
        self.hashed.clear()  # what the promotion hashed itself

    def point(self, **pointer: Any) -> None:
        """Write by hand which version serves."""
        (self.folder / bundles.PROMOTED).write_text(json.dumps(pointer))

    def flip(self, version: str, name: str = "facts.json") -> None:
        path = self.folder / version / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


@pytest.fixture
def worker(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """One with the versions a and b in its folder, none of them promoted."""
    manifest = bundles.read_manifest(bundle)
    for name in ("a", "b"):
        copy = shutil.copytree(bundle, tmp_path / name)
        named = {**manifest, "version": name}
        named["sha256"] = bundles._seal(named)
        (copy / bundles.MANIFEST).write_text(bundles._manifest_text(named), encoding="utf-8")
    worker = Worker(tmp_path)

    def digest(path: Path) -> str:
        worker.hashed.append(path)
        return DIGEST(path)

    monkeypatch.setattr(bundles, "digest", digest)
    return worker


def refusals(reason: str = "damaged") -> float:
    return float(metrics.REFUSALS.labels(reason)._value.get())


def test_a_promotion_is_followed_and_not_hashed_again(worker: Worker) -> None:
    worker.promote("a")
    assert worker.look() == "a"
    worker.promote("b")
    assert worker.look() == "b"
    assert worker.hashed == []
    bundles.rollback(worker.folder)
    assert worker.look() == "a"


def test_what_somebody_else_vouches_for_is_hashed(worker: Worker) -> None:
    worker.promote("a")
    sealed = json.loads((worker.folder / bundles.PROMOTED).read_text())["verified"]
    worker.point(version="b", verified=sealed)
    assert worker.look() == "b"
    assert len(worker.hashed) > 40


def test_nothing_new_is_loaded_while_nothing_changes(worker: Worker) -> None:
    worker.promote("a")
    worker.look()
    serves = worker.serving.matcher
    worker.promote("a")
    worker.look()
    assert worker.serving.matcher is serves


@pytest.mark.parametrize("promoted_first", [True, False])
def test_damage_is_refused_once_and_what_serves_goes_on(
    worker: Worker, promoted_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    worker.promote("a")
    worker.look()
    before = refusals()
    if promoted_first:  # verified, and damaged since
        worker.promote("b")
        worker.flip("b")
    else:
        worker.flip("b")
        worker.point(version="b")
    with caplog.at_level(logging.ERROR, "matching.serve"):
        assert worker.look() == "a"
    (line,) = caplog.records
    assert "refused (damaged)" in line.message
    assert "b/facts.json" in line.message
    assert "a serves on" in line.message
    assert refusals() == before + 1
    worker.hashed.clear()
    for _ in range(3):
        worker.look()
    assert worker.hashed == []
    assert refusals() == before + 1


def test_a_bundle_that_was_mended_is_tried_again(worker: Worker) -> None:
    worker.promote("a")
    worker.look()
    worker.flip("b")
    worker.point(version="b")
    assert worker.look() == "a"
    worker.flip("b")
    assert worker.look() == "b"


def test_back_to_what_serves_on_loads_nothing(worker: Worker) -> None:
    worker.promote("a")
    worker.look()
    serves = worker.serving.matcher
    worker.flip("b")
    worker.point(version="b")
    worker.look()
    worker.promote("a")
    assert worker.look() == "a"
    assert worker.serving.matcher is serves


def test_files_that_are_damaged_while_they_serve_are_told(worker: Worker) -> None:
    worker.promote("a")
    worker.look()
    before = refusals()
    worker.flip("a")
    assert worker.look() == "a"
    assert refusals() == before + 1


@pytest.mark.parametrize(
    ("pointer", "reason"),
    [('{"version": "nowhere"}', "missing"), ("{", "damaged"), ("[]", "damaged"), ("{}", "missing")],
)
def test_a_pointer_to_nothing_is_refused(worker: Worker, pointer: str, reason: str) -> None:
    worker.promote("a")
    worker.look()
    before = refusals(reason)
    (worker.folder / bundles.PROMOTED).write_text(pointer)
    assert worker.look() == "a"
    assert worker.look() == "a"
    assert refusals(reason) == before + 1


def test_a_foreign_bundle_is_refused_as_such(worker: Worker) -> None:
    worker.promote("a")
    worker.look()
    before = refusals("foreign")
    (worker.folder / "c").mkdir()
    (worker.folder / "c" / bundles.MANIFEST).write_text('{"format_version": 99}')
    worker.point(version="c")
    assert worker.look() == "a"
    assert refusals("foreign") == before + 1


def test_what_fails_in_its_warm_up_is_refused(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.promote("a")
    worker.look()
    worker.promote("b")
    before = refusals()
    with monkeypatch.context() as patch:
        patch.setattr("matching.features.tables.build_matrix", lambda *_: 1 / 0)
        assert worker.look() == "a"
    assert refusals() == before + 1


def test_a_worker_that_starts_late_serves_what_its_elders_serve_on_with(worker: Worker) -> None:
    worker.promote("a")
    worker.promote("b")
    worker.flip("b")
    assert Worker(worker.folder).look() == "a"


def test_what_serves_when_nothing_can(worker: Worker) -> None:
    worker.flip("a")
    worker.point(version="a", earlier=["gone"])
    assert worker.look() is None
    with pytest.raises(bundles.BundleError, match=r"a/facts\.json"):
        _ = worker.serving.matcher


def test_a_thread_looks_on_whatever_happens(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker.watcher.start()
    with monkeypatch.context() as patch:
        patch.setattr(bundles, "promoted_look", lambda folder: 1 / 0)
        wait_for(lambda: "cannot look" in caplog.text, "the thread failing once")
    worker.promote("b")
    wait_for(lambda: worker.serving.version == "b", "the promotion being followed")
    worker.watcher.stop()
