"""How the market works: what a collaboration of any creator with any product is expected to bring.

- Viewers are fans and the public; the platform shows the public more of what suits it. Views grow
  less than in proportion to followers, and bought followers see nothing.
- A viewer's chance to order grows with the creator's skill, the product's appeal, how well they
  fit (declared category, talents, taste), and how well audience and buyers agree; it falls with
  price, and it saturates. Fans order two to three times as often.
- The share refunded follows category, channel, creator, product and price.
- Creators accept for commission, fees, fit and a good merchant, when they are not busy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.market.actors import (
    STYLE_COUNT,
    TALENT_COUNT,
    Actors,
    Creators,
    Products,
    logistic,
    newcomer_rise,
)
from training.market.categories import demand_by_day, festival_by_day, figures, sub_figures

VIEWS_PER_FOLLOWERS = 0.62  # elasticity
LIVE_EXPOSURE = 0.75  # share of a session's viewers who see one product's slot
MOST_CONVERSION = 0.15  # of an average viewer, however good the match
BASE_PRICE = 60.0  # yuan, at which the categories' conversions hold
LOCAL_AUDIENCE = 0.15  # share of an audience nearby at which the local conversions hold
UNITS_PER_ORDER = 1.12
ADS_CPM = 40.0  # yuan per thousand viewers
ADS_CONVERSION = 0.6  # of such a viewer, by that of the public

CATEGORY_FIT, SUB_FIT = 0.55, 0.45  # what declared goods add to the fit
FIT_ON_CONVERSION, FIT_ON_VIEWS = 0.60, 0.25  # on the log, per unit of fit
FIT_ON_ACCEPT, FIT_ON_FULFIL, FIT_ON_REFUND = 0.55, 0.30, -0.12  # on the logit


@dataclass(frozen=True)
class Terms:
    """What is offered: arrays or numbers that broadcast with the pairs.

    None or NaN stands for the product's commission and the creator's asked fee.
    """

    commission_rate: np.ndarray | float | None = None
    slot_fee: np.ndarray | float | None = None
    ads_cost: np.ndarray | float = 0.0
    subsidy_rate: np.ndarray | float = 0.0


@dataclass(frozen=True)
class Expected:
    """Expectations of one pair before the luck is drawn or integrated out."""

    works: np.ndarray
    accept: np.ndarray
    fulfil: np.ndarray
    fan_views: np.ndarray
    public_views: np.ndarray
    ads_views: np.ndarray
    fan_conversion: np.ndarray
    public_conversion: np.ndarray
    unit_value: np.ndarray  # gmv per order
    refund_share: np.ndarray
    unit_return_cost: np.ndarray

    @property
    def orders(self) -> np.ndarray:
        """Orders of fans, of the public, and of those whom ads brought."""
        public = self.public_views + ADS_CONVERSION * self.ads_views
        return self.fan_views * self.fan_conversion + public * self.public_conversion


def follower_growth(
    creators: Creators, rows: np.ndarray, days: np.ndarray, last_day: int
) -> np.ndarray:
    """Return followers on these days over `Creators.followers`: a trend and a newcomer's rise."""
    trend = np.exp(creators.growth[rows] * (days - last_day) / 7)
    return trend * newcomer_rise(days - creators.joined[rows])


def fit(actors: Actors, c: np.ndarray, p: np.ndarray) -> np.ndarray:
    """How well creators suit products: declared goods, talents beyond them, and common taste."""
    creators, products = actors.creators, actors.products
    sub = products.sub[p]
    total = CATEGORY_FIT * (creators.category[c] == products.category[p])
    total = total + SUB_FIT * (creators.sub[c] == sub)
    for k in range(TALENT_COUNT):
        total += creators.talent_strength[:, k][c] * (creators.talents[:, k][c] == sub)
    for k in range(STYLE_COUNT):
        total += creators.taste[:, k][c] * products.taste[:, k][p]
    return total


def expect(
    actors: Actors, c: np.ndarray, p: np.ndarray, days: np.ndarray, live: np.ndarray, offer: Terms
) -> Expected:
    """Evaluate the mechanisms for pairs; every argument broadcasts with every other."""
    creators, products = actors.creators, actors.products
    day_of_year = _day_of_year(days)
    suits = fit(actors, c, p)
    category = products.category[p]

    asked = np.where(live, creators.live_fee[c], creators.video_fee[c])
    commission = _or_default(offer.commission_rate, products.commission[p])
    fee = _or_default(offer.slot_fee, np.nan_to_num(asked))
    usual = figures("commission").mean(axis=1)[category]
    sweetness = np.log(np.maximum(commission, 0.001) * (1 + np.asarray(offer.subsidy_rate)) / usual)

    reach = np.where(live, creators.live_reach[c], creators.video_reach[c])
    views = (
        np.exp(reach) * follower_growth(creators, c, days, actors.last_day) ** VIEWS_PER_FOLLOWERS
    )
    # A creator who earns more on a product shows it longer.
    views = views * np.where(live, LIVE_EXPOSURE, 1.0) * np.exp(0.15 * np.clip(sweetness, -1, 1))
    fan_share = np.where(live, creators.live_fan_share[c], creators.video_fan_share[c])

    conversion = _conversion(actors, c, p, live, suits)
    conversion = conversion * demand_by_day()[category, day_of_year]
    public_conversion = MOST_CONVERSION * conversion / (MOST_CONVERSION + conversion)

    accept = _accept_logit(actors, c, p, suits, sweetness, commission, asked, fee, day_of_year)
    fulfil = (
        1.25
        + creators.reliability[c]
        + FIT_ON_FULFIL * suits
        + 0.4 * (fee > 0)
        + 0.3 * sweetness
        - 1.2 * (creators.busyness[c] - 0.45)
    )
    price = products.price[p]
    refund = np.where(live, figures("refund_live")[category], figures("refund_video")[category])
    typical = sub_figures("price")[products.sub[p]]
    refund_logit = (
        np.log(refund / (1 - refund))
        + creators.refund_lean[c]
        + products.refund_lean[p]
        + FIT_ON_REFUND * (suits - 0.7)
        + 0.20 * np.log(price / typical)
    )
    return Expected(
        works=np.broadcast_to(~np.isnan(reach), suits.shape),
        accept=logistic(accept),
        fulfil=logistic(fulfil),
        fan_views=views * fan_share,
        public_views=views * (1 - fan_share) * np.exp(FIT_ON_VIEWS * suits),
        ads_views=1000 * np.asarray(offer.ads_cost) / ADS_CPM,
        fan_conversion=creators.fan_lift[c] * public_conversion,
        public_conversion=public_conversion,
        unit_value=price * UNITS_PER_ORDER,
        refund_share=logistic(refund_logit),
        unit_return_cost=products.return_cost[p],
    )


def _or_default(value: np.ndarray | float | None, default: np.ndarray) -> np.ndarray:
    if value is None:
        return default
    return np.where(np.isnan(value), default, value)


def _day_of_year(days: np.ndarray) -> np.ndarray:
    stamps = np.asarray(days).astype("datetime64[D]")
    return (stamps - stamps.astype("datetime64[Y]")).astype(int) + 1


def _conversion(
    actors: Actors, c: np.ndarray, p: np.ndarray, live: np.ndarray, suits: np.ndarray
) -> np.ndarray:
    """Orders per public viewer before saturation and season."""
    creators, products = actors.creators, actors.products
    category = products.category[p]
    base = figures("conversion")[category]
    base = base * np.where(live, figures("live_lift")[category], 1.0)
    log_price = np.log(products.price[p] / BASE_PRICE)
    push = (
        creators.skill[c]
        + products.appeal[p]
        + FIT_ON_CONVERSION * suits
        - creators.price_slope[c] * log_price
    )
    women, buyers = creators.audience_female[c], products.buyer_female[p]
    gender = 2 * (women * buyers + (1 - women) * (1 - buyers))
    age = 3 * sum(creators.audience_age[:, k][c] * products.buyer_age[:, k][p] for k in range(3))
    return base * np.exp(push) * gender * age * _nearby(creators, products, c, p)


def _nearby(creators: Creators, products: Products, c: np.ndarray, p: np.ndarray) -> np.ndarray:
    """A place sells to those who live around it, and to the few who travel."""
    city, local_share = products.city[p], creators.local_share[c]
    travellers = sub_figures("travel_share")[products.sub[p]] * (1 - local_share)
    there = np.where(creators.city[c] == city, local_share, travellers)
    return np.where(city >= 0, there / LOCAL_AUDIENCE, 1.0)


def _accept_logit(
    actors: Actors,
    c: np.ndarray,
    p: np.ndarray,
    suits: np.ndarray,
    sweetness: np.ndarray,
    commission: np.ndarray,
    asked: np.ndarray,
    fee: np.ndarray,
    day_of_year: np.ndarray,
) -> np.ndarray:
    creators, products = actors.creators, actors.products
    asked = np.nan_to_num(asked)
    return (
        -0.60
        + creators.eagerness[c]
        + FIT_ON_ACCEPT * suits
        + 1.8 * sweetness
        + 2.2 * np.tanh((fee - asked) / (asked + 300))
        - 3.0 * (commission < creators.min_commission[c] - 1e-9)
        + 0.8 * (products.rating[p] - 4.55)
        + 0.25 * products.appeal[p]
        - 1.5 * (creators.busyness[c] - 0.45)
        - 0.5 * festival_by_day()[day_of_year]
    )
