"""What is good, what is bad and what cannot be told: a judgement's figures as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from math import pi, sqrt
from typing import Any

from matching.economics import OBJECTIVES
from training.cells import (
    COMPARED,
    MEASURES,
    OURS,
    PROBABILITIES,
    Report,
    interval,
    objective_name,
    plus_minus,
)
from training.drift import MOVED, MOVED_FAR, expected, reading
from training.figures import Figure

CALIBRATION_GOAL = 0.02
COVERAGE_ROOM, FIFTH_ROOM = (
    0.02,
    0.1,
)  # by how much coverage may miss its level, in all and anywhere
SALES_ROOM = 0.1
RETRIEVAL_GOALS = {"roi": 0.985, "gmv": 0.98, "profit": 0.96}
LEAST_PUBLISHED = 50
"""With fewer, what came later judges nothing but answers: a week of a weekly dump is too short."""
_TOLD_MEASURES = ("sold", "sales", "ndcg_sales", "ndcg_roi")
_FEW_PUBLISHED = 200
_TWO_ERRORS, _NINETY_PERCENT = 2.0, 1.645

Finding = tuple[str, str]
"""`good`, `bad` or `unsure`, and the sentence."""


def findings(report: Report) -> dict[str, list[str]]:
    """Return the sentences on what is `good`, `bad` and `unsure`, the most important first."""
    told: dict[str, list[str]] = {"good": [], "bad": [], "unsure": []}
    against = report.get("against")
    beside = compared(against or {})
    parts = [_losses(against), beside, _worth(report.get("truth")), _later(report)]
    for verdict, sentence in chain(*parts, _drift(report["drift"])):
        told[verdict].append(sentence)
    return told


def gained(gain: Figure) -> str:
    """Say whether a gain is above 0 (good), below (bad), or neither, by its 90 % interval."""
    if gain["value"] is None or gain["standard_error"] is None:
        return "unsure"
    room = _NINETY_PERCENT * gain["standard_error"]
    low = gain.get("low", gain["value"] - room)
    high = gain.get("high", gain["value"] + room)
    return "good" if low > 0 else "bad" if high < 0 else "unsure"


def inside(figure: Figure, low: float, high: float) -> str:
    """Say whether a figure is where it should be, or is clearly not: by two standard errors."""
    value, room = figure["value"], _TWO_ERRORS * (figure["standard_error"] or 0.0)
    if low <= value <= high:
        return "good"
    return "bad" if value + room < low or value - room > high else "unsure"


def _losses(against: Mapping[str, Any] | None) -> Iterator[Finding]:
    for loss in (against or {"losses": ()})["losses"]:
        yield "bad", f"The gate refuses to promote it: {loss}."


def compared(against: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield changes whose 90 % interval leaves out 0; the sales ratio is not judged."""
    worth = {f"value ratio, {objective_name(o)}": w for o, w in against.get("worth", {}).items()}
    for name, found in {**against.get("measures", {}), **worth}.items():
        verdict = gained(found["change"])
        if verdict == "unsure" or name == "sales_ratio":
            continue
        better = (verdict == "good") != name.endswith("_error")
        yield (
            "good" if better else "bad",
            f"{'Better' if better else 'Worse'} than {against['bundle']}: "
            f"{COMPARED.get(name, name)}, {found['theirs']['value']:.3f} → "
            f"{found['mine']['value']:.3f} (change {found['change']['value']:+.3f} ± "
            f"{found['change']['standard_error']:.3f}).",
        )


def enough_came(later: Mapping[str, Any]) -> bool:
    """Say whether what came after the bundle's date can judge its sales."""
    return bool(later["invitations"]) and later["all"]["counts"]["published"] >= LEAST_PUBLISHED


def _worth(truth: Mapping[str, Any] | None) -> Iterator[Finding]:
    if truth is None:
        return
    for objective in OBJECTIVES:
        lead = truth["lead"].get(objective)
        if lead is not None:
            mine = truth["methods"][OURS][objective]
            yield (
                gained(lead["gain"]),
                f"By {objective_name(objective)}, the ten creators it recommends are truly worth "
                f"{mine['value_ratio']:.2f} of the ten best. The best simple ranking, "
                f"{lead['over']}, reaches {lead['theirs']['value_ratio']:.2f}: "
                f"{_ahead(lead['gain'])}.",
            )
    for objective, kept in truth["retrieval_kept"].items():
        goal = RETRIEVAL_GOALS[objective]
        verdict = inside(kept, goal, 2.0)
        if verdict != "good":
            yield (
                verdict,
                f"Looking at candidates only keeps {plus_minus(kept)} of the "
                f"{objective_name(objective)} of scoring everybody; the goal is {goal}.",
            )


def _later(report: Report) -> Iterator[Finding]:
    later = report["later"]
    if not enough_came(later):
        return
    whole = later["all"]
    published = whole["counts"]["published"]
    if published < _FEW_PUBLISHED:
        yield (
            "unsure",
            f"Only {published:,} published collaborations came later: what is said of sales is "
            "rough.",
        )
    yield from _order(later)
    yield from _probabilities(whole)
    yield from _sizes(whole)
    yield from _segments(later["segments"])
    similar = report["similar"]
    if not similar["methods"]:
        yield (
            "unsure",
            f"Look-alikes cannot be judged: only {similar['creators']:,} creators published "
            f"something since; it takes {similar['least']} to tell.",
        )


def _order(later: Mapping[str, Any]) -> Iterator[Finding]:
    ranking, leads = later["all"]["ranking"], later["lead"]
    for name in _TOLD_MEASURES:
        if ranking.get(name, {"gain": {"value": None}})["gain"]["value"] is None:
            continue
        lead = leads.get(name) or {
            "over": "followers",
            "ours": ranking[name]["predicted"],
            "theirs": ranking[name]["followers"],
            "gain": ranking[name]["gain"],
        }
        yield (
            gained(lead["gain"]),
            f"Order of what came ({MEASURES[name]}): {lead['ours']['value']:.3f}; the best simple "
            f"ranking, {lead['over']}, {lead['theirs']['value']:.3f}. The gain is "
            f"{interval(lead['gain'])}.",
        )


def _probabilities(whole: Mapping[str, Any]) -> Iterator[Finding]:
    for name, told in PROBABILITIES.items():
        found = whole[name]
        if not found["rows"]:
            continue
        chance = _by_chance(found)
        verdict = inside(found["calibration_error"], 0.0, CALIBRATION_GOAL)
        if verdict == "bad" and found["calibration_error"]["value"] <= _TWO_ERRORS * chance:
            verdict = "unsure"
        yield (
            verdict,
            f"Chance that a creator {told}: {found['predicted']['value']:.1%} predicted, "
            f"{found['share']['value']:.1%} came. Calibration error "
            f"{plus_minus(found['calibration_error'])}; the goal is at most {CALIBRATION_GOAL}; "
            f"right chances would give {chance:.3f} on {found['rows']:,} outcomes.",
        )


def _by_chance(found: Mapping[str, Any]) -> float:
    """Return the calibration error that right probabilities have on so few rows: a normal bound."""
    spread = 0.0
    for part in found["bins"]:
        chance = min(max(part["predicted"], 0.0), 1.0)
        spread += sqrt(part["actual"]["rows"] * chance * (1.0 - chance))
    return float(sqrt(2.0 / pi) * spread / found["rows"])


def _sizes(whole: Mapping[str, Any]) -> Iterator[Finding]:
    sales, interval_ = whole["sales"]["predicted_by_actual"], whole["interval"]
    if sales["value"] is not None:
        yield (
            inside(sales, 1.0 - SALES_ROOM, 1.0 + SALES_ROOM),
            f"Predicted sales of what was published add up to {plus_minus(sales, 2)} times what "
            "came.",
        )
    level, covered = interval_["level"], interval_["inside"]
    if covered["value"] is None:
        return
    verdict = inside(covered, level - COVERAGE_ROOM, level + COVERAGE_ROOM)
    yield (
        verdict,
        f"The {level:.0%} interval held {plus_minus(covered)} of published sales; the goal is "
        f"{level - COVERAGE_ROOM:.2f} to {level + COVERAGE_ROOM:.2f}.",
    )
    least = level - FIFTH_ROOM
    for place, fifth in enumerate(interval_["fifths"], 1):
        verdict = inside(fifth, least, 1.0)
        if verdict != "good":
            yield (
                verdict,
                f"In fifth {place} by predicted size (1 is the smallest) the interval held "
                f"{plus_minus(fifth)}; the goal is at least {least:.2f} in every fifth.",
            )


def _segments(segments: Mapping[str, Any]) -> Iterator[Finding]:
    """Tell only what is worse than followers: a segment has few rows, and there are many."""
    for segment, found in segments.items():
        gain = found["ranking"]["sales"]["gain"] if found else {"value": None}
        if gain["value"] is not None and gained(gain) == "bad":
            yield (
                "bad",
                f"Of the segment {segment}, followers alone order sales better: the gain is "
                f"{interval(gain)}.",
            )


def _drift(drift: Mapping[str, Any]) -> Iterator[Finding]:
    """Tell what moved: of predictions it is bad, while a feature may move and change nothing."""
    if "reason" in drift:
        yield "unsure", f"Drift cannot be told: {drift['reason']}."
        return
    for what, far_is in (("predictions", "bad"), ("features", "unsure")):
        found = drift[what]
        by_reading = [reading(one) for one in found]
        far, moved = by_reading.count("moved far"), by_reading.count("moved")
        worst = (
            f"{found[0]['name']} the most: index {found[0]['stability_index']:.2f}, where "
            f"{expected(found[0]):.2f} is usual, and {_moved_by(found[0])}"
        )
        if far:
            told = f"{far} of {len(found)} {what} have moved far since training"
            yield far_is, f"{told}: by {MOVED_FAR} more than twice the usual; {worst}."
        elif moved:
            told = (
                f"{moved} of {len(found)} {what} have moved (by {MOVED} more than twice the usual"
            )
            yield "unsure", f"{told}; {worst}) between training and the newest weeks."
        else:
            yield (
                "good",
                f"No {what} have moved since training, beyond what is usual between such weeks.",
            )


def _moved_by(one: Mapping[str, Any]) -> str:
    if one["shift"] is None:
        return "no such values were there before"
    return f"{one['shift']:.2f} standard deviations"


def _ahead(gain: Figure) -> str:
    side = "a lead of" if gain["value"] >= 0 else "behind by"
    return f"{side} {abs(gain['value']):.3f} ± {gain['standard_error'] or 0.0:.3f}"
