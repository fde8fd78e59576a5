"""Bundle: one immutable, versioned folder that holds all that serves.

Arrays are `.npy` and are memory-mapped, models LightGBM text, names Arrow, the rest JSON: nothing
that executes. `manifest.json` names every file with its SHA-256; a bundle is verified before it is
parsed, and is written under a temporary name, synced and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.drafts import digest, draft, sync, write_synced
from matching.errors import BundleError, UnknownIdError
from matching.seal import is_sealed, look, seal

FORMAT_VERSION = 6
MANIFEST = "manifest.json"
RUN = "run.json"
PROMOTED = "promoted.json"
NO_RECORD: Mapping[str, Any] = {}
_PROMOTIONS_KEPT = 200
_DAMAGED = "the bundle is damaged; train again with --promote, or copy it again"

Array = npt.NDArray[Any]


@dataclass
class BundleFiles:
    """The content of a bundle by file name, before it is written or as it is read.

    Names are paths with `/`, without suffix: `history/outcomes.creator`.
    """

    arrays: dict[str, Array] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)

    def group(self, prefix: str) -> dict[str, Array]:
        """Return the arrays below a prefix, by the rest of their names."""
        start = f"{prefix}/"
        return {n[len(start) :]: a for n, a in self.arrays.items() if n.startswith(start)}

    def add(self, prefix: str, arrays: Mapping[str, Array]) -> None:
        """Put arrays below a prefix."""
        self.arrays.update({f"{prefix}/{name}": array for name, array in arrays.items()})


def write(
    bundles: Path,
    files: BundleFiles,
    as_of: date,
    about: Mapping[str, Any],
    run: Mapping[str, Any] = NO_RECORD,
) -> Path:
    """Write a new version below `bundles` and return its folder.

    The same contents give the same bytes, but for `version`, `created_at` and the seal over them in
    the manifest.

    Parameters
    ----------
    about : what else the manifest says (features, sizes, metrics, notes)
    run : what differs from run to run (seconds, memory): `run.json` says it, which is no part of
        what is verified
    """
    with draft(bundles) as work:
        _write_files(work.folder, files)
        digests = {
            path.relative_to(work.folder).as_posix(): digest(path)
            for path in sorted(work.folder.rglob("*"))
            if path.is_file()
        }
        said = json.dumps([digests, as_of.isoformat(), about], sort_keys=True)
        content = hashlib.sha256(said.encode()).hexdigest()
        created = datetime.now(UTC).replace(microsecond=0)
        version = f"{created:%Y%m%dT%H%M%S}-{content[:6]}"
        manifest = {
            "format_version": FORMAT_VERSION,
            "version": version,
            "created_at": created.isoformat(),
            "as_of": as_of.isoformat(),
            **about,
            "files": digests,
        }
        manifest["sha256"] = _seal(manifest)
        (work.folder / MANIFEST).write_text(_manifest_text(manifest), encoding="utf-8")
        (work.folder / RUN).write_text(json.dumps(run, indent=1), encoding="utf-8")
        return work.publish(version)


def read_manifest(bundle: Path) -> dict[str, Any]:
    """Return a bundle's manifest; BundleError if there is none or it is of another format."""
    path = bundle / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
        manifest = json.loads(text)
    except FileNotFoundError:
        raise BundleError(
            f"{bundle} is no bundle: it has no {MANIFEST}. Give the folder of one version, as "
            "`matching train` printed it",
            "foreign",
        ) from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read ({error}): {_DAMAGED}") from error
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT_VERSION:
        found = manifest.get("format_version") if isinstance(manifest, dict) else None
        raise BundleError(
            f"{bundle} has format {found}, this program reads format {FORMAT_VERSION}; train again",
            "foreign",
        )
    # The text too: 1e-05 and 1E-05 are the same number, but not what was written.
    if manifest.get("sha256") != _seal(manifest) or text != _manifest_text(manifest):
        raise BundleError(f"{path} is not what was written (its SHA-256 differs): {_DAMAGED}")
    return manifest


def _manifest_text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=1, ensure_ascii=False)


def _seal(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of everything that a manifest says but this."""
    said = json.dumps({n: v for n, v in manifest.items() if n != "sha256"}, ensure_ascii=False)
    return hashlib.sha256(json.dumps(json.loads(said), sort_keys=True).encode()).hexdigest()


def verify(bundle: Path) -> dict[str, Any]:
    """Verify every file of a bundle against its manifest, and return that.

    Raises
    ------
    BundleError
        Naming the first file that is missing, truncated or altered.
    """
    manifest = read_manifest(bundle)
    for name, expected in manifest["files"].items():
        path = bundle / name
        if not path.is_file():
            raise BundleError(f"{path} is missing: {_DAMAGED}")
        if digest(path) != expected:
            raise BundleError(f"{path} is not what was written (its SHA-256 differs): {_DAMAGED}")
    return manifest


def read(bundle: Path, verified: bool = False) -> tuple[dict[str, Any], BundleFiles]:
    """Verify a bundle and return its manifest and files, arrays memory-mapped.

    Parameters
    ----------
    verified : it was verified just now, and has not been touched since (`was_verified`)

    Raises
    ------
    BundleError
        Naming the first file that is missing, truncated or altered.
    """
    manifest = read_manifest(bundle) if verified else verify(bundle)
    files = BundleFiles()
    for name in manifest["files"]:
        stem, suffix = name.rsplit(".", 1)
        if suffix == "npy":
            files.arrays[stem] = _map(bundle / name)
        elif suffix == "json":
            files.documents[stem] = json.loads((bundle / name).read_text(encoding="utf-8"))
        elif suffix == "txt":
            files.texts[stem] = (bundle / name).read_text(encoding="utf-8")
        elif suffix == "arrow":
            files.tables[stem] = _map_table(bundle / name)
    return manifest, files


def versions(bundles: Path) -> list[dict[str, Any]]:
    """Return the manifests of all versions, newest last, each with `promoted`.

    One that cannot be read has only `version`, `promoted` and why, as `damaged`.
    """
    if not bundles.is_dir():
        raise BundleError(
            f"there is no folder {bundles}; `matching train DATA --out {bundles}`", "missing"
        )
    current = _pointer(bundles).get("version")
    found = []
    for path in sorted(bundles.iterdir()):
        if (path / MANIFEST).exists() and not path.name.startswith("."):
            try:
                manifest = read_manifest(path)
            except BundleError as error:
                manifest = {"version": path.name, "damaged": str(error)}
            found.append({**manifest, "promoted": path.name == current})
    return found


def promoted(bundles: Path) -> Path:
    """Return the folder of the version that serves; BundleError that says what to do if none."""
    version = _pointer(bundles).get("version")
    if version is None or not (bundles / str(version) / MANIFEST).is_file():
        what = "no bundle is promoted" if version is None else f"version {version} is not there"
        raise BundleError(
            f"{bundles}: {what}; train one (`matching train DATA --out {bundles} --promote`) or "
            f"promote one (`matching bundles promote {bundles} VERSION`)",
            "missing",
        )
    return bundles / str(version)


def promoted_look(bundles: Path) -> tuple[str, str]:
    """Return what changes when another version is promoted, or the promoted one is touched.

    Costs a stat of every file, a millisecond in all.
    """
    try:
        version = promoted(bundles)
    except BundleError as error:
        return "", str(error)
    return version.name, look(version)


def was_verified(bundles: Path) -> bool:
    """Whether the promoted version was verified a moment ago, and was not touched since."""
    return is_sealed(promoted(bundles), _pointer(bundles).get("verified"))


def has_promoted(bundles: Path) -> bool:
    """Say whether a version is promoted and there."""
    try:
        promoted(bundles)
    except BundleError:
        return False
    return True


def earlier(bundles: Path) -> list[Path]:
    """Return the folders of versions that served before, latest first."""
    names = reversed(_pointer(bundles).get("earlier", []))
    return [bundles / str(name) for name in names if (bundles / str(name) / MANIFEST).is_file()]


def version_folder(bundles: Path, version: str) -> Path:
    """Return the folder of a version; UnknownIdError if there is none."""
    if "/" in version or not (bundles / version).is_dir():
        raise UnknownIdError("version", version, f"`matching bundles list {bundles}` names them")
    return bundles / version


def promote(
    bundles: Path,
    version: str,
    check: Callable[[Path], object] = verify,
    record: Mapping[str, Any] = NO_RECORD,
) -> None:
    """Make a version the one that serves, after verifying it whole.

    Parameters
    ----------
    check : raises BundleError if the version's folder cannot serve; verifies at least every file
    record : what else is noted of this promotion, beside the version and the time
    """
    verified = seal(version_folder(bundles, version), check)
    pointer = _pointer(bundles)
    history = [v for v in pointer.get("earlier", []) if v != version]
    if pointer.get("version") not in (None, version):
        history.append(pointer["version"])
    _point(bundles, pointer, version, history, verified, record)


def promotions(bundles: Path) -> list[dict[str, Any]]:
    """Return what was promoted when, newest last: version, at, and what was recorded with it."""
    return list(_pointer(bundles).get("promotions", []))


def rollback(bundles: Path, check: Callable[[Path], object] = verify) -> str:
    """Promote the version that served before, and return it."""
    pointer = _pointer(bundles)
    history = list(pointer.get("earlier", []))
    if not history:
        raise BundleError(
            f"no earlier version was promoted in {bundles}: nothing to go back to", "missing"
        )
    version = str(history.pop())
    verified = seal(bundles / version, check)
    _point(bundles, pointer, version, history, verified, {"rollback": True})
    return version


def _pointer(bundles: Path) -> dict[str, Any]:
    path = bundles / PROMOTED
    if not path.exists():
        return {}
    try:
        pointer = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{path} cannot be read ({error}); delete it and promote a version again"
        ) from error
    if not isinstance(pointer, dict):
        raise BundleError(f"{path} is damaged; delete it and promote a version again")
    return pointer


def _point(
    bundles: Path,
    before: Mapping[str, Any],
    version: str,
    earlier: list[str],
    verified: Mapping[str, Any],
    record: Mapping[str, Any],
) -> None:
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    promotions = [*before.get("promotions", []), {"version": version, "at": now, **record}]
    pointer = {
        "version": version,
        "earlier": earlier,
        "verified": verified,
        "promotions": promotions[-_PROMOTIONS_KEPT:],
    }
    temporary = bundles / f".{PROMOTED}.{os.getpid()}"
    write_synced(temporary, json.dumps(pointer, indent=1))
    temporary.replace(bundles / PROMOTED)
    sync(bundles)


def _write_files(folder: Path, files: BundleFiles) -> None:
    for name, array in files.arrays.items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.ascontiguousarray(array), allow_pickle=False)
    for name, text in files.texts.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, document in files.documents.items():
        text = json.dumps(document, indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    for name, table in files.tables.items():
        _write_table(folder / f"{name}.arrow", table)


def _write_table(path: Path, table: Any) -> None:
    import pyarrow

    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, table.schema) as out:
        out.write_table(table, max_chunksize=65_536)


def _map_table(path: Path) -> Any:
    import pyarrow

    return pyarrow.ipc.open_file(pyarrow.memory_map(str(path))).read_all()


def _map(path: Path) -> Array:
    """Return the array, memory-mapped; empty ones cannot be mapped and are read.

    A plain view of the map: `numpy.memmap` itself makes every small access slower.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        return np.asarray(np.load(path, allow_pickle=False))
