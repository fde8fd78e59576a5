"""What a collaboration would cost: known, estimated from its like and marked, or unknown and 0."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.economics import Terms
from matching.facts import build_history
from matching.history import Attributes, History
from matching.offers import Offers, channels_worked
from tests.matching.worlds import tiny_tables
from training.run import freeze

DAY = date(2026, 11, 6)
LIVE, VIDEO = 0, 1
Tables = dict[str, pd.DataFrame]


def world(tables: Tables, day: date = DAY) -> tuple[History, Offers]:
    history = freeze(build_history(Catalog.from_tables(tables).cut(day)), day)
    return history, Offers.build(history)


@pytest.fixture(scope="module")
def tiny() -> tuple[History, Offers]:
    return world(tiny_tables())


def deal_for(
    tiny: tuple[History, Offers],
    creator: str,
    product: str,
    channel: int = LIVE,
    terms: Terms = Terms(),  # noqa: B008 - frozen
):
    history, offers = tiny
    return offers.deal(
        history.products,
        history.creator_ids.rows([creator]),
        history.product_ids.rows([product]),
        np.array([channel]),
        terms,
    )


# --- channels ---


def test_a_fee_activity_or_a_past_collaboration_tells_a_channel(tiny: tuple[History, Offers]):
    """c3 asks no fee live and had no session: only videos."""
    assert tiny[1].works.tolist() == [[True, True], [True, True], [False, True]]


def test_activity_alone_tells_a_channel():
    tables = tiny_tables()
    tables["creators"][["live_slot_fee", "video_slot_fee"]] = np.nan
    tables["creators"].loc[0, "live_sessions"] = 0
    tables["creator_stats"]["live_sessions"] = 0
    tables["creator_stats"]["videos"] = 2
    tables["collaborations"] = tables["collaborations"].iloc[[6]]
    history, _ = world(tables)
    assert channels_worked(history).tolist() == [[False, True]] * 3


def test_a_past_collaboration_alone_tells_a_channel():
    tables = tiny_tables()
    tables["creators"] = tables["creators"][["creator_id"]]
    del tables["creator_stats"]
    history, _ = world(tables)
    # c1 published live, c2 in videos; of c3 nothing is known: the channels of this market
    assert channels_worked(history).tolist() == [[True, False], [False, True], [True, True]]


def test_where_nothing_tells_a_channel_it_is_those_the_market_uses():
    tables = tiny_tables()
    tables["creators"] = tables["creators"][["creator_id"]]
    del tables["creator_stats"]
    tables["collaborations"] = tables["collaborations"].assign(channel="video")
    history, _ = world(tables)
    assert channels_worked(history)[2].tolist() == [False, True]
    del tables["collaborations"]["channel"]
    history, _ = world(tables)
    assert channels_worked(history)[2].tolist() == [True, False]


# --- slot fees ---


def test_fees_that_are_known_are_taken_as_they_are(tiny: tuple[History, Offers]):
    _, offers = tiny
    assert offers.slot_fee[0].tolist() == [5000.0, 2000.0]
    assert offers.slot_fee[1].tolist() == [0.0, 100.0]
    assert not offers.slot_fee_estimated.any()
    assert offers.follower_count.tolist() == [1_100_000, 28_000, 500]


def large_market() -> Tables:
    """Return creators whose fee is a hundredth of their followers; every tenth is unknown."""
    count = 100
    tables = tiny_tables()
    del tables["creator_stats"]
    followers = np.arange(1, count + 1) * 1000.0
    names = [f"c{i:03d}" for i in range(count)]
    tables["creators"] = pd.DataFrame(
        {
            "creator_id": names,
            "follower_count": followers,
            "live_slot_fee": np.where(np.arange(count) % 10 == 4, np.nan, followers / 100),
            "live_sessions": 2.0,
        }
    )
    tables["collaborations"] = tables["collaborations"].assign(creator_id="c000")
    return tables


def test_an_unknown_fee_is_the_median_of_channel_and_follower_decile():
    _, offers = world(large_market())
    unknown = np.arange(100) % 10 == 4
    assert (offers.slot_fee_estimated[:, LIVE] == unknown).all()
    # the 5th of each ten: 10k+5 thousand followers; the others of its decile are around it
    estimated = offers.slot_fee[unknown, LIVE]
    assert np.abs(estimated / (np.arange(100)[unknown] * 10.0 + 10) - 1).max() < 0.25


def test_a_creator_of_unknown_size_and_fee_is_asked_for_the_usual_fee():
    tables = large_market()
    tables["creators"].loc[4, "follower_count"] = np.nan
    _, offers = world(tables)
    known = tables["creators"]["live_slot_fee"].median()
    assert offers.slot_fee[4, LIVE] == pytest.approx(known)
    assert offers.slot_fee_estimated[4, LIVE]


def test_fees_that_the_catalog_lacks_count_as_nothing_and_are_not_marked():
    tables = tiny_tables()
    tables["creators"] = tables["creators"].drop(columns=["live_slot_fee", "video_slot_fee"])
    _, offers = world(tables)
    assert (offers.slot_fee == 0).all()
    assert not offers.slot_fee_estimated.any()


# --- samples, service fees, returns ---


def with_unknown_samples() -> Tables:
    tables = tiny_tables()
    more = [tables["products"].iloc[[0]].assign(product_id=f"q{i}") for i in range(4)]
    products = pd.concat([tables["products"], *more], ignore_index=True)
    products["sample_cost"] = [np.nan, np.nan, 6.0, 10.0, 12.0, np.nan, 20.0]
    products["service_fee_rate"] = [np.nan, 0.02, 0.0, 0.04, 0.04, 0.08, 0.08]
    tables["products"] = products
    return tables


def test_an_unknown_sample_costs_the_median_of_its_like_and_is_marked():
    market = world(with_unknown_samples())
    deal, _, estimated = deal_for(market, "c1", "p1")  # three others of 食品/坚果: 10, 12, 20
    assert deal.sample_cost.tolist() == [12.0]
    assert deal.service_fee_rate == pytest.approx([0.06])
    assert estimated.tolist() == [True]
    deal, _, _ = deal_for(market, "c1", "p2")  # the only one of its category: of all
    assert deal.sample_cost.tolist() == [11.0]
    deal, _, estimated = deal_for(market, "c1", "p3")
    assert deal.sample_cost.tolist() == [6.0]
    assert estimated.tolist() == [False]


def test_a_subcategory_without_a_sample_takes_that_of_its_category():
    tables = with_unknown_samples()
    tables["products"].loc[2, "sample_cost"] = np.nan  # p3, the only one of 食品/餐饮
    deal, _, _ = deal_for(world(tables), "c1", "p3")
    assert deal.sample_cost.tolist() == [12.0]


def test_samples_that_the_catalog_lacks_count_as_nothing():
    tables = tiny_tables()
    del tables["products"]["sample_cost"]
    deal, _, estimated = deal_for(world(tables), "c1", "p1")
    assert deal.sample_cost.tolist() == [0.0]
    assert estimated.tolist() == [False]


def test_a_refund_costs_what_it_has_cost_in_the_category_drawn_to_the_markets(
    tiny: tuple[History, Offers],
):
    """Of 食品/坚果 6,000 came back at 240; in the market 6,890 at 270."""
    history, offers = tiny
    usual = 270 / 6890
    nuts = (240 / 6000 + 20 * usual) / 21
    by_place = dict(zip(history.words["subcategory"], offers.cost_per_refund, strict=False))
    assert by_place["食品/坚果"] == pytest.approx(nuts)
    assert by_place["食品/餐饮"] == pytest.approx(usual)  # nothing came back yet
    assert offers.cost_per_refund[-1] == pytest.approx(usual)


def test_returns_cost_more_the_more_is_sent_back(tiny: tuple[History, Offers]):
    """A share r of gross sales comes with r / (1 - r) refunded per unit that is kept."""
    history, offers = tiny
    nuts = offers.cost_per_refund[history.code("subcategory", "食品/坚果")]
    share = np.array([0.0, 0.1, 0.5, 1.0])
    rate = offers.return_cost_rate(history.products, np.array([0]), share)
    assert rate[:3] == pytest.approx([0.0, nuts / 9, nuts])
    assert rate[3] == pytest.approx(19 * nuts)  # some of it is kept, or nothing could be said
    each = offers.return_cost_rate(history.products, np.array([0, 2]), np.array([0.5, 0.5]))
    assert each == pytest.approx([nuts, 270 / 6890])


def test_a_deal_holds_no_returns_until_sales_are_predicted(tiny: tuple[History, Offers]):
    deal, _, _ = deal_for(tiny, "c1", "p1")
    assert deal.return_cost_rate == 0.0


def test_returns_cost_nothing_where_nothing_is_known_of_them():
    tables = tiny_tables()
    del tables["collaborations"]["return_cost"]
    history, offers = world(tables)
    assert (offers.cost_per_refund == 0).all()
    assert not offers.return_cost_rate(history.products, np.arange(3), np.full(3, 0.9)).any()


# --- terms ---


def test_terms_override_what_is_known(tiny: tuple[History, Offers]):
    terms = Terms(0.3, 0.01, 700.0, 5.0, 6.0, 7.0, 0.5)
    deal, offer, estimated = deal_for(tiny, "c1", "p1", terms=terms)
    assert (deal.commission_rate, deal.service_fee_rate) == (0.3, 0.01)
    assert deal.slot_fee.tolist() == [700.0]
    assert (deal.sample_cost, deal.handling_cost, deal.ads_cost) == (5.0, 6.0, 7.0)
    assert deal.subsidy_rate == 0.5
    assert float(offer.commission_rate) == 0.3
    assert offer.slot_fee.tolist() == [700.0]
    assert estimated.tolist() == [False]


def test_without_terms_the_offer_is_the_listing(tiny: tuple[History, Offers]):
    deal, offer, estimated = deal_for(tiny, "c2", "p2", VIDEO)
    assert deal.commission_rate.tolist() == [0.3]
    assert deal.slot_fee.tolist() == offer.slot_fee.tolist() == [100.0]
    assert (deal.sample_cost, deal.margin_rate) == (20.0, 0.7)
    assert (deal.handling_cost, deal.ads_cost, deal.subsidy_rate) == (0.0, 0.0, 0.0)
    assert estimated.tolist() == [False]


@pytest.mark.parametrize(
    ("terms", "marked"),
    [
        (Terms(), True),
        (Terms(slot_fee=10.0), True),
        (Terms(sample_cost=1.0), True),
        (Terms(slot_fee=10.0, sample_cost=1.0), True),
        (Terms(slot_fee=10.0, sample_cost=1.0, service_fee_rate=0.0), False),
        (Terms(commission_rate=0.5), True),
    ],
)
def test_what_the_request_gives_is_not_marked_as_estimated(terms: Terms, marked: bool):
    """Slot fee, sample and service fee are all unknown here."""
    tables = with_unknown_samples()
    tables["creators"]["live_slot_fee"] = [np.nan, 10.0, np.nan]
    _, _, estimated = deal_for(world(tables), "c1", "p1", terms=terms)
    assert estimated.tolist() == [marked]


def test_an_estimated_fee_is_unknown_to_the_features(tiny: tuple[History, Offers]):
    tables = tiny_tables()
    tables["creators"]["live_slot_fee"] = [np.nan, 10.0, np.nan]
    deal, offer, estimated = deal_for(world(tables), "c1", "p1")
    assert estimated.tolist() == [True]
    assert deal.slot_fee.tolist() == [10.0]
    assert np.isnan(offer.slot_fee).all()


def test_a_product_of_an_unknown_category_costs_what_the_market_does(tiny: tuple[History, Offers]):
    _, offers = tiny
    columns = {
        "subcategory": np.array([-1], dtype=np.int32),
        "commission_rate": np.array([0.2]),
        "sample_cost": np.array([np.nan]),
    }
    deal, _, estimated = offers.deal(
        Attributes(columns, 1), np.array([0, 1]), np.array([0]), np.array([0, 1]), Terms()
    )
    assert np.broadcast_to(deal.sample_cost, 2).tolist() == [15.0, 15.0]
    assert estimated.tolist() == [True, True]
    assert np.isnan(deal.margin_rate).all()
    rate = offers.return_cost_rate(Attributes(columns, 1), np.array([0]), np.array([0.5]))
    assert rate == pytest.approx([270 / 6890])


def test_offers_that_were_written_are_the_same(tiny: tuple[History, Offers]):
    again = Offers.from_arrays(tiny[1].to_arrays())
    for name in Offers.__dataclass_fields__:
        assert np.array_equal(getattr(again, name), getattr(tiny[1], name))
