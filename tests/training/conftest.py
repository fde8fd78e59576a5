"""A simulated market that ends some weeks after the date of the bundle that is judged on it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matching.catalog import Catalog
from matching.matcher import Matcher
from tests.conftest import CHEAP
from training.evaluate import truth_of
from training.known import Known
from training.run import Trained, train
from training.simulator import MarketConfig, simulate
from training.truth import TrueMarket

AS_OF = date(2026, 9, 1)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = MarketConfig(creators=600, products=80, collaborations=6000, seed=5)
    folder = tmp_path_factory.mktemp("market") / "data"
    simulate(config).save(folder)
    return folder


@pytest.fixture(scope="session")
def catalog(market: Path) -> Catalog:
    return Catalog.load(market)


@pytest.fixture(scope="session")
def trained_earlier(catalog: Catalog) -> Trained:
    return train(catalog, CHEAP, AS_OF)


@pytest.fixture(scope="session")
def earlier(trained_earlier: Trained) -> Matcher:
    return trained_earlier.matcher()


@pytest.fixture(scope="session")
def true_market(earlier: Matcher, catalog: Catalog, market: Path) -> TrueMarket:
    truth = truth_of(str(market))
    assert truth is not None
    return TrueMarket.build(earlier, catalog, truth)


@pytest.fixture(scope="session")
def known(earlier: Matcher, catalog: Catalog) -> Known:
    return Known.build(earlier, catalog)
