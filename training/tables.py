"""A report's figures as plain tables, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from matching.economics import OBJECTIVES
from training.cells import (
    MEASURES,
    Report,
    Table,
    absent,
    interval,
    measure_name,
    objective_name,
    plus_minus,
)
from training.changetables import against_tables, drift_table
from training.figures import Figure
from training.latertables import later_tables
from training.usage import use_table

_NOTHING = ("", "–", "0")


def tables(report: Report) -> Iterator[Table]:
    """Yield the tables of whatever the report holds, without rows and tables that tell nothing."""
    for table in _tables(report):
        rows = [row for row in table.rows if any(cell not in _NOTHING for cell in row[1:])]
        if rows:
            yield replace(table, rows=rows)


def _tables(report: Report) -> Iterator[Table]:
    if "against" in report:
        yield from against_tables(report["against"])
    if "truth" in report:
        yield _truth(report)
        yield _worth_by_segment(report["truth"])
        yield _places(report["truth"])
    if report["later"]["invitations"]:
        yield from later_tables(report)
    if "features" in report:
        yield use_table(report["features"])
    yield from drift_table(report["drift"])
    if "curve" in report:
        yield _curve(report["curve"])
    if "ablation" in report:
        yield _ablation(report["ablation"])
    if "rolling" in report:
        yield from _rolling(report["rolling"])


def _value(figure: Figure) -> str:
    return plus_minus({"value": figure["value_ratio"], "standard_error": figure["standard_error"]})


def _money(figure: Figure) -> str:
    share = {"value": figure["money_share"], "standard_error": figure["money_share_error"]}
    return plus_minus(share, 2)


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
        ("ranked by", *map(objective_name, OBJECTIVES)),
        rows,
        f"{absent(report)}Orders that choose no channel are granted the better one.",
    )


def _worth_by_segment(truth: Mapping[str, Any]) -> Table:
    return Table(
        "value ratio by segment ± standard error (money share)",
        ("segment", "products", *map(objective_name, OBJECTIVES)),
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
        (
            "segment",
            *(f"{objective_name(o)}, {who}" for o in OBJECTIVES for who in ("list", "oracle")),
        ),
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


def _curve(curve: list[dict[str, Any]]) -> Table:
    names = list(curve[0]["figures"])
    return Table(
        "learning curve: trained on random parts of the known collaborations",
        ("part", "collaborations", *(measure_name(n) for n in names)),
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
    rows = [("every stage", *(plus_minus(ablation["figures"][n]) for n in names), "")]
    for stage, change in ablation["change_without"].items():
        figures = (plus_minus(change[n]) for n in names)
        told = plus_minus(ablation["evidence"][stage])
        rows.append((f"change without {stage}", *figures, told))
    return Table(
        "ablation: trained again without the features and effects of one TRUST stage",
        ("", *(measure_name(n) for n in names), "evidence it is given"),
        rows,
        "Judged without retrieval; changes are paired by product, or by creator on the log. "
        "Evidence: mean size, in ln of sales, in the lists of 50 products. It tells how a "
        "prediction is put together, not what causes sales: the changes beside it say what is "
        "lost without a stage.",
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
