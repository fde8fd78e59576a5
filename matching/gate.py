"""The gate before a promotion: a bundle that clearly loses against the one that serves is refused.

It reads manifests only; what they say was measured by `train` (`training/gate.py`): how models of
this configuration, fitted some weeks before the bundle's date, fared on the weeks since.

Two comparisons can show a loss. On the same days and rows, against the promoted configuration, the
difference is paired. A loss is clear there beyond 1.64 of its standard errors, the one-sided 95 %,
so that a change that is none is refused about once in ten; one standard error would refuse a third.
And a loss that is clear in one outcome is noted and refuses nothing where another has gained more
clearly, in standard errors: a change that orders sales better may cost a little elsewhere, and
promoting it is then the better bet.

The other comparison is with what the promoted bundle itself showed on the weeks before its own
date: broken data harm both sides of the first alike, but not this one. Its weeks are others, with
other luck, so it takes two standard errors, and no gain makes up for it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matching import bundle
from matching.errors import BundleError, GateError

OUTCOMES = {
    "accept": "acceptance (AUC)",
    "sold": "selling anything (AUC)",
    "sales": "size of sales (Spearman)",
}
PAIRED_ERRORS, OTHER_DAYS_ERRORS = 1.64, 2.0
_SAME_RESULT = ("threads", "gate_days")

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How a bundle fares against the promoted one: its clear losses, and what was not judged."""

    losses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def configuration(manifest: Manifest) -> str:
    """Return a digest of the choices and the features that a bundle was trained with."""
    config = {n: v for n, v in manifest["config"].items() if n not in _SAME_RESULT}
    text = json.dumps([config, manifest["features"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def judge(candidate: Manifest, promoted: Manifest) -> Verdict:
    """Return the verdict on a bundle, by its manifest and that of the bundle that serves."""
    if promoted["version"] == candidate["version"]:
        return Verdict()
    mine = candidate.get("gate")
    if not mine or not mine["figures"]:
        return Verdict(notes=(f"not judged: {_reason(candidate)}",))
    lost: dict[str, str] = {}
    notes = list(_not_judged(mine, promoted))
    beside = mine["promoted"]
    serving = configuration(promoted)
    if beside is not None and beside.get("configuration") == serving:
        lost, outweighed = same_days(mine, beside)
        notes += outweighed
        notes += [f"the promoted configuration was judged {beside['note']}"] * bool(beside["note"])
    elif configuration(candidate) != serving:  # else nothing can differ, as after a refresh
        why = "it was not compared with the promoted configuration when it was trained"
        notes.append(f"not judged on the same days: {(beside or {}).get('reason') or why}")
    if not promoted.get("gate"):
        notes.append(f"{promoted['version']} has no figures of its own to compare with")
    own_days = dict(_own_days(mine, promoted))
    theirs = promoted.get("gate") or mine
    if (mine["from"], mine["until"]) == (theirs["from"], theirs["until"]):  # it is the same loss
        own_days = {name: told for name, told in own_days.items() if name not in lost}
    return Verdict((*lost.values(), *own_days.values()), tuple(notes))


def pass_gate(bundles: Path, version: str, force: bool = False) -> Verdict:
    """Return the verdict on a version beside the one that serves.

    Raises
    ------
    GateError
        If it clearly loses and is not forced: says what, by how much, and how to promote it all
        the same.
    """
    folder = bundle.version_folder(bundles, version)
    candidate = bundle.read_manifest(folder)
    try:
        verdict = judge(candidate, bundle.read_manifest(bundle.promoted(bundles)))
    except BundleError as error:  # none serves, or it cannot be read: anything whole is better
        missing = error.reason == "missing"
        verdict = Verdict(notes=() if missing else (f"not judged: {error}",))
    if verdict.losses and not force:
        raise GateError(
            f"{version} is not promoted, it is clearly worse than what serves: "
            f"{'; '.join(verdict.losses)}. Look at the data and the configuration, or promote it "
            f"all the same: `matching bundles promote {bundles} {version} --force`"
        )
    return verdict


def promote(
    bundles: Path,
    version: str,
    force: bool = False,
    check: Callable[[Path], object] = bundle.verify,
) -> Verdict:
    """Make a version the one that serves unless it clearly loses, and return the verdict.

    Parameters
    ----------
    force : promote it all the same; the record in `promoted.json` then names the losses
    check : raises BundleError if the version's folder cannot serve; verifies at least every file

    Raises
    ------
    GateError
        As `pass_gate`.
    """
    verdict = pass_gate(bundles, version, force)
    record = {"forced": list(verdict.losses)} if force else {}
    bundle.promote(bundles, version, check, record)
    return verdict


def tell(gate: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what a manifest's gate says of each outcome, beside the promoted configuration."""
    if gate is None:
        return
    beside = gate["promoted"] or {}
    for name, now in gate["figures"].items():
        line = f"{OUTCOMES[name]} {_plus_minus(now)}"
        if name in beside.get("gain", {}):
            line += f"; promoted configuration {_plus_minus(beside['figures'][name])}, "
            line += f"gain {_plus_minus(beside['gain'][name], '+')}"
        yield line
    if not gate["figures"]:
        yield f"not judged: {_too_little(gate)}"
    if "reason" in beside:
        yield f"the promoted configuration cannot be judged: {beside['reason']}"
    if beside.get("note"):
        yield f"the promoted configuration was judged {beside['note']}"


def _plus_minus(figure: Mapping[str, Any], sign: str = "") -> str:
    error = figure["standard_error"]
    return f"{figure['value']:{sign}.3f}" + ("" if error is None else f" ± {error:.3f}")


def _reason(candidate: Manifest) -> str:
    if "gate" not in candidate:
        return f"{candidate['version']} was trained without the gate's fit"
    return _too_little(candidate["gate"])


def _too_little(gate: Mapping[str, Any]) -> str:
    """Return why nothing could be judged."""
    missing = [f"{OUTCOMES[name]}: {why}" for name, why in gate.get("missing", {}).items()]
    days = f"too little became known from {gate['from']} to {gate['until']}"
    return str(gate.get("reason") or "; ".join(missing) or days)


def same_days(mine: Manifest, beside: Manifest) -> tuple[dict[str, str], list[str]]:
    """Return the clear losses by outcome, and those that another outcome's clearer gain makes up.

    Parameters
    ----------
    mine, beside : what a manifest's `gate` says of the bundle, and its `promoted`
    """
    clearness = {name: in_errors(gain) for name, gain in beside["gain"].items()}
    best = max(clearness, key=lambda name: clearness[name], default="")
    losses, outweighed = {}, []
    for name, clear in clearness.items():
        if clear >= -PAIRED_ERRORS:
            continue
        gain = beside["gain"][name]
        whose = "the promoted configuration's"
        told = _told(name, mine, -gain["value"], _error(gain), beside, whose, "on the same days")
        if clearness[best] > -clear:
            gained = _plus_minus(beside["gain"][best], "+")
            outweighed.append(f"{told}; {OUTCOMES[best]} gains more clearly: {gained}")
        else:
            losses[name] = told
    return losses, outweighed


def _not_judged(mine: Manifest, promoted: Manifest) -> Iterator[str]:
    """Yield the outcomes that the promoted bundle was judged on and this one was not, and why."""
    theirs = (promoted.get("gate"), mine["promoted"])
    names = dict.fromkeys(name for gate in theirs if gate for name in gate.get("figures", ()))
    for name in names:
        if name not in mine["figures"]:
            why = mine.get("missing", {}).get(name, "too few of them became known")
            days = f"from {mine['from']} to {mine['until']}"
            yield f"{OUTCOMES[name]} is not judged {days}, as the promoted bundle was: {why}"


def _own_days(mine: Manifest, promoted: Manifest) -> Iterator[tuple[str, str]]:
    """Yield the outcomes in which a bundle is clearly below the promoted one on its own weeks."""
    theirs = promoted.get("gate") or {"figures": {}}
    for name, before in theirs["figures"].items():
        now = mine["figures"].get(name)
        if now is None:
            continue
        error = math.hypot(_error(now), _error(before))
        lost = before["value"] - now["value"]
        if lost > OTHER_DAYS_ERRORS * error:
            days = f"from {theirs['from']} to {theirs['until']}"
            yield name, _told(name, mine, lost, error, theirs, "the promoted bundle's own", days)


def in_errors(gain: Mapping[str, Any]) -> float:
    """Return a gain in its standard errors: 0 where there is none, or the error is not known."""
    value, error = gain["value"], _error(gain)
    if not value:
        return 0.0
    return value / error if error else math.copysign(math.inf, value)


def _error(figure: Mapping[str, Any]) -> float:
    """Return the standard error; endless where it is not known."""
    error = figure["standard_error"]
    return math.inf if error is None else float(error)


def _told(
    name: str, mine: Manifest, lost: float, error: float, theirs: Manifest, whose: str, when: str
) -> str:
    now, before = (side["figures"][name]["value"] for side in (mine, theirs))
    return (
        f"{OUTCOMES[name]} is {now:.3f}, {lost:.3f} below {whose} {before:.3f} {when} "
        f"(standard error {error:.3f})"
    )
