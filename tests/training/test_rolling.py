"""Rolling origins: each judged until the next, paired with followers, and never overclaimed."""

from __future__ import annotations

import os
from datetime import date

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.errors import OptionError
from tests.conftest import QUICK
from tests.training.conftest import AS_OF
from training.rolling import compare_origins, in_words

REAL_SHOP = os.environ.get("MATCHING_REAL_SHOP", "")
"""Folder of a real shop's tables, which the project does not hold."""


@pytest.fixture(scope="module")
def rolled(catalog):
    origins = [AS_OF, AS_OF.replace(month=10)]
    return compare_origins(catalog, QUICK, origins)


def test_each_origin_is_judged_until_the_next(rolled, catalog):
    first, last = rolled["origins"]
    assert first["until"] == last["from"] == "2026-10-01"
    assert last["until"] == catalog.newest_day().isoformat()
    log = catalog.collaborations
    between = log["invited_on"].between(np.datetime64("2026-09-01"), np.datetime64("2026-09-30"))
    assert 0 < first["rows"] <= (log["status"] == "fulfilled")[between].sum()


def test_pooled_is_the_mean_of_the_origins(rolled):
    for name, pooled in rolled["pooled"].items():
        each = [origin["figures"][name] for origin in rolled["origins"]]
        for who in ("predicted", "followers", "gain"):
            mean = np.mean([figures[who]["value"] for figures in each])
            assert pooled[who]["value"] == pytest.approx(mean)
            assert pooled[who]["low"] <= pooled[who]["value"] <= pooled[who]["high"]
    assert set(rolled["pooled"]) == {"sold", "top_tenth", "plays"}


def test_days_must_rise_and_have_something_after_them(catalog):
    with pytest.raises(OptionError, match="give rising days"):
        compare_origins(catalog, QUICK, [AS_OF, AS_OF])
    with pytest.raises(OptionError, match="give rising days"):
        compare_origins(catalog, QUICK, [catalog.newest_day()])


def test_words_claim_nothing_that_the_interval_does_not_hold():
    above = {"value": 0.03, "low": 0.01, "high": 0.05}
    across = {"value": 0.03, "low": -0.01, "high": 0.07}
    assert in_words(above).endswith("above 0.")
    assert "no gain is claimed" in in_words(across)
    assert "cannot be compared" in in_words({"value": None, "low": None, "high": None})


@pytest.mark.skipif(not REAL_SHOP, reason="MATCHING_REAL_SHOP names no real shop's folder")
def test_a_real_shop_is_compared_at_four_origins():
    origins = [date(2025, 3, day) for day in (1, 15, 29)] + [date(2025, 4, 12)]
    rolled = compare_origins(Catalog.load(REAL_SHOP), QUICK, origins)
    assert len(rolled["origins"]) == 4
    assert rolled["pooled"]["sold"]["predicted"]["low"] > 0.6
    claimed = "no gain is claimed" not in rolled["words"]
    assert claimed == (rolled["pooled"]["sold"]["gain"]["low"] > 0)
