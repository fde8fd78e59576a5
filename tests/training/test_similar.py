"""The judge of look-alikes: who predicts well is said to, and chance is said to be chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.history import Ids
from matching.likeness import Likeness
from tests.conftest import CHEAP
from training.later import later_outcomes
from training.run import train
from training.similar import METHODS, judge_similar, later_sales

COUNT = 120


@dataclass(frozen=True)
class World:
    """Creators on half a circle whose sales follow the angle; sizes are half of the truth."""

    matcher: Any
    later: pd.DataFrame


@pytest.fixture
def world() -> World:
    draw = np.random.default_rng(0)
    angle = np.linspace(0, np.pi, COUNT)
    logs = 5 + 3 * angle
    ids = [f"c{row:03d}" for row in range(COUNT)]
    contents = SimpleNamespace(
        history=SimpleNamespace(creator_ids=Ids.build(pd.Series(ids))),
        texts=SimpleNamespace(creators=draw.normal(size=(COUNT, 4)).astype(np.float32)),
        offers=SimpleNamespace(follower_count=np.exp(logs + draw.normal(0, 3, COUNT))),
    )
    circle = np.column_stack((np.cos(angle), np.sin(angle))).astype(np.float32)
    matcher = SimpleNamespace(contents=contents, likeness=Likeness(circle))
    return World(matcher, pd.DataFrame({"creator_id": ids, "settled_gmv": np.expm1(logs)}))


def value(judged: dict[str, Any], method: str, figure: str = "spearman") -> Any:
    return judged["methods"][method][figure]["value"]


def test_neighbours_that_tell_score_high_and_those_that_do_not_score_nothing(world: World):
    judged = judge_similar(world.matcher, world.later, neighbours=4)
    methods = judged["methods"]
    assert (judged["creators"], judged["neighbours"]) == (COUNT, 4)
    assert tuple(methods) == METHODS
    assert value(judged, "this space") > 0.99
    assert value(judged, "this space", "r2") > 0.95
    assert abs(value(judged, "content similarity")) < 0.35
    assert value(judged, "content similarity", "r2") < 0.1
    assert 0.2 < value(judged, "followers") < 0.9
    for figures in methods.values():
        assert 0 < figures["spearman"]["standard_error"] < 0.2
    for method in METHODS[1:]:
        gain = methods[method]["gain"]
        paired = value(judged, "this space") - value(judged, method)
        assert gain["value"] == pytest.approx(paired)
        assert gain["value"] > 2 * gain["standard_error"] > 0


def test_size_predicts_where_sales_are_size(world: World):
    world.matcher.contents.offers.follower_count[:] = world.later["settled_gmv"]
    judged = judge_similar(world.matcher, world.later, neighbours=4)
    assert value(judged, "followers") > 0.99
    assert value(judged, "followers", "r2") > 0.99


def test_where_no_size_is_known_it_says_nothing(world: World):
    world.matcher.contents.offers.follower_count[:] = np.nan
    shuffled = world.later.assign(
        settled_gmv=np.random.default_rng(1).permutation(world.later["settled_gmv"])
    )
    judged = judge_similar(world.matcher, shuffled, neighbours=4)
    assert abs(value(judged, "followers")) < 0.35


def test_the_same_question_has_the_same_answer(world: World):
    first, second = (judge_similar(world.matcher, world.later, seed=3) for _ in range(2))
    assert first == second


def test_a_creators_sales_are_the_mean_of_what_was_published(world: World):
    later = pd.DataFrame(
        {
            "creator_id": ["c007", "c002", "c007", "c004"],
            "settled_gmv": [np.expm1(1.0), 0.0, np.expm1(3.0), np.nan],
        }
    )
    rows, sales = later_sales(world.matcher, later)
    assert rows.tolist() == [2, 7]
    assert sales == pytest.approx([0.0, 2.0])


@pytest.mark.parametrize("count", [0, 1, 11])
def test_too_few_creators_say_nothing(world: World, count: int):
    judged = judge_similar(world.matcher, world.later.head(count))
    assert judged["creators"] == count < judged["least"] == 12
    assert judged["methods"] == {}


def test_where_all_sell_the_same_nothing_can_be_told(world: World):
    judged = judge_similar(world.matcher, world.later.assign(settled_gmv=10.0))
    for method, figures in judged["methods"].items():
        assert {value(judged, method, name) for name in figures} == {None}


def test_a_trained_space_is_judged_on_what_came_later(sample: Catalog):
    """Neighbours in the space foretell a creator's sales better than neighbours by their texts."""
    matcher = train(sample, CHEAP, date(2026, 9, 1)).matcher()
    judged = judge_similar(matcher, later_outcomes(matcher, sample))
    assert judged["creators"] > 200
    assert value(judged, "this space") > 0.2
    assert judged["methods"]["content similarity"]["gain"]["low"] > 0
