"""Rounding: from prices to whole lists that keep every limit, and to better ones near them.

Edges are taken in the order of what they gain beyond their price, as long as their product has a
place and the exact chance that too many accept stays within its limit. Then exchanges are tried: an
edge comes in for a worse one of its product and, where its creator has no room, for another promise
of that creator, whose product turns to its next best.
"""

from __future__ import annotations

import numpy as np

from matching.errors import MatchingError
from serve.capacity import FloatArray, IntArray, Promises
from serve.edges import BoolArray, Market

_AT_ONCE = 65_536
_ROUNDS = 3
_NEAR = 0.1  # of an edge's worth: what gains less than this below 0 is not tried
_GIVING_WAY = 2  # promises of a full creator that are looked at
_LEAST_GAIN = 1e-9
_NOTHING = 1e-6  # of a place: sums of shares are not exact


class Lists:
    """The edges that are chosen, and what is left of every limit.

    An edge is a cell of the market, counted through: product · columns + column.
    """

    def __init__(self, market: Market, worth: FloatArray, promises: Promises) -> None:
        self.k, self.per_mcn = market.k, market.per_mcn
        self.columns = market.worth.shape[1]
        self.worth, self.accept = worth.ravel(), market.accept.ravel()
        self.creators, self.mcns = market.creators.ravel(), market.mcns.ravel()
        self.small, self.least = market.small.ravel(), market.min_share
        self.share_left = 0.0
        """Places of small creators beyond their least share."""
        self.promises = promises
        self.guarded = False
        self.taken = np.zeros(len(self.worth), dtype=bool)
        self.free = np.full(len(market.worth), market.k)
        self.of_product: list[list[int]] = [[] for _ in self.free]
        self.of_creator: dict[int, list[int]] = {}

    @property
    def edges(self) -> IntArray:
        """The chosen edges, in order."""
        return np.flatnonzero(self.taken)

    def make_places(self, count: int) -> None:
        """Let every product have so many places more."""
        self.k += count
        self.free += count

    def add(self, edge: int) -> None:
        """Choose an edge, whether or not it fits."""
        product, creator = edge // self.columns, int(self.creators[edge])
        self.taken[edge] = True
        self.free[product] -= 1
        self.share_left += self._share([edge])
        self.of_product[product].append(edge)
        self.of_creator.setdefault(creator, []).append(edge)
        self.promises.add(creator, float(self.accept[edge]))

    def drop(self, edge: int) -> None:
        """Let go of a chosen edge."""
        product, creator = edge // self.columns, int(self.creators[edge])
        self.taken[edge] = False
        self.free[product] += 1
        self.share_left -= self._share([edge])
        self.of_product[product].remove(edge)
        self.of_creator[creator].remove(edge)
        self.promises.replace(creator, self.accept[self.of_creator[creator]])

    def in_the_way(self, edge: int) -> int | None:
        """Return the edge of its product that has to go for it: the worst, None if none has to."""
        others = self.of_product[edge // self.columns]
        mates = self._mates(edge)
        if self.per_mcn is not None and len(mates) >= self.per_mcn:
            return min(mates, key=self.worth.__getitem__)
        return min(others, key=self.worth.__getitem__) if len(others) >= self.k else None

    def fill(self, order: IntArray) -> None:
        """Take edges in this order, each that fits."""
        for start in range(0, len(order), _AT_ONCE):
            part = order[start : start + _AT_ONCE]
            for edge in part[self._may_fit(part)].tolist():
                room = self.promises.room[self.creators[edge]]
                if self.accept[edge] <= room and self.in_the_way(edge) is None:
                    self.add(edge)

    def raise_share(self) -> None:
        """Exchange others for small creators, the cheapest first, until they have their share.

        MatchingError if their edges do not suffice.
        """
        while self.share_left < -_NOTHING:
            worst = np.full(len(self.free), np.inf)
            others = np.flatnonzero(self.taken & ~self.small)
            np.minimum.at(worst, others // self.columns, self.worth[others])
            may = np.flatnonzero(self.small & ~self.taken & np.isfinite(self.worth))
            may = may[np.isfinite(worst[may // self.columns])]
            loss = worst[may // self.columns] - self.worth[may]
            before = self.share_left
            for edge in may[np.argsort(loss, kind="stable")].tolist():
                if self.share_left < -_NOTHING:
                    self._take_instead(edge)
            if self.share_left == before:
                raise MatchingError(
                    f"small creators cannot have {self.least:.0%} of the places, only "
                    f"{self.small[self.taken].mean():.1%}; lower --min-share"
                )

    def _take_instead(self, edge: int) -> None:
        """Exchange the worst edge of others for this one if it fits then."""
        listed, mates = self.of_product[edge // self.columns], self._mates(edge)
        full = self.per_mcn is not None and len(mates) >= self.per_mcn
        others = [other for other in (mates if full else listed) if not self.small[other]]
        if others and self.accept[edge] <= self.promises.room[self.creators[edge]]:
            self.drop(min(others, key=self.worth.__getitem__))
            self.add(edge)

    def improve(self, margins: FloatArray, keep_share: bool = False) -> None:
        """Exchange edges while that gains; `margins` say which are worth a try.

        `keep_share` leaves out exchanges after which small creators lack their share.
        """
        self.guarded = keep_share
        margins = margins.ravel()
        near = np.flatnonzero(margins > -_NEAR * np.abs(self.worth))
        near = near[np.argsort(-margins[near], kind="stable")]
        for _ in range(_ROUNDS):
            tried = near[~self.taken[near] & (self.worth[near] > 0.0)]
            if not sum([self._exchange(edge, margins) for edge in tried.tolist()]):
                break

    def _may_fit(self, edges: IntArray) -> BoolArray:
        room = self.promises.room[self.creators[edges]]
        may = (self.free[edges // self.columns] > 0) & (self.accept[edges] <= room)
        return np.asarray(may & (self.worth[edges] > 0.0) & ~self.taken[edges])

    def _exchange(self, edge: int, margins: FloatArray) -> bool:
        """Bring an edge in if that gains, and say whether it did."""
        if self.taken[edge]:  # it came in for another meanwhile
            return False
        out = self.in_the_way(edge)
        gain = self.worth[edge] - (0.0 if out is None else self.worth[out])
        if gain <= _LEAST_GAIN * self.worth[edge]:
            return False
        going, coming = [] if out is None else [out], [edge]
        if self.accept[edge] > self.promises.room[self.creators[edge]]:
            made_room = self._make_room(edge, gain, margins)
            if made_room is None:
                return False
            leaving, instead = made_room
            going.append(leaving)
            coming += [] if instead is None else [instead]
        if self.guarded and self.share_left + self._share(coming) < self._share(going):
            return False
        for old in going:
            self.drop(old)
        for new in coming:
            self.add(new)
        return True

    def _share(self, edges: list[int]) -> float:
        """Return what these edges add to the places of small creators beyond their least share."""
        return float(self.small[edges].sum()) - self.least * len(edges)

    def _make_room(
        self, edge: int, gain: float, margins: FloatArray
    ) -> tuple[int, int | None] | None:
        """Return a promise of the edge's creator that can give way, and what its product takes."""
        creator = int(self.creators[edge])
        mine = self.of_creator[creator]
        for leaving in sorted(mine, key=margins.__getitem__)[:_GIVING_WAY]:
            instead = self._next_best(leaving)
            loss = self.worth[leaving] - (0.0 if instead is None else self.worth[instead])
            if gain - loss > _LEAST_GAIN * self.worth[edge]:
                staying = self.accept[[other for other in mine if other != leaving]]
                if self.accept[edge] <= self.promises.room_with(creator, staying):
                    return leaving, instead
        return None

    def _next_best(self, leaving: int) -> int | None:
        """Return the best edge that its product could take in its place, None if there is none."""
        start = leaving // self.columns * self.columns
        row = slice(start, start + self.columns)
        may = (self.accept[row] <= self.promises.room[self.creators[row]]) & ~self.taken[row]
        worth = np.where(may & (self.creators[row] != self.creators[leaving]), self.worth[row], 0.0)
        while worth[best := int(worth.argmax())] > 0.0:
            mates = [mate for mate in self._mates(start + best) if mate != leaving]
            if self.per_mcn is None or len(mates) < self.per_mcn:
                return start + best
            worth[best] = 0.0
        return None

    def _mates(self, edge: int) -> list[int]:
        """Return the chosen edges of its product whose creators are of the same MCN."""
        mcn = self.mcns[edge]
        if self.per_mcn is None or mcn < 0:
            return []
        return [e for e in self.of_product[edge // self.columns] if self.mcns[e] == mcn]
