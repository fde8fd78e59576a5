"""The tables of what came after a bundle's date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.cells import MEASURES, PROBABILITIES, Report, Table, absent, interval, plus_minus
from training.findings import enough_came


def later_tables(report: Report) -> Iterator[Table]:
    """Yield order, baselines, probabilities, sizes, segments and neighbours."""
    later = report["later"]
    whole = later["all"]
    counts = ", ".join(f"{count:,} {name}" for name, count in whole["counts"].items())
    pairs = {MEASURES[name]: found for name, found in whole["ranking"].items()} | {
        f"{told}, AUC": whole[name]["auc"]
        for name, told in PROBABILITIES.items()
        if whole[name]["rows"]
    }
    yield Table(
        f"order of what came later: {counts}",
        ("measure", "rows", "predicted", "followers", "gain (90 % interval)"),
        [
            (
                name,
                f"{found['predicted']['rows']:,}",
                plus_minus(found["predicted"]),
                plus_minus(found["followers"]),
                interval(found["gain"]),
            )
            for name, found in pairs.items()
        ],
        "Gain in NDCG: ln(1 + sales ÷ the median sale), ln(1 + ROI). Bootstrap over creators.",
    )
    if later["baselines"]:
        yield _logged_baselines(later["baselines"], absent(report))
    yield _probabilities(whole)
    if whole["sales"]["tenths"]:
        yield _sizes(whole, report["currency"])
    if enough_came(later):
        yield from _logged_segments(later)
    if report["similar"]["methods"]:
        yield _neighbours(report["similar"])


def _logged_baselines(baselines: Mapping[str, Any], missing: str) -> Table:
    measures = list(next(iter(baselines.values())))
    return Table(
        "the same by every baseline, on products that were known",
        ("ranked by", *(MEASURES[name] for name in measures)),
        [(m, *(plus_minus(found[n]) for n in measures)) for m, found in baselines.items()],
        missing.strip(),
    )


def _probabilities(whole: Mapping[str, Any]) -> Table:
    return Table(
        "calibration of probabilities, where nearly every outcome is in",
        ("outcome", "rows", "share", "predicted", "Brier", "calibration error"),
        [
            (
                told,
                f"{found['rows']:,}",
                *(
                    plus_minus(found.get(name))
                    for name in ("share", "predicted", "brier", "calibration_error")
                ),
            )
            for name, told in PROBABILITIES.items()
            if (found := whole[name])
        ],
    )


def _sizes(whole: Mapping[str, Any], currency: str) -> Table:
    sales, inside = whole["sales"], whole["interval"]
    rows = [("all", "", "", plus_minus(sales["predicted_by_actual"]), plus_minus(inside["inside"]))]
    for place, tenth in enumerate(sales["tenths"]):
        fifth = inside["fifths"][place // 2] if inside["fifths"] and place % 2 == 0 else None
        rows.append(
            (
                f"tenth {place + 1}",
                f"{tenth['predicted']:,.0f}",
                plus_minus(tenth["actual"], 0),
                plus_minus(tenth["predicted_by_actual"]),
                plus_minus(fifth) if fifth else "",
            )
        )
    return Table(
        "size of published sales by predicted size, smallest first",
        (
            "",
            f"predicted ({currency})",
            f"actual ({currency})",
            "predicted ÷ actual",
            f"inside the {inside['level']:.0%} interval, by fifth",
        ),
        rows,
    )


def _logged_segments(later: Mapping[str, Any]) -> Iterator[Table]:
    every = {"all": later["all"], **later["segments"]}
    segments = {name: found for name, found in every.items() if found is not None}
    yield Table(
        "order of what came later, by segment",
        (
            *("segment", "invited", "published", "sold, AUC", "gain over followers (90 %)"),
            *("sales, Spearman", "NDCG@10, sales"),
        ),
        [
            (
                name,
                f"{found['counts']['invitations']:,}",
                f"{found['counts']['published']:,}",
                plus_minus(found["ranking"]["sold"]["predicted"]),
                interval(found["ranking"]["sold"]["gain"]),
                plus_minus(found["ranking"]["sales"]["predicted"]),
                plus_minus(found["ranking"]["ndcg_sales"]["predicted"]),
            )
            for name, found in segments.items()
        ],
    )
    yield Table(
        "size of what came later, by segment",
        (
            *("segment", "calibration error: accepts", "publishes", "sales, predicted ÷ actual"),
            "inside the interval",
        ),
        [
            (
                name,
                plus_minus(found["accept"].get("calibration_error")),
                plus_minus(found["fulfil"].get("calibration_error")),
                plus_minus(found["sales"]["predicted_by_actual"]),
                plus_minus(found["interval"]["inside"]),
            )
            for name, found in segments.items()
        ],
    )


def _neighbours(similar: Mapping[str, Any]) -> Table:
    return Table(
        f"later sales of {similar['creators']:,} creators, foretold by their "
        f"{similar['neighbours']} neighbours",
        ("neighbours by", "Spearman", "R²", "gain of this space (90 % interval)"),
        [
            (
                method,
                plus_minus(found["spearman"]),
                plus_minus(found["r2"]),
                interval(found["gain"]) if "gain" in found else "",
            )
            for method, found in similar["methods"].items()
        ],
        "A creator's sales are their mean ln(1 + sales); the "
        "prediction is the neighbours' mean. Gain in Spearman. Bootstrap over creators.",
    )
