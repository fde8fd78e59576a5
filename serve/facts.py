"""This week's facts: refreshed once for a week, also where its run is begun again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from matching.bundle import read_manifest
from matching.drafts import write_synced
from matching.errors import BundleError, MatchingError
from matching.seal import look

_OLDEST = timedelta(days=7)


def check_facts(as_of: date, monday: date, allow_stale: bool = False) -> None:
    """Raise MatchingError where facts are older than seven days before a week's Monday."""
    if not allow_stale and as_of < monday - _OLDEST:
        raise MatchingError(
            f"the bundle's facts are of {as_of}, {(monday - as_of).days} days before the week "
            f"begins ({monday}), and seven are allowed; refresh it with newer data, or give "
            "--allow-stale"
        )


def source_of(bundle: Path, data: str, *allowed: bool) -> str:
    """Return a digest of what a refresh is made of: another source is another refresh.

    It is of the version that was trained, whose models a refreshed one has; of where the data is;
    of what changes when a folder does: the day, for a database, that does not tell; and of what
    was `allowed` when it was accepted. A digest, since the address of a database may have a
    password in it.
    """
    manifest, folder = read_manifest(bundle), Path(data)
    models = manifest.get("refreshed", manifest)["version"]
    state = look(folder) if folder.is_dir() else date.today().isoformat()
    return hashlib.sha256(json.dumps([models, data, state, allowed]).encode()).hexdigest()


def refreshed_once(
    note: Path,
    source: str,
    refresh: Callable[[], Path],
    accept: Callable[[Path], None],
) -> Path:
    """Return a refreshed bundle's folder: the one that was noted for this source, or a new one.

    Only what was accepted is noted, so that a run which was refused takes the facts anew; what was
    not is removed.

    Parameters
    ----------
    note : a file that remembers it and of which source it is; whoever publishes the week removes it
    accept : raises MatchingError where a refreshed bundle must not be used
    """
    noted = _noted(note, source)
    if noted is not None:
        return noted
    bundle = refresh()
    try:
        accept(bundle)
    except MatchingError:
        shutil.rmtree(bundle)  # each try would leave one
        raise
    note.parent.mkdir(parents=True, exist_ok=True)
    aside = note.with_name(f".{note.name}")
    write_synced(aside, json.dumps({"source": source, "bundle": str(bundle.resolve())}))
    aside.rename(note)
    return bundle


def _noted(note: Path, source: str) -> Path | None:
    """Return the bundle that is noted, None where it is of another source or cannot be used."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        if found["source"] != source:
            return None
        read_manifest(Path(found["bundle"]))
        return Path(found["bundle"])
    except (OSError, ValueError, KeyError, TypeError, BundleError):
        return None
