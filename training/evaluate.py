"""Judge a bundle: against the truth of a simulated market, and on what came after its date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from matching.bundle import read_manifest
from matching.catalog import Catalog
from matching.errors import BundleError, MatchingError, OptionError
from matching.matcher import Matcher
from training import worth
from training.about import describe_bundle
from training.against import Comparison, describe_change, promoted_beside
from training.baselines import BASELINES, Score, fit_baselines
from training.config import as_trained
from training.drift import measure_drift
from training.findings import findings
from training.known import Known
from training.later import later_outcomes
from training.logged import judge_later
from training.rolling import compare_origins
from training.run import Trained
from training.segments import Segments
from training.similar import judge_similar
from training.simulator import load_truth
from training.studies import Study, ablation, curve, told_evidence
from training.truth import TrueMarket, Truth, judged_products
from training.usage import feature_use

__all__ = ["Asked", "Report", "evaluate", "truth_of"]


@dataclass(frozen=True)
class Asked:
    """What a judgement is to hold.

    Attributes
    ----------
    products : how many are judged against the truth
    seed : of the products that are drawn and of the bootstraps
    curve, ablation : whether to train again on fewer collaborations, and without each stage
    origins : days to train again at, for the rolling comparison with followers
    against : another bundle to compare with; by default the promoted one of the same folder
    """

    products: int = 300
    seed: int = 0
    curve: bool = False
    ablation: bool = False
    origins: Sequence[date] = ()
    against: Path | None = None

    def check(self) -> Asked:
        """Return self; OptionError names the first value that cannot be."""
        if self.products < 1:
            raise OptionError("products", f"must be 1 or more, not {self.products}")
        if self.seed < 0:
            raise OptionError("seed", f"must be 0 or more, not {self.seed}")
        return self


def truth_of(data: str) -> Truth | None:
    """Return the truth that a simulated market carries, None for any other catalog."""
    folder = Path(data) / "truth"
    return load_truth(folder) if folder.is_dir() else None


class Report(dict[str, Any]):
    """A judgement as plain values, shown as tables in a terminal and as the page in a notebook."""

    def __repr__(self) -> str:
        from matching.terminal import as_text
        from training.report import show

        return as_text(lambda console: show(self, console))

    def _repr_html_(self) -> str:
        from html import escape

        from training.page import render

        return f'<iframe srcdoc="{escape(render(self))}" width="100%" height="800"></iframe>'


def evaluate(
    bundle: Path | str | Trained,
    catalog: Catalog,
    truth: Truth | None = None,
    asked: Asked | None = None,
    tell: Callable[[str], None] = lambda phase: None,
) -> Report:
    """Return everything that is known about how good a bundle is, as plain values.

    Parameters
    ----------
    bundle : folder of one version, or what `train` returned
    catalog : the whole catalog, with what came after the bundle's date
    truth : of the simulated market that the catalog is, if it is one
    tell : called with the name of each phase as it begins

    Raises
    ------
    OptionError
        If a value of `asked` cannot be.
    MatchingError
        If the bundle was not trained on this catalog.

    Examples
    --------
    >>> import training
    >>> trained = training.train(catalog, config, as_of=date(2026, 9, 1))
    >>> report = training.evaluate(trained, catalog)
    >>> report  # tables in a terminal, the whole page in a notebook
    bundle unsaved, as of 2026-09-01...
    >>> report["later"]["all"]["ranking"]["sales"]["predicted"]["value"] > 0.5
    True
    """
    asked = (asked or Asked()).check()
    if isinstance(bundle, Trained):
        matcher, other = bundle.matcher(), asked.against
        manifest = {"version": matcher.version, **bundle.about}
    else:
        matcher, manifest = Matcher.load(bundle), read_manifest(Path(bundle))
        other = asked.against or promoted_beside(Path(bundle))
    market = None if truth is None else TrueMarket.build(matcher, catalog, truth)
    tell("baselines")
    baselines, absent = _baselines(matcher, catalog, asked.seed)
    tell("what came later")
    later = later_outcomes(matcher, catalog, baselines)
    report: dict[str, Any] = {
        "bundle": matcher.version,
        "as_of": matcher.as_of.isoformat(),
        "currency": matcher.currency,
        "seed": asked.seed,
        "about": describe_bundle(manifest),
        "later": judge_later(matcher, later, asked.seed),
        "similar": judge_similar(matcher, later, seed=asked.seed),
        "absent": absent,
        "features": feature_use(matcher.contents.ranker, matcher.contents.features),
    }
    tell("drift")
    report["drift"] = measure_drift(matcher, catalog, asked.seed)
    if market is not None:
        tell("the truth")
        products = judged_products(matcher, asked.products, asked.seed)
        segments = Segments.build(matcher, catalog)
        measured = worth.measure(market, products, baselines, segments)
        report["truth"] = worth.tell(measured, segments)
    if other is not None:
        tell("the other bundle")
        report["against"] = _against(matcher, manifest, other, catalog, later, truth, asked)
    study = Study(catalog, truth, matcher.as_of, asked.products, asked.seed, tell)
    if asked.curve:
        report["curve"] = curve(study, as_trained(manifest))
    if asked.ablation:
        told = told_evidence(matcher, asked.seed)
        report["ablation"] = {**ablation(study, as_trained(manifest)), "evidence": told}
    if asked.origins:
        report["rolling"] = compare_origins(
            catalog, as_trained(manifest), asked.origins, asked.seed, tell
        )
    report["findings"] = findings(report)
    return Report(report)


def _against(
    matcher: Matcher,
    manifest: Mapping[str, Any],
    other: Path,
    catalog: Catalog,
    later: pd.DataFrame,
    truth: Truth | None,
    asked: Asked,
) -> dict[str, Any]:
    """Return what changed against another bundle, or why it cannot be asked any more."""
    told = describe_change(manifest, read_manifest(other))
    try:
        theirs = Matcher.load(other)
    except BundleError as error:
        return {**told, "reason": str(error)}
    asking = Comparison(matcher, theirs, catalog, later, truth, asked.products, asked.seed)
    return {**told, **asking.figures()}


def _baselines(
    matcher: Matcher, catalog: Catalog, seed: int
) -> tuple[dict[str, Score], dict[str, str]]:
    """Return the baselines and why some are absent: all where the catalog has lost an id since."""
    try:
        known = Known.build(matcher, catalog, seed)
    except MatchingError as error:
        return {}, dict.fromkeys(BASELINES, str(error))
    return fit_baselines(known)
