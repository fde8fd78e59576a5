"""Who watches a creator: fans and passers, how many, what sort of people, how near the goods."""

from __future__ import annotations

import numpy as np

from training.second.actors import Actors, logistic, logit
from training.second.goods import kind_figures
from training.second.stocks import State

NO_INTEREST = 0.04  # of those far from the goods' place on the map
LIVE_TRAFFIC_SHIFT = 1.0  # a year, on the logit of the videos' share


def years_before(actors: Actors, day: np.ndarray) -> np.ndarray:
    """Return how long before (negative) or after the last day; drift ends a year after it."""
    return np.minimum((np.asarray(day) - actors.last_day) / 365.25, 1.0)


def traffic(actors: Actors, day: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Return how many passers the platform sends to live sessions or videos; 1 if even."""
    videos = logistic(0.7 + LIVE_TRAFFIC_SHIFT * years_before(actors, day))
    return 2 * np.where(live, 1 - videos, videos)


def crowd(
    actors: Actors, creators: np.ndarray, day: np.ndarray, live: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fans and the passers that a session or a video usually reaches."""
    people = actors.creators
    grown = np.exp(people.growth[creators] * years_before(actors, day))
    real = people.followers[creators] * (1 - people.bought_share[creators]) * grown
    fans = np.where(live, 0.22, 0.45) * real**0.8 * people.activity[creators]
    buzz = np.where(live, 3 * people.live_buzz[creators], 11 * people.video_buzz[creators])
    return fans, buzz * real**0.55 * traffic(actors, day, live)


def trust_of(actors: Actors, state: State, creators: np.ndarray) -> np.ndarray:
    """Return the trust of the fans, from -1 to 1."""
    return np.tanh(actors.creators.trust[creators] + state.trust[creators])


def audience(
    actors: Actors, creators: np.ndarray, day: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray, np.ndarray]:
    """Return the fans' shares that are female, of each age, in first-tier cities, and lavish."""
    people, years = actors.creators, years_before(actors, day)
    drift = people.drift[creators]

    def moved(name: str, axis: int) -> np.ndarray:
        return logistic(logit(getattr(people, name)[creators]) + drift[..., axis] * years)

    ages = people.ages[creators]
    # Audiences grow older or younger: the young's weight moves against the old's.
    weight = [ages[..., k] * np.exp((k - 1) * drift[..., 1] * years) for k in range(3)]
    total = weight[0] + weight[1] + weight[2]
    return moved("female", 0), [w / total for w in weight], moved("tier1", 2), moved("lavish", 3)


def interest(actors: Actors, creators: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Fall with the distance on the map to nothing at the width of the creator's audience."""
    here, there = actors.creators.place[creators], actors.products.place[products]
    across, along = (here[..., k] - there[..., k] for k in (0, 1))
    near = 1 - (across**2 + along**2) / actors.creators.width[creators] ** 2
    return np.maximum(near, NO_INTEREST)


def nearby(actors: Actors, creators: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return the share of the crowd to whom the offer is of use: places need people nearby."""
    city = actors.products.city[products]
    same = actors.creators.city[creators] == city
    travel = kind_figures("travel_share")[actors.products.kind[products]]
    local = np.maximum(actors.creators.local_share[creators], travel)
    return np.where(city < 0, 1.0, np.where(same, local, travel))
