"""Effects: what the record of a creator, a product and a category pair adds to the heads.

The heads say what creators like this one bring for products like this one. What past collaborations
brought beyond that is a residual, and residuals that share a key agree more than others: a mixed
model with a random intercept for each creator, product and category pair, a random slope on the log
price for each creator, and offsets for the creator in a category and in a sub-category. The best
linear unbiased prediction (Henderson, Biometrics 1975; Robinson, Statistical Science 1991) needs
only weighted sums over the residuals of each key, which a `History` answers for any date.

Variances are fitted by Haseman-Elston regression (Behavior Genetics, 1972): products of the
residuals of two collaborations are regressed on what the two have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Total = Callable[[str, str], FloatArray]
"""Asks for the sum of a measure over what was known of each row's key: total(key, measure)."""

PARTS = ("creator_record", "creator_category_record", "product_record", "category_pair_record")
"""What `Effects.parts` returns, in this order."""
VARIANCES = (
    "creator",
    "creator_price",
    "creator_category",
    "creator_subcategory",
    "product",
    "category_pair",
)
PART_OF = {
    "creator": "creator_record",
    "creator_price": "creator_record",
    "creator_category": "creator_category_record",
    "creator_subcategory": "creator_category_record",
    "product": "product_record",
    "category_pair": "category_pair_record",
}
"""Which part each variance belongs to."""
_OWN = ("residual_weight", "residual_price", "residual_price_square")
_OWN_SUMS = ("residual_sum", "residual_price_sum")
READS: tuple[tuple[str, str], ...] = (
    *(
        (key, measure)
        for key in ("creator", "creator_category", "creator_subcategory")
        for measure in (*_OWN, *_OWN_SUMS)
    ),
    *(
        (key, measure)
        for key in ("category_pair", "product")
        for measure in ("residual_weight", "residual_sum")
    ),
)
"""What `Effects.parts` asks of the history: (key, measure)."""
_NO_VARIANCE = 1e-9  # stands for 0 where its inverse is needed
_CLIP = 3.0  # a residual further out is taken for this, so that no single one decides a variance
_LAGS = 8
_MOST_PAIRS = 8_000_000  # of rows that share a key: more tell nothing new, and take memory
_LEAST_PAIRS = 200


@dataclass(frozen=True)
class Effects:
    """Variances of the random effects, in squared units of the logarithm that is predicted.

    Parameters
    ----------
    variances : name → variance, for each of VARIANCES; 0 leaves an effect out
    noise : variance of one collaboration's luck, beyond that of counting its orders
    log_price : the log price at which a creator's slope is 0
    """

    variances: Mapping[str, float]
    noise: float = 1.0
    log_price: float = 0.0

    @classmethod
    def none(cls) -> Effects:
        """Return effects that add nothing."""
        return cls(dict.fromkeys(VARIANCES, 0.0))

    @classmethod
    def fit(
        cls,
        residuals: FloatArray,
        counting: FloatArray,
        keys: Mapping[str, IntArray],
        log_prices: FloatArray,
        seed: int = 0,
    ) -> Effects:
        """Estimate the variances from the residuals of past collaborations.

        Parameters
        ----------
        residuals : float64 (rows,)
            Of heads that have not seen the row's creator.
        counting : float64 (rows,)
            Variance that each has from counting orders alone.
        keys : name → int64 (rows,)
            Of creator, creator_category, creator_subcategory, product and category_pair.
        log_prices : float64 (rows,)
        """
        center = float(log_prices.mean()) if len(log_prices) else 0.0
        weights = 1.0 / (0.5 + counting)
        clipped = np.clip(residuals, -_CLIP, _CLIP)
        if not len(residuals):
            return cls.none()
        clipped = clipped - np.average(clipped, weights=weights)
        slopes = log_prices - center
        variances = _variances(clipped, weights, keys, slopes, seed)
        spread = {"creator_price": float(np.mean(slopes**2))}
        explained = sum(value * spread.get(name, 1.0) for name, value in variances.items())
        total = np.average(clipped**2, weights=weights)
        luck = total - np.average(np.minimum(counting, 1.0), weights=weights) - explained
        return cls(variances, max(float(luck), 0.1 * float(total)), center)

    @property
    def used(self) -> bool:
        """Whether anything is added at all."""
        return any(value > 0 for value in self.variances.values())

    def without(self, parts: tuple[str, ...]) -> Effects:
        """Return the effects without these parts."""
        kept = {n: 0.0 if PART_OF[n] in parts else v for n, v in self.variances.items()}
        return Effects(kept, self.noise, self.log_price)

    def measures(
        self, residuals: FloatArray, counting: FloatArray, log_prices: FloatArray
    ) -> dict[str, FloatArray]:
        """Return what each collaboration adds to the sums of its keys, by measure."""
        weight = 1.0 / (self.noise + counting)
        slope = log_prices - self.log_price
        return {
            "residual_weight": weight,
            "residual_sum": weight * residuals,
            "residual_price": weight * slope,
            "residual_price_square": weight * slope**2,
            "residual_price_sum": weight * slope * residuals,
        }

    def parts(self, total: Total, log_price: Any, count: int) -> FloatArray:
        """Return what each part adds to the logarithm, float64 (count, len(PARTS)).

        Parameters
        ----------
        total : answers (key, measure) with float64 (count,) or (1,)
        log_price : of the products, float64 (count,) or (1,)
        """
        found = np.zeros((count, len(PARTS)))
        if not self.used:
            return found
        own = self.creator(total, log_price, count)
        found[:, 0], found[:, 1] = own
        found[:, 2] = self.single("product", total)
        found[:, 3] = self.single("category_pair", total)
        return found

    def single(self, name: str, total: Total) -> FloatArray:
        """Return the effect of a product or a category pair; what others add is luck to it."""
        variance = self.variances[name]
        others = sum(self.variances.values()) - variance - self.variances["creator_price"]
        share = self.noise / (self.noise + others)
        weight, summed = (share * total(name, m) for m in ("residual_weight", "residual_sum"))
        return np.asarray(variance * summed / (1.0 + variance * weight))

    def creator(self, total: Total, log_price: Any, count: int) -> tuple[FloatArray, FloatArray]:
        """Return the creator's own effect at this price, and what the category adds to it.

        Collaborations in the same sub-category speak of all effects of the creator; in the same
        category and elsewhere, of fewer, and their own offsets are luck.
        """
        answers = (np.zeros(count), np.zeros(count))
        seen = np.broadcast_to(total("creator", "residual_weight") > 0, (count,))
        rows = np.flatnonzero(seen)
        if not len(rows):
            return answers
        normal, right = self._equations(total, rows, count)
        effects = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        slope = np.broadcast_to(np.asarray(log_price), (count,))[rows] - self.log_price
        answers[0][rows] = effects[:, 0] + effects[:, 1] * slope
        answers[1][rows] = effects[:, 2] + effects[:, 3]
        return answers

    def _equations(self, total: Total, rows: IntArray, count: int) -> tuple[FloatArray, FloatArray]:
        """Return Henderson's equations: intercept, slope, category offset, sub-category offset."""
        normal = np.zeros((len(rows), 4, 4))
        right = np.zeros((len(rows), 4))
        for block, members in self._blocks(total, rows, count):
            weight, price, square, summed, price_sum = block
            design = ((0, weight), *((place, weight) for place in members))
            for place, _ in design:
                right[:, place] += summed
                normal[:, place, 1] += price
                normal[:, 1, place] += price
                for other, _ in design:
                    normal[:, place, other] += weight
            right[:, 1] += price_sum
            normal[:, 1, 1] += square
        names = ("creator", "creator_price", "creator_category", "creator_subcategory")
        for place, name in enumerate(names):
            normal[:, place, place] += 1.0 / max(self.variances[name], _NO_VARIANCE)
        return normal, right

    def _blocks(
        self, total: Total, rows: IntArray, count: int
    ) -> Iterator[tuple[list[FloatArray], tuple[int, ...]]]:
        """Yield the sums elsewhere, in the category, in the sub-category, and their offsets."""
        measures = (*_OWN, *_OWN_SUMS)

        def sums(key: str) -> list[FloatArray]:
            return [np.broadcast_to(total(key, m), (count,))[rows] for m in measures]

        everywhere, category, narrow = (
            sums(key) for key in ("creator", "creator_category", "creator_subcategory")
        )
        within = self.variances["creator_subcategory"]
        across = within + self.variances["creator_category"]
        for outer, inner, luck, members in (
            (everywhere, category, across, ()),
            (category, narrow, within, (2,)),
            (narrow, None, 0.0, (2, 3)),
        ):
            share = self.noise / (self.noise + luck)
            block = outer if inner is None else [a - b for a, b in zip(outer, inner, strict=True)]
            yield [share * values for values in block], members

    def to_dict(self) -> dict[str, Any]:
        """Return the state as plain numbers."""
        return {
            "variances": dict(self.variances),
            "noise": self.noise,
            "log_price": self.log_price,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Effects:
        """Rebuild what `to_dict` returned."""
        return cls(dict(state["variances"]), float(state["noise"]), float(state["log_price"]))


def _variances(
    residuals: FloatArray,
    weights: FloatArray,
    keys: Mapping[str, IntArray],
    slopes: FloatArray,
    seed: int,
) -> dict[str, float]:
    """Return the variances, never negative, that best tell the products of paired residuals."""
    from scipy.optimize import nnls

    first, second = _pairs(keys, seed)
    if len(first) < _LEAST_PAIRS:
        return dict.fromkeys(VARIANCES, 0.0)
    common = []
    for name in VARIANCES:
        key = keys["creator" if name == "creator_price" else name]
        same = (key[first] == key[second]).astype(np.float64)
        common.append(same * slopes[first] * slopes[second] if name == "creator_price" else same)
    weight = np.sqrt(weights[first] * weights[second])
    root = np.sqrt(weight)
    told = residuals[first] * residuals[second]
    solution, _ = nnls(np.stack(common, axis=1) * root[:, None], told * root)
    return dict(zip(VARIANCES, solution.tolist(), strict=True))


def _pairs(keys: Mapping[str, IntArray], seed: int) -> tuple[IntArray, IntArray]:
    """Return pairs of rows that share a creator, a product or a category pair, each pair once."""
    count = len(keys["creator"])
    lags = min(_LAGS, max(1, _MOST_PAIRS // max(count, 1)))
    shuffled = np.random.default_rng(seed).permutation(count)
    found = []
    for name in ("creator", "product", "category_pair"):
        order = shuffled[np.argsort(keys[name][shuffled], kind="stable")]
        ordered = keys[name][order]
        for lag in range(1, min(lags, count - 1) + 1):
            same = np.flatnonzero((ordered[lag:] == ordered[:-lag]) & (ordered[lag:] >= 0))
            a, b = order[same], order[same + lag]
            found.append(np.minimum(a, b) * count + np.maximum(a, b))
    codes = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
    return codes // max(count, 1), codes % max(count, 1)
