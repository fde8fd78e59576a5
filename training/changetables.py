"""The tables of what changed: against another bundle, and since training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.against import LISTED
from training.cells import COMPARED, Table, interval, objective_name, plus_minus
from training.drift import LEAST_SHIFT, MOVED, MOVED_FAR, reading

_MOST_FEATURES = 15


def against_tables(against: Mapping[str, Any]) -> Iterator[Table]:
    """Yield what changed in figures, where the other bundle could be asked."""
    rows = [
        (COMPARED[name], plus_minus(f["mine"]), plus_minus(f["theirs"]), interval(f["change"]))
        for name, f in against.get("measures", {}).items()
        if f["change"]["value"] is not None
    ] + [
        (
            f"value ratio, {objective_name(objective)}",
            plus_minus(found["mine"]),
            plus_minus(found["theirs"]),
            plus_minus(found["change"]),
        )
        for objective, found in against.get("worth", {}).items()
    ]
    if rows:
        yield Table(
            f"against {against['bundle']}, as of {against['as_of']}",
            ("measure", "this bundle", "the other", "change (90 % interval, or ± standard error)"),
            rows,
            f"On the same {against['rows']:,} invitations after both dates; changes are paired.",
        )


def changes(against: Mapping[str, Any]) -> Iterator[str]:
    """Yield as sentences what differs from the other bundle; whether it helped is a finding."""
    yield from _choices(against)
    if "reason" in against:
        yield f"It cannot be asked any more: {against['reason']}."
        return
    kept = against["lists"]["value"]
    if kept is not None:
        yield f"{kept:.0%} of the first {LISTED} creators by ROI are on the other's list as well."
    if not against["rows"]:
        yield "No invitation came after both dates, so that their predictions cannot be compared."


def _choices(against: Mapping[str, Any]) -> Iterator[str]:
    differ = [f"{name} {then} → {now}" for name, (then, now) in against["config"].items()]
    differ += [
        f"{what} the features {', '.join(names)}"
        for what, names in against["features"].items()
        if names
    ]
    yield f"Choices: {'; '.join(differ)}." if differ else "Same choices and features."
    yield from (f"The gate notes: {note}." for note in against["notes"])


def drift_table(drift: Mapping[str, Any]) -> Iterator[Table]:
    """Yield predictions and the features that have moved most."""
    if "reason" in drift:
        return
    before, after = drift["rows"]
    shown = [*drift["predictions"], *drift["features"][:_MOST_FEATURES]]
    yield Table(
        f"drift: the invitations from {drift['from']} to {drift['until']} beside those learnt from",
        (
            *("predictions, then the features that moved most", "stability index", "by chance"),
            *("usual", "moved by (sd)", "reading", "median then", "now", "unknown then", "now"),
        ),
        [
            (
                one["name"],
                f"{one['stability_index']:.3f}",
                f"{one['by_chance']:.3f}",
                "–" if one["usual"] is None else f"{one['usual']:.3f}",
                "–" if one["shift"] is None else f"{one['shift']:.2f}",
                reading(one),
                *(_number(value) for value in one["median"]),
                *(f"{share:.1%}" for share in one["missing"]),
            )
            for one in shown
        ],
        f"Population stability index over tenths of {before:,} invitations then and {after:,} now; "
        f"usual is the most of {drift['earlier']} comparisons of earlier weeks as far apart. "
        f"{MOVED} beyond twice the larger it has moved, {MOVED_FAR} far, if by {LEAST_SHIFT} "
        "standard deviations (sd) or more: values that lie close together change tenths by a hair. "
        "Features are those of the day of the invitation, predictions the bundle's own. "
        f"{len(drift['features'])} features in all; "
        f"{drift['unknown']:.1%} of the newest invitations are of creators or products that the "
        "bundle does not know, and are left out.",
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
