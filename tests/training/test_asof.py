"""The as-of rule at depth: on fifty random past dates every row is that of the cut catalog.

What was fitted is held; what is compared are all columns that a feature may read, all features and
the effects of records, for every collaboration invited before the date and some random pairs, to
the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from matching import pairs as pairs_module
from matching.catalog import Catalog
from matching.facts import build_history
from matching.features import FEATURES
from matching.features.spec import Feature, Shown, Stage
from matching.history import History, Ledger, day_number
from matching.languages import Text
from matching.models.effects import PARTS, VARIANCES, Effects
from matching.models.outcomes import LOG, Head, HeadConfig
from matching.pairs import Pairs
from tests.asof import (
    Asked,
    both,
    effects_at,
    invitations,
    invited_before,
    peeking,
    peeking_effects,
    random_pairs,
    remembered,
    same_bits,
    vectors,
)
from training import records as records_module
from training.records import FOLDS, creator_folds
from training.rows import Form, collect_rows
from training.run import freeze
from training.simulator import MARKETS, MarketConfig, simulate

DATES = 50
RANDOM_PAIRS = 150
RARE = {"product_is_local", "product_is_service", "same_city"}
"""Attributes that a market of so few products may lack; they have no date."""
READ = sorted({name for feature in FEATURES for name in feature.reads})


@dataclass(frozen=True)
class Held:
    """What was fitted once: the form of the market, effects, and what residuals are taken against.

    The references are fitted on everything, as bundles' are whose facts are refreshed; what they
    learnt is no fact of any date.
    """

    form: Form
    effects: Effects
    references: tuple[Head, ...]

    @classmethod
    def fit(cls, catalog: Catalog, history: History) -> Held:
        """Every effect counts, though so few collaborations would not teach it."""
        rows = collect_rows(catalog, history, vectors(history))
        form = rows.form(2**19)
        learnt, target = rows.heads(2**19, form)["conversion"]
        fold = creator_folds(history.creator_ids)[rows.creators[learnt]]
        names = [feature.name for feature in FEATURES]
        references = tuple(
            Head.fit(
                "reference",
                LOG,
                rows.matrix[learnt[fold != number]],
                target[fold != number],
                names,
                HeadConfig(tree_count=10, min_leaf_rows=10),
                threads=1,
            )
            for number in range(FOLDS)
        )
        assert all(head.tree_count for head in references)
        effects = Effects(dict.fromkeys(VARIANCES, 0.1), 0.3, float(rows.log_price.mean()))
        return cls(form, effects, references)

    def remembered(self, catalog: Catalog, history: History) -> History:
        """Return what the catalog knows, residuals included."""
        rows = collect_rows(catalog, history, vectors(history))
        return remembered(history, rows, self.form, self.effects, self.references)


@dataclass(frozen=True)
class World:
    """A catalog, all that it ever knew, and random past dates with their catalogs cut."""

    catalog: Catalog
    full: History
    days: list[date]
    held: Held

    def at(self, day: date, draw: np.random.Generator) -> tuple[History, Asked, np.ndarray]:
        """Return what was known at a date, the rows to ask it for, and their own days.

        Random pairs have the date itself for their own day.
        """
        cut = self.known(self.catalog.cut(day))
        log, own = invited_before(self.catalog, day)
        asked = both(invitations(cut, log), random_pairs(cut, RANDOM_PAIRS, draw))
        return cut, asked, np.concatenate((own, np.full(RANDOM_PAIRS, day_number(day))))

    def known(self, catalog: Catalog) -> History:
        """Return what a catalog knows; whatever is fitted is the same for every catalog."""
        return self.held.remembered(catalog, build_history(catalog))


def world(catalog: Catalog) -> World:
    first = catalog.collaborations["invited_on"].min().date() + timedelta(days=20)
    span = (catalog.newest_day() - first).days
    chosen = np.random.default_rng(7).choice(span, size=DATES, replace=False)
    days = [first + timedelta(days=int(n)) for n in sorted(chosen)]
    history = build_history(catalog)
    held = Held.fit(catalog, history)
    return World(catalog, held.remembered(catalog, history), days, held)


@pytest.fixture(
    scope="module", params=[MARKETS[0], pytest.param(MARKETS[1], marks=pytest.mark.slow)]
)
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
        for days in (day, own):
            assert peeking_effects(simulated.full, cut, days, asked, simulated.held.effects) == []


@pytest.mark.slow
def test_every_feature_obeys_the_rule_in_the_sample(of_sample: World):
    draw = np.random.default_rng(0)
    for day in of_sample.days:
        cut, asked, _ = of_sample.at(day, draw)
        assert peeking(of_sample.full, cut, day, asked, READ) == [], day
        assert peeking_effects(of_sample.full, cut, day, asked, of_sample.held.effects) == [], day


def test_what_is_frozen_at_a_date_tells_what_was_known_then(simulated: World):
    """Serving reads frozen totals; they are those of the cut catalog as well."""
    draw = np.random.default_rng(0)
    for day in simulated.days[::5]:
        cut, asked, _ = simulated.at(day, draw)
        effects = simulated.held.effects
        frozen = freeze(simulated.full, day, effects)
        assert peeking(frozen, cut, day, asked, READ) == [], day
        assert peeking_effects(frozen, cut, day, asked, effects) == [], day


def test_the_proof_is_about_values_that_are_known_and_differ(simulated: World):
    """Columns of nothing but NaN would be equal whatever the code does."""
    _, asked, own = simulated.at(simulated.days[-1], np.random.default_rng(0))
    pairs = asked.of(simulated.full, own)
    flat = {name for name in READ if len(np.unique(pairs[name][~np.isnan(pairs[name])])) < 2}
    assert flat <= RARE
    effects = effects_at(pairs, simulated.held.effects)
    assert ((effects != 0).mean(axis=0) > 0.2).all()
    assert (effects.std(axis=0) > 0.01).all()


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
            Text("{value}?", "{value}?"),
            Shown.NUMBER,
            {},
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


class AsOfToday(Ledger):
    """Residuals are taken against effects as of today rather than the day of the outcome."""

    ahead = 2**19

    @classmethod
    def build(cls, *events: Any) -> Ledger:
        plain = Ledger.build(*events)
        return cls(plain.stamps, plain.values)

    def before(self, measure: str, keys: np.ndarray, days: np.ndarray) -> np.ndarray:
        return super().before(measure, keys, np.minimum(days + self.ahead, 2**19))


class OneMonthAhead(AsOfToday):
    """Or against effects that were known only some weeks after it."""

    ahead = 30


@pytest.mark.parametrize("leak", [AsOfToday, OneMonthAhead])
def test_residuals_that_peek_are_caught(
    simulated: World, monkeypatch: pytest.MonkeyPatch, leak: type[Ledger]
):
    """In the effects of creators: those of category pairs are told before all others."""
    monkeypatch.setattr(records_module, "Ledger", leak)
    full = simulated.known(simulated.catalog)
    draw = np.random.default_rng(0)
    found = set()
    for day in simulated.days[::3]:
        cut, asked, own = simulated.at(day, draw)
        found.update(peeking_effects(full, cut, own, asked, simulated.held.effects))
    assert found == {"creator_record", "creator_category_record", "product_record"}


def test_effects_that_peek_are_caught(simulated: World):
    """Asked for with all that ever settled, as a mistaken day in training would."""
    day = simulated.days[25]
    cut, asked, own = simulated.at(day, np.random.default_rng(0))
    effects = simulated.held.effects
    wrong = [
        effects_at(asked.of(history, np.full(len(own), 2**19)), effects)
        for history in (simulated.full, cut)
    ]
    assert all(not same_bits(*(w[:, i] for w in wrong)) for i in range(len(PARTS)))


def test_equality_is_of_bits_and_unknown_is_unknown():
    values = np.array([1.0, np.nan, 0.3])
    assert same_bits(values, np.array([1.0, -np.nan, 0.3]))
    assert not same_bits(values, np.array([1.0, np.nan, 0.1 + 0.2]))
    assert not same_bits(values, np.array([1.0, 2.0, 0.3]))
    assert not same_bits(np.array([0.0]), np.array([-0.0]))
    assert not same_bits(values, values[:2])
