"""What exports show of the second market: the contract's tables, with noise, rounding and gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.market import text
from training.market.tables import MOST_STATS_ROWS, dates, gaps, money, names, rates
from training.second import words
from training.second.actors import Merchants, Products
from training.second.crowd import crowd, trust_of
from training.second.goods import CATEGORIES, CATEGORY_OF_KIND, CITIES, KINDS
from training.second.play import ACCEPTED, DECLINED, FAILED, FULFILLED, INVITED, Played
from training.second.stocks import MONDAY, week_of
from training.second.truth import Truth

STATUS = ("invited", "declined", "accepted", "failed", "fulfilled")
_GOODS = tuple(category.name for category in CATEGORIES)
_PATHS = tuple(f"{_GOODS[c]}/{kind.name}" for c, kind in zip(CATEGORY_OF_KIND, KINDS, strict=True))


def creators_table(truth: Truth, kinds: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """What is public about creators on the last day; `kinds` (kinds, 2) are places on the map."""
    people = truth.creators
    n = len(people.category)

    def seen(values: np.ndarray, missing_share: float = 0.04) -> np.ndarray:
        return np.where(gaps(n, missing_share, rng), values, np.nan)

    def blurred(share: np.ndarray) -> np.ndarray:
        return rates(seen(share + 0.02 * rng.standard_normal(n)))

    trust = trust_of(truth, truth.state(int(week_of(truth.last_day))), np.arange(n))
    service = 4.2 + 0.35 * trust + 1.2 * (people.reliability - 0.88)
    service = service + 0.2 * rng.standard_normal(n)
    told = gaps(n, 0.04, rng)  # ages are published together or not at all
    ages = {
        name: np.where(told, np.floor(people.ages[:, k] * 1000) / 1000, np.nan)
        for k, name in enumerate(("audience_18_24", "audience_25_34", "audience_35_plus"))
    }
    mcn = text.ids("mcn", int(people.mcn.max()) + 1 if (people.mcn >= 0).any() else 1, 4)
    return pd.DataFrame(
        {
            "creator_id": names(text.ids("c", n, 7)),
            "name": names(words.creator_names(people, rng)),
            "profile_text": names(
                text.where(gaps(n, 0.03, rng), words.profiles(people, kinds, rng))
            ),
            "category": names(text.take(_GOODS, people.category)),
            "city": names(text.where(gaps(n, 0.03, rng), text.take(CITIES, people.city))),
            "mcn_id": names(text.where(people.mcn >= 0, mcn.take(np.maximum(people.mcn, 0)))),
            "joined_on": dates(people.joined, gaps(n, 0.01, rng)),
            "live_slot_fee": people.live_fee,
            "video_slot_fee": people.video_fee,
            "min_commission_rate": seen(people.min_commission),
            "weekly_capacity": seen(people.capacity.astype(float), 0.10),
            "opted_out": people.opted_out,
            "reputation": np.round(np.clip(seen(service), 1, 5), 1),
            "audience_female": blurred(people.female),
            **ages,
            "audience_tier1": blurred(people.tier1),
        }
    )


def merchants_table(
    merchants: Merchants, brand: text.Column, rng: np.random.Generator
) -> pd.DataFrame:
    """What is public about merchants."""
    n = len(merchants.category)
    rating = 4.4 + 0.5 * merchants.quality + 0.15 * rng.standard_normal(n)
    return pd.DataFrame(
        {
            "merchant_id": names(text.ids("m", n, 4)),
            "name": names(words.merchant_names(merchants, brand, rng)),
            "city": names(text.take(CITIES, merchants.city)),
            "rating": np.round(np.where(gaps(n, 0.03, rng), np.clip(rating, 1, 5), np.nan), 2),
        }
    )


def products_table(
    products: Products, merchants: Merchants, brand: text.Column, rng: np.random.Generator
) -> pd.DataFrame:
    """What merchants enter about their products; never their quality."""
    n = len(products.category)

    def seen(values: np.ndarray, missing_share: float = 0.04) -> np.ndarray:
        return np.where(gaps(n, missing_share, rng), values, np.nan)

    own = text.where(gaps(n, 0.25, rng), brand.take(products.merchant))
    noun = words.nouns(products.kind, rng)
    scenes = tuple(category.scene for category in CATEGORIES)
    owner = text.ids("m", len(merchants.category), 4).take(products.merchant)
    buyers = seen(products.female + 0.03 * rng.standard_normal(n), 0.12)
    return pd.DataFrame(
        {
            "product_id": names(text.ids("p", n, 6)),
            "merchant_id": names(owner),
            "title": names(words.titles(products, own, noun, rng)),
            "category": names(text.take(_PATHS, products.kind)),
            "price": products.price,
            "commission_rate": products.commission,
            "description": names(
                text.where(gaps(n, 0.12, rng), words.descriptions(products, noun, rng))
            ),
            "brand": names(own),
            "margin_rate": seen(products.margin, 0.08),
            "service_fee_rate": products.service_fee,
            "sample_cost": seen(products.sample_cost),
            "scene": names(text.take(scenes, products.category)),
            "city": names(text.take(CITIES, products.city)),
            "listed_on": dates(products.listed),
            "buyer_female": np.round(np.clip(buyers, 0, 1), 2),
        }
    )


def stats_table(truth: Truth, first_day: int, rng: np.random.Generator) -> pd.DataFrame:
    """Weekly statistics of everybody who had joined; every other week where they are too many."""
    n = len(truth.creators.category)
    last = truth.last_day - (truth.last_day + MONDAY) % 7
    mondays = np.arange(last, first_day - 7, -7)
    mondays = mondays[:: -(-len(mondays) * n // MOST_STATS_ROWS)][::-1]
    keen = np.exp(0.25 * rng.standard_normal(n))
    parts = [_week(truth, int(monday), keen, rng) for monday in mondays]
    stats = pd.concat(parts, ignore_index=True)
    ids = names(text.ids("c", n, 7).take(stats.pop("creator").to_numpy()))
    stats.insert(0, "creator_id", ids)
    return stats


def _week(truth: Truth, monday: int, keen: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    people = truth.creators
    rows = np.flatnonzero(people.joined < monday)
    day = np.asarray(monday - 4)  # the middle of the seven days before
    trust = trust_of(truth, truth.state(int(week_of(monday))), rows)
    grown = np.exp(people.growth[rows] * (day - truth.last_day) / 365.25)
    followers = people.followers[rows] * grown
    real = followers * (1 - people.bought_share[rows])

    def watched(live: bool, spread: float) -> np.ndarray:
        fans, passers = crowd(truth, rows, day, np.asarray(live))
        luck = np.exp(spread * rng.standard_normal(len(rows)))
        works = people.goes_live if live else people.makes_videos
        return np.where(works[rows], (fans + passers) * luck, np.nan)

    free = 1 - people.outside[rows] / (people.capacity[rows] + 1)
    liked = 0.03 * keen[rows] * (1 - 0.6 * people.bought_share[rows]) * (1 + 0.4 * trust)
    return pd.DataFrame(
        {
            "creator": rows,
            "week": dates(np.full(len(rows), monday)),
            "follower_count": _three_digits(followers),
            "fan_group_size": _three_digits(0.03 * real * people.activity[rows] * (1.2 + trust)),
            "live_viewers": _three_digits(watched(True, 0.2)),
            "video_views": _three_digits(watched(False, 0.35)),
            "engagement_rate": np.round(
                np.clip(liked * np.exp(0.15 * rng.standard_normal(len(rows))), 0, 1), 4
            ),
            "live_sessions": people.goes_live[rows] * rng.poisson(1 + 5 * (1 - free)) * 1.0,
            "videos": people.makes_videos[rows] * rng.poisson(1 + 6 * (1 - free)) * 1.0,
        }
    )


def _three_digits(values: np.ndarray) -> np.ndarray:
    """Round as public pages show counts; NaN stays."""
    unit = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(values, 1))) - 2, 0)
    return np.rint(values / unit) * unit


def collaborations_table(truth: Truth, played: Played, rng: np.random.Generator) -> pd.DataFrame:
    """The log as it is known on the last day."""
    n, last = len(played.creator), truth.last_day
    goods, c, p, world = truth.products, played.creator, played.product, played.world
    status = played.status.copy()
    status[(played.settled > last) & (status >= FAILED)] = ACCEPTED
    status[played.responded > last] = INVITED
    done = status == FULFILLED

    def known(name: str, missing_share: float = 0.0) -> np.ndarray:
        return np.where(done & gaps(n, missing_share, rng), world[name], np.nan)

    gmv = money(known("gmv"))
    subsidy = played.offer.subsidy_rate * played.offer.commission_rate
    subsidy = subsidy * (world["gmv"] - world["refunded_gmv"])
    trust = trust_of(truth, truth.state(int(week_of(last))), c)
    repeat = rng.binomial(world["orders"], 0.12 + 0.08 * trust)
    samples = np.where((status >= ACCEPTED) & gaps(n, 0.04, rng), goods.sample_cost[p], np.nan)
    return pd.DataFrame(
        {
            "collaboration_id": names(text.ids("k", n, 8)),
            "creator_id": names(text.ids("c", len(truth.creators.category), 7).take(c)),
            "product_id": names(text.ids("p", len(goods.category), 6).take(p)),
            "invited_on": dates(played.day),
            "status": names(text.take(STATUS, status)),
            "responded_on": dates(played.responded, status >= DECLINED),
            "published_on": dates(played.published, done),
            "settled_on": dates(played.settled, status >= FAILED),
            "gmv": gmv,
            "channel": names(text.take(("video", "live"), played.live.astype(int))),
            "commission_rate": rates(played.offer.commission_rate),
            "service_fee_rate": goods.service_fee[p],
            "slot_fee": money(played.offer.slot_fee),
            "sample_cost": money(samples),
            "ads_cost": money(np.where(done, played.offer.ads_cost, np.nan)),
            "subsidy": money(np.where(done, subsidy, np.nan)),
            "return_cost": money(known("return_cost", 0.04)),
            "impressions": known("impressions", 0.03),
            "clicks": known("clicks", 0.03),
            "orders": known("orders"),
            "refunded_gmv": np.minimum(money(known("refunded_gmv", 0.02)), gmv),
            "fan_gmv": np.minimum(money(known("fan_gmv", 0.05)), gmv),
            "repeat_orders": np.where(done & gaps(n, 0.05, rng), repeat, np.nan),
            "content_text": names(
                text.where(done & gaps(n, 0.05, rng), words.posts(goods.kind[p], played.live, rng))
            ),
        }
    )
