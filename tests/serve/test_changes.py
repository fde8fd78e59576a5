"""What changed between two weeks, and why: small worlds made of one bundle, altered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from matching.errors import MatchingError
from matching.history import Attributes, Ids
from matching.lists import SCHEMA as LIST_SCHEMA
from matching.matcher import Matcher
from serve.allotment import PROBABILITY
from serve.changes import REASONS, SCHEMA, Side, changes
from serve.weeks import Weeks
from tests.serve.lists import row, write_lists

LAST, WEEK = "2026-W46", "2026-W47"


Lists = Mapping[int, Sequence[int] | Mapping[int, float]]
"""Creators of each product from the best on, by number; worth 10 less each place if not said."""


class World:
    """Two weeks' lists of products and creators that a bundle has."""

    def __init__(self, matcher: Matcher, out: Path) -> None:
        history = matcher.contents.history
        self.matcher, self.out = matcher, out
        self.product = [history.product_ids[at] for at in range(8)]
        self.creator = [history.creator_ids[at] for at in range(40)]

    def side(
        self,
        week: str,
        lists: Lists,
        matcher: Matcher | None,
        chances: Mapping[int, float] | None = None,
        **about: Any,
    ) -> Side:
        """Write a week's lists; `chances` are of the placements of creators."""
        groups = []
        for p, creators in lists.items():
            worth = creators
            if not isinstance(creators, Mapping):
                worth = {c: 100.0 - 10 * place for place, c in enumerate(creators)}
            groups.append(
                [
                    row("m0", self.product[p], self.creator[c], rank=n, predicted_roi=worth[c])
                    | ({} if chances is None else {"placement_probability": chances[c]})
                    for n, c in enumerate(worth, start=1)
                ]
            )
        schema = LIST_SCHEMA if chances is None else LIST_SCHEMA.append(PROBABILITY)
        write_lists(self.out / week, week, groups, schema=schema, **about)
        found = Weeks(self.out / week).open(week)
        assert found is not None
        return Side(found, matcher)

    def changed(
        self,
        last: Lists,
        now: Lists,
        before: Matcher | None = None,
        after: Matcher | None = None,
        gone: bool = False,
        **about: Any,
    ) -> dict[tuple[int, int], tuple[str, str]]:
        """Return change and reason of each (product, creator) that changed."""
        sides = (
            self.side(LAST, last, None if gone else before or self.matcher, **about),
            self.side(WEEK, now, after or self.matcher, **about),
        )
        table = pa.concat_tables([SCHEMA.empty_table(), *changes(*sides)])
        assert table.schema.equals(SCHEMA)
        self.frame = frame = table.to_pandas()
        assert set(frame["reason"]) <= set(REASONS)
        keys = zip(
            map(self.product.index, frame["product_id"]),
            map(self.creator.index, frame["creator_id"]),
            strict=True,
        )
        return dict(zip(keys, zip(frame["change"], frame["reason"], strict=True), strict=True))


@pytest.fixture
def world(matcher: Matcher, tmp_path: Path) -> World:
    return World(matcher, tmp_path)


def altered(matcher: Matcher, **history: Any) -> Matcher:
    """Return a matcher whose history differs."""
    whole = replace(matcher.contents.history, _free={}, **history)
    return Matcher("altered", matcher.as_of, replace(matcher.contents, history=whole))


def with_value(attributes: Attributes, name: str, place: int, value: float) -> Attributes:
    column = attributes.get(name).copy()
    column[place] = value
    return replace(attributes, columns={**attributes.columns, name: column})


def test_nothing_changed(world: World) -> None:
    assert world.changed({0: [1, 2], 1: [3]}, {0: [1, 2], 1: [3]}) == {}


def test_products_that_come_and_go(world: World) -> None:
    found = world.changed({0: [1], 2: [4, 5]}, {1: [1], 2: [4, 5], 7: [6]})
    assert found == {
        (0, 1): ("left", "product_gone"),
        (1, 1): ("entered", "new_product"),
        (7, 6): ("entered", "new_product"),
    }


def test_places_that_moved_with_the_prediction_or_with_others(world: World) -> None:
    found = world.changed({0: [1, 2, 3]}, {0: [2, 1, 3]})
    assert found == {(0, 1): ("moved", "prediction"), (0, 2): ("moved", "prediction")}
    frame = world.frame.set_index("creator_id").loc[world.creator[2]]
    assert frame[["rank_before", "rank", "before", "now"]].tolist() == [2, 1, 90.0, 100.0]
    assert world.changed({0: {1: 9.0, 2: 8.0}}, {0: {3: 9.9, 1: 9.0, 2: 7.9}}) == {
        (0, 3): ("entered", "prediction"),
        (0, 1): ("moved", "others"),
        (0, 2): ("moved", "others"),
    }


def test_creators_who_are_new_or_gone(world: World, matcher: Matcher) -> None:
    ids = matcher.contents.history.creator_ids
    encoded = ids.encoded.astype(f"S{ids.encoded.itemsize + 1}")
    encoded[5] += b"x"  # nobody of that name there
    other = altered(matcher, creator_ids=Ids(encoded))
    assert world.changed({0: [1]}, {0: [1, 5]}, before=other) == {
        (0, 5): ("entered", "new_creator")
    }
    assert world.changed({0: [1, 5]}, {0: [1]}, after=other) == {(0, 5): ("left", "creator_gone")}


def test_creators_who_may_not_be_offered_the_product(world: World, matcher: Matcher) -> None:
    may = matcher.contents.history.creators
    for name, value in (("opted_out", 0), ("min_commission_rate", 0.0), ("weekly_capacity", 99)):
        may = with_value(may, name, 5, value)
    free = altered(matcher, creators=may)
    for name, value in (
        ("opted_out", 1),
        ("min_commission_rate", 0.99),
        ("weekly_capacity", 0),
        ("joined_on", 99_999),
    ):
        barred = altered(matcher, creators=with_value(may, name, 5, value))
        found = world.changed({0: [1, 5]}, {0: [1]}, free, barred)
        assert found == {(0, 5): ("left", name)}
        found = world.changed({0: [1]}, {0: [1, 5]}, barred, free)
        assert found == {(0, 5): ("entered", "eligible_now")}


@pytest.mark.parametrize("name", ["price", "commission_rate"])
def test_terms_that_changed(world: World, matcher: Matcher, name: str) -> None:
    products = matcher.contents.history.products
    other = altered(matcher, products=with_value(products, name, 0, 0.97))
    assert world.changed({0: [1, 2]}, {0: [2, 1]}, after=other) == {
        (0, 1): ("moved", name),
        (0, 2): ("moved", name),
    }
    assert world.frame[["before", "now"]].iloc[0].tolist() == [products[name][0], 0.97]


def test_a_slot_fee_that_changed(world: World, matcher: Matcher) -> None:
    creators = matcher.contents.history.creators
    before, after = (
        altered(matcher, creators=with_value(creators, "live_slot_fee", 2, fee)) for fee in (7, 9)
    )
    found = world.changed({0: [1, 2]}, {0: [2, 1]}, before, after)
    assert found[0, 2] == ("moved", "slot_fee")
    assert world.frame.set_index("creator_id").loc[world.creator[2], "now"] == 9.0


def two_listed(world: World, matcher: Matcher) -> list[int]:
    """Return two creators with a capacity who may be offered the first product."""
    capacity = matcher.contents.history.creators["weekly_capacity"][:40]
    may = matcher.eligible(world.product[0])[:40] & np.isfinite(capacity)
    found: list[int] = np.flatnonzero(may)[:2].tolist()
    return found


def test_who_has_no_limit_does_not_lack_places(world: World, matcher: Matcher) -> None:
    kept, other = two_listed(world, matcher)
    creators = matcher.contents.history.creators
    free = altered(matcher, creators=with_value(creators, "weekly_capacity", other, np.nan))
    both, one = {0: {kept: 1e-6, other: 1e-6}}, {0: {kept: 1e-6}}
    for last, now, reason in ((both, one, "capacity"), (one, both, "capacity_free")):
        found = world.changed(last, now, free, free, allocation="capacity")
        assert found[0, other][1] != reason


def test_places_that_are_drawn_by_chance(world: World, matcher: Matcher) -> None:
    """Who made room for them is not told that capacity was the reason."""
    kept, tried = two_listed(world, matcher)
    chances = {kept: 1.0, tried: 0.25}
    last, now = {0: {kept: 1e9}}, {0: {kept: 1e9, tried: 1e-6}}
    drawn = {"allocation": "capacity", "rules": {"explore": 0.05}, "chances": chances}
    assert world.changed(last, now, **drawn) == {(0, tried): ("entered", "drawn")}
    assert world.changed(now, last, **drawn) == {(0, tried): ("left", "drawn")}


def test_places_that_other_products_had(world: World, matcher: Matcher) -> None:
    """Who is worth more than the last on the list, and is not on it, is promised elsewhere."""
    kept, other = two_listed(world, matcher)
    both, one = {0: {kept: 1e-6, other: 1e-6}}, {0: {kept: 1e-6}}
    found = world.changed(both, one, allocation="capacity")
    assert found == {(0, other): ("left", "capacity")}
    found = world.changed(one, both, allocation="capacity")
    assert found == {(0, other): ("entered", "capacity_free")}
    assert world.changed(both, one) != {(0, other): ("left", "capacity")}


def test_without_last_weeks_bundle_it_is_not_known_why_creators_entered(world: World) -> None:
    assert world.changed({0: [1]}, {0: [1, 5]}, gone=True) == {(0, 5): ("entered", "unknown")}


def test_weeks_by_different_objectives_are_not_compared(world: World) -> None:
    last = world.side(LAST, {0: [1]}, world.matcher, objective="gmv")
    with pytest.raises(MatchingError, match=r"lists by gmv .* and by roi .* cannot be compared"):
        list(changes(last, world.side(WEEK, {0: [1]}, world.matcher)))


def test_rows_are_compared_whatever_the_row_groups(world: World, matcher: Matcher) -> None:
    draw = np.random.default_rng(0)
    last, now = (
        {p: draw.permutation(12)[:6].tolist() for p in sorted(draw.permutation(8)[:6].tolist())}
        for _ in range(2)
    )

    def place(lists: dict[int, list[int]], p: int, c: int) -> int | None:
        return lists[p].index(c) if c in lists.get(p, []) else None

    found = world.changed(last, now)
    pairs = [(p, c) for p in range(8) for c in range(12)]
    assert list(found) == [pair for pair in pairs if place(last, *pair) != place(now, *pair)]
