"""The as-of rule at depth: on fifty random past dates every row is that of the cut catalog.

What was fitted is held; what is compared are all columns that a feature may read and all features,
for every collaboration invited before the date and some random pairs, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest

from matching import pairs as pairs_module
from matching.catalog import Catalog
from matching.facts import build_history
from matching.features import FEATURES
from matching.features.spec import Feature, Shown, Stage
from matching.history import History, day_number
from matching.pairs import Pairs
from tests.asof import Asked, both, invitations, invited_before, peeking, random_pairs, same_bits
from training.run import freeze
from training.simulator import MARKETS, MarketConfig, simulate

DATES = 50
RANDOM_PAIRS = 150
RARE = {"product_is_local", "product_is_service", "same_city"}
"""Attributes that a market of so few products may lack; they have no date."""
READ = sorted({name for feature in FEATURES for name in feature.reads})


@dataclass(frozen=True)
class World:
    """A catalog, all that it ever knew, and random past dates with their catalogs cut."""

    catalog: Catalog
    full: History
    days: list[date]

    def at(self, day: date, draw: np.random.Generator) -> tuple[History, Asked, np.ndarray]:
        """Return what was known at a date, the rows to ask it for, and their own days.

        Random pairs have the date itself for their own day.
        """
        cut = known(self.catalog.cut(day))
        log, own = invited_before(self.catalog, day)
        asked = both(invitations(cut, log), random_pairs(cut, RANDOM_PAIRS, draw))
        return cut, asked, np.concatenate((own, np.full(RANDOM_PAIRS, day_number(day))))


def known(catalog: Catalog) -> History:
    """Return what a catalog knows; whatever is fitted has to be the same for every catalog."""
    return build_history(catalog)


def world(catalog: Catalog) -> World:
    first = catalog.collaborations["invited_on"].min().date() + timedelta(days=20)
    span = (catalog.newest_day() - first).days
    chosen = np.random.default_rng(7).choice(span, size=DATES, replace=False)
    return World(catalog, known(catalog), [first + timedelta(days=int(n)) for n in sorted(chosen)])


@pytest.fixture(scope="module", params=MARKETS)
def simulated(request: pytest.FixtureRequest) -> World:
    config = MarketConfig(creators=120, products=30, collaborations=900, seed=4)
    tables = simulate(MarketConfig(**{**vars(config), "market": request.param})).tables
    return world(Catalog.from_tables(tables))


@pytest.fixture(scope="module")
def of_sample(sample: Catalog) -> World:
    return world(sample)


def test_every_column_and_feature_obeys_the_rule_in_markets_of_both_forms(simulated: World):
    """Asked for at the date, as serving asks, and at each row's own day, as training asks."""
    draw = np.random.default_rng(0)
    for day in simulated.days:
        cut, asked, own = simulated.at(day, draw)
        assert len(asked) > RANDOM_PAIRS
        assert peeking(simulated.full, cut, day, asked) == [], day
        assert peeking(simulated.full, cut, own, asked, READ) == [], day


def test_every_feature_obeys_the_rule_in_the_sample(of_sample: World):
    draw = np.random.default_rng(0)
    for day in of_sample.days:
        cut, asked, _ = of_sample.at(day, draw)
        assert peeking(of_sample.full, cut, day, asked, READ) == [], day


def test_what_is_frozen_at_a_date_tells_what_was_known_then(simulated: World):
    """Serving reads frozen totals; they are those of the cut catalog as well."""
    draw = np.random.default_rng(0)
    for day in simulated.days[::5]:
        cut, asked, _ = simulated.at(day, draw)
        assert peeking(freeze(simulated.full, day), cut, day, asked, READ) == [], day


def test_the_proof_is_about_values_that_are_known_and_differ(simulated: World):
    """Columns of nothing but NaN would be equal whatever the code does."""
    _, asked, own = simulated.at(simulated.days[-1], np.random.default_rng(0))
    pairs = asked.of(simulated.full, own)
    flat = {name for name in READ if len(np.unique(pairs[name][~np.isnan(pairs[name])])) < 2}
    assert flat <= RARE


# --- a column that peeks is caught by the very same function ---


def all_that_ever_happened(pairs: Pairs) -> np.ndarray:
    return of_creator(pairs, np.array([2**19]))


def what_became_known_on_the_day_itself(pairs: Pairs) -> np.ndarray:
    return of_creator(pairs, pairs.days + 1)


def how_many_there_will_be(pairs: Pairs) -> np.ndarray:
    return np.full(len(pairs), len(pairs.history.ledgers["outcomes", "market"].stamps))


def what_came_in_time(pairs: Pairs) -> np.ndarray:
    return of_creator(pairs, pairs.days)


def of_creator(pairs: Pairs, days: np.ndarray) -> np.ndarray:
    ledger = pairs.history.ledgers["outcomes", "creator"]
    return ledger.before("gmv", pairs.creators, days).astype(float)


LEAKS = (all_that_ever_happened, what_became_known_on_the_day_itself, how_many_there_will_be)


@pytest.fixture
def planted() -> Iterator[Callable[..., tuple[str, Feature]]]:
    """Plant a column and a feature that reads it, and take them away afterwards."""
    names = []

    def plant(column: Callable[[Pairs], np.ndarray]) -> tuple[str, Feature]:
        pairs_module.COLUMNS[column.__name__] = column
        names.append(column.__name__)
        reads = (column.__name__,)
        return column.__name__, Feature(
            f"feature of {column.__name__}",
            Stage.THRIVE,
            reads,
            lambda value: value,
            "?",
            Shown.NUMBER,
            "",
        )

    yield plant
    for name in names:
        del pairs_module.COLUMNS[name]


@pytest.mark.parametrize("leak", LEAKS)
def test_a_column_and_a_feature_that_peek_are_caught(
    simulated: World, planted: Callable[..., tuple[str, Feature]], leak: Callable[..., np.ndarray]
):
    column, feature = planted(leak)
    draw = np.random.default_rng(0)
    found = set()
    for day in simulated.days[::3]:
        cut, asked, _ = simulated.at(day, draw)
        told = peeking(simulated.full, cut, day, asked, [*READ, column], [*FEATURES, feature])
        found.update(told)
    assert found == {column, feature.name}


def test_a_column_that_does_not_peek_is_not_blamed(
    simulated: World, planted: Callable[..., tuple[str, Feature]]
):
    column, feature = planted(what_came_in_time)
    cut, asked, own = simulated.at(simulated.days[25], np.random.default_rng(0))
    assert peeking(simulated.full, cut, own, asked, [column], [feature]) == []


def test_equality_is_of_bits_and_unknown_is_unknown():
    values = np.array([1.0, np.nan, 0.3])
    assert same_bits(values, np.array([1.0, -np.nan, 0.3]))
    assert not same_bits(values, np.array([1.0, np.nan, 0.1 + 0.2]))
    assert not same_bits(values, np.array([1.0, 2.0, 0.3]))
    assert not same_bits(np.array([0.0]), np.array([-0.0]))
    assert not same_bits(values, values[:2])
