"""What allocation chooses from, and within which limits; both as the arrays that solve it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.errors import OptionError
from serve.capacity import FloatArray, IntArray, use_of

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """Whom each product may be offered; arrays of one length, products in rising order.

    Attributes
    ----------
    products, creators : int64
        Rows, each pair once.
    value : float64
        P(accept) · what the objective counts; not looked at by ROI.
    settled_gmv, cost : float64
        P(accept) · E[S], P(accept) · E[C].
    accept_probability : float64
    mcns : int64, -1 for none
    small : bool
        Whether the creator joined lately or has few followers.
    uncertainty : float64
        How unsure the model is of the creator; more is less sure.
    """

    products: IntArray
    creators: IntArray
    value: FloatArray
    settled_gmv: FloatArray
    cost: FloatArray
    accept_probability: FloatArray
    mcns: IntArray
    small: BoolArray
    uncertainty: FloatArray

    def __len__(self) -> int:
        return len(self.products)

    def __getitem__(self, rows: Any) -> Edges:
        """Return some of the edges."""
        return Edges(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Limits:
    """What lists have to keep.

    Attributes
    ----------
    k : places a product
    capacity : float64 (creators,)
        Collaborations that each creator can still take on; NaN or infinite is unlimited.
    per_mcn : places of a list for creators of one MCN, None for all
    chance : P(acceptances > capacity) is at most this for each creator
    min_share : least share of the places that are given which goes to small creators
    explore : share of the places for creators of whom the model is unsure
    min_settled_gmv : by ROI only: what the lists must bring, None for half of what can be reached
    """

    k: int
    capacity: FloatArray
    per_mcn: int | None = None
    chance: float = 0.05
    min_share: float = 0.0
    explore: float = 0.0
    min_settled_gmv: float | None = None

    def check(self) -> Limits:
        """Return self; OptionError names the first limit that cannot be."""
        if self.per_mcn is not None and self.per_mcn < 1:
            raise OptionError("per-mcn", f"must be 1 or more, not {self.per_mcn}")
        for name in ("min_share", "explore"):
            share = getattr(self, name)
            if not 0.0 <= share < 1.0:
                raise OptionError(
                    name.replace("_", "-"), f"is a fraction from 0 to below 1, not {share}"
                )
        if self.min_settled_gmv is not None and not 0.0 < self.min_settled_gmv < np.inf:
            raise OptionError("min-settled-gmv", f"must be above 0, not {self.min_settled_gmv}")
        return self


@dataclass(frozen=True)
class Market:
    """The edges of every product in one row, (products, columns), more columns than k.

    Attributes
    ----------
    worth : float64
        What the edge adds to the objective, before prices; -inf where there is no edge.
    use : float64
        The part of its creator's week that the edge uses.
    accept : float64
        The probability that the creator accepts.
    creators : int32
        Row of the creator; `creator_count` where there is no edge.
    mcns : int64, -1 for none
    small : bool
    rows, cells : int64 (edges of creators with capacity,)
        Row of `Edges`, and the cell that it is laid in, counted through.
    k, per_mcn : places a product, and of them at most so many an MCN (None: as many as it likes)
    min_share : the least share of places that `small` edges get
    """

    worth: FloatArray
    use: FloatArray
    accept: FloatArray
    creators: npt.NDArray[np.int32]
    mcns: IntArray
    small: BoolArray
    rows: IntArray
    cells: IntArray
    creator_count: int
    k: int
    per_mcn: int | None
    min_share: float

    def tilted(self, share_price: float, rows: Any = slice(None)) -> FloatArray:
        """Return what edges are worth when places of small creators are paid for by the others."""
        if share_price == 0.0:
            return self.worth[rows]
        return np.asarray(self.worth[rows] + share_price * (self.small[rows] - self.min_share))

    def rows_of(self, cells: IntArray) -> IntArray:
        """Return the rows of `Edges` that are laid in these cells."""
        return self.rows[np.searchsorted(self.cells, cells)]

    def valued(self, values: FloatArray) -> Market:
        """Return the market with edges worth these values, in the order of `Edges`."""
        return replace(self, worth=self.laid(values, -np.inf))

    def laid(self, values: Any, empty: Any) -> Any:
        """Lay out values in the order of `Edges`."""
        return _cells(self.worth.shape, self.cells, values[self.rows], empty)


def market_of(edges: Edges, limits: Limits) -> Market:
    """Lay out the edges of creators who have capacity, a row a product."""
    capacity = whole_capacity(limits.capacity)
    able = np.flatnonzero(capacity[edges.creators] >= 1)  # promised to nobody otherwise
    products = edges.products[able]
    starts = np.flatnonzero(np.diff(products, prepend=-1))
    counts = np.diff(starts, append=len(products))
    shape = (len(starts), max(int(counts.max(initial=0)), limits.k + 1))
    columns = np.arange(len(products)) - np.repeat(starts, counts)
    cells = np.repeat(np.arange(len(starts)), counts) * shape[1] + columns
    accept, creators = edges.accept_probability[able], edges.creators[able]
    use = use_of(capacity[creators], accept, limits.chance)

    def laid(values: Any, empty: Any) -> Any:
        return _cells(shape, cells, values, empty)

    return Market(
        laid(np.zeros(len(able)), -np.inf),
        laid(use, 0.0),
        laid(accept, 1.0),
        laid(creators.astype(np.int32), len(capacity)),
        laid(edges.mcns[able], -1),
        laid(edges.small[able], False),
        able,
        cells,
        len(capacity),
        limits.k,
        limits.per_mcn,
        limits.min_share,
    )


def whole_capacity(capacity: FloatArray) -> FloatArray:
    """Return capacities as whole numbers, infinite where they are unlimited."""
    return np.floor(np.where(np.isnan(capacity), np.inf, np.maximum(capacity, 0.0)))


def _cells(shape: tuple[int, int], cells: IntArray, values: Any, empty: Any) -> Any:
    laid = np.full(shape, empty, dtype=values.dtype)
    laid.ravel()[cells] = values
    return laid
