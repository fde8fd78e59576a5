"""What a bundle is, by its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from matching import gate
from training.config import TrainConfig


def describe_bundle(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report says of the bundle itself, as plain values.

    `config` holds only the choices that are not the default ones; `gate` what the gate found in
    words and `paired` in figures; `undated` the columns that are taken as always known, as
    ``table.column``.
    """
    usual = asdict(TrainConfig())
    chosen = manifest["config"].items()
    return {
        "catalog": manifest["catalog"]["name"],
        "sizes": manifest["sizes"],
        "newest": manifest["newest"],
        "created_at": manifest.get("created_at"),
        "config": {name: value for name, value in chosen if _plain(usual.get(name)) != value},
        "features": len(manifest["features"]),
        "gate": list(gate.tell(manifest.get("gate"))),
        "paired": manifest.get("gate"),
        "warnings": manifest["warnings"],
        "undated": manifest["undated"],
    }


def in_words(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a heading and a sentence of what the bundle is and what it was judged on."""
    about = report["about"]
    sizes = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in about["sizes"].items()
    )
    yield "learnt from", f"{about['catalog']} as known on {report['as_of']}: {sizes}"
    config = ", ".join(f"{name} = {value}" for name, value in about["config"].items())
    yield "choices", f"{about['features']} features; {config or 'the default configuration'}"
    yield "judged on", _judged_on(report)
    if about["gate"]:
        yield "gate, on the weeks before its date", "; ".join(_standing_alone(about))
    if about["undated"]:
        yield "taken as always known, since without a date", undated(about["undated"])
    if about["warnings"]:
        yield "warnings", " ".join(about["warnings"])


def _standing_alone(about: Mapping[str, Any]) -> list[str]:
    """Return what the gate found of this bundle alone: the first box says how it compares."""
    paired = about.get("paired") or {}
    compared = (paired.get("promoted") or {}).get("gain")
    return list(gate.tell({**paired, "promoted": None})) if compared else about["gate"]


def undated(names: list[str]) -> str:
    """Return columns, given as ``table.column``, by table, as the tables name them."""
    by_table: dict[str, list[str]] = {}
    for name in names:
        table, column = name.split(".", 1)
        by_table.setdefault(table, []).append(column)
    return "; ".join(f"of {table}: {', '.join(names)}" for table, names in by_table.items())


def _judged_on(report: Mapping[str, Any]) -> str:
    later, told = report["later"], []
    if later["invitations"]:
        counts = later["all"]["counts"]
        told.append(
            f"{counts['invitations']:,} invitations after that date, {counts['published']:,} of "
            "them published and settled"
        )
    if "truth" in report:
        told.append(
            f"the truth of the simulated market, for {report['truth']['products']} products"
        )
    return ", and on ".join(told) or "nothing: the catalog ends at the bundle's date"


def _plain(value: Any) -> Any:
    """Return a value as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value
