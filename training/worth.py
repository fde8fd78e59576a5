"""Value ratios: what the recommended creators are really worth beside the oracle's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from matching.economics import OBJECTIVES
from matching.history import FloatArray, IntArray
from matching.scoring import Scored
from training.baselines import BASELINES, Score
from training.cells import OURS
from training.figures import Figure, mean_figure, ratio_figure
from training.segments import CREATOR_SEGMENTS, PRODUCT_SEGMENTS, Segments
from training.truth import TOP, TrueMarket, best_creators, better, mean_top

EVERYBODY = "scoring everybody"
_THREADS = 2


@dataclass
class Worth:
    """True value of each product's list and of the oracle's, by method and objective.

    `oracle` has float64 (products,) by objective, `got` by method and objective; the same by
    segment of creators in `oracle_within` and `got_within`, and in `places` which share of the
    list, and of the oracle's, the segment takes.
    """

    product_ids: list[str] = field(default_factory=list)
    oracle: dict[str, list[float]] = field(default_factory=dict)
    got: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    within: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    places: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)

    def ratios(self, method: str, objective: str) -> FloatArray:
        """Return each product's value ratio, NaN where even the oracle makes nothing."""
        return _floored(np.array(self.got[method, objective]), np.array(self.oracle[objective]))

    def figures(self, method: str, objective: str, chosen: Any = slice(None)) -> Figure:
        """Return value ratio and money share with their standard errors."""
        got, oracle = (
            np.array(a)[chosen] for a in (self.got[method, objective], self.oracle[objective])
        )
        return _shares(got, oracle)

    def methods(self) -> list[str]:
        """Return the methods in the order in which they were judged."""
        return list(dict.fromkeys(method for method, _ in self.got))


def measure(
    market: TrueMarket,
    products: IntArray,
    baselines: Mapping[str, Score] | None = None,
    segments: Segments | None = None,
    retrieve: bool = True,
    advance: Any = None,
) -> Worth:
    """Ask the bundle and the baselines for each product, and look up what is true.

    Parameters
    ----------
    products : rows of the bundle's products
    baselines : name → score, and `segments`: judged only where given
    retrieve : whether to ask the matcher as served, beside scoring everybody
    advance : callable, optional
        Called after each product.
    """
    matcher, worth = market.matcher, Worth()
    everybody = np.arange(matcher.contents.history.creators.count)
    for product in products.tolist():
        product_id = matcher.contents.history.product_ids[product]
        may = matcher.eligible(product_id)
        values = market.values(product)
        scored = matcher.scorer.score(everybody[may], np.array([product]), threads=_THREADS)
        worth.product_ids.append(product_id)
        lists = {
            name: dict.fromkeys(OBJECTIVES, _order(score(scored), scored))
            for name, score in (baselines or {}).items()
        }
        lists[EVERYBODY] = {o: scored.ranked(o, scored.best_channels(o)) for o in OBJECTIVES}
        inside = segments.of_creators(product_id) if segments else {}
        for objective in OBJECTIVES:
            true = values[objective]
            oracle = best_creators(true, may)
            worth.oracle.setdefault(objective, []).append(mean_top(better(true)[oracle]))
            mine = lists[EVERYBODY][objective]
            shown = scored.creators[mine[:TOP]]
            if retrieve:
                result = matcher.match(product_id, TOP, objective, explain=False)
                shown = result.scored.creators[result.rows]
                _put(worth, OURS, objective, _value(true, may, result.scored, result.rows))
            for name, by_objective in lists.items():
                rows = by_objective[objective][:TOP]
                granted = name in BASELINES and not BASELINES[name].chooses_channel
                value = _granted if granted else _value
                _put(worth, name, objective, value(true, may, scored, rows))
            for name, mask in inside.items():
                key = (name, objective)
                best = best_creators(true, may & mask)
                ours = mine[mask[scored.creators[mine]]][:TOP]
                pair = (_value(true, may, scored, ours), mean_top(better(true)[best]))
                worth.within.setdefault(key, []).append(pair)
                taken = (_share_of(mask, shown), _share_of(mask, oracle))
                worth.places.setdefault(key, []).append(taken)
        if advance is not None:
            advance()
    return worth


def tell(worth: Worth, segments: Segments) -> dict[str, Any]:
    """Return the figures of a measured bundle as plain values for the report."""
    return {
        "products": len(worth.product_ids),
        "methods": {
            method: {o: worth.figures(method, o) for o in OBJECTIVES} for method in worth.methods()
        },
        "lead": {o: lead for o in OBJECTIVES if (lead := _lead(worth, o))},
        "retrieval_kept": {
            o: ratio_figure(worth.got[OURS, o], worth.got[EVERYBODY, o]) for o in OBJECTIVES
        },
        "segments": dict(_by_segment(worth, segments)),
    }


def _lead(worth: Worth, objective: str) -> dict[str, Any]:
    """Return the gain over the best baseline, paired by product; empty where there is none."""
    ratios = {m: worth.ratios(m, objective) for m in worth.methods() if m != EVERYBODY}
    ours = ratios.pop(OURS)
    usable = ~np.isnan(ours)
    if not ratios or not usable.any():
        return {}
    best = max(ratios, key=lambda method: float(ratios[method][usable].mean()))
    return {
        "over": best,
        "theirs": worth.figures(best, objective),
        "gain": mean_figure((ours - ratios[best])[usable]),
    }


def _by_segment(worth: Worth, segments: Segments) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each segment's figures by objective.

    Of products: the ratio on those of the segment. Of creators: the ratio when only they may be
    recommended, and the share of the places in both lists that they take.
    """
    for name in CREATOR_SEGMENTS:
        yield (
            name,
            {
                objective: {
                    **_shares(*np.array(worth.within[name, objective]).T),
                    "share_of_list": mean_figure([a for a, _ in worth.places[name, objective]]),
                    "share_of_oracle": mean_figure([b for _, b in worth.places[name, objective]]),
                }
                for objective in OBJECTIVES
            },
        )
    chosen = segments.of_products(worth.product_ids)
    for name in PRODUCT_SEGMENTS:
        yield name, {o: worth.figures(OURS, o, chosen[name]) for o in OBJECTIVES}


def _put(worth: Worth, method: str, objective: str, value: float) -> None:
    worth.got.setdefault((method, objective), []).append(value)


def _order(score: FloatArray, scored: Scored) -> IntArray:
    """Return one row a creator, from best to worst by a baseline's score."""
    order = np.argsort(-score, kind="stable")
    _, first = np.unique(scored.candidates[order], return_index=True)
    return order[np.sort(first)]


def _value(true: FloatArray, may: Any, scored: Scored, rows: IntArray) -> float:
    """Return the mean true value of a list; who is not eligible or does not work there is 0."""
    creators, channels = scored.creators[rows], scored.channels[rows]
    return mean_top(np.where(may[creators], true[creators, channels], 0.0))


def _granted(true: FloatArray, may: Any, scored: Scored, rows: IntArray) -> float:
    """Return the same for a list without channels: each creator in the really better one."""
    creators = scored.creators[rows]
    return mean_top(np.where(may[creators], better(true)[creators], 0.0))


def _share_of(mask: Any, creators: IntArray) -> float:
    return float(mask[creators].mean()) if len(creators) else 0.0


def _floored(got: FloatArray, oracle: FloatArray) -> FloatArray:
    ratios = np.full(len(got), np.nan)
    np.divide(got, oracle, out=ratios, where=oracle > 0)
    return np.maximum(ratios, -1.0)


def _shares(got: FloatArray, oracle: FloatArray) -> Figure:
    worthwhile = oracle > 0
    ratio = mean_figure(_floored(got, oracle)[worthwhile])
    money = ratio_figure(got[worthwhile], oracle[worthwhile])
    return {
        "value_ratio": ratio["value"],
        "standard_error": ratio["standard_error"],
        "money_share": money["value"],
        "money_share_error": money["standard_error"],
        "products": int(worthwhile.sum()),
    }
