"""Judge a bundle: against the truth of a simulated market, and on what came after its date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from matching import economics
from matching.catalog import Catalog, answer_days, is_accepted
from matching.columns import CHANNELS
from matching.economics import OBJECTIVES, Deal
from matching.errors import MatchingError, OptionError
from matching.facts import build_history, days_of, product_attributes, settled_sales
from matching.history import FloatArray, Ids, IntArray, day_number
from matching.matcher import Matcher
from matching.models.text import ContentVectors
from matching.product import TEXT_COLUMNS
from matching.scoring import Scored
from training.baselines import BASELINES, Baselines
from training.rows import join_texts
from training.simulator import SecondTruth, Truth, load_truth

TOP = 10
_RETRIEVAL_PRODUCTS = 60


def truth_of(data: str) -> Truth | SecondTruth | None:
    """Return the truth that a simulated market carries, None for any other catalog."""
    folder = Path(data) / "truth"
    return load_truth(folder) if folder.is_dir() else None


def evaluate(
    bundle: Path,
    catalog: Catalog,
    truth: Truth | SecondTruth | None,
    product_count: int = 300,
    seed: int = 0,
) -> dict[str, Any]:
    """Return everything that is known about how good a bundle is.

    Parameters
    ----------
    catalog : the whole catalog, with what came after the bundle's date
    truth : of the simulated market that the catalog is, if it is one
    """
    if product_count < 1:
        raise OptionError("products", f"must be 1 or more, not {product_count}")
    if seed < 0:
        raise OptionError("seed", f"must be 0 or more, not {seed}")
    matcher = Matcher.load(bundle)
    report: dict[str, Any] = {
        "bundle": matcher.version,
        "as_of": matcher.as_of.isoformat(),
        "later": judge_later(matcher, later_outcomes(matcher, catalog)),
    }
    if truth is not None:
        market = TrueMarket.build(matcher, catalog, truth)
        report["truth"] = judge_truth(matcher, catalog, market, product_count, seed)
    return report


@dataclass(frozen=True)
class TrueMarket:
    """What every creator is really worth for a product, in the rows of a bundle.

    `creators` and `products` are the full catalog's rows of the bundle's rows.
    """

    matcher: Matcher
    truth: Truth | SecondTruth
    creators: IntArray
    products: IntArray
    slot_fees: FloatArray

    @classmethod
    def build(cls, matcher: Matcher, catalog: Catalog, truth: Truth | SecondTruth) -> TrueMarket:
        """Match the bundle's ids with the market's rows."""
        history = matcher.contents.history
        creators, products = (
            Ids.build(known).rows([ids[row] for row in range(len(ids))])
            for known, ids in (
                (catalog.creators["creator_id"], history.creator_ids),
                (catalog.products["product_id"], history.product_ids),
            )
        )
        if (creators < 0).any() or (products < 0).any():
            raise MatchingError(
                "the bundle knows creators or products that this market lacks: judge it on the "
                "market that it was trained on"
            )
        fees = np.stack((truth.creators.live_fee, truth.creators.video_fee), axis=1)
        return cls(matcher, truth, creators, products, fees[creators].astype(np.float64))

    def values(self, product: int) -> dict[str, FloatArray]:
        """Return each creator's true value in each channel, (creators, 2) by objective.

        NaN where the creator does not work in the channel.
        """
        attributes = self.matcher.contents.history.products
        found = {name: np.full(self.slot_fees.shape, np.nan) for name in OBJECTIVES}
        for code, channel in enumerate(CHANNELS):
            true = self.truth.outcomes(
                self.creators, self.products[product : product + 1], self.matcher.as_of, channel
            )
            settled = true.fulfil_probability * true.settled_gmv
            rate = np.divide(
                true.return_cost, true.settled_gmv, where=true.works, out=np.zeros_like(settled)
            )
            deal = Deal(
                commission_rate=attributes["commission_rate"][product],
                service_fee_rate=np.nan_to_num(attributes.get("service_fee_rate")[product]),
                slot_fee=self.slot_fees[:, code],
                sample_cost=np.nan_to_num(attributes.get("sample_cost")[product]),
                return_cost_rate=rate,
                margin_rate=attributes.get("margin_rate")[product],
            )
            cost = economics.expected_cost(deal, true.fulfil_probability, true.settled_gmv)
            worth = {
                "roi": economics.commission_roi(settled, cost),
                "gmv": true.accept_probability * settled,
                "profit": true.accept_probability * economics.profit(deal, settled, cost),
            }
            for name in OBJECTIVES:
                found[name][:, code] = np.where(true.works, worth[name], np.nan)
        return found


def judge_truth(
    matcher: Matcher, catalog: Catalog, market: TrueMarket, product_count: int, seed: int
) -> dict[str, Any]:
    """Return value ratio and money share of the ranking and of the baselines, by objective.

    The baselines choose no channel; they are granted the one that is really better.
    """
    products = _judged_products(matcher, product_count, seed)
    if not len(products):
        raise MatchingError(
            "no product has a known margin, sample cost and service fee: none has a known value"
        )
    baselines = Baselines(
        build_history(catalog.cut(matcher.as_of)), day_number(matcher.as_of), seed
    )
    everybody = np.arange(matcher.contents.history.creators.count)
    totals: dict[tuple[str, str], list[tuple[float, float]]] = {}
    kept: dict[str, list[tuple[float, float]]] = {name: [] for name in OBJECTIVES}
    for number, product in enumerate(products):
        product_id = matcher.contents.history.product_ids[int(product)]
        may = matcher.eligible(product_id)
        values = market.values(int(product))
        orders = {
            name: np.argsort(
                -np.where(may, baselines.scores(name, int(product)), -np.inf), kind="stable"
            )[:TOP]
            for name in BASELINES
        }
        scored = None
        if number < _RETRIEVAL_PRODUCTS:
            scored = matcher.scorer.score(everybody[may], np.array([product]))
        for objective in OBJECTIVES:
            true = values[objective]
            best = np.nan_to_num(np.where(may, _better(true), -np.inf), nan=-np.inf)
            oracle = _mean_top(np.sort(best)[::-1])
            result = matcher.match(product_id, TOP, objective, explain=False)
            got = _value(true, may, result.scored, result.rows)
            totals.setdefault(("this ranking", objective), []).append((got, oracle))
            for name, order in orders.items():
                worth = _mean_top(np.where(may, _better(true), 0.0)[order])
                totals.setdefault((name, objective), []).append((worth, oracle))
            if scored is not None:
                rows = scored.ranked(objective, scored.best_channels(objective))[:TOP]
                kept[objective].append((got, _value(true, may, scored, rows)))
    methods = ["this ranking", *BASELINES]
    return {
        "products": len(products),
        "methods": {
            method: {o: _ratios(totals[method, o]) for o in OBJECTIVES} for method in methods
        },
        "retrieval_kept": {
            name: _share(sum(a for a, _ in pairs), sum(b for _, b in pairs))
            for name, pairs in kept.items()
        },
    }


def later_outcomes(matcher: Matcher, catalog: Catalog) -> pd.DataFrame:
    """Return the invitations after the bundle's date, as predicted then and as they came out.

    Products that were not known at that date are judged by their content; creators who were not
    known cannot be. Columns: creator_id, product_id, invited_on, follower_count, accepted (null
    where the answer is not known), settled_gmv (null unless published and settled), and the
    predictions accept_probability, published_gmv, published_low, published_high.
    """
    log = catalog.collaborations
    after = log[days_of(log["invited_on"]) >= day_number(matcher.as_of)]
    creators = matcher.contents.history.creator_ids.rows(after["creator_id"])
    after, creators = after[creators >= 0].reset_index(drop=True), creators[creators >= 0]
    answered = answer_days(after).notna().to_numpy(dtype=bool)
    accepted = is_accepted(after).to_numpy(dtype=np.float64)
    frame = after[["creator_id", "product_id", "invited_on"]].copy()
    frame["follower_count"] = matcher.contents.offers.follower_count[creators]
    frame["accepted"] = np.where(answered, accepted, np.nan)
    frame["settled_gmv"] = settled_sales(after)
    for name, values in _predict_later(matcher, catalog, after, creators).items():
        frame[name] = values
    return frame


def judge_later(matcher: Matcher, later: pd.DataFrame) -> dict[str, Any]:
    """Return how the predictions of `later_outcomes` compare with what came."""
    published = later[later["settled_gmv"].notna()]
    sales = published["settled_gmv"].to_numpy()
    predicted = published["published_gmv"].to_numpy()
    followers = published["follower_count"].fillna(0).to_numpy()
    answered = later[later["accepted"].notna()]
    accepted, chance = (answered[c].to_numpy() for c in ("accepted", "accept_probability"))
    return {
        "invitations": len(later),
        "published": len(published),
        "sold": int(np.count_nonzero(sales > 0)),
        "auc_sale": _auc(sales > 0, predicted),
        "auc_sale_followers": _auc(sales > 0, followers),
        "spearman_sales": _spearman(sales, predicted),
        "spearman_sales_followers": _spearman(sales, followers),
        "sales_total": float(sales.sum()),
        "sales_predicted": float(predicted.sum()),
        "auc_accept": _auc(accepted > 0, chance),
        "accepted_share": _mean(accepted),
        "accept_predicted": _mean(chance),
        "interval": _coverage(matcher, published),
    }


def _predict_later(
    matcher: Matcher, catalog: Catalog, after: pd.DataFrame, creators: IntArray
) -> dict[str, FloatArray]:
    """Predict later invitations at the bundle's date, in their own channel where it is known."""
    contents = matcher.contents
    products = contents.history.product_ids.rows(after["product_id"])
    works = np.ones((contents.history.creators.count, len(CHANNELS)), dtype=bool)
    names = ("accept_probability", "published_gmv", "published_low", "published_high")
    predicted = {name: np.full(len(after), np.nan) for name in names}
    channels = _channels(after, matcher)

    def fill(chosen: IntArray, scored: Scored) -> None:
        rows = np.flatnonzero(scored.channels == channels[chosen][scored.candidates])
        for name in names:
            values = getattr(scored.outcomes, name)[rows]
            predicted[name][chosen[scored.candidates[rows]]] = values

    old, new = np.flatnonzero(products >= 0), np.flatnonzero(products < 0)
    if len(old):
        fill(old, matcher.scorer.score(creators[old], products[old], works=works))
    if len(new):
        table = catalog.products.set_index("product_id")
        table = table.loc[after["product_id"].iloc[new]].reset_index()
        words, merchant_ids = contents.history.words, contents.history.merchant_ids
        vectors = contents.text_encoder.encode(join_texts(table, TEXT_COLUMNS))
        external = (
            product_attributes(table, words, merchant_ids),
            ContentVectors(contents.texts.creators, vectors),
        )
        rows = np.arange(len(new))
        fill(new, matcher.scorer.score(creators[new], rows, works=works, external=external))
    return predicted


def _channels(after: pd.DataFrame, matcher: Matcher) -> IntArray:
    usual = matcher.contents.history.channels[0]
    if "channel" not in after.columns:
        return np.full(len(after), usual)
    codes = pd.Index(CHANNELS).get_indexer(pd.Index(after["channel"]))
    return np.where(codes < 0, usual, codes)


def _coverage(matcher: Matcher, published: pd.DataFrame) -> dict[str, Any]:
    """Return the share of published collaborations inside the interval, by predicted size."""
    ranker = matcher.contents.ranker
    judged = published[published["published_low"].notna()]
    if ranker.given_sale:
        judged = judged[judged["settled_gmv"] > 0]
    inside = judged["settled_gmv"].between(judged["published_low"], judged["published_high"])
    inside = inside.to_numpy(dtype=bool)[np.argsort(judged["published_gmv"], kind="stable")]
    return {
        "level": ranker.interval.level,
        "cases": len(inside),
        "inside": _mean(inside),
        "inside_by_fifth": [_mean(part) for part in np.array_split(inside, 5)],
    }


def _judged_products(matcher: Matcher, count: int, seed: int) -> IntArray:
    """Choose products whose deal is known, so that their true value is."""
    attributes = matcher.contents.history.products
    known = np.ones(attributes.count, dtype=bool)
    for name in ("margin_rate", "sample_cost", "service_fee_rate"):
        if attributes.has(name):
            known &= ~np.isnan(attributes[name])
    rows = np.flatnonzero(known)
    generator = np.random.default_rng(seed)
    return np.sort(generator.choice(rows, min(count, len(rows)), replace=False))


def _better(values: FloatArray) -> FloatArray:
    """Return the better channel's value, NaN where the creator works in none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(values).all(axis=1), np.nan, np.fmax(values[:, 0], values[:, 1]))


def _value(true: FloatArray, may: Any, scored: Scored, rows: IntArray) -> float:
    """Return the mean true value of a list; who is not eligible or does not work there is 0."""
    creators, channels = scored.creators[rows], scored.channels[rows]
    return _mean_top(np.where(may[creators], true[creators, channels], 0.0))


def _mean_top(values: FloatArray) -> float:
    """Return the mean of the first ten; missing ones are worth nothing."""
    top = np.where(np.isfinite(values[:TOP]), values[:TOP], 0.0)
    return float(top.sum() / TOP)


def _ratios(pairs: list[tuple[float, float]]) -> dict[str, float | None]:
    """Return mean value ratio, its standard error, and the money share."""
    got, oracle = np.array(pairs).T
    worthwhile = oracle > 0
    ratios = np.maximum(got[worthwhile] / oracle[worthwhile], -1.0)
    count = len(ratios)
    return {
        "value_ratio": float(ratios.mean()) if count else None,
        "standard_error": float(ratios.std(ddof=1) / np.sqrt(count)) if count > 1 else None,
        "money_share": float(got[worthwhile].sum() / oracle[worthwhile].sum()) if count else None,
        "products": count,
    }


def _auc(truth: Any, score: FloatArray) -> float | None:
    if len(truth) == 0 or truth.all() or not truth.any():
        return None
    return float(roc_auc_score(truth, score))


def _spearman(truth: FloatArray, score: FloatArray) -> float | None:
    if len(truth) < 3 or np.ptp(truth) == 0 or np.ptp(score) == 0:
        return None
    return float(spearmanr(truth, score).statistic)


def _mean(values: Any) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None
