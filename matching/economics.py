"""From predicted outcomes and the terms of a deal to ROI, profit and fees: pure functions.

All money is in the catalog's currency, all rates are fractions. Arrays broadcast; unknown is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.errors import OptionError

Array = npt.NDArray[np.float64]

OBJECTIVES = ("roi", "gmv", "profit")
_RATES = ("commission_rate", "service_fee_rate", "subsidy_rate")


@dataclass(frozen=True)
class Terms:
    """Terms that a request tries instead of the known ones; None keeps what is known.

    Rates are fractions in [0, 1]. `subsidy_rate` is the share of the commission that the platform
    pays: 1 means that it bears as much as the whole commission.
    """

    commission_rate: float | None = None
    service_fee_rate: float | None = None
    slot_fee: float | None = None
    sample_cost: float | None = None
    handling_cost: float | None = None
    ads_cost: float | None = None
    subsidy_rate: float | None = None

    def check(self) -> Terms:
        """Return self; raise OptionError that names the first term that cannot be."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if not np.isfinite(value) or value < 0:
                raise OptionError(f"terms.{field.name}", f"must be 0 or more, not {value}")
            if field.name in _RATES and value > 1:
                raise OptionError(
                    f"terms.{field.name}",
                    f"is a fraction between 0 and 1, not {value}: 0.25 is 25 %",
                )
        return self

    def given(self) -> dict[str, float]:
        """Return the terms that are not None, by name."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None}


@dataclass(frozen=True)
class Deal:
    """What a collaboration costs, one value (or one array element) a pair.

    `return_cost_rate` is the expected cost of returned goods per unit of settled sales;
    `margin_rate` is NaN where the merchant did not give it.
    """

    commission_rate: Any
    service_fee_rate: Any
    slot_fee: Any
    sample_cost: Any
    handling_cost: Any = 0.0
    ads_cost: Any = 0.0
    return_cost_rate: Any = 0.0
    subsidy_rate: Any = 0.0
    margin_rate: Any = float("nan")

    def __getitem__(self, rows: Any) -> Deal:
        """Return the deals of some rows; what is the same for all stays one value."""
        of_rows = {
            field.name: value[rows]
            for field in fields(self)
            if np.size(value := getattr(self, field.name)) > 1
        }
        return replace(self, **of_rows)

    @property
    def sales_rate(self) -> Array:
        """Cost that grows with settled sales, per unit of them."""
        return np.asarray(
            self.commission_rate * (1.0 - self.subsidy_rate)
            + self.service_fee_rate
            + self.return_cost_rate,
            dtype=np.float64,
        )

    @property
    def is_degenerate(self) -> npt.NDArray[np.bool_]:
        """Whether nothing is fixed, so that ROI is the same whoever the creator is."""
        fixed = np.asarray(self.slot_fee) + self.sample_cost + self.handling_cost + self.ads_cost
        return np.asarray((fixed == 0) & (np.asarray(self.return_cost_rate) == 0))


def published_cost(deal: Deal, settled_gmv: Any) -> Array:
    """Return the cost of a published collaboration that settled at `settled_gmv`."""
    fixed = deal.slot_fee + deal.sample_cost + deal.handling_cost + deal.ads_cost
    return np.asarray(fixed + deal.sales_rate * settled_gmv, dtype=np.float64)


def expected_cost(deal: Deal, fulfil_probability: Any, published_gmv: Any) -> Array:
    """Return E[C] of an accepted invitation; `published_gmv` is E[S | fulfilled].

    The sample and the handling are spent whether or not the creator publishes.
    """
    on_publication = deal.slot_fee + deal.ads_cost + deal.sales_rate * published_gmv
    return np.asarray(
        deal.sample_cost + deal.handling_cost + fulfil_probability * on_publication,
        dtype=np.float64,
    )


def commission_roi(settled_gmv: Any, cost: Any) -> Array:
    """Return settled sales per unit of cost; NaN where the cost is not positive."""
    settled_gmv, cost = np.broadcast_arrays(
        np.asarray(settled_gmv, dtype=np.float64), np.asarray(cost, dtype=np.float64)
    )
    roi = np.full(settled_gmv.shape, np.nan)
    np.divide(settled_gmv, cost, out=roi, where=cost > 0)
    return roi


def profit(deal: Deal, settled_gmv: Any, cost: Any) -> Array:
    """Return the merchant's profit; NaN where the margin is unknown."""
    return np.asarray(settled_gmv * deal.margin_rate - cost, dtype=np.float64)


def break_even_slot_fee(deal: Deal, fulfil_probability: Any, published_gmv: Any) -> Array:
    """Return the slot fee at which the expected profit is 0; NaN where the margin is unknown.

    A negative fee says that the deal loses money even without one.
    """
    fulfil = np.asarray(fulfil_probability, dtype=np.float64)
    spent = np.asarray(deal.sample_cost + deal.handling_cost, dtype=np.float64)
    gained = (deal.margin_rate - deal.sales_rate) * published_gmv - deal.ads_cost
    fee = np.full(np.broadcast(gained, fulfil, spent).shape, np.nan)
    np.divide(spent, fulfil, out=fee, where=fulfil > 0)
    return np.asarray(gained - fee, dtype=np.float64)


def three_digits(values: Any) -> Array:
    """Round to three significant digits, the precision at which ROI is compared."""
    values = np.asarray(values, dtype=np.float64)
    rounded: Array = values.copy()
    usable = np.isfinite(values) & (values != 0)
    size = 10.0 ** (2 - np.floor(np.log10(np.abs(values[usable]))))
    rounded[usable] = np.round(values[usable] * size) / size
    return rounded
