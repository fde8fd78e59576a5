"""Train again with less: a learning curve over collaborations, an ablation by TRUST stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from matching.catalog import Catalog
from matching.economics import OBJECTIVES
from matching.explain import STAGES, evidence
from matching.facts import days_of
from matching.features import Stage
from matching.history import day_number
from matching.matcher import Matcher
from training.config import TrainConfig
from training.figures import Draws, Estimate, Figure, mean_figure
from training.later import later_outcomes
from training.ordering import estimates
from training.run import train
from training.truth import TrueMarket, Truth, judged_products
from training.worth import EVERYBODY, measure

FRACTIONS = (0.25, 0.5, 1.0)
MOST_PRODUCTS = 100
"""Enough for differences that are paired by product; everybody is scored for each, many times."""
_TOLD_PRODUCTS, _TOLD_CREATORS = 50, 10
SMALL_SPACE = {
    "anchor_products": 8,
    "anchor_creators": 32,
    "space_dimensions": 8,
    "gate_days": 0,
}
"""Studies score everybody and promote nothing, so the retrieval space, half of the work of
training, is kept tiny, and the gate's fits are left out."""


@dataclass(frozen=True)
class Study:
    """What models that are trained again are judged on: the truth if there is one, else the log."""

    catalog: Catalog
    truth: Truth | None
    as_of: date
    products: int
    seed: int
    tell: Callable[[str], None] = lambda phase: None

    def judge(self, known: Catalog, config: TrainConfig) -> Judged:
        """Train on a catalog as of the date and judge what comes out."""
        matcher = train(known, replace(config, **SMALL_SPACE), self.as_of).matcher()
        if self.truth is None:
            return self._by_log(matcher)
        market = TrueMarket.build(matcher, self.catalog, self.truth)
        products = judged_products(matcher, min(self.products, MOST_PRODUCTS), self.seed)
        worth = measure(market, products, retrieve=False)
        ratios = {o: worth.ratios(EVERYBODY, o) for o in OBJECTIVES}
        return Judged({o: dict(zip(worth.product_ids, r, strict=True)) for o, r in ratios.items()})

    def _by_log(self, matcher: Matcher) -> Judged:
        later = later_outcomes(matcher, self.catalog)
        draws = Draws.build(later["creator_id"], self.seed)
        return Judged({}, {n: mine for n, (mine, _) in estimates(later, draws).items()})


@dataclass(frozen=True)
class Judged:
    """Value ratios by objective and product, or the log's measures with their bootstraps."""

    ratios: Mapping[str, Mapping[str, float]]
    measures: Mapping[str, Estimate] | None = None

    def figures(self) -> dict[str, Figure]:
        """Return each figure with its standard error."""
        if self.measures is not None:
            return {name: estimate.figure() for name, estimate in self.measures.items()}
        return {name: _mean(by.values()) for name, by in self.ratios.items()}

    def change(self, reference: Judged) -> dict[str, Figure]:
        """Return how far each figure is above the reference's, paired by product or creator."""
        if self.measures is not None and reference.measures is not None:
            both = [name for name in self.measures if name in reference.measures]
            return {n: (self.measures[n] - reference.measures[n]).figure() for n in both}
        return {
            name: _mean(
                by[p] - reference.ratios[name][p] for p in by if p in reference.ratios[name]
            )
            for name, by in self.ratios.items()
        }


def curve(study: Study, config: TrainConfig) -> list[dict[str, Any]]:
    """Return the figures of models trained on random parts of the known collaborations."""
    log = study.catalog.collaborations
    known = days_of(log["invited_on"]) < day_number(study.as_of)
    drawn = np.random.default_rng(study.seed).random(len(log))
    steps = []
    for fraction in FRACTIONS:
        study.tell(f"learning curve, {fraction:.0%}")
        kept = ~known | (drawn < fraction)
        thin = replace(study.catalog, collaborations=log[kept].reset_index(drop=True))
        figures = study.judge(thin, config).figures()
        count = int(np.count_nonzero(kept & known))
        steps.append({"fraction": fraction, "collaborations": count, "figures": figures})
    return steps


def ablation(study: Study, config: TrainConfig) -> dict[str, Any]:
    """Return the figures with every stage, and how each changes without one of them."""
    study.tell("ablation, every stage")
    whole = study.judge(study.catalog, replace(config, without_stage=""))
    changes = {}
    for stage in Stage:
        study.tell(f"ablation, without {stage.value}")
        without = study.judge(study.catalog, replace(config, without_stage=stage.value))
        changes[stage.value] = without.change(whole)
    return {"figures": whole.figures(), "change_without": changes}


def told_evidence(matcher: Matcher, seed: int) -> dict[str, Figure]:
    """Return how much evidence each stage is given on average, in ln of settled sales, either way.

    It stands beside the ablation: evidence says how a prediction was put together, and a stage of
    much evidence may be replaced by others without a loss.
    """
    count = matcher.contents.history.products.count
    drawn = np.random.default_rng(seed).choice(count, min(count, _TOLD_PRODUCTS), replace=False)
    ids = matcher.contents.history.product_ids
    told = []
    for product in np.sort(drawn):
        moved = matcher.match(ids[int(product)], k=_TOLD_CREATORS).contributions
        if moved is not None and len(moved):
            stages = evidence(moved, matcher.contents.parts)
            told.append({name: float(np.abs(values).mean()) for name, values in stages.items()})
    return {stage: mean_figure([one[stage] for one in told]) for stage in STAGES}


def _mean(values: Any) -> Figure:
    ratios = np.array(list(values), dtype=np.float64)
    return mean_figure(ratios[~np.isnan(ratios)])
