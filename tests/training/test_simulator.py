"""The simulated market: its log agrees with its truth, and both look like the domain."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from matching.catalog import Catalog
from matching.columns import data_dictionary
from matching.errors import OptionError
from training.market import text
from training.market.categories import CATEGORIES, sub_figures
from training.market.mechanisms import expect
from training.simulator import EPOCH, Market, MarketConfig, Terms, Truth, draw, simulate

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
DAY = date(2026, 11, 20)
LONG_AGO = pd.Timestamp(2026, 9, 1)  # what was invited before has been settled
WORLDS = 40_000


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(MarketConfig(creators=3000, products=600, collaborations=30_000, seed=3))


@pytest.fixture(scope="module")
def log(market: Market) -> pd.DataFrame:
    """Collaborations with the creator's and product's rows and the settled sales."""
    log = market.tables["collaborations"].copy()
    log["creator"] = log["creator_id"].str[1:].astype(int) - 1
    log["product"] = log["product_id"].str[1:].astype(int) - 1
    log["category"] = market.truth.products.category[log["product"]]
    log["settled_gmv"] = log["gmv"] - log["refunded_gmv"]
    return log


@pytest.fixture(scope="module")
def fulfilled(log: pd.DataFrame) -> pd.DataFrame:
    return log[log["status"] == "fulfilled"]


def tables_equal(first: Market, second: Market) -> bool:
    return all(first.tables[name].equals(frame) for name, frame in second.tables.items())


def category(name: str) -> int:
    return [entry.name for entry in CATEGORIES].index(name)


def true_roi(market: Market, products: np.ndarray) -> np.ndarray:
    """E[S] / E[C] of inviting each creator for these products, in the better channel.

    Creators who are not eligible have NaN.
    """
    people, goods = market.truth.creators, market.truth.products
    c, p = np.arange(len(people.category))[:, None], products[None, :]
    best = np.full((len(people.category), len(products)), -np.inf)
    for channel, fees in (("live", people.live_fee), ("video", people.video_fee)):
        true = market.truth.outcomes(c, p, DAY, channel)
        rate = goods.commission[p] + goods.service_fee[p]
        cost = goods.sample_cost[p] + true.fulfil_probability * (
            np.nan_to_num(fees)[:, None] + true.return_cost + rate * true.settled_gmv
        )
        roi = true.fulfil_probability * true.settled_gmv / cost
        best = np.maximum(best, np.where(true.works, roi, -np.inf))
    eligible = ~people.opted_out[:, None] & (
        people.min_commission[:, None] <= goods.commission[p] + 1e-9
    )
    return np.where(eligible, best, np.nan)


class TestTruth:
    @pytest.mark.parametrize("channel", ["live", "video"])
    @pytest.mark.parametrize("offer", [(None, None), (0.30, 500.0), (np.nan, np.nan)])
    def test_means_of_repeated_luck_are_the_true_outcomes(self, market, channel, offer):
        rng = np.random.default_rng(7)
        people = market.truth.creators
        reach = people.live_reach if channel == "live" else people.video_reach
        workers = np.flatnonzero(~np.isnan(reach))
        c, p = rng.choice(workers, 3), rng.integers(0, 600, 3)
        true = market.truth.outcomes(c, p, DAY, channel, *offer)
        for pair in range(3):
            world = draw(
                market.truth,
                np.full(WORLDS, c[pair]),
                np.full(WORLDS, p[pair]),
                np.full(WORLDS, (DAY - EPOCH).days),
                np.full(WORLDS, channel == "live"),
                Terms(*offer),
                rng,
            )
            world["settled_gmv"] = world["gmv"] - world["refunded_gmv"]
            for drawn, expected in (
                ("accepted", true.accept_probability),
                ("fulfilled", true.fulfil_probability),
                ("gmv", true.gmv),
                ("settled_gmv", true.settled_gmv),
                ("refunded_gmv", true.refunded_gmv),
                ("return_cost", true.return_cost),
            ):
                error = world[drawn].std() / np.sqrt(WORLDS)
                assert abs(world[drawn].mean() - expected[pair]) < 4 * error + 1e-9, drawn

    def test_the_log_is_a_draw_from_the_truth(self, market, log):
        old = log[log["invited_on"] < LONG_AGO]
        days = (old["invited_on"] - pd.Timestamp(EPOCH)).dt.days.to_numpy()
        rows = old["creator"].to_numpy(), old["product"].to_numpy()
        live = (old["channel"] == "live").to_numpy()
        # Subsidies raise acceptance and are only logged with an outcome: the truth is a little low.
        offer = Terms(old["commission_rate"].to_numpy(), old["slot_fee"].to_numpy())
        mean = expect(market.truth, *rows, days, live, offer)
        accepted = old["status"].isin(["failed", "fulfilled"]).to_numpy()
        assert 0.99 < accepted.mean() / mean.accept.mean() < 1.08
        done = (old["status"] == "fulfilled").to_numpy()
        assert done[accepted].mean() == pytest.approx(mean.fulfil[accepted].mean(), abs=0.02)
        plain = done & (old["ads_cost"] == 0).to_numpy() & (old["subsidy"] == 0).to_numpy()
        ratio = old["orders"].to_numpy()[plain] / np.maximum(mean.orders[plain], 1)
        likely = mean.orders[plain] > 5
        error = ratio[likely].std() / np.sqrt(likely.sum())
        assert abs(ratio[likely].mean() - 1) < 4 * error

    def test_all_pairs_at_once_are_the_pairs_one_by_one(self, market):
        c, p = np.arange(40), np.arange(15)
        table = market.truth.outcomes(c[:, None], p[None, :], DAY, "live")
        row = market.truth.outcomes(np.full(15, 11), p, DAY, "live")
        for name in ("accept_probability", "fulfil_probability", "settled_gmv", "works"):
            assert getattr(table, name).shape == (40, 15)
            np.testing.assert_allclose(getattr(table, name)[11], getattr(row, name))

    def test_settled_is_gross_less_refunded(self, market):
        true = market.truth.outcomes(np.arange(200), np.arange(200), DAY, "video")
        np.testing.assert_allclose(true.settled_gmv, true.gmv - true.refunded_gmv)
        assert (true.refunded_gmv <= true.gmv).all()

    def test_more_money_is_accepted_more(self, market):
        c, p = np.arange(300), np.zeros(300, dtype=int)
        plain = market.truth.outcomes(c, p, DAY, "video")
        richer = market.truth.outcomes(c, p, DAY, "video", commission_rate=0.45)
        paid = market.truth.outcomes(c, p, DAY, "video", slot_fee=50_000.0)
        works = plain.works
        assert (richer.accept_probability > plain.accept_probability)[works].all()
        assert (paid.accept_probability > plain.accept_probability)[works].all()

    def test_who_does_not_work_in_a_channel_brings_nothing_there(self, market):
        people = market.truth.creators
        idle = np.flatnonzero(np.isnan(people.live_reach))
        true = market.truth.outcomes(idle, np.zeros_like(idle), DAY, "live")
        assert len(idle) and not true.works.any()
        assert (true.accept_probability == 0).all() and (true.settled_gmv == 0).all()
        fees = market.tables["creators"]["live_slot_fee"]
        assert fees.isna().equals(pd.Series(np.isnan(people.live_reach)))

    def test_an_unknown_channel_is_refused(self, market):
        with pytest.raises(ValueError, match="radio"):
            market.truth.outcomes(np.array([0]), np.array([0]), DAY, "radio")

    def test_saved_and_loaded_it_answers_the_same_and_holds_nothing_that_executes(
        self, market, tmp_path
    ):
        out = tmp_path / "new" / "market"
        market.save(out)
        market.save(out)
        assert [entry.name for entry in out.parent.iterdir()] == ["market"]
        endings = {file.suffix for file in out.rglob("*") if file.is_file()}
        assert endings == {".parquet", ".npy", ".json"}
        c, p = np.arange(50)[:, None], np.arange(20)[None, :]
        again = Truth.load(out / "truth").outcomes(c, p, DAY, "video")
        before = market.truth.outcomes(c, p, DAY, "video")
        np.testing.assert_array_equal(again.settled_gmv, before.settled_gmv)
        assert len(Catalog.load(out).collaborations) == 30_000

    def test_truth_of_another_format_is_refused(self, market, tmp_path):
        market.truth.save(tmp_path)
        facts = json.loads((tmp_path / "truth.json").read_text())
        (tmp_path / "truth.json").write_text(json.dumps(facts | {"format": 99}))
        with pytest.raises(ValueError, match="simulate the market again"):
            Truth.load(tmp_path)


class TestTables:
    def test_the_catalog_accepts_them_without_a_warning(self, market):
        catalog = Catalog.from_tables(market.tables)
        assert catalog.warnings == ()
        for name, rows in (("creators", 3000), ("products", 600), ("collaborations", 30_000)):
            assert len(getattr(catalog, name)) == rows

    @pytest.mark.parametrize(
        "config",
        [
            MarketConfig(creators=1, products=1, collaborations=1, weeks=1),
            MarketConfig(creators=3, products=20, collaborations=200, weeks=2, seed=1),
            MarketConfig(creators=40, products=2, collaborations=50, seed=2, weeks=110),
        ],
    )
    def test_tiny_markets_are_whole(self, config):
        market = simulate(config)
        catalog = Catalog.from_tables(market.tables)  # raises if anything is wrong
        assert len(catalog.collaborations) == config.collaborations

    def test_a_seed_is_a_market(self):
        config = MarketConfig(creators=60, products=20, collaborations=300, seed=5)
        assert tables_equal(simulate(config), simulate(config))

    def test_another_seed_is_another_market(self):
        first, second = (
            simulate(MarketConfig(creators=60, products=20, collaborations=300, seed=seed))
            for seed in (5, 6)
        )
        for name in ("creators", "products", "collaborations", "creator_stats", "merchants"):
            assert not first.tables[name].equals(second.tables[name]), name

    @pytest.mark.parametrize("field", ["creators", "products", "collaborations", "weeks"])
    def test_sizes_below_one_are_refused(self, field):
        with pytest.raises(OptionError, match=field):
            MarketConfig(**{field: 0})

    def test_a_negative_seed_is_refused(self):
        with pytest.raises(OptionError, match="seed"):
            MarketConfig(seed=-1)

    def test_ids_sort_as_rows_do_whatever_the_size(self):
        keys = text.ids("p", 1200, 2).to_pylist()
        assert keys[0] == "p0001" and keys == sorted(keys)

    def test_things_happen_in_order(self, market, log):
        last = pd.Timestamp(DAY)
        for column in ("invited_on", "responded_on", "published_on", "settled_on"):
            assert log[column].max() <= last
        assert (log["responded_on"] > log["invited_on"])[log["responded_on"].notna()].all()
        done = log[log["status"] == "fulfilled"]
        assert (done["published_on"] > done["responded_on"]).all()
        assert (done["settled_on"] - done["published_on"]).dt.days.between(10, 25).all()
        people, goods = market.truth.creators, market.truth.products
        day = (log["invited_on"] - pd.Timestamp(EPOCH)).dt.days.to_numpy()
        assert (people.joined[log["creator"]] < day).all()
        assert (goods.listed[log["product"]] < day).all()

    def test_each_status_knows_what_it_should(self, log):
        known = log.groupby("status")[["responded_on", "settled_on", "gmv", "slot_fee"]].count()
        count = log["status"].value_counts().sort_index()
        assert set(count.index) == {"invited", "declined", "accepted", "failed", "fulfilled"}
        assert (known["slot_fee"] == count).all()
        assert known["responded_on"]["invited"] == 0 and known["settled_on"]["accepted"] == 0
        assert known["responded_on"]["declined"] == count["declined"]
        assert known["settled_on"]["failed"] == count["failed"]
        assert known["gmv"]["fulfilled"] == count["fulfilled"] == known["gmv"].sum()

    def test_statistics_are_of_mondays_and_thinned_in_large_markets(self, market, monkeypatch):
        stats = market.tables["creator_stats"]
        assert (stats["week"].dt.day_of_week == 0).all()
        assert stats["week"].max() == pd.Timestamp(2026, 11, 16)
        monkeypatch.setattr("training.market.tables.MOST_STATS_ROWS", 1000)
        thin = simulate(MarketConfig(creators=100, products=5, collaborations=20))
        weeks = thin.tables["creator_stats"]["week"]
        assert len(weeks) <= 1000 and weeks.max() == pd.Timestamp(2026, 11, 16)
        assert weeks.min() < pd.Timestamp(2026, 1, 15)

    def test_some_are_new_and_some_have_no_history(self, market, log):
        assert (~market.tables["products"]["product_id"].isin(log["product_id"])).any()
        assert (market.tables["creators"]["joined_on"] > pd.Timestamp(2026, 6, 1)).any()
        assert 0 < market.tables["creators"]["opted_out"].mean() < 0.05


class TestDomain:
    def test_followers_are_heavy_tailed_and_views_follow_them_sublinearly(self, market):
        stats = market.tables["creator_stats"]
        now = stats[(stats["week"] == stats["week"].max())]
        followers = now["follower_count"].sort_values()
        assert followers.iloc[-len(followers) // 100 :].sum() > 0.2 * followers.sum()
        seen = now[["follower_count", "video_views"]].dropna()
        slope = np.polyfit(*np.log(seen.to_numpy()).T, 1)[0]
        assert 0.4 < slope < 0.8

    def test_fans_convert_two_to_three_times_as_well(self, market):
        rng = np.random.default_rng(1)
        c, p = rng.integers(0, 3000, 200_000), rng.integers(0, 600, 200_000)
        live = ~np.isnan(market.truth.creators.live_reach[c])
        c, p = c[live], p[live]
        days = np.full(len(c), (DAY - EPOCH).days)
        mean = expect(market.truth, c, p, days, np.True_, Terms())
        world = draw(market.truth, c, p, days, live[live], Terms(), rng)
        others = world["impressions"] - world["fan_views"]
        # Weighted so that fans and others see the same offers.
        fans_rate = world["fan_orders"].sum() / (world["fan_views"] * mean.public_conversion).sum()
        others_orders = world["orders"] - world["fan_orders"]
        others_rate = others_orders.sum() / (others * mean.public_conversion).sum()
        assert 2.0 < fans_rate / others_rate < 3.0

    def test_past_merchants_chose_by_popularity_within_the_category(self, market, log):
        people = market.truth.creators
        inside = people.category[log["creator"]] == log["category"]
        shop = [entry.scene == "shop" for entry in CATEGORIES]
        assert 0.7 < inside[np.array(shop)[log["category"]]].mean() < 0.9
        invited = np.bincount(log["creator"], minlength=3000)
        beauty = people.category == category("美妆")
        facts = pd.DataFrame({"followers": people.followers, "invited": invited})[beauty]
        assert 0.4 < facts.corr(method="spearman").iloc[0, 1] < 0.95

    def test_refunds_are_those_of_the_category(self, fulfilled):
        sold = fulfilled[fulfilled["gmv"] > 0]
        share = sold["refunded_gmv"] / sold["gmv"]
        wear = sold["category"] == category("女装")
        assert 0.50 < share[wear & (sold["channel"] == "live")].mean() < 0.60
        assert 0.30 < share[wear].mean() < 0.50
        for name, low, high in (
            ("美妆", 0.15, 0.25),
            ("鞋包", 0.15, 0.25),
            ("数码", 0.08, 0.12),
        ):
            assert low < share[sold["category"] == category(name)].mean() < high, name

    def test_commissions_are_those_of_the_category(self, market):
        goods = market.truth.products
        for name, low, high in (("美妆", 0.15, 0.20), ("保健", 0.18, 0.22), ("数码", 0.05, 0.12)):
            offered = goods.commission[goods.category == category(name)]
            assert len(offered) and (offered >= low).all() and (offered <= high).all()

    def test_answers_sales_and_returns_are_of_a_believable_size(self, log, fulfilled):
        old = log[log["invited_on"] < LONG_AGO]
        accepted = old["status"].isin(["failed", "fulfilled"])
        assert 0.30 < accepted.mean() < 0.60
        assert 0.75 < (old["status"] == "fulfilled").sum() / accepted.sum() < 0.90
        assert 1_000 < fulfilled["settled_gmv"].median() < 10_000
        assert fulfilled["settled_gmv"].mean() > 3 * fulfilled["settled_gmv"].median()
        assert (fulfilled["gmv"] == 0).mean() < 0.08

    def test_roi_differs_widely_and_followers_do_not_find_it(self, market):
        products = np.random.default_rng(0).choice(600, 60, replace=False)
        roi = true_roi(market, products)
        low, high = np.nanquantile(roi, [0.05, 0.95], axis=0)
        assert np.median(high / low) > 4 and np.median(high) < 12
        largest = np.argsort(
            -np.where(np.isnan(roi), -1, market.truth.creators.followers[:, None]), axis=0
        )
        by_followers = np.take_along_axis(roi, largest[:10], 0).mean(axis=0)
        assert np.mean(by_followers / np.nanmean(roi, axis=0)) < 0.8

    def test_about_half_of_the_best_creators_declare_another_category(self, market):
        products = np.random.default_rng(0).choice(600, 60, replace=False)
        best = np.argsort(-np.nan_to_num(true_roi(market, products)), axis=0)[:10]
        declared = market.truth.creators.category[best]
        assert 0.35 < (declared != market.truth.products.category[products]).mean() < 0.65

    def test_places_sell_to_those_nearby(self, market):
        people, goods = market.truth.creators, market.truth.products
        travelled_to = sub_figures("travel_share")[goods.sub] > 0.01
        places = np.flatnonzero((goods.city >= 0) & ~travelled_to)
        true = market.truth.outcomes(np.arange(3000)[:, None], places[None, :], DAY, "video")
        near = (people.city[:, None] == goods.city[places]) & true.works
        far = ~near & true.works
        assert np.median(true.gmv[near]) > 8 * np.median(true.gmv[far])

    def test_profiles_carry_the_words_of_what_creators_sell(self, market):
        profiles = market.tables["creators"]["profile_text"]
        declared = market.tables["creators"]["category"]
        pairs = zip(profiles.dropna(), declared[profiles.notna()], strict=True)
        assert all(word in profile for profile, word in pairs)
        titles = market.tables["products"][["title", "category"]]
        sub = {s.name: s.nouns for entry in CATEGORIES for s in entry.subs}
        for title, path in titles.itertuples(index=False):
            assert any(noun in title for noun in sub[path.split("/")[1]])


class TestSample:
    def test_it_is_a_small_clean_catalog_without_its_truth(self, sample):
        config = MarketConfig()
        assert sample.warnings == ()
        assert len(sample.creators) == config.creators
        assert len(sample.products) == config.products
        assert len(sample.collaborations) == config.collaborations
        assert sum(file.stat().st_size for file in SAMPLE.iterdir()) < 3_000_000
        assert not (SAMPLE / "truth").exists()

    def test_its_page_describes_every_column(self):
        assert data_dictionary() in (SAMPLE / "README.md").read_text(encoding="utf-8")
