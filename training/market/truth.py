"""What a collaboration of any creator with any product is really worth, and draws of its luck.

One set of mechanisms serves both: `Truth.outcomes` returns expected values, `draw` returns one
world. All luck has mean one and enters orders linearly, so the expectations are exact.

- Viewers are fans and the public; the platform shows the public more of what suits it. Views grow
  less than in proportion to followers, and bought followers see nothing.
- A viewer's chance to order grows with the creator's skill, the product's appeal, how well they
  fit (declared category, talents, taste), and how well audience and buyers agree; it falls with
  price, and it saturates. Fans order two to three times as often.
- The share refunded follows category, channel, creator, product and price.
- Creators accept for commission, fees, fit and a good merchant, when they are not busy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np

from training.market.actors import (
    STYLE_COUNT,
    TALENT_COUNT,
    Creators,
    Products,
    logistic,
    newcomer_rise,
)
from training.market.categories import (
    demand_by_day,
    festival_by_day,
    figures,
    sub_figures,
)

FORMAT = 1
EPOCH = date(1970, 1, 1)

VIEWS_PER_FOLLOWERS = 0.62  # elasticity
LIVE_EXPOSURE = 0.75  # share of a session's viewers who see one product's slot
MOST_CONVERSION = 0.15  # of an average viewer, however good the match
BASE_PRICE = 60.0  # yuan, at which the categories' conversions hold
LOCAL_AUDIENCE = 0.15  # share of an audience nearby at which the local conversions hold
UNITS_PER_ORDER = 1.12
ADS_CPM = 40.0  # yuan per thousand viewers
ADS_CONVERSION = 0.6  # of such a viewer, by that of the public

CATEGORY_FIT, SUB_FIT = 0.55, 0.45
FIT_ON_CONVERSION, FIT_ON_VIEWS, FIT_ON_ACCEPT, FIT_ON_FULFIL, FIT_ON_REFUND = (
    0.6,
    0.25,
    0.55,
    0.3,
    -0.12,
)

VIEW_LUCK = {"live": 0.50, "video": 0.85}  # standard deviation of log views
VIRAL_CHANCE, VIRAL_LIFT = 0.03, 6.0  # of a video
BUY_LUCK, UNIT_LUCK = 0.35, 0.10
REFUND_PRECISION = 30.0  # of the beta distribution of a collaboration's refund share


@dataclass(frozen=True)
class TrueOutcomes:
    """Expected outcomes of inviting creators for products; float64 arrays of one shape.

    Money is in yuan and given that the collaboration is fulfilled. A creator who does not work
    in the channel accepts with probability 0 and sells nothing; `works` says so.
    """

    accept_probability: np.ndarray
    fulfil_probability: np.ndarray
    settled_gmv: np.ndarray
    gmv: np.ndarray
    refunded_gmv: np.ndarray
    return_cost: np.ndarray
    works: np.ndarray


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
class _Expected:
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
        public = self.public_views + ADS_CONVERSION * self.ads_views
        return self.fan_views * self.fan_conversion + public * self.public_conversion


@dataclass(frozen=True)
class Truth:
    """The market's hidden facts. Rows are creators and products in the order of their ids."""

    creators: Creators
    products: Products
    last_day: int  # days since 1970; the day that `followers` and reaches are of

    def outcomes(
        self,
        creators: np.ndarray,
        products: np.ndarray,
        day: date,
        channel: str,
        commission_rate: np.ndarray | float | None = None,
        slot_fee: np.ndarray | float | None = None,
    ) -> TrueOutcomes:
        """Return what inviting these creators for these products on that day is expected to bring.

        Parameters
        ----------
        creators, products : int arrays that broadcast
            Row numbers in the tables sorted by id; `creators[:, None], products[None, :]` asks
            for all pairs.
        day : date of the invitation
        channel : "live" or "video"
        commission_rate, slot_fee : numbers or arrays that broadcast
            The offer; the product's commission and the creator's fee where None or NaN.

        Raises
        ------
        ValueError
            If the channel is neither.

        """
        if channel not in VIEW_LUCK:
            raise ValueError(f"channel: {channel!r} is not one of live, video")
        days = np.asarray((day - EPOCH).days)
        offer = Terms(commission_rate=commission_rate, slot_fee=slot_fee)
        mean = expect(self, creators, products, days, np.asarray(channel == "live"), offer)
        orders = np.where(mean.works, mean.orders, 0.0)
        gmv = orders * mean.unit_value
        refunded = gmv * mean.refund_share
        return TrueOutcomes(
            accept_probability=np.where(mean.works, mean.accept, 0.0),
            fulfil_probability=mean.fulfil,
            settled_gmv=gmv - refunded,
            gmv=gmv,
            refunded_gmv=refunded,
            return_cost=orders * mean.refund_share * mean.unit_return_cost,
            works=mean.works,
        )

    def save(self, folder: Path) -> None:
        """Write one .npy file per fact and truth.json, nothing that executes."""
        for name in ("creators", "products"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            actors = getattr(self, name)
            for field in fields(actors):
                np.save(folder / name / f"{field.name}.npy", getattr(actors, field.name))
        facts = {"format": FORMAT, "last_day": self.last_day}
        (folder / "truth.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the arrays are memory-mapped.

        Raises
        ------
        ValueError
            If the folder was written for another version of the simulator.

        """
        facts = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ValueError(
                f"{folder}: truth of format {facts['format']}, this simulator reads {FORMAT}; "
                "simulate the market again"
            )
        read = {
            kind: kind(
                **{
                    field.name: np.load(folder / name / f"{field.name}.npy", mmap_mode="r")
                    for field in fields(kind)
                }
            )
            for name, kind in (("creators", Creators), ("products", Products))
        }
        return cls(read[Creators], read[Products], facts["last_day"])


def follower_growth(
    creators: Creators, rows: np.ndarray, days: np.ndarray, last_day: int
) -> np.ndarray:
    """Return followers on these days over `Creators.followers`: a trend and a newcomer's rise."""
    trend = np.exp(creators.growth[rows] * (days - last_day) / 7)
    return trend * newcomer_rise(days - creators.joined[rows])


def fit(truth: Truth, c: np.ndarray, p: np.ndarray) -> np.ndarray:
    """How well creators suit products: declared goods, talents beyond them, and common taste."""
    creators, products = truth.creators, truth.products
    sub = products.sub[p]
    total = CATEGORY_FIT * (creators.category[c] == products.category[p])
    total = total + SUB_FIT * (creators.sub[c] == sub)
    for k in range(TALENT_COUNT):
        total += creators.talent_strength[:, k][c] * (creators.talents[:, k][c] == sub)
    for k in range(STYLE_COUNT):
        total += creators.taste[:, k][c] * products.taste[:, k][p]
    return total


def expect(
    truth: Truth, c: np.ndarray, p: np.ndarray, days: np.ndarray, live: np.ndarray, offer: Terms
) -> _Expected:
    """Evaluate the mechanisms for pairs; every argument broadcasts with every other."""
    creators, products = truth.creators, truth.products
    day_of_year = _day_of_year(days)
    suits = fit(truth, c, p)
    category = products.category[p]

    asked = np.where(live, creators.live_fee[c], creators.video_fee[c])
    commission = _or_default(offer.commission_rate, products.commission[p])
    fee = _or_default(offer.slot_fee, np.nan_to_num(asked))
    usual = figures("commission").mean(axis=1)[category]
    sweetness = np.log(np.maximum(commission, 0.001) * (1 + np.asarray(offer.subsidy_rate)) / usual)

    reach = np.where(live, creators.live_reach[c], creators.video_reach[c])
    views = (
        np.exp(reach) * follower_growth(creators, c, days, truth.last_day) ** VIEWS_PER_FOLLOWERS
    )
    # A creator who earns more on a product shows it longer.
    views = views * np.where(live, LIVE_EXPOSURE, 1.0) * np.exp(0.15 * np.clip(sweetness, -1, 1))
    fan_share = np.where(live, creators.live_fan_share[c], creators.video_fan_share[c])

    conversion = _conversion(truth, c, p, live, suits)
    conversion = conversion * demand_by_day()[category, day_of_year]
    public_conversion = MOST_CONVERSION * conversion / (MOST_CONVERSION + conversion)

    accept = _accept_logit(truth, c, p, suits, sweetness, commission, asked, fee, day_of_year)
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
    return _Expected(
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
    truth: Truth, c: np.ndarray, p: np.ndarray, live: np.ndarray, suits: np.ndarray
) -> np.ndarray:
    """Orders per public viewer before saturation and season."""
    creators, products = truth.creators, truth.products
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
    truth: Truth,
    c: np.ndarray,
    p: np.ndarray,
    suits: np.ndarray,
    sweetness: np.ndarray,
    commission: np.ndarray,
    asked: np.ndarray,
    fee: np.ndarray,
    day_of_year: np.ndarray,
) -> np.ndarray:
    creators, products = truth.creators, truth.products
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


def draw(
    truth: Truth,
    creators: np.ndarray,
    products: np.ndarray,
    days: np.ndarray,
    live: np.ndarray,
    offer: Terms,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draw one world's outcomes for pairs (1-d arrays of one length).

    Outcomes of collaborations are drawn for all rows, also for those that are not accepted; the
    log keeps them only where `accepted` and `fulfilled` hold.

    Parameters
    ----------
    days : int array, days since 1970
    live : bool array, live session (True) or video

    """
    mean = expect(truth, creators, products, days, live, offer)
    n = len(mean.accept)
    seen = _view_luck(live, rng)
    bought = _mean_one(BUY_LUCK, n, rng)
    fan_views, public_views = mean.fan_views * seen, mean.public_views * seen
    ads_views = mean.ads_views * _mean_one(0.3, n, rng)
    public = (public_views + ADS_CONVERSION * ads_views) * mean.public_conversion
    fan_orders = rng.poisson(fan_views * mean.fan_conversion * bought)
    orders = fan_orders + rng.poisson(public * bought)
    unit_value = mean.unit_value * _mean_one(UNIT_LUCK, n, rng)
    share = rng.beta(
        REFUND_PRECISION * mean.refund_share, REFUND_PRECISION * (1 - mean.refund_share)
    )
    refunded_orders = rng.binomial(orders, share)
    impressions = np.maximum(np.rint(fan_views + public_views + ads_views), orders)
    return {
        "accepted": rng.random(n) < mean.accept,
        "fulfilled": rng.random(n) < mean.fulfil,
        "impressions": impressions,
        "fan_views": fan_views,
        "clicks": np.minimum(orders + rng.poisson(0.05 * impressions), impressions),
        "orders": orders,
        "fan_orders": fan_orders,
        "gmv": orders * unit_value,
        "fan_gmv": fan_orders * unit_value,
        "refunded_gmv": refunded_orders * unit_value,
        "return_cost": refunded_orders * mean.unit_return_cost,
    }


def _mean_one(spread: float | np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Lognormal luck with mean one."""
    return np.exp(spread * rng.standard_normal(count) - np.square(spread) / 2)


def _view_luck(live: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Luck with views, mean one: heavier for videos, a few of which go viral."""
    luck = _mean_one(np.where(live, VIEW_LUCK["live"], VIEW_LUCK["video"]), len(live), rng)
    viral = np.where(rng.random(len(live)) < VIRAL_CHANCE, VIRAL_LIFT, 1.0)
    return luck * np.where(live, 1.0, viral / (1 + VIRAL_CHANCE * (VIRAL_LIFT - 1)))
