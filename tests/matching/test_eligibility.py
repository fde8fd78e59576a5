"""Who may be offered a product; an unknown value does not pass a filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.eligibility import (
    _CHECKS,
    REASONS,
    Filters,
    Request,
    affordable_channels,
    count_removed,
    eligible,
    why_not,
)
from matching.errors import OptionError
from matching.facts import build_history
from matching.history import History, day_number
from matching.languages import LANGUAGES
from matching.offers import Offers
from tests.matching.words import check_words
from tests.matching.worlds import tiny_tables
from training.run import freeze

DAY = date(2026, 11, 6)
Tables = dict[str, pd.DataFrame]
NOBODY: Mapping[str, date] = {}


def four_creators() -> Tables:
    """Return the tiny market without anybody opted out, and c4 of whom nothing is known."""
    tables = tiny_tables()
    creators = tables["creators"].assign(opted_out=False)
    nobody = pd.DataFrame({"creator_id": ["c4"]}).astype("object")
    tables["creators"] = pd.concat([creators, nobody], ignore_index=True)
    return tables


@cache
def known_of_four(day: date) -> History:
    return known(four_creators(), day)


def known(tables: Tables, day: date) -> History:
    return freeze(build_history(Catalog.from_tables(tables).cut(day)), day)


def ask(
    tables: Tables | None = None,
    product: str = "p1",
    day: date = DAY,
    commission_rate: float | None = None,
    slot_fee: float | None = None,
    week: date | None = None,
    invited: Mapping[str, date] = NOBODY,
    **filters: object,
) -> tuple[set[str], dict[str, int], list[str | None]]:
    """Return who is eligible, how many each reason removed, and the reason for each creator.

    Of the four creators unless other tables are given.
    """
    history = known_of_four(day) if tables is None else known(tables, day)
    offers = Offers.build(history)
    row = int(history.product_ids.rows([product])[0])
    if commission_rate is None:
        commission_rate = float(history.products["commission_rate"][row])
    request = Request(
        history.products,
        row,
        commission_rate,
        slot_fee,
        Filters(**filters).check(),  # type: ignore[arg-type]
        day_number(week or day),
        (history.creator_ids.rows(invited), np.array([day_number(d) for d in invited.values()])),
    )
    mask = eligible(history, offers, request)
    removed = count_removed(history, offers, request)
    reasons = why_not(history, offers, request, np.arange(len(mask)))
    assert [reason is None for reason in reasons] == mask.tolist()
    assert sum(removed.values()) == int((~mask).sum())
    channels = affordable_channels(offers, request)
    assert channels[mask].any(axis=1).all()
    return {history.creator_ids[row] for row in np.flatnonzero(mask)}, dict(removed), reasons


def found(tables: Tables | None = None, **how: object) -> set[str]:
    return ask(tables, **how)[0]  # type: ignore[arg-type]


def test_without_filters_everybody_who_may_be_asked():
    assert found() == {"c1", "c2", "c3", "c4"}


def test_who_opted_out_is_never_asked():
    names, removed, reasons = ask(tiny_tables())
    assert names == {"c1", "c2"}
    assert removed == {"opted_out": 1}
    assert reasons[2] == "opted_out"


@pytest.mark.parametrize(
    ("rate", "names"),
    [(0.2, {"c1", "c2", "c3", "c4"}), (0.15, {"c1", "c2", "c3", "c4"}), (0.1, {"c2", "c3", "c4"})],
)
def test_who_asks_a_higher_commission_is_not_asked(rate: float, names: set[str]):
    """c1 asks 15 %, c2 10 %; of the others it is not known."""
    assert found(commission_rate=rate) == names


def test_a_commission_is_compared_as_people_write_it():
    tables = four_creators()
    tables["creators"]["min_commission_rate"] = 0.1 + 0.2
    assert found(tables, commission_rate=0.3) == {"c1", "c2", "c3", "c4"}


def test_who_has_not_joined_yet_is_not_asked():
    """c3 joined on 20 October; an invitation the day before cannot be."""
    tables = four_creators()
    tables["collaborations"] = tables["collaborations"].iloc[:6]
    assert found(tables, day=date(2026, 10, 22)) == {"c1", "c2", "c3", "c4"}
    assert found(tables, day=date(2026, 10, 21)) == {"c1", "c2", "c3", "c4"}
    assert found(tables, day=date(2026, 10, 20)) == {"c1", "c2", "c4"}


def test_a_week_that_is_full_is_full_until_monday():
    """c1 accepted on Thursday 3 September."""
    tables = four_creators()
    tables["creators"]["weekly_capacity"] = [1, 1, np.nan, np.nan]
    day = date(2026, 9, 4)
    assert found(tables, day=day) == {"c2", "c3", "c4"} - {"c3"}  # c3 joins in October
    names, removed, _ = ask(tables, day=day, week=date(2026, 9, 7))
    assert names == {"c1", "c2", "c4"}
    assert "weekly_capacity" not in removed


def test_no_capacity_at_all_is_none():
    tables = four_creators()
    tables["creators"]["weekly_capacity"] = [0, 2, np.nan, np.nan]
    assert found(tables) == {"c2", "c3", "c4"}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"category": ("食品",)}, {"c1", "c3"}),
        ({"category": ("食品", "美妆")}, {"c1", "c2", "c3"}),
        ({"category": ("汽车",)}, set()),
        ({"city": ("杭州",)}, {"c2"}),
        ({"mcn_id": ("n1",)}, {"c1", "c3"}),
        ({"same_city": True}, {"c1", "c3"}),  # the merchant of p1 is in 成都
        ({"channel": "live"}, {"c1", "c2", "c4"}),  # of c4 nothing says which
        ({"channel": "video"}, {"c1", "c2", "c3", "c4"}),
        ({"follower_min": 28_000}, {"c1", "c2"}),
        ({"follower_max": 28_000}, {"c2", "c3"}),
        ({"follower_min": 500, "follower_max": 500}, {"c3"}),
        ({"follower_min": 0}, {"c1", "c2", "c3"}),
        ({"slot_fee_max": 100}, {"c2", "c3"}),
        ({"slot_fee_max": 99}, {"c2", "c3"}),
        ({"slot_fee_max": 99, "channel": "video"}, {"c3"}),
        ({"slot_fee_max": 2000}, {"c1", "c2", "c3"}),
        ({"reputation_min": 4.5}, {"c1", "c2"}),
        ({"reputation_min": 0}, {"c1", "c2", "c3"}),
        ({"exclude": ("c1", "c9")}, {"c2", "c3", "c4"}),
        ({"only_new": True}, {"c4"}),  # m1 has asked all others
        ({"category": ("食品",), "city": ("成都",), "follower_min": 1000}, {"c1"}),
    ],
)
def test_filters_and_that_what_is_unknown_does_not_pass(
    filters: dict[str, object], names: set[str]
):
    got, removed, _ = ask(**filters)  # type: ignore[arg-type]
    assert got == names
    assert set(removed) <= set(filters)


@pytest.mark.parametrize(
    ("days", "names"),
    [(0, {"c1", "c2", "c3", "c4"}), (1, {"c1", "c2", "c4"}), (22, {"c2", "c4"}), (57, {"c4"})],
)
def test_who_was_contacted_lately_is_left_out(days: int, names: set[str]):
    """m1 asked c3 yesterday, c1 22 days ago and c2 57 days ago."""
    assert found(exclude_contacted_days=days) == names


@pytest.mark.parametrize(
    ("last", "days", "names"),
    [
        (DAY, 1, {"c1", "c2"}),  # after the facts: always within so many days
        (date(2026, 12, 24), 1, {"c1", "c2"}),
        (date(2026, 11, 5), 1, {"c1", "c2"}),
        (date(2026, 11, 4), 1, {"c1", "c2", "c4"}),
        (date(2026, 11, 4), 2, {"c1", "c2"}),
    ],
)
def test_who_was_invited_since_is_left_out(last: date, days: int, names: set[str]):
    """m1 asked c3 yesterday, c1 and c2 long ago, and now c4."""
    invited = {"c4": last, "nobody": last}
    assert ask(invited=invited, exclude_contacted_days=days)[0] == names
    assert ask(invited=invited, only_new=True)[0] == set()
    assert ask(invited=invited)[0] == {"c1", "c2", "c3", "c4"}


def test_an_old_invitation_does_not_hide_a_later_one():
    """c3 was asked yesterday: that the service knows of one long ago changes nothing."""
    long_ago = {"c3": date(2026, 1, 1)}
    assert ask(invited=long_ago, exclude_contacted_days=1)[0] == found(exclude_contacted_days=1)


def test_a_term_overrides_the_fee_that_is_compared():
    assert found(slot_fee=50.0, slot_fee_max=60) == {"c1", "c2", "c3", "c4"}
    assert found(slot_fee=50.0, slot_fee_max=40) == set()


def test_an_estimated_fee_does_not_pass():
    tables = four_creators()
    tables["creators"]["live_slot_fee"] = [np.nan, 0.0, np.nan, np.nan]
    assert found(tables, slot_fee_max=1e9, channel="live") == {"c2"}


@pytest.mark.parametrize(
    "filters",
    [
        {"category": ("食品",)},
        {"city": ("成都",)},
        {"same_city": True},
        {"mcn_id": ("n1",)},
        {"follower_min": 0},
        {"follower_max": 1e12},
        {"reputation_min": 0},
    ],
    ids=lambda filters: next(iter(filters)),
)
def test_nobody_passes_a_filter_on_what_the_catalog_lacks(filters: dict[str, object]):
    tables = tiny_tables()
    tables["creators"] = tables["creators"][["creator_id"]]
    del tables["creator_stats"]
    names, removed, _ = ask(tables, **filters)  # type: ignore[arg-type]
    assert names == set()
    assert removed == {next(iter(filters)): 3}


def test_a_local_product_has_the_city_of_its_place_not_of_its_merchant():
    tables = four_creators()
    tables["products"]["city"] = [None, None, "杭州"]
    assert found(tables, product="p3", same_city=True) == {"c2"}


def test_a_product_without_a_city_has_no_neighbours():
    tables = four_creators()
    tables["merchants"]["city"] = None
    assert found(tables, same_city=True) == set()


def test_everybody_is_counted_once_by_the_first_reason():
    _, removed, _ = ask(
        tiny_tables(), category=("食品",), reputation_min=4.95, commission_rate=0.12
    )
    assert removed == {
        "opted_out": 1,
        "min_commission_rate": 1,
        "category": 1,
    }


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"channel": "radio"}, "channel"),
        ({"follower_min": -1}, "follower_min"),
        ({"follower_max": float("nan")}, "follower_max"),
        ({"slot_fee_max": float("inf")}, "slot_fee_max"),
        ({"roi_min": -0.1}, "roi_min"),
        ({"exclude_contacted_days": -3}, "exclude_contacted_days"),
        ({"follower_min": 10, "follower_max": 5}, "follower_min"),
    ],
)
def test_filters_that_cannot_be_are_named(filters: dict[str, object], field: str):
    with pytest.raises(OptionError) as error:
        Filters(**filters).check()  # type: ignore[arg-type]
    assert error.value.field == field


ASKED = [field.name for field in fields(Filters)]


@pytest.mark.parametrize("name", [*ASKED, *(name for name, _ in _CHECKS)])
def test_every_rule_and_filter_has_words_in_every_language(name: str):
    for language in LANGUAGES:
        check_words(REASONS[name].say(language), language)


def test_every_reason_is_a_rule_or_a_filter():
    assert set(REASONS) == {*ASKED, *(name for name, _ in _CHECKS)}
    for language in LANGUAGES:
        assert len({words.say(language) for words in REASONS.values()}) == len(REASONS)


def test_no_reason_tells_a_number_of_a_creator():
    """Who asks more than is offered is told so, and not how much they ask."""
    assert REASONS["min_commission_rate"].en == "asks a higher commission than is offered"
    assert not any(letter.isdigit() for words in REASONS.values() for letter in words.en + words.zh)
