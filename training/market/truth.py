"""The truth of a simulated market: what inviting any creator for any product is really worth.

All luck has mean one and enters orders linearly, so the expectations are exact.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np

from matching.columns import CHANNELS
from training.market.actors import Actors, Creators, Products
from training.market.mechanisms import Terms, expect

FORMAT = 1
EPOCH = date(1970, 1, 1)


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
class Truth(Actors):
    """The market's hidden facts. Rows are creators and products in the order of their ids."""

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
        if channel not in CHANNELS:
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
