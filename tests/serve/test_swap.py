"""Promotions under load, with the real server: nothing fails, and no answer is of two bundles."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from matching import bundle
from matching.catalog import Catalog
from matching.errors import BundleError
from matching.matcher import Matcher
from tests.conftest import QUICK
from tests.serve.running import Load, Running, serving, wait_for
from training.run import Trained, train

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
PRODUCTS, K = 5, 8


@dataclass(frozen=True)
class Two:
    """A folder with two bundles, and what each answers."""

    folder: Path
    versions: tuple[str, str]
    questions: dict[str, str]
    expected: dict[str, dict[str, Any]]

    def check(self, product: str, status: int, answer: Any) -> str | None:
        """Return what is wrong with an answer: it has to be that of the bundle that it names."""
        if status != 200:
            return f"{product}: {status} {answer}"
        if told(answer) != self.expected[answer["bundle"]][product]:
            return f"{product}: not the answer of {answer['bundle']}"
        return None


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says but for its words, which depend on the language, and its own id."""
    said = {name: value for name, value in answer.items() if name not in ("request_id", "notes")}
    for creator in said["creators"]:
        for reason in creator["reasons"]:
            reason.pop("text")
    return said


def answers(folder: Path, products: list[str]) -> dict[str, Any]:
    matcher = Matcher.load(folder)
    return {
        product: told(json.loads(json.dumps(matcher.match(product, k=K).to_dict())))
        for product in products
    }


@pytest.fixture(scope="module")
def two(trained: Trained, sample: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Two:
    folder = tmp_path_factory.mktemp("swapped")
    older = train(sample, QUICK, date.fromisoformat("2026-08-01"))
    first, second = trained.save(folder), older.save(folder)
    bundle.promote(folder, first.name)
    matcher = Matcher.load(second)
    products = [product["product_id"] for product in matcher.products(limit=PRODUCTS)]
    expected = {path.name: answers(path, products) for path in (first, second)}
    for product in products:
        assert expected[first.name][product] != expected[second.name][product]
    questions = {product: f"/v1/products/{product}/creators?k={K}" for product in products}
    return Two(folder, (first.name, second.name), questions, expected)


@pytest.fixture(scope="module")
def server(two: Two) -> Iterator[Running]:
    with serving(two.folder) as running:
        running.wait_until_ready()
        yield running


def wait_until_served(server: Running, version: str) -> float:
    """Wait until both workers serve a version; return the seconds that took."""
    series = f'matching_bundle_workers{{version="{version}"}}'
    return wait_for(lambda: server.metric(series) == 2, f"{version} being served")


def mapped_versions(server: Running, two: Two) -> set[str]:
    """Which bundles the workers have mapped into memory."""
    maps = "".join(Path(f"/proc/{worker}/maps").read_text() for worker in server.workers())
    return {version for version in two.versions if f"/{version}/" in maps}


def resident_bytes(server: Running) -> int:
    """Memory of the workers that is theirs alone; mapped bundles are shared."""
    total = 0
    for worker in server.workers():
        status = Path(f"/proc/{worker}/status").read_text()
        total += int(status.split("RssAnon:")[1].split()[0]) * 1024
    return total


@pytest.mark.parametrize("promotions", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_promotions_under_load(
    two: Two, server: Running, promotions: int, record_property: Callable[[str, object], None]
) -> None:
    seconds = []
    with Load(server.port, two.questions, two.check) as load:
        for number in range(promotions):
            version = two.versions[(number + 1) % 2]
            bundle.promote(two.folder, version)
            seconds.append(wait_until_served(server, version))
            if number == min(10, promotions // 2):
                before = resident_bytes(server)
    assert load.failures == []
    assert load.answers > promotions
    wait_for(lambda: mapped_versions(server, two) == {version}, "letting the other go")
    grown = resident_bytes(server) - before
    assert grown < 30e6, f"the workers grew by {grown / 1e6:.0f} MB"
    figures = {
        "promotions": promotions,
        "answers": load.answers,
        "failed": len(load.failures),
        "median seconds to every worker": round(median(seconds), 2),
        "longest": round(max(seconds), 2),
        "grown MB": round(grown / 1e6, 1),
    }
    record_property("promotions", figures)
    print(figures)


def flipped_copy(version: Path, name: str, copy: Path) -> None:
    """Copy a bundle with one bit of one file changed."""
    shutil.copytree(version, copy, copy_function=os.link)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).unlink()  # the other end of the link stays as it is
    (copy / name).write_bytes(content)


def point(folder: Path, version: str) -> None:
    """Write by hand which version serves, whole at once."""
    (folder / "pointer").write_text(json.dumps({"version": version}))
    (folder / "pointer").replace(folder / bundle.PROMOTED)


@pytest.mark.parametrize("step", [40, pytest.param(1, marks=pytest.mark.slow)])
def test_damaged_bundles_are_refused_under_load(
    two: Two, server: Running, step: int, record_property: Callable[[str, object], None]
) -> None:
    """Both by the command, and by the workers where the pointer was written by hand."""
    version = two.folder / bundle.promoted(two.folder).name
    names = sorted([bundle.MANIFEST, *bundle.read_manifest(version)["files"]])[::step]
    refusals = 'matching_bundle_refusals_total{reason="damaged"}'
    before = server.metric(refusals)
    with Load(server.port, two.questions, two.check) as load:
        for number, name in enumerate(names, start=1):
            copy = two.folder / f"flipped-{number}"
            flipped_copy(version, name, copy)
            with pytest.raises(BundleError, match=Path(name).name):
                bundle.promote(two.folder, copy.name)
            point(two.folder, copy.name)
            due = before + 2 * number
            wait_for(lambda due=due: server.metric(refusals) == due, f"{name} being refused")
            bundle.promote(two.folder, version.name)
            shutil.rmtree(copy)  # only now: half of it would be one more damaged bundle
    assert load.failures == []
    assert server.metric(refusals) == due  # each was tried once, by each worker
    refused = [line for line in server.lines if "bundle refused (damaged)" in line["message"]]
    assert all(any(Path(name).name in line["message"] for line in refused) for name in names)
    figures = {"damaged files": len(names), "answers": load.answers, "failed": len(load.failures)}
    record_property("damaged", figures)
    print(figures)


@pytest.mark.slow
def test_ready_as_soon_as_a_good_bundle_is_promoted(two: Two, tmp_path: Path) -> None:
    """A service that was started on nothing, then on damage, needs no restart."""
    good = tmp_path / two.versions[0]
    with serving(tmp_path) as server:
        wait_for(lambda: server.answers("/healthz"), "the server answering")
        status, problem = server.ask("/readyz")
        assert (status, problem["title"]) == (503, "Service Unavailable")
        assert "matching bundles promote" in problem["detail"]
        flipped_copy(two.folder / good.name, "manifest.json", good)
        point(tmp_path, good.name)
        wait_for(lambda: "manifest.json" in server.ask("/readyz")[1]["detail"], "saying why")
        shutil.rmtree(good)
        shutil.copytree(two.folder / good.name, good)
        server.wait_until_ready()  # mended in place
        assert server.ask("/readyz")[1]["bundle"] == good.name
