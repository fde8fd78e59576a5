"""A report's figures as plain tables, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matching.economics import OBJECTIVES
from training.metrics import Figure

Report = Mapping[str, Any]

MEASURES = {
    "sold": "sold anything, AUC",
    "sales": "sales, Spearman",
    "top_tenth": "share of sales in the top tenth",
    "ndcg_sales": "NDCG@10 in a product, sales",
    "ndcg_roi": "NDCG@10 in a product, ROI",
    "plays": "impressions, Spearman",
}
PROBABILITIES = {"accept": "accepts", "fulfil": "publishes once accepted"}


@dataclass(frozen=True)
class Table:
    """A title, the head, rows of text as long as it, and what a reader should know."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""


def tables(report: Report) -> Iterator[Table]:
    """Yield the tables of whatever the report holds."""
    if "truth" in report:
        yield _truth(report)
        yield _worth_by_segment(report["truth"])
        yield _places(report["truth"])
    if report["later"]["invitations"]:
        yield from _later(report)
    if "curve" in report:
        yield _curve(report["curve"])
    if "ablation" in report:
        yield _ablation(report["ablation"])
    if "rolling" in report:
        yield from _rolling(report["rolling"])


def plus_minus(figure: Figure | None, digits: int = 3) -> str:
    """Return value ± standard error, a dash where it is not known."""
    if figure is None or figure["value"] is None:
        return "–"
    error = figure["standard_error"]
    told = "?" if error is None else f"{error:,.{digits}f}"
    return f"{figure['value']:,.{digits}f} ± {told}"


def interval(figure: Figure) -> str:
    """Return a gain with its 90 % interval."""
    if figure["value"] is None or figure["low"] is None:
        return "–"
    return f"{figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"


def _value(figure: Figure) -> str:
    return plus_minus({"value": figure["value_ratio"], "standard_error": figure["standard_error"]})


def _money(figure: Figure) -> str:
    share = {"value": figure["money_share"], "standard_error": figure["money_share_error"]}
    return plus_minus(share, 2)


def _absent(report: Report) -> str:
    """Say which baselines are absent, and why."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in report["absent"].items():
        by_reason.setdefault(reason, []).append(name)
    return "".join(f"Absent: {', '.join(who)} ({why}). " for why, who in by_reason.items())


def _truth(report: Report) -> Table:
    truth = report["truth"]
    rows = [
        (method, *(f"{_value(by[o])} ({_money(by[o])})" for o in OBJECTIVES))
        for method, by in truth["methods"].items()
    ]
    kept = (plus_minus(truth["retrieval_kept"][o]) for o in OBJECTIVES)
    rows.append(("retrieval keeps of scoring everybody", *kept))
    return Table(
        f"value ratio ± standard error (money share), {truth['products']} products, top 10",
        ("ranked by", *OBJECTIVES),
        rows,
        f"{_absent(report)}Orders that choose no channel are granted the better one.",
    )


def _worth_by_segment(truth: Mapping[str, Any]) -> Table:
    return Table(
        "value ratio by segment ± standard error (money share)",
        ("segment", "products", *OBJECTIVES),
        [
            (
                name,
                str(by[OBJECTIVES[0]]["products"]),
                *(f"{_value(by[o])} ({_money(by[o])})" for o in OBJECTIVES),
            )
            for name, by in truth["segments"].items()
        ],
        "Of creators: only they may be recommended, by scoring all of them, beside the best of "
        "them. Of products: on those products.",
    )


def _places(truth: Mapping[str, Any]) -> Table:
    of_creators = {n: by for n, by in truth["segments"].items() if "share_of_list" in by["roi"]}
    return Table(
        "share of the ten places that a segment takes ± standard error",
        ("segment", *(f"{o}, {who}" for o in OBJECTIVES for who in ("list", "oracle"))),
        [
            (
                name,
                *(
                    plus_minus(by[o][share])
                    for o in OBJECTIVES
                    for share in ("share_of_list", "share_of_oracle")
                ),
            )
            for name, by in of_creators.items()
        ],
    )


def _later(report: Report) -> Iterator[Table]:
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
        yield _logged_baselines(later["baselines"], _absent(report))
    yield _probabilities(whole)
    if whole["sales"]["tenths"]:
        yield _sizes(whole, report["currency"])
    yield from _logged_segments(later)


def _logged_baselines(baselines: Mapping[str, Any], absent: str) -> Table:
    measures = list(next(iter(baselines.values())))
    return Table(
        "the same by every baseline, on products that were known",
        ("ranked by", *(MEASURES[name] for name in measures)),
        [(m, *(plus_minus(found[n]) for n in measures)) for m, found in baselines.items()],
        absent.strip(),
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


def _curve(curve: list[dict[str, Any]]) -> Table:
    names = list(curve[0]["figures"])
    return Table(
        "learning curve: trained on random parts of the known collaborations",
        ("part", "collaborations", *(MEASURES.get(n, n) for n in names)),
        [
            (
                f"{step['fraction']:.0%}",
                f"{step['collaborations']:,}",
                *(plus_minus(step["figures"][n]) for n in names),
            )
            for step in curve
        ],
        "Judged without retrieval.",
    )


def _ablation(ablation: Mapping[str, Any]) -> Table:
    names = list(ablation["figures"])
    rows = [("every stage", *(plus_minus(ablation["figures"][n]) for n in names))]
    for stage, change in ablation["change_without"].items():
        rows.append((f"change without {stage}", *(plus_minus(change[n]) for n in names)))
    return Table(
        "ablation: trained again without the features of one TRUST stage",
        ("", *(MEASURES.get(n, n) for n in names)),
        rows,
        "Judged without retrieval; changes are paired by product, or by creator on the log.",
    )


def _rolling(rolling: Mapping[str, Any]) -> Iterator[Table]:
    spans = [(f"{o['from']} to {o['until']}", o["rows"], o["figures"]) for o in rolling["origins"]]
    rows = sum(count for _, count, _ in spans)
    for name in rolling["pooled"]:
        yield Table(
            f"rolling origins: {MEASURES[name]}",
            ("origin", "rows", "predicted", "followers", "gain (90 % interval)"),
            [
                (
                    span,
                    f"{count:,}",
                    *(_with_interval(found[name][who]) for who in ("predicted", "followers")),
                    interval(found[name]["gain"]),
                )
                for span, count, found in (*spans, ("pooled", rows, rolling["pooled"]))
                if name in found
            ],
            rolling["words"] if name == "sold" else "",
        )


def _with_interval(figure: Figure) -> str:
    if figure["value"] is None or figure["low"] is None:
        return "–"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
