"""The tables of what changed: against another bundle, and since training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.against import LISTED
from training.cells import COMPARED, Table, interval, plus_minus
from training.drift import MOVED, MOVED_FAR, reading
from training.findings import gained

_MOST_FEATURES = 15


def against_tables(against: Mapping[str, Any]) -> Iterator[Table]:
    """Yield what changed in figures, where the other bundle could be asked."""
    rows = [
        (COMPARED[name], plus_minus(f["mine"]), plus_minus(f["theirs"]), interval(f["change"]))
        for name, f in against.get("measures", {}).items()
        if f["change"]["value"] is not None
    ] + [
        (
            f"value ratio, {objective}",
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
    """Yield as sentences what differs from the other bundle and whether it helped."""
    yield from _choices(against)
    if "reason" in against:
        yield f"It cannot be asked any more: {against['reason']}."
        return
    kept = against["lists"]["value"]
    if kept is not None:
        yield f"{kept:.0%} of the first {LISTED} creators by ROI are on the other's list as well."
    clear = [*_clear(against["measures"], COMPARED), *_clear(against.get("worth", {}), {})]
    yield from clear
    if not against["rows"]:
        yield "No invitation came after both dates, so that their predictions cannot be compared."
    elif not clear:
        yield f"On the {against['rows']:,} invitations after both dates no difference is clear."


def _choices(against: Mapping[str, Any]) -> Iterator[str]:
    differ = [f"{name} {then} → {now}" for name, (then, now) in against["config"].items()]
    differ += [
        f"{what} the features {', '.join(names)}"
        for what, names in against["features"].items()
        if names
    ]
    yield f"Choices: {'; '.join(differ)}." if differ else "Same choices and features."
    yield from (f"The gate notes: {note}." for note in against["notes"])


def _clear(measures: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """Yield the changes whose 90 % interval leaves out 0; of a ratio, its distance from 1."""
    for name, found in measures.items():
        verdict = gained(found["change"])
        if verdict == "unsure" or name == "sales_ratio":
            continue
        better = (verdict == "good") != name.endswith("_error")
        told = names.get(name, f"value ratio, {name}")
        yield (
            f"{'Better' if better else 'Worse'}: {told}, {found['theirs']['value']:.3f} → "
            f"{found['mine']['value']:.3f} (change {found['change']['value']:+.3f} ± "
            f"{found['change']['standard_error']:.3f})."
        )


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
            *("reading", "median then", "now", "unknown then", "now"),
        ),
        [
            (
                one["name"],
                f"{one['stability_index']:.3f}",
                f"{one['by_chance']:.3f}",
                reading(one),
                *(_number(value) for value in one["median"]),
                *(f"{share:.1%}" for share in one["missing"]),
            )
            for one in shown
        ],
        f"Population stability index over tenths of {before:,} invitations then and {after:,} now; "
        f"above {MOVED} beyond chance it has moved, above {MOVED_FAR} far. Features are those of "
        f"the day of the invitation, predictions the bundle's own. {len(drift['features'])} "
        f"features in all; {drift['unknown']:.1%} of the newest invitations are of creators or "
        "products that the bundle does not know, and are left out.",
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
