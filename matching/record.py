"""Record: past collaborations, what would have been promised before each, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from matching.economics import commission_roi
from matching.history import FloatArray, IntArray

Array = npt.NDArray[Any]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cases:
    """Collaborations that came to an end; arrays of one length.

    Attributes
    ----------
    collaboration_ids : bytes
        UTF-8, fixed width.
    products, creators : int32
        Rows of the bundle's products and creators.
    channels : int8
        0 live, 1 video, -1 where the catalog does not say.
    invited_on : int32
        Days since 1970-01-01.
    published : bool
        Whether it was published; else it was accepted and never published.
    learnt : bool
        Whether the model that replays the promise had learnt from this very outcome.
    cost_estimated : bool
        Whether a term was not known and was estimated, in both costs alike.
    promised_gmv, promised_cost : float64
        E[S] and E[C] given acceptance, the chance of never publishing inside both, on this
        collaboration's own terms.
    promised_low, promised_high : float64
        Bounds of what a published one brings; NaN where nothing could be calibrated.
    accept_probability, fulfil_probability : float64
    settled_gmv, cost : float64
        What came: settled sales, 0 unless published, and what was spent.
    """

    collaboration_ids: Array
    products: Array
    creators: Array
    channels: Array
    invited_on: Array
    published: BoolArray
    learnt: BoolArray
    cost_estimated: BoolArray
    promised_gmv: FloatArray
    promised_low: FloatArray
    promised_high: FloatArray
    promised_cost: FloatArray
    accept_probability: FloatArray
    fulfil_probability: FloatArray
    settled_gmv: FloatArray
    cost: FloatArray

    def __len__(self) -> int:
        return len(self.invited_on)

    def __getitem__(self, rows: slice | IntArray) -> Self:
        """Return some of the collaborations; of a slice, without copying."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def promised_roi(self) -> FloatArray:
        """Promised sales per unit of promised cost, NaN where nothing was to be paid."""
        return commission_roi(self.promised_gmv, self.promised_cost)

    @property
    def roi(self) -> FloatArray:
        """What came per unit of what was spent, NaN where nothing was."""
        return commission_roi(self.settled_gmv, self.cost)


@dataclass(frozen=True)
class Record:
    """The cases of every merchant, one merchant after the other, each one's newest first.

    Attributes
    ----------
    offsets : int64 (merchants + 1,)
        Where the cases of each row of the merchants begin; the last is the end.
    cases : Cases
    """

    offsets: IntArray
    cases: Cases

    @classmethod
    def build(cls, merchants: IntArray, merchant_count: int, cases: Cases) -> Self:
        """Sort cases, which are in the order of their invitations, by merchant."""
        latest = -cases.invited_on.astype(np.int64)
        rows = np.lexsort((latest, merchants))  # stable: a day's keep their order
        offsets = np.searchsorted(merchants[rows], np.arange(merchant_count + 1))
        return cls(offsets, cases[rows])

    def of(self, merchant: int) -> Cases:
        """Return a merchant's cases; none for the row -1 of an unknown one."""
        if merchant < 0:
            return self.cases[0:0]
        return self.cases[int(self.offsets[merchant]) : int(self.offsets[merchant + 1])]

    def to_arrays(self) -> dict[str, Array]:
        """Return the state as arrays by name."""
        arrays = {f.name: getattr(self.cases, f.name) for f in fields(self.cases)}
        return {"offsets": self.offsets, **arrays}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Rebuild from `to_arrays`."""
        return cls(arrays["offsets"], Cases(**{f.name: arrays[f.name] for f in fields(Cases)}))
