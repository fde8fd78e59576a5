"""What changed against another bundle: its choices, its lists, and both judged on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from matching import bundle, gate
from matching.catalog import Catalog
from matching.economics import OBJECTIVES
from matching.errors import MatchingError
from matching.matcher import Matcher
from training import metrics
from training.cells import OURS
from training.figures import Draws, Estimate, mean_figure
from training.later import PREDICTED, later_outcomes
from training.ordering import estimates
from training.truth import TrueMarket, Truth, judged_products
from training.worth import measure

_LISTED_PRODUCTS, LISTED = 20, 20
_MOST_PRODUCTS = 100
"""Enough for differences that are paired by product."""
_COMPARED = (*PREDICTED, "expected_gmv", "predicted_roi")

Manifest = Mapping[str, Any]


def promoted_beside(folder: Path) -> Path | None:
    """Return the promoted version of the same folder; None if this one, or none whole."""
    try:
        other = bundle.promoted(folder.resolve().parent)
        bundle.read_manifest(other)
    except MatchingError:
        return None
    return None if other.name == folder.resolve().name else other


def describe_change(mine: Manifest, theirs: Manifest) -> dict[str, Any]:
    """Return what two manifests say: the choices and features that differ, and the gate's verdict.

    Returns
    -------
    dict
        `bundle` and `as_of` of the other; `config`: by name [other, this]; `features`: `added`,
        `removed` and `changed`; `losses` and `notes` of promoting this one over the other.
    """
    verdict = gate.judge(mine, theirs)
    return {
        "bundle": theirs["version"],
        "as_of": theirs["as_of"],
        "config": _differences(mine, theirs),
        "features": _feature_changes(mine, theirs),
        "losses": list(verdict.losses),
        "notes": list(verdict.notes),
    }


@dataclass(frozen=True)
class Comparison:
    """Two bundles that are asked the same.

    `later` is what this bundle said of the invitations after its date; `products` how many are
    judged against the truth, where there is one.
    """

    mine: Matcher
    theirs: Matcher
    catalog: Catalog
    later: pd.DataFrame
    truth: Truth | None = None
    products: int = 100
    seed: int = 0

    def figures(self) -> dict[str, Any]:
        """Return how this bundle differs from the other one.

        Returns
        -------
        dict
            `rows`: the invitations after both dates of creators whom both know; `measures` on
            them: by name what is `mine`, `theirs` and the paired `change`; `worth`: the same of
            value ratios by objective, with a truth; `lists`: the share of this bundle's first
            twenty creators whom the other one lists as well.
        """
        theirs = later_outcomes(self.theirs, self.catalog)
        told = {**paired(self.later, theirs, self.seed), "lists": self._lists()}
        if self.truth is not None:
            told["worth"] = self._worth(self.truth)
        return told

    def _lists(self) -> dict[str, Any]:
        asked = self._known_to_both()
        shares = []
        for product_id in asked[:: max(1, len(asked) // _LISTED_PRODUCTS)]:
            one, other = (
                {c["creator_id"] for c in m.match(product_id, k=LISTED, explain=False).creators}
                for m in (self.mine, self.theirs)
            )
            shares += [len(one & other) / len(one)] if one else []
        return mean_figure(shares)

    def _worth(self, truth: Truth) -> dict[str, Any]:
        both, ids = set(self._known_to_both()), self.mine.contents.history.product_ids
        rows = judged_products(self.mine, min(self.products, _MOST_PRODUCTS), self.seed)
        names = [ids[row] for row in rows.tolist() if ids[row] in both]
        found = [
            measure(
                TrueMarket.build(matcher, self.catalog, truth),
                matcher.contents.history.product_ids.rows(names),
            )
            for matcher in (self.mine, self.theirs)
        ]
        changes = {}
        for objective in OBJECTIVES:
            one, other = (worth.ratios(OURS, objective) for worth in found)
            usable = ~np.isnan(one) & ~np.isnan(other)
            sides = {"mine": one, "theirs": other, "change": one - other}
            changes[objective] = {name: mean_figure(v[usable]) for name, v in sides.items()}
        return changes

    def _known_to_both(self) -> list[str]:
        ids = self.mine.contents.history.product_ids
        names = [ids[row] for row in range(len(ids))]
        there = self.theirs.contents.history.product_ids.rows(names) >= 0
        return [name for name, found in zip(names, there, strict=True) if found]


def paired(mine: pd.DataFrame, theirs: pd.DataFrame, seed: int = 0) -> dict[str, Any]:
    """Return `rows` and `measures` of two bundles' `later_outcomes` on what both predicted."""
    one, other = _same_rows(mine, theirs)
    if not len(one):
        return {"rows": 0, "measures": {}}
    draws = Draws.build(one["creator_id"], seed)
    found = dict(_measures(one, draws)), dict(_measures(other, draws))
    return {"rows": len(one), "measures": {n: _beside(found[0][n], found[1][n]) for n in found[0]}}


def _beside(mine: Estimate, theirs: Estimate) -> dict[str, Any]:
    change = mine - theirs
    return {"mine": mine.figure(), "theirs": theirs.figure(), "change": change.figure()}


def _same_rows(mine: pd.DataFrame, theirs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the invitations that both predicted, the same cells empty in both."""
    key = "collaboration_id"
    one = mine[mine[key].isin(theirs[key])].reset_index(drop=True)
    predicted = theirs.set_index(key).loc[one[key], list(_COMPARED)].reset_index(drop=True)
    either = one[list(_COMPARED)].isna() | predicted.isna()
    return (
        one.assign(**{name: one[name].mask(either[name]) for name in _COMPARED}),
        one.assign(**{name: predicted[name].mask(either[name]) for name in _COMPARED}),
    )


def _measures(later: pd.DataFrame, draws: Draws) -> Iterator[tuple[str, Estimate]]:
    """Yield order, acceptance, size of sales and coverage, always the same ones."""
    for name, (mine, _) in estimates(later, draws).items():
        yield name, mine
    for name, outcome, due in (
        ("accept", "accepted", "answer_due"),
        ("fulfil", "fulfilled", "outcome_due"),
    ):
        rows = later[outcome].notna().to_numpy() & later[due].to_numpy(dtype=bool)
        came = later[outcome].to_numpy(dtype=np.float64)[rows]
        chance = later[f"{name}_probability"].to_numpy()[rows]
        drawn = draws.only(rows)
        yield name, drawn.estimate(metrics.auc(came, chance))
        error = metrics.calibration_error(came, chance)
        yield f"{name}_error", drawn.estimate(error, centred=True)
    sold = (later["settled_gmv"].notna() & later["published_gmv"].notna()).to_numpy()
    actual, promised = (later[n].to_numpy()[sold] for n in ("settled_gmv", "published_gmv"))
    yield "sales_ratio", draws.only(sold).estimate(metrics.ratio(promised, actual))


def _differences(mine: Manifest, theirs: Manifest) -> dict[str, Any]:
    """Return by name the choices that differ, as [other, this]; None where it did not exist."""
    one, other = mine["config"], theirs["config"]
    names = dict.fromkeys((*one, *other))
    return {
        name: [other.get(name), one.get(name)] for name in names if other.get(name) != one.get(name)
    }


def _feature_changes(mine: Manifest, theirs: Manifest) -> dict[str, list[str]]:
    one, other = (
        {feature["name"]: feature["code"] for feature in manifest["features"]}
        for manifest in (mine, theirs)
    )
    return {
        "added": [name for name in one if name not in other],
        "removed": [name for name in other if name not in one],
        "changed": [name for name in one if other.get(name, one[name]) != one[name]],
    }
