"""Drift: the stability index of samples, and of the newest invitations of a market."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from matching.features import FEATURES
from training.drift import beyond, by_chance, measure_drift, reading, shift, stability_index


@pytest.fixture
def drawn():
    return np.random.default_rng(0).normal(size=(40, 600))


def test_two_samples_of_one_population_differ_as_by_chance(drawn):
    found = [stability_index(*pair) for pair in zip(drawn[::2], drawn[1::2], strict=True)]
    assert np.mean(found) == pytest.approx(by_chance(*drawn[:2]), rel=0.2)


def test_the_index_is_that_of_the_textbook():
    """Of shares 1/2 and 1/2 that became 1/4 and 3/4: Σ (q − p) ln(q ÷ p) = ln(3) ÷ 4."""
    before, after = np.repeat([0.0, 1.0], 50_000), np.repeat([0.0, 1.0], (25_000, 75_000))
    assert stability_index(before, after) == pytest.approx(np.log(3) / 4, rel=0.01)


def test_what_moves_further_has_a_higher_index(drawn):
    found = [stability_index(drawn[0], drawn[1] + shift) for shift in (0.0, 0.3, 1.0)]
    assert found == sorted(found)
    told = [
        {
            "stability_index": index,
            "by_chance": by_chance(*drawn[:2]),
            "usual": None,
            "shift": shift(drawn[0], drawn[1] + moved),
        }
        for index, moved in zip(found, (0.0, 0.3, 1.0), strict=True)
    ]
    assert reading(told[0]) == "steady"
    assert reading(told[2]) == "moved far"
    assert reading({**told[2], "usual": told[2]["stability_index"]}) == "steady"


def test_values_that_lie_together_change_tenths_by_a_hair(drawn):
    """Half of all have the market's mean, which moves a little: the index alone would alarm."""
    own, hair = drawn[0], 0.05
    before = np.where(np.arange(600) % 2, own, 0.0)
    after = np.where(np.arange(600) % 2, own, hair)
    index, moved = stability_index(before, after), shift(before, after)
    assert index > 1.0
    assert moved < 0.1
    alike = {"by_chance": by_chance(before, after), "usual": None}
    assert reading({"stability_index": index, "shift": moved, **alike}) == "steady"


def test_a_shift_is_in_standard_deviations_and_counts_what_is_lost(drawn):
    one, lost = drawn[0], np.full(600, np.nan)
    assert shift(one, one + 2.0 * one.std()) == pytest.approx(2.0)
    assert shift(one, np.where(np.arange(600) % 2, one, np.nan)) == pytest.approx(0.5, abs=0.1)
    assert shift(one, lost) == 1.0
    assert shift(np.zeros(600), one) == np.inf
    assert shift(lost, lost) == 0.0


def test_a_column_that_is_lost_has_moved(drawn):
    lost = np.full(600, np.nan)
    assert stability_index(drawn[0], lost) > 1
    assert stability_index(lost, lost) == 0.0


def test_a_market_that_goes_on_is_told_worst_first(earlier, catalog):
    drift = measure_drift(earlier, catalog)
    names = [one["name"] for one in drift["features"]]
    assert sorted(names) == sorted(feature.name for feature in FEATURES)
    assert [reading(one) for one in drift["features"]] == ["steady"] * len(FEATURES)
    assert drift["earlier"] > 0
    further = [beyond(one) for one in drift["features"]]
    assert further == sorted(further, reverse=True)
    assert min(drift["rows"]) > 50
    assert 0 < drift["unknown"] < 0.5
    assert {one["name"] for one in drift["predictions"]} >= {"ROI", "accept probability"}


def test_a_column_that_the_newest_weeks_lack_is_the_worst(earlier, catalog):
    """A fee that is no longer noted has moved more than anything else that is not seasonal."""
    log = catalog.collaborations
    newest = log["invited_on"] >= log["invited_on"].max() - pd.Timedelta(days=28)
    commission = log["commission_rate"].where(~newest, 0.9)
    drift = measure_drift(
        earlier, replace(catalog, collaborations=log.assign(commission_rate=commission))
    )
    moved = {one["name"]: one for one in drift["features"]}
    assert reading(moved["commission_rate"]) == "moved far"
    assert reading(drift["features"][0]) == "moved far"


def test_a_catalog_that_lost_a_creator_says_why_it_cannot_be_told(earlier, catalog):
    drift = measure_drift(earlier, replace(catalog, creators=catalog.creators.iloc[1:]))
    assert "judge it on the catalog that it was trained on" in drift["reason"]
