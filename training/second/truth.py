"""The truth of the second market. Luck is integrated out in closed form, so it is exact."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from types import EllipsisType
from typing import Self

import numpy as np

from matching.columns import CHANNELS
from training.market.truth import EPOCH, TrueOutcomes
from training.second.actors import Actors, Creators, Products
from training.second.demand import Offer
from training.second.expect import Expected, expect
from training.second.goods import CATEGORIES, figures
from training.second.stocks import Past, State, week_of

FORMAT = 1
MARKET = "second"
BLOCK = 60_000  # pairs at once: their arrays stay in the cache


@dataclass(frozen=True)
class Truth(Actors):
    """The hidden facts. Rows are creators and products in the order of their ids.

    Trust, tiredness and promises are those at the start of the week of the day that is asked for,
    of what the log had added in earlier weeks (see `stocks`); after the last day they only fade.
    """

    past: Past

    def state(self, week: int) -> State:
        """Return what the past has left at the start of a week."""
        return State.of(self.past, week, len(self.creators.category), len(CATEGORIES))

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

        The same parameters and answer as `training.market.truth.Truth.outcomes`.

        Raises
        ------
        ValueError
            If the channel is neither live nor video.

        """
        if channel not in CHANNELS:
            raise ValueError(f"channel: {channel!r} is not one of live, video")
        days = (day - EPOCH).days
        state, live = self.state(int(week_of(days))), np.asarray(channel == "live")
        terms = [None if t is None else np.asarray(t) for t in (commission_rate, slot_fee)]
        creators, products = np.asarray(creators), np.asarray(products)
        given = [creators, products, *(t for t in terms if t is not None)]
        shape = np.broadcast_shapes(*(array.shape for array in given))
        found = np.empty((len(fields(Expected)), *shape))
        for rows in _blocks(shape):
            c, p, *offer = (
                None if array is None else _part(array, rows, len(shape))
                for array in (creators, products, *terms)
            )
            mean = expect(self, state, c, p, np.asarray(days), live, Offer(*offer))
            for number, field in enumerate(fields(Expected)):
                found[number, rows] = getattr(mean, field.name)
        return self._given_works(Expected(*found), products)

    def _given_works(self, mean: Expected, products: np.ndarray) -> TrueOutcomes:
        works = mean.works > 0
        gmv, refunded = np.where(works, mean.gmv, 0.0), np.where(works, mean.refunded, 0.0)
        return TrueOutcomes(
            accept_probability=np.where(works, mean.accept, 0.0),
            fulfil_probability=mean.fulfil,
            settled_gmv=gmv - refunded,
            gmv=gmv,
            refunded_gmv=refunded,
            return_cost=refunded * self.return_rate(products),
            works=works,
        )

    def return_rate(self, products: np.ndarray) -> np.ndarray:
        """Return what a refunded yuan costs the merchant: parcels, and what is worn."""
        category = self.products.category[products]
        parcels = figures("parcel_cost")[category] / self.products.price[products]
        return parcels + figures("wear_share")[category]

    def save(self, folder: Path) -> None:
        """Write one .npy file per fact and truth.json, nothing that executes."""
        for name, facts in self._parts().items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for fact, values in facts.items():
                np.save(folder / name / f"{fact}.npy", values)
        numbers = {
            "market": MARKET,
            "format": FORMAT,
            "first_week": self.first_week,
            "last_day": self.last_day,
        }
        (folder / "truth.json").write_text(json.dumps(numbers) + "\n", encoding="utf-8")

    def _parts(self) -> dict[str, dict[str, np.ndarray]]:
        parts = {name: vars(getattr(self, name)) for name in ("creators", "products")}
        stocks = {field.name: getattr(self.past, field.name) for field in fields(Past)}
        return parts | {
            "tastes": {"tastes": self.tastes},
            **{
                name: {fact: getattr(stock, fact) for fact in ("key", "week", "amount")}
                for name, stock in stocks.items()
            },
        }

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the folder was written for another market or another version of this one.

        """
        facts = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        if (facts.get("market"), facts["format"]) != (MARKET, FORMAT):
            raise ValueError(
                f"{folder}: not the truth of the second market in format {FORMAT}; "
                "simulate the market again"
            )

        def read(name: str, fact: str) -> np.ndarray:
            return np.load(folder / name / f"{fact}.npy")

        def actors(kind: type) -> dict[str, np.ndarray]:
            return {f.name: read(kind.__name__.lower(), f.name) for f in fields(kind)}

        empty = Past.none()
        stocks = {
            field.name: replace(
                getattr(empty, field.name),
                **{fact: read(field.name, fact) for fact in ("key", "week", "amount")},
            )
            for field in fields(Past)
        }
        return cls(
            Creators(**actors(Creators)),
            Products(**actors(Products)),
            read("tastes", "tastes"),
            facts["first_week"],
            facts["last_day"],
            Past(**stocks),
        )


def _blocks(shape: tuple[int, ...]) -> list[slice | EllipsisType]:
    """Cut the first axis so that a block has about `BLOCK` pairs."""
    if not shape:
        return [...]
    row = max(int(np.prod(shape[1:])), 1)
    step = max(BLOCK // row, 1)
    return [slice(first, first + step) for first in range(0, shape[0], step)]


def _part(array: np.ndarray, rows: slice | EllipsisType, axes: int) -> np.ndarray:
    """Return an array's part of a block; what broadcasts along the first axis is whole."""
    whole = array.ndim < axes or not axes or array.shape[0] == 1
    return array if whole else array[rows]
