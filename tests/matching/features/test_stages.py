"""Features of the five stages in a world that can be read whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matching.catalog import Catalog
from matching.facts import build_history
from matching.features import FEATURES, build_matrix
from matching.history import History, day_number
from matching.models.text import ContentVectors
from matching.pairs import Offer, Pairs
from tests.matching.worlds import tiny_tables

DAY = date(2026, 11, 6)  # everything of the tiny world has happened
LIVE, VIDEO = 0, 1
NAMES = [feature.name for feature in FEATURES]


@pytest.fixture(scope="module")
def tiny() -> History:
    return build_history(Catalog.from_tables(tiny_tables()))


def features(
    history: History,
    product: str,
    channel: int = LIVE,
    day: date = DAY,
    offer: Offer = Offer(0.2, 1000.0),  # noqa: B008 - frozen
    topics: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return each feature of c1, c2 and c3 for a product."""
    towards = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    texts = ContentVectors(towards, np.array([[1, 0]] * 3, dtype=np.float32))
    pairs = Pairs(
        history,
        texts if topics is None else replace(texts, topics=topics),
        history.creator_ids.rows(["c1", "c2", "c3"]),
        history.product_ids.rows([product]),
        np.array([channel]),
        np.array([day_number(day)]),
        offer,
    )
    return dict(zip(NAMES, build_matrix(pairs, FEATURES).T, strict=True))


def nearly(*values: float) -> object:
    return pytest.approx(list(values), rel=1e-5, abs=1e-6, nan_ok=True)


def test_transform_content_and_category(tiny: History):
    seen = features(tiny, "p1")
    assert seen["content_similarity"].tolist() == nearly(1.0, 0.6, 0.0)
    assert seen["same_category"].tolist() == nearly(1, 0, 1)
    assert seen["category_experience_share"].tolist() == nearly(1, 0, np.nan)
    assert seen["subcategory_experience_count"].tolist() == nearly(1, 0, 0)


def test_transform_audience(tiny: History):
    seen = features(tiny, "p1")
    assert seen["audience_gap"].tolist() == nearly(0.1, 0.3, 0.0)
    assert seen["audience_maturity"].tolist() == nearly(0.8, 0.5, 0.6)
    assert seen["tier1_for_price"].tolist() == nearly(
        *(share * np.log1p(39.9) for share in (0.3, 0.6, 0.2))
    )


def test_transform_price_against_what_the_creator_sells(tiny: History):
    """c1 has published p1 once; the sub-category's usual price is that of p1 too."""
    assert features(tiny, "p1")["price_step"][0] == pytest.approx(0.0, abs=1e-6)
    dear = features(tiny, "p2")["price_step"]
    own = np.log1p(39.9)
    usual = (own + 2 * np.log1p(89.0)) / 3
    assert dear[0] == pytest.approx(np.log1p(89.0) - usual, rel=1e-5)


def test_reach_followers_and_views_by_channel(tiny: History):
    live, video = features(tiny, "p1", LIVE), features(tiny, "p1", VIDEO)
    assert live["is_live"].tolist() == [1, 1, 1]
    assert live["log_followers"].tolist() == nearly(*np.log1p([1_100_000, 28_000, 500]))
    assert live["log_views"].tolist() == nearly(np.log1p(7500), np.log1p(280), np.nan)
    assert video["log_views"].tolist() == nearly(*np.log1p([85_000, 11_000, 400]))
    assert video["views_per_follower"].tolist() == nearly(85 / 1100, 11 / 28, 0.8)
    assert live["weekly_posts"].tolist() == nearly(5, 1, 0)
    assert video["weekly_posts"].tolist() == nearly(3, 6, 2)
    assert live["engagement_rate"].tolist() == nearly(0.045, 0.08, 0.1)


def test_reach_growth_over_four_weeks(tiny: History):
    seen = features(tiny, "p1", day=date(2026, 10, 5))
    assert seen["follower_growth_rate"].tolist() == nearly(0.1, np.nan, np.nan)


def test_reach_impressions_are_drawn_toward_the_markets(tiny: History):
    logs = np.log1p([9000, 12_500, 8000])
    seen = features(tiny, "p1", LIVE)["usual_impressions"]
    assert seen.tolist() == nearly((logs[0] + logs.mean()) / 2, logs.mean(), logs.mean())
    assert features(tiny, "p1")["product_impressions"].tolist() == nearly(*[logs[0]] * 3)


def test_utilize_sales_of_creator_product_and_category(tiny: History):
    logs = np.log1p([54_000, 3_560, 0])
    seen = features(tiny, "p1", LIVE)
    usual = logs.mean()
    assert seen["creator_sales"].tolist() == nearly(
        (logs[0] + 2 * usual) / 3, (logs[1] + logs[2] + 2 * usual) / 4, usual
    )
    assert seen["product_sales"].tolist() == nearly(*[logs[0]] * 3)
    assert seen["creator_channel_sales"].tolist() == nearly(logs[0], logs[1:].mean(), np.nan)


def test_utilize_conversion_and_refunds(tiny: History):
    seen = features(tiny, "p1", LIVE)
    rate = (1504 + 50) / (9000 + 12_500 + 8000)
    expected = np.log((1504 + 20_000 * rate) / (9000 + 20_000))
    assert seen["creator_conversion"][0] == pytest.approx(expected, rel=1e-5)
    assert seen["creator_refund_share"][0] == pytest.approx(0.1, rel=1e-5)
    assert seen["product_refund_share"].tolist() == nearly(0.1, 0.1, 0.1)
    sales = seen["creator_sale_rate"]
    assert sales[0] > sales[2] > sales[1]  # one of one, nothing known, one of two


def test_utilize_refunds_against_what_is_usual_for_such_products(tiny: History):
    """c1's was the first refund, and so the usual one; c2 sent back 890 where 445 was expected."""
    step = features(tiny, "p1", LIVE)["creator_refund_step"]
    assert step.tolist() == nearly(0.0, np.log((2 * 890 / 445 + 3) / 5), 0.0)
    assert step[1] > 0
    tables = tiny_tables()
    tables["collaborations"].loc[1, "refunded_gmv"] = 0.0
    fewer = build_history(Catalog.from_tables(tables))
    assert features(fewer, "p1", LIVE)["creator_refund_step"].tolist() == nearly(
        0.0, np.log(3 / 5), 0.0
    )


def test_utilize_refunds_that_nobody_knows_are_unknown():
    tables = tiny_tables()
    del tables["collaborations"]["refunded_gmv"]
    history = build_history(Catalog.from_tables(tables))
    for name in ("creator_refund_step", "creator_refund_share", "product_refund_share"):
        assert np.isnan(features(history, "p1")[name]).tolist() == [True] * 3, name


def test_utilize_scene_and_place(tiny: History):
    assert features(tiny, "p3")["local_reach"].tolist() == nearly(1, -1, 1)
    assert features(tiny, "p1")["local_reach"].tolist() == nearly(0, 0, 0)
    assert features(tiny, "p2")["is_service"].tolist() == nearly(1, 1, 1)
    assert features(tiny, "p3")["is_service"].tolist() == nearly(0, 0, 0)


def test_utilize_a_local_product_and_a_creator_whose_city_is_not_known():
    tables = tiny_tables()
    tables["creators"].loc[1, "city"] = None
    history = build_history(Catalog.from_tables(tables))
    assert features(history, "p3")["local_reach"].tolist() == nearly(1, np.nan, 1)


def test_utilize_terms(tiny: History):
    seen = features(tiny, "p1", LIVE)
    assert seen["commission_rate"].tolist() == nearly(0.2, 0.2, 0.2)
    assert seen["commission_step"].tolist() == nearly(0.05, 0.1, np.nan)
    assert seen["log_slot_fee"].tolist() == nearly(np.log1p(5000), 0, np.nan)
    step = np.log1p(1000)
    assert seen["slot_fee_step"].tolist() == nearly(step - np.log1p(5000), step, np.nan)


def test_strengthen_fans(tiny: History):
    seen = features(tiny, "p1")
    assert seen["fan_group_share"].tolist() == nearly(55 / 1100, 800 / 28_000, 0.0)
    usual = 37_000 / 64_450
    assert seen["fan_gmv_share"].tolist() == nearly(
        (0.6 + 3 * usual) / 4, (2 * 1000 / 4450 + 3 * usual) / 5, usual
    )


def test_strengthen_fans_sell_more_than_their_share_of_followers(tiny: History):
    """c1's fan group is a twentieth of the followers and brings most of what is sold."""
    seen = features(tiny, "p1")
    members = np.array([55 / 1100, 800 / 28_000, 1e-4])  # of c3 nobody joined: a least share
    expected = np.log(seen["fan_gmv_share"]) - np.log(members)
    assert seen["fan_conversion"].tolist() == nearly(*expected)
    assert seen["fan_conversion"][0] > 2


def test_transform_what_the_creators_texts_speak_of(tiny: History):
    spoken = np.array([[1.5, 0, 0], [-0.5, 0, 0], [0.25, 0, 0]], dtype=np.float16)
    place = tiny.code("subcategory", "食品/坚果")
    topics = np.roll(spoken, place, axis=1)
    assert features(tiny, "p1", topics=topics)["content_topic"].tolist() == nearly(1.5, -0.5, 0.25)
    assert features(tiny, "p2", topics=topics)["content_topic"].tolist() == nearly(0, 0, 0)
    assert np.isnan(features(tiny, "p1")["content_topic"]).all()  # no texts, no topics


def test_thrive_how_often_the_mcn_accepts(tiny: History):
    """n1 (c1, c3) accepted two of three; c2 is with nobody."""
    seen = features(tiny, "p1")["mcn_accept_rate"]
    rate = (2 + 20 * 5 / 6) / 23
    assert seen.tolist() == nearly(rate, np.nan, rate)
    assert np.isnan(features(tiny, "p1", day=date(2026, 9, 2))["mcn_accept_rate"]).all()


def test_thrive_word_and_repeat(tiny: History):
    seen = features(tiny, "p1")
    assert seen["fulfil_rate"].tolist() == nearly((1 + 4 * 0.75) / 5, (2 + 4 * 0.75) / 7, 0.75)
    usual = 5 / 6
    assert seen["accept_rate"].tolist() == nearly((2 + 4 * usual) / 7, (3 + 4 * usual) / 7, usual)
    assert seen["repeat_collaboration_count"].tolist() == nearly(1, 0, 0)
    assert seen["recent_invitation_count"].tolist() == nearly(3, 3, 1)
    assert seen["reputation"].tolist() == nearly(4.9, 4.5, 3.0)
    assert seen["merchant_rating"].tolist() == nearly(4.8, 4.8, 4.8)
    rate = 305 / 1554
    assert seen["repeat_order_rate"][0] == pytest.approx((300 + 30 * rate) / 1534, rel=1e-5)


def test_thrive_days_since_joining(tiny: History):
    joined = features(tiny, "p1")["joined_days"]
    assert joined.tolist() == nearly(
        *((DAY - day).days for day in (date(2025, 1, 6), date(2025, 6, 2), date(2026, 10, 20)))
    )
