"""What the heads use: each feature's share of the gain of the splits, by head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matching.features import Feature
from matching.models.ranker import HEADS, Ranker
from training.cells import Table

_SHOWN = 25


def feature_use(ranker: Ranker, features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Return of each feature its stage and its share in every head that grows trees.

    The most used come first, by the largest share in any head.
    """
    used = {name: use for name in HEADS if (use := ranker.heads[name].use())}
    told = [
        {
            "name": feature.name,
            "stage": feature.stage.value,
            "use": {name: use[feature.name] for name, use in used.items()},
        }
        for feature in features
    ]
    return sorted(told, key=_largest, reverse=True)


def use_table(features: Sequence[Mapping[str, Any]]) -> Table:
    """Return the most used features as a table."""
    heads = tuple(features[0]["use"]) if features else ()
    return Table(
        "what the heads use: share of the gain of their splits, most used first",
        ("feature", "stage", *heads),
        [
            (found["name"], found["stage"], *(f"{found['use'][name]:.1%}" for name in heads))
            for found in features[:_SHOWN]
        ],
        f"{len(features)} features in all; what is no split's choice may be told by another one.",
    )


def _largest(found: Mapping[str, Any]) -> float:
    return max(found["use"].values(), default=0.0)
