"""What holds of any market that can be trained on, whatever its catalog lacks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.economics import OBJECTIVES
from matching.errors import ConflictError
from matching.explain import STAGES
from matching.lists import match_list
from matching.matcher import Matcher
from tests.conftest import QUICK
from training.run import Trained, train

Tables = dict[str, pd.DataFrame]
TOLD = ("settled_gmv", "cost", "accept_probability", "fulfil_probability")
EVIDENCE = ("evidence_base", *(f"evidence_{stage}" for stage in STAGES))


@dataclass(frozen=True)
class Working:
    """A training run, and the bundle that it wrote, loaded as a server loads it."""

    trained: Trained
    folder: Path
    matcher: Matcher


def works(tables: Tables, folder: Path, products: Iterable[str] = ()) -> Working:
    """Train on these tables, write and load the bundle, and hold what every answer must be.

    `products` are those asked about, default the first.
    """
    trained = train(Catalog.from_tables(tables), QUICK)
    saved = trained.save(folder)
    matcher = Matcher.load(saved)
    for product in list(products) or [matcher.contents.history.product_ids[0]]:
        for objective in OBJECTIVES:
            if objective == "profit" and matcher.product(product)["margin_rate"] is None:
                for ask in (
                    matcher.match,
                    lambda p, **o: matcher.score(everybody(matcher), p, **o),
                ):
                    with pytest.raises(ConflictError, match="margin_rate"):
                        ask(product, objective=objective)
                continue
            answers_well(matcher, product, objective)
    the_other_side_answers(matcher, everybody(matcher)[0])
    the_record_is_whole(matcher)
    return Working(trained, saved, matcher)


def everybody(matcher: Matcher) -> list[str]:
    ids = matcher.contents.history.creator_ids
    return [ids[row] for row in range(len(ids))]


def answers_well(matcher: Matcher, product: str, objective: str) -> None:
    """Hold a match and the scores of everybody to be finite, exact in evidence, and plain JSON."""
    asked = everybody(matcher)
    found = matcher.match(product, 5, objective, include=asked[:1])
    scored = matcher.score(asked, product, objective)
    assert len(found) == min(5, int(matcher.eligible(product).sum()))
    assert len(scored) == len(asked)
    for result in (found, scored):
        adds_up(match_list(result).to_pandas())
        answer = result.to_dict()
        json.dumps(answer, allow_nan=False)
        for creator in answer["creators"]:
            is_predicted(creator["predicted"], objective)
            for reason in creator["reasons"]:
                assert reason["text"]
                assert np.isfinite(reason["contribution"])


def the_other_side_answers(matcher: Matcher, creator: str) -> None:
    """Hold a creator's profile, and products for them, to be plain JSON and possible."""
    json.dumps(matcher.creator(creator), allow_nan=False)
    for objective in OBJECTIVES:
        answer = matcher.products_for(creator, 5, objective).to_dict()
        json.dumps(answer, allow_nan=False)
        for item in answer["items"]:
            is_predicted(item["predicted"], objective)


def the_record_is_whole(matcher: Matcher) -> None:
    """Hold every past case to have a promise and a result, none of them negative sales."""
    cases = matcher.past().cases
    for name in ("promised_gmv", "promised_cost", "settled_gmv", "cost"):
        assert np.isfinite(getattr(cases, name)).all(), name
    assert (cases.promised_gmv > 0).all()
    assert (cases.settled_gmv >= 0).all()
    for name in ("accept_probability", "fulfil_probability"):
        assert ((getattr(cases, name) >= 0) & (getattr(cases, name) <= 1)).all()


def is_predicted(told: dict[str, Any], objective: str) -> None:
    """Hold one prediction to be finite and possible."""
    assert all(np.isfinite(told[name]) for name in TOLD)
    assert told["settled_gmv"] > 0
    assert 0 <= told["accept_probability"] <= 1
    assert 0 <= told["fulfil_probability"] <= 1
    assert np.isfinite(told["roi"]) if told["cost"] > 0 else told["roi"] is None
    assert objective != "profit" or np.isfinite(told["profit"])


def adds_up(lists: pd.DataFrame) -> None:
    """Hold the evidence of every row of a match list: base and stages are ln settled_gmv."""
    evidence = lists[list(EVIDENCE)].sum(axis=1, skipna=False)
    np.testing.assert_allclose(evidence, np.log(lists["settled_gmv"]), rtol=0, atol=1e-6)
