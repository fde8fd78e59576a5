"""The first box of a report: did it help, and shall we ship it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from matching.gate import OUTCOMES, PAIRED_ERRORS, in_errors, same_days
from training.cells import Report
from training.figures import Figure
from training.findings import compared, enough_came

TITLE = "Did it help, and shall we ship it?"


def headline(report: Report) -> list[str]:
    """Return what the gate found against the promoted configuration, and what came since.

    Empty where nothing stood beside the bundle and enough came later to judge it by itself.
    """
    return [*_gate(report), *_since(report), *_too_short(report)]


def standing(report: Report) -> str:
    """Return `good`, `bad` or `unsure`: what the first sentence says."""
    first = next(_gate(report), "")
    return "good" if first.startswith("Yes") else "bad" if first.startswith("No:") else "unsure"


def reading(gain: Figure) -> str:
    """Say of a paired gain whether it is `better`, `worse` or neither, which is empty.

    Clear is what is clear to the gate, either way.
    """
    clear = in_errors(gain)
    return "better" if clear > PAIRED_ERRORS else "worse" if clear < -PAIRED_ERRORS else ""


def _gate(report: Report) -> Iterator[str]:
    gate = report["about"].get("paired")
    losses = report.get("against", {}).get("losses")
    gains = (gate or {"promoted": None})["promoted"] or {}
    paired = gains.get("gain")
    lost = same_days(gate, gains)[0] if paired else {}
    if losses and not lost:  # on other days, or to a bundle that was promoted since
        yield "No: the gate refuses to promote it. What it found is under what is bad."
    elif paired:
        yield _verdict({name: reading(gain) for name, gain in paired.items()}, bool(lost))
    if not paired:
        return
    beside = "; ".join(
        f"{OUTCOMES[name]} {gains['figures'][name]['value']:.3f} → "
        f"{gate['figures'][name]['value']:.3f}, {_told(gain)}"
        for name, gain in paired.items()
    )
    yield (
        f"On what became known from {gate['from']} to {gate['until']}, from the promoted "
        f"configuration ({gains['version']}) to this one: {beside}."
    )


def _verdict(readings: Mapping[str, str], refused: bool) -> str:
    better, worse = (
        _listed([OUTCOMES[name] for name, told in readings.items() if told == wanted])
        for wanted in ("better", "worse")
    )
    if worse and not refused:
        return (
            f"Yes, on balance: the gate finds it better than the promoted configuration at "
            f"{better}, more clearly than it is worse at {worse}."
        )
    if refused:
        lost = f"worse than the promoted configuration at {worse}" if worse else "worse than before"
        return f"No: the gate finds it {lost}{f', though better at {better}' if better else ''}."
    if better:
        return (
            f"Yes: the gate finds it better than the promoted configuration at {better}, worse at "
            "nothing."
        )
    return (
        "The gate lets it pass: it finds no clear difference from the promoted configuration, for "
        "better or worse."
    )


def _told(gain: Figure) -> str:
    error = "" if gain["standard_error"] is None else f" ± {gain['standard_error']:.3f}"
    verdict = reading(gain) or "no clear difference"
    return f"{gain['value']:+.3f}{error} ({verdict})"


def _since(report: Report) -> Iterator[str]:
    """Yield what the invitations after both dates say, in one sentence: the figures are below."""
    against = report.get("against", {})
    if not against.get("rows") or not enough_came(report["later"]):
        return
    told = [verdict for verdict, _ in compared(against)]
    clear = [f"{told.count(v)} {word}" for v, word in (("good", "better"), ("bad", "worse"))]
    yield (
        f"On the {against['rows']:,} invitations after both dates, beside {against['bundle']}: "
        f"{', '.join(clear)}, all other measures without a clear difference."
        if told
        else f"On the {against['rows']:,} invitations after both dates nothing is clearly better "
        f"or worse than with {against['bundle']}."
    )


def _too_short(report: Report) -> Iterator[str]:
    later = report["later"]
    if enough_came(later) or not later["invitations"]:
        return
    counts = later["all"]["counts"]
    answer = (
        "The gate's figures are the answer: it judged the same configuration on the weeks before."
        if report["about"]["gate"]
        else "Train as of an earlier day to judge the configuration, or with the gate's fit."
    )
    yield (
        f"What came after {report['as_of']} is too little to judge it by: "
        f"{counts['invitations']:,} invitations, {counts['published']:,} of them published and "
        f"settled. {answer}"
    )


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
