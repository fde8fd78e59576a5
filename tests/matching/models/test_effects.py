"""Effects: what a record adds, against dense mixed models and in worlds with an obvious answer."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.models.effects import PART_OF, PARTS, READS, VARIANCES, Effects

Sums = Callable[[str, str], np.ndarray]
Keys = dict[str, np.ndarray]
NOISE = 0.5
CENTER = 4.0


def effects_of(**variances: float) -> Effects:
    """Return effects of these variances alone."""
    return Effects({**dict.fromkeys(VARIANCES, 0.0), **variances}, NOISE, CENTER)


def summed(
    effects: Effects,
    residuals: np.ndarray,
    counting: np.ndarray,
    log_prices: np.ndarray,
    keys: Keys,
    asked: Keys,
) -> Sums:
    """Return what a history would answer for the asked keys, one row each, without rounding."""
    measures = effects.measures(residuals, counting, log_prices)

    def total(key: str, measure: str) -> np.ndarray:
        same = keys[key][None, :] == asked[key][:, None]
        return (same * measures[measure]).sum(axis=1)

    return total


def own_keys(creators: np.ndarray) -> Keys:
    """Return keys of creators who each stay in a sub-category, for products that nobody shares."""
    alone = np.arange(len(creators))
    narrow = dict.fromkeys(("creator", "creator_category", "creator_subcategory"), creators)
    return {**narrow, "product": alone, "category_pair": alone}


def ask(keys: Keys, rows: np.ndarray) -> Keys:
    return {name: key[rows] for name, key in keys.items()}


def told(
    effects: Effects,
    residuals: list[float],
    counting: list[float] | float = 0.0,
    log_prices: list[float] | float = CENTER,
    at: float = CENTER,
) -> np.ndarray:
    """Return the parts of one creator with these residuals in one sub-category, float64 (PARTS,).

    Products and category pairs are the creator's alone too.
    """
    values = np.array(residuals)
    once = np.zeros(len(values), dtype=np.int64)
    keys = dict.fromkeys(sorted({key for key, _ in READS}), once)
    counts, prices = (
        np.broadcast_to(x, values.shape).astype(float) for x in (counting, log_prices)
    )
    asked = dict.fromkeys(keys, np.zeros(1, dtype=np.int64))
    total = summed(effects, values, counts, prices, keys, asked)
    return effects.parts(total, np.array([at]), 1)[0]


# --- against dense algebra ---


@pytest.fixture(scope="module")
def world() -> tuple[np.ndarray, ...]:
    """Return creators, residuals, counting variances and log prices of 40 collaborations."""
    draw = np.random.default_rng(3)
    creators = draw.integers(6, size=40)
    return creators, draw.normal(0, 1, 40), draw.uniform(0, 0.8, 40), draw.normal(CENTER, 1, 40)


@pytest.mark.parametrize("slope_variance", [0.0, 0.15])
def test_a_creators_effect_is_the_dense_mixed_models(
    world: tuple[np.ndarray, ...], slope_variance: float
):
    """With one sub-category for each creator, sums tell all that the rows themselves would."""
    creators, residuals, counting, log_prices = world
    variances = {"creator": 0.4, "creator_category": 0.2, "creator_subcategory": 0.1}
    effects = effects_of(**variances, creator_price=slope_variance)
    keys = own_keys(creators)
    asked = ask(keys, np.arange(6))
    asked.update(
        dict.fromkeys(("creator", "creator_category", "creator_subcategory"), np.arange(6))
    )
    total = summed(effects, residuals, counting, log_prices, keys, asked)
    price = np.linspace(3, 5, 6)
    own, within = effects.creator(total, price, 6)

    same = creators[:, None] == creators[None, :]
    slopes = log_prices - CENTER
    shared = sum(variances.values()) + slope_variance * np.outer(slopes, slopes)
    solved = np.linalg.solve(same * shared + np.diag(NOISE + counting), residuals)
    here = np.arange(6)[:, None] == creators[None, :]
    intercept = 0.4 + slope_variance * np.outer(price - CENTER, slopes)
    assert own == pytest.approx((here * intercept) @ solved, abs=1e-6)
    assert within == pytest.approx((here * 0.3) @ solved, abs=1e-6)


@pytest.mark.parametrize("name", ["product", "category_pair"])
def test_a_products_effect_is_the_dense_mixed_models(world: tuple[np.ndarray, ...], name: str):
    groups, residuals, counting, log_prices = world
    effects = effects_of(**{name: 0.3})
    keys = {**own_keys(np.arange(40)), name: groups}
    asked = {**ask(keys, np.arange(6)), name: np.arange(6)}
    total = summed(effects, residuals, counting, log_prices, keys, asked)
    same = groups[:, None] == groups[None, :]
    solved = np.linalg.solve(0.3 * same + np.diag(NOISE + counting), residuals)
    here = np.arange(6)[:, None] == groups[None, :]
    assert effects.single(name, total) == pytest.approx((0.3 * here) @ solved)
    parts = effects.parts(total, np.full(6, CENTER), 6)
    place = PARTS.index(PART_OF[name])
    assert parts[:, place] == pytest.approx((0.3 * here) @ solved)
    assert np.abs(np.delete(parts, place, axis=1)).max() < 1e-7


# --- shrinkage ---


@pytest.mark.parametrize("name", ["creator", "creator_category", "creator_subcategory", "product"])
def test_one_observation_counts_as_its_variance_against_the_noise(name: str):
    told_of = told(effects_of(**{name: 0.25}), [2.0], counting=0.3)
    assert told_of.sum() == pytest.approx(2.0 * 0.25 / (0.25 + NOISE + 0.3), rel=1e-6)
    assert told_of[PARTS.index(PART_OF[name])] == pytest.approx(told_of.sum(), rel=1e-6)


@pytest.mark.parametrize("name", ["creator", "creator_category", "product", "category_pair"])
def test_an_endless_record_is_believed_and_none_says_nothing(name: str):
    effects = effects_of(**{name: 0.25})
    assert told(effects, [0.8] * 20_000).sum() == pytest.approx(0.8, abs=1e-3)
    assert not told(effects, []).any()


def test_effects_without_variances_add_nothing():
    assert not told(Effects.none(), [2.0, 3.0]).any()
    assert not Effects.none().used
    assert effects_of(product=0.1).used


def test_what_was_told_by_few_orders_counts_less():
    effects = effects_of(creator=0.3)
    assert told(effects, [1.0, -1.0], counting=[0.0, 2.0])[0] > 0
    assert told(effects, [1.0, -1.0])[0] == pytest.approx(0.0, abs=1e-9)


# --- what says more than what ---


def test_a_slope_on_the_price_is_learnt():
    """Sold dear things well and cheap ones badly: expected to do so again."""
    effects = effects_of(creator=0.2, creator_price=0.5)
    prices = [2.0, 3.0, 5.0, 6.0] * 10
    residuals = [0.8 * (price - CENTER) for price in prices]
    dear, usual, cheap = (told(effects, residuals, 0.0, prices, at)[0] for at in (6, 4, 2))
    assert dear == pytest.approx(1.6, rel=0.05)
    assert usual == pytest.approx(0.0, abs=1e-6)
    assert cheap == pytest.approx(-1.6, rel=0.05)
    assert told(effects_of(creator=0.2), residuals, 0.0, prices, 6.0)[0] == pytest.approx(
        0, abs=1e-6
    )


def test_the_same_subcategory_says_more_than_the_category_and_that_more_than_others():
    """A creator who did well once, asked for a product of that kind, of a like one, of another."""
    effects = effects_of(creator=0.2, creator_category=0.2, creator_subcategory=0.2)
    one = np.zeros(1, dtype=np.int64)
    keys = own_keys(one)
    asked = {
        **ask(keys, np.zeros(3, dtype=np.int64)),
        "creator_category": np.array([0, 0, 1]),
        "creator_subcategory": np.array([0, 1, 1]),
    }
    total = summed(effects, np.array([1.0]), np.array([0.0]), np.array([CENTER]), keys, asked)
    same, like, other = effects.parts(total, np.full(3, CENTER), 3)[:, :2].sum(axis=1)
    assert same > like > other > 0
    # one observation of three shared effects, of two, of one; the rest is luck to it
    whole = 0.6 + NOISE
    assert same == pytest.approx(0.6 / whole, rel=1e-6)
    assert other == pytest.approx(0.2 / whole, rel=0.25)


def test_somebody_elses_record_says_nothing():
    effects = effects_of(creator=0.3, creator_category=0.2)
    keys = own_keys(np.array([0, 0, 1]))
    asked = {name: np.array([2]) for name in keys}
    total = summed(effects, np.array([1.0, 2.0, 3.0]), np.zeros(3), np.full(3, CENTER), keys, asked)
    assert not effects.parts(total, np.array([CENTER]), 1)[:, :2].any()


def test_many_rows_are_each_row_alone(world: tuple[np.ndarray, ...]):
    """Also where one product is asked for all creators, so that its sums have one row."""
    creators, residuals, counting, log_prices = world
    effects = effects_of(**dict.fromkeys(VARIANCES, 0.2))
    keys = {**own_keys(creators), "product": creators % 2, "category_pair": creators % 3}
    asked = {
        **{name: np.arange(6) for name in keys},
        "product": np.array([1]),
    }
    total = summed(effects, residuals, counting, log_prices, keys, asked)
    together = effects.parts(total, np.array([3.5]), 6)
    for row in range(6):
        single = {name: key[row : row + 1] if len(key) > 1 else key for name, key in asked.items()}
        own = summed(effects, residuals, counting, log_prices, keys, single)
        assert effects.parts(own, np.array([3.5]), 1)[0] == pytest.approx(together[row])


# --- parts ---


def test_without_leaves_out_the_variances_of_these_parts():
    effects = effects_of(**dict.fromkeys(VARIANCES, 0.2))
    residuals = [1.0, 0.5]
    for part in PARTS:
        left = effects.without((part,))
        zero = {name for name, value in left.variances.items() if value == 0.0}
        assert zero == {name for name, belongs in PART_OF.items() if belongs == part}
        found = told(left, residuals, at=5.0)
        assert found[PARTS.index(part)] == pytest.approx(0.0, abs=1e-8)
        assert np.abs(found).max() > 0.1
        assert (left.noise, left.log_price) == (effects.noise, effects.log_price)
    assert not effects.without(PARTS).used
    assert effects.without(()) == effects


def test_effects_that_were_written_are_the_same():
    effects = effects_of(creator=0.2, creator_price=0.03, product=0.1)
    assert Effects.from_dict(json.loads(json.dumps(effects.to_dict()))) == effects


# --- properties ---

residuals_of = st.lists(st.floats(-3, 3), min_size=1, max_size=12)
variance = st.floats(0.01, 2.0)


@given(residuals_of, variance, st.floats(0, 2.0))
def test_an_intercept_lies_between_nothing_and_the_weighted_mean(
    residuals: list[float], size: float, counting: float
):
    counts = [counting * (i % 3) for i in range(len(residuals))]
    mean = np.average(residuals, weights=1 / (NOISE + np.array(counts)))
    found = told(effects_of(creator=size), residuals, counts)[0]
    assert abs(found) <= abs(mean) + 1e-9
    assert found * mean >= -1e-12


@given(residuals_of, st.lists(variance, min_size=6, max_size=6), st.floats(-2, 2))
def test_effects_are_linear_in_the_residuals(
    residuals: list[float], sizes: list[float], times: float
):
    effects = effects_of(**dict(zip(VARIANCES, sizes, strict=True)))
    values = np.array(residuals)
    other = np.linspace(-1, 1, len(values))
    prices = np.linspace(3, 5, len(values)).tolist()

    def of(some: np.ndarray) -> np.ndarray:
        return told(effects, some.tolist(), 0.1, prices, 4.5)

    assert of(values * times + other) == pytest.approx(times * of(values) + of(other), abs=1e-7)


# --- variances ---


def simulated(variances: dict[str, float], seed: int, count: int = 12_000) -> tuple[object, ...]:
    """Draw a market of known variances; each creator works in a few categories."""
    draw = np.random.default_rng(seed)
    creators = draw.integers(count // 15, size=count)
    products = draw.integers(count // 12, size=count)
    subcategory = products % 8
    keys = {
        "creator": creators,
        "creator_category": creators * 8 + subcategory // 4,
        "creator_subcategory": creators * 8 + subcategory,
        "product": products,
        "category_pair": (creators % 30) * 8 + subcategory,
    }
    log_prices = draw.normal(CENTER, 0.7, count)
    counting = draw.uniform(0.02, 0.3, count)
    residuals = draw.normal(0, np.sqrt(NOISE + counting))
    for name, value in variances.items():
        key = keys["creator" if name == "creator_price" else name]
        effect = draw.normal(0, np.sqrt(value), key.max() + 1)[key]
        residuals += effect * (log_prices - CENTER if name == "creator_price" else 1.0)
    return residuals, counting, keys, log_prices


def test_variances_are_recovered_from_residuals():
    true = {
        "creator": 0.15,
        "creator_price": 0.1,
        "creator_category": 0.1,
        "creator_subcategory": 0.1,
        "product": 0.1,
        "category_pair": 0.1,
    }
    found = Effects.fit(*simulated(true, seed=1))
    for name, value in true.items():
        assert found.variances[name] == pytest.approx(value, abs=0.05), name
    assert found.noise == pytest.approx(NOISE, abs=0.1)
    assert found.log_price == pytest.approx(CENTER, abs=0.05)


def test_an_effect_that_is_not_there_has_next_to_no_variance():
    found = Effects.fit(*simulated({"product": 0.2}, seed=2))
    assert found.variances["product"] == pytest.approx(0.2, abs=0.05)
    for name in set(VARIANCES) - {"product"}:
        assert found.variances[name] < 0.03, name


def test_too_few_pairs_teach_no_effects():
    residuals, counting, keys, log_prices = simulated({"creator": 0.5}, seed=3, count=60)
    assert not Effects.fit(residuals, counting, keys, log_prices).used
    nothing = np.zeros(0)
    none = {name: np.zeros(0, dtype=np.int64) for name in keys}
    assert Effects.fit(nothing, nothing, none, nothing) == Effects.none()


def test_fitting_twice_gives_the_same_effects():
    asked = simulated({"creator": 0.3}, seed=4, count=2000)
    assert Effects.fit(*asked) == Effects.fit(*asked)
