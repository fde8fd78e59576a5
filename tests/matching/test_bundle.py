"""Bundles: what is read is what was written, and what is not is refused in a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from matching import bundle
from matching.bundle import MANIFEST, PROMOTED, BundleFiles
from matching.contents import Contents
from matching.drafts import digest
from matching.errors import BundleError, UnknownIdError
from matching.matcher import Matcher
from training.run import Trained

DAY = date(2026, 11, 20)


def some_files(number: float = 1.0) -> BundleFiles:
    return BundleFiles(
        arrays={"facts/sums": np.arange(6).reshape(2, 3) * number, "facts/none": np.zeros((0, 4))},
        texts={"heads/accept": "tree\nend of trees\n"},
        documents={"ranker": {"smearing": 1.5, "词": ["坚果"]}},
        tables={"products": pa.table({"product_id": ["p1", "p2"], "price": [39.9, None]})},
    )


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return bundle.write(tmp_path / "bundles", some_files(), DAY, {"features": []})


@pytest.fixture
def market(quick: Trained, tmp_path: Path) -> Path:
    """A whole bundle of a small market, to be damaged."""
    return quick.save(tmp_path / "bundles")


def test_what_was_written_is_read(version: Path):
    manifest, files = bundle.read(version)
    assert manifest["as_of"] == "2026-11-20"
    assert manifest["version"] == version.name
    written = some_files()
    assert set(files.arrays) == set(written.arrays)
    for name, array in written.arrays.items():
        assert np.array_equal(files.arrays[name], array)
        assert files.arrays[name].dtype == array.dtype
    assert files.texts == written.texts
    assert files.documents == written.documents
    assert files.tables["products"].equals(written.tables["products"])


def test_arrays_are_memory_mapped_and_cannot_be_changed(version: Path):
    _, files = bundle.read(version)
    sums = files.arrays["facts/sums"]
    assert isinstance(sums.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        sums[0, 0] = 7.0


def test_arrays_are_found_by_their_place(version: Path):
    _, files = bundle.read(version)
    assert set(files.group("facts")) == {"sums", "none"}
    assert files.group("fact") == {}


def test_a_loaded_bundle_predicts_what_the_trained_one_did(quick: Trained, market: Path):
    before = Matcher("before", quick.as_of, quick.contents)
    after = Matcher.load(market)
    for objective, product in (("roi", "p000"), ("gmv", "p004"), ("profit", "p006")):
        first, second = (
            m.match(product, k=20, objective=objective).to_dict() for m in (before, after)
        )
        assert first | {"bundle": ""} == second | {"bundle": ""}
    external = {
        "title": "坚果 礼盒",
        "category": "食品/坚果",
        "price": 50.0,
        "commission_rate": 0.2,
    }
    assert (
        before.match(external).to_dict()["creators"] == after.match(external).to_dict()["creators"]
    )


def test_writing_what_was_read_gives_the_same_files(market: Path, tmp_path: Path):
    manifest, files = bundle.read(market)
    again = bundle.write(
        tmp_path / "again", Contents.from_files(manifest, files).to_files(), DAY, {}
    )
    assert bundle.read_manifest(again)["files"] == manifest["files"]


def test_nothing_in_a_bundle_executes(market: Path):
    """Only formats that hold data, and no array of objects."""
    suffixes = {path.suffix for path in market.rglob("*") if path.is_file()}
    assert suffixes <= {".npy", ".txt", ".json", ".arrow"}
    for path in market.rglob("*"):
        if path.suffix == ".npy":
            assert np.load(path, allow_pickle=False).dtype.kind in "iufbS", path


def test_an_array_of_objects_is_not_written(tmp_path: Path):
    files = some_files()
    files.arrays["facts/objects"] = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        bundle.write(tmp_path, files, DAY, {})
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_objects_is_not_read(version: Path):
    """Even where a forged manifest vouches for it."""
    np.save(version / "facts/sums.npy", np.array([print], dtype=object), allow_pickle=True)
    reseal(version)
    with pytest.raises(ValueError, match="allow_pickle"):
        bundle.read(version)


def reseal(version: Path, **changes: Any) -> None:
    """Forge the manifest so that it vouches for what is there."""
    path = version / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8")) | changes
    manifest["files"] = {name: digest(version / name) for name in manifest["files"]}
    manifest["sha256"] = bundle._seal(manifest)
    path.write_text(bundle._manifest_text(manifest), encoding="utf-8")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def remove(path: Path) -> None:
    path.unlink()


KINDS = ("facts/sums.npy", "heads/accept.txt", "ranker.json", "products.arrow", MANIFEST)


@pytest.mark.parametrize("damage", [truncate, empty, alter, remove])
@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_named_before_it_is_parsed(
    version: Path, name: str, damage: Callable[[Path], None]
):
    damage(version / name)
    with pytest.raises(BundleError, match=Path(name).name) as error:
        bundle.read(version)
    assert "train" in str(error.value)
    with pytest.raises(BundleError):
        bundle.promote(version.parent, version.name)
    assert not (version.parent / PROMOTED).exists()


@pytest.mark.parametrize("damage", [truncate, alter, remove])
def test_no_damaged_file_of_a_real_bundle_goes_unnoticed(
    market: Path, damage: Callable[[Path], None], tmp_path: Path
):
    names = [path.relative_to(market) for path in sorted(market.rglob("*")) if path.is_file()]
    assert len(names) > 40
    for name in names[::7]:
        copy = tmp_path / "copy"
        shutil.copytree(market, copy)
        damage(copy / name)
        with pytest.raises(BundleError, match=name.name):
            Matcher.load(copy)
        shutil.rmtree(copy)


def test_a_manifest_that_was_altered_is_refused(version: Path):
    path = version / MANIFEST
    path.write_text(path.read_text(encoding="utf-8").replace("2026-11-20", "2026-12-20"))
    with pytest.raises(BundleError, match="not what was written"):
        bundle.read_manifest(version)


@pytest.mark.parametrize(("written", "same"), [("1e-05", "1E-05"), ("\n ", "\n\t")])
def test_a_manifest_that_says_the_same_in_other_bytes_is_refused(
    version: Path, written: str, same: str
):
    reseal(version, metrics={"least": 1e-05})
    bundle.read_manifest(version)
    path = version / MANIFEST
    path.write_text(path.read_text(encoding="utf-8").replace(written, same, 1), encoding="utf-8")
    with pytest.raises(BundleError, match="not what was written"):
        bundle.read_manifest(version)


def test_a_bundle_that_lacks_what_the_program_needs_is_foreign(market: Path):
    manifest = bundle.read_manifest(market)
    kept = {n: digest for n, digest in manifest["files"].items() if not n.startswith("medians")}
    reseal(market, files=kept)
    with pytest.raises(BundleError, match=r"lacks .*medians.*train again") as error:
        Matcher.load(market)
    assert error.value.reason == "foreign"


def test_a_bundle_of_another_format_names_both(version: Path):
    reseal(version, format_version=99)
    with pytest.raises(
        BundleError, match=f"has format 99, this program reads format {bundle.FORMAT_VERSION}"
    ):
        bundle.read(version)


@pytest.mark.parametrize("content", ["[]", '"manifest"', "null", "{}", "{", "\x00\xff"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: str):
    (tmp_path / MANIFEST).write_text(content, encoding="latin-1")
    with pytest.raises(BundleError):
        bundle.read(tmp_path)


def test_a_folder_that_is_no_bundle_is_told_what_to_give(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(BundleError, match=r"is no bundle.*matching train"):
            Matcher.load(folder)


def test_a_bundle_of_other_features_names_them(market: Path):
    manifest = bundle.read_manifest(market)
    features = manifest["features"]
    renamed = [{**features[0], "name": "old_feature"}, *features[1:]]
    recoded = [{**features[0], "code": "0" * 16}, *features[1:]]
    swapped = [features[1], features[0], *features[2:]]
    for changed, message in (
        (renamed, "old_feature"),
        (recoded, features[0]["name"]),
        (swapped, "than the bundle names"),  # those of its trees
    ):
        reseal(market, features=changed)
        with pytest.raises(BundleError, match=message):
            Matcher.load(market)
    reseal(market, features=features)
    assert Matcher.load(market).version == market.name


# --- failing while writing ---


def test_a_failure_while_writing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(path: Path) -> str:
        raise OSError("no space left on device")

    bundles = tmp_path / "bundles"
    earlier = bundle.write(bundles, some_files(), DAY, {})
    monkeypatch.setattr(bundle, "digest", fail)
    with pytest.raises(OSError, match="no space left"):
        bundle.write(bundles, some_files(2.0), DAY, {})
    assert list(bundles.iterdir()) == [earlier]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path):
    files = some_files()
    files.documents["ranker"] = {"model": object()}
    with pytest.raises(TypeError):
        bundle.write(tmp_path / "bundles", files, DAY, {})
    assert list((tmp_path / "bundles").iterdir()) == []


# --- which version serves ---


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, list[str]]:
    bundles = tmp_path / "bundles"
    names = [bundle.write(bundles, some_files(n), DAY, {}).name for n in (1.0, 2.0, 3.0)]
    return bundles, names


def serving(bundles: Path) -> str:
    assert [v["version"] for v in bundle.versions(bundles) if v["promoted"]] == [
        bundle.promoted(bundles).name
    ]
    return bundle.promoted(bundles).name


def test_promoting_and_going_back(three: tuple[Path, list[str]]):
    bundles, (first, second, third) = three
    assert {v["version"] for v in bundle.versions(bundles)} == {first, second, third}
    assert not any(v["promoted"] for v in bundle.versions(bundles))
    for name in (first, second, second, third):
        bundle.promote(bundles, name)
        assert serving(bundles) == name
    assert bundle.rollback(bundles) == second
    assert serving(bundles) == second
    assert bundle.rollback(bundles) == first
    with pytest.raises(BundleError, match="nothing to go back to"):
        bundle.rollback(bundles)
    assert serving(bundles) == first


def test_promoting_an_earlier_one_again_makes_it_the_newest(three: tuple[Path, list[str]]):
    bundles, (first, second, _) = three
    for name in (first, second, first):
        bundle.promote(bundles, name)
    assert bundle.rollback(bundles) == second
    with pytest.raises(BundleError, match="nothing to go back to"):
        bundle.rollback(bundles)


def test_what_was_promoted_was_verified_until_it_is_touched(three: tuple[Path, list[str]]):
    bundles, (first, second, _) = three
    bundle.promote(bundles, first)
    assert bundle.was_verified(bundles)
    bundle.promote(bundles, second)
    bundle.rollback(bundles)
    assert bundle.was_verified(bundles)
    before = bundle.promoted_look(bundles)
    alter(bundles / first / "ranker.json")
    assert not bundle.was_verified(bundles)
    assert bundle.promoted_look(bundles) != before


def test_what_may_not_serve_is_not_promoted(three: tuple[Path, list[str]]):
    bundles, (first, second, _) = three

    def refuse(folder: Path) -> None:
        raise BundleError(f"{folder.name} is of other features", "foreign")

    bundle.promote(bundles, first)
    with pytest.raises(BundleError, match="other features"):
        bundle.promote(bundles, second, check=refuse)
    assert serving(bundles) == first


def test_earlier_versions_are_told_latest_first(three: tuple[Path, list[str]]):
    bundles, (first, second, third) = three
    for name in (first, second, third):
        bundle.promote(bundles, name)
    shutil.rmtree(bundles / first)
    assert bundle.earlier(bundles) == [bundles / second]


def test_nothing_promoted_says_how_to(three: tuple[Path, list[str]]):
    with pytest.raises(BundleError, match=r"matching bundles promote .* VERSION"):
        bundle.promoted(three[0])


@pytest.mark.parametrize("name", ["20200101T000000-abcdef", "../bundles", "a/b"])
def test_an_unknown_version_is_not_promoted(three: tuple[Path, list[str]], name: str):
    with pytest.raises(UnknownIdError):
        bundle.promote(three[0], name)


def test_going_back_to_a_damaged_version_is_refused(three: tuple[Path, list[str]]):
    bundles, (first, second, _) = three
    bundle.promote(bundles, first)
    bundle.promote(bundles, second)
    alter(bundles / first / "ranker.json")
    with pytest.raises(BundleError, match=r"ranker\.json"):
        bundle.rollback(bundles)
    assert serving(bundles) == second


def test_a_folder_that_is_not_there_has_no_versions(tmp_path: Path):
    with pytest.raises(BundleError, match=r"no folder .*matching train"):
        bundle.versions(tmp_path / "absent")


def test_other_folders_beside_the_versions_are_left_alone(three: tuple[Path, list[str]]):
    bundles, names = three
    (bundles / "notes").mkdir()
    (bundles / ".writing-abc").mkdir()
    assert sorted(v["version"] for v in bundle.versions(bundles)) == sorted(names)


@pytest.mark.parametrize("content", ["{", "[]", "7", "\xff"])
def test_a_damaged_pointer_says_what_to_do(three: tuple[Path, list[str]], content: str):
    bundles, _ = three
    (bundles / PROMOTED).write_text(content, encoding="latin-1")
    with pytest.raises(BundleError, match="delete it and promote"):
        bundle.promoted(bundles)
