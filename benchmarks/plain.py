"""The plain pipeline: what a good engineer would write in a day around the same bundle.

The same models, candidates and answers as `Matcher.match`: facts in pandas tables,
a Flat index with a selector, features column by column of a DataFrame, `predict(DataFrame)`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import faiss
import numpy as np
import pandas as pd

from matching.columns import CHANNELS
from matching.economics import Terms
from matching.features import FEATURES
from matching.history import MEASURES, SPAN, unit
from matching.matcher import CANDIDATES, Matcher
from matching.models.effects import READS
from matching.models.encoder import without_level
from matching.models.ranker import Given, order, preference, value
from matching.pairs import CREATOR_COLUMNS, PRODUCT_COLUMNS, TOTALS, Offer, Pairs
from matching.scoring import log_prices

_PAIR_COLUMNS = sorted(
    {name for feature in FEATURES for name in feature.reads} - CREATOR_COLUMNS - PRODUCT_COLUMNS
)


class Plain:
    """Answers as the matcher of the same bundle does."""

    def __init__(self, matcher: Matcher) -> None:
        contents = matcher.contents
        self.contents, self.history = contents, contents.history
        self.day = np.array([self.history.as_of])
        self.creators = pd.DataFrame(dict(self.history.creators.columns))
        free = self.history.accepted_in_week(self.history.as_of or 0)
        if "weekly_capacity" in self.creators:
            self.creators["free"] = ~(self.creators["weekly_capacity"] - free <= 0)
        works = pd.DataFrame(contents.offers.works, columns=list(CHANNELS))
        self.creators = self.creators.join(works)
        self.facts = self._creator_facts()
        self.products = self._product_facts()
        self.totals = self._totals()
        self.index = faiss.IndexFlatIP(contents.encoder.directions.shape[1])
        self.index.add(np.ascontiguousarray(contents.encoder.directions))

    def match(
        self, product_id: str, k: int = 20, objective: str = "roi", explain: bool = True
    ) -> list[tuple[str, float]]:
        """Return the ids of the best creators and their predicted ROI."""
        row = int(self.history.product_ids.rows([product_id])[0])
        product = self.products.loc[row]
        chosen = self._search(row, product, objective)
        frame = self.facts.loc[np.sort(chosen)].reset_index().assign(**product)
        creators = frame["creator"].to_numpy()
        channels = frame["channel"].to_numpy()
        deal, offer, _ = self.contents.offers.deal(
            self.history.products, creators, np.array([row]), channels, Terms()
        )
        pairs = _Pairs(self, creators, row, channels, offer)
        for name in _PAIR_COLUMNS:
            frame[name] = np.broadcast_to(pairs[name], len(frame))
        features = pd.DataFrame(
            {f.name: f.compute(*(frame[name] for name in f.reads)) for f in FEATURES}
        ).astype("float32")
        ranker = self.contents.ranker
        log_price = log_prices(np.array([product["product_price"]]))
        effects = ranker.effects.parts(pairs.total, log_price, len(frame))
        given = Given(channels, log_price, effects)
        outcomes = ranker.predict(features, given)
        returns = self.contents.offers.return_cost_rate(
            self.history.products, np.array([row]), outcomes.refund_share
        )
        deal = replace(deal, return_cost_rate=returns)
        money = value(outcomes, deal)
        first, second = preference(outcomes, money, objective)
        best = pd.DataFrame(
            {"creator": creators, "first": first, "second": second, "channel": channels}
        ).sort_values(
            ["creator", "first", "second", "channel"], ascending=[True, False, False, True]
        )
        rows = best.drop_duplicates("creator").index.to_numpy()
        rows = rows[order(first[rows], second[rows], creators[rows])][:k]
        if explain:
            ranker.contributions(features.iloc[rows], given[rows])
        return [(self.history.creator_ids[int(creators[i])], float(money.roi[i])) for i in rows]

    def _search(self, row: int, product: Any, objective: str) -> Any:
        who = self.creators
        may = who[list(CHANNELS)].any(axis=1)
        if "joined_on" in who:
            may &= ~(who["joined_on"] >= self.history.as_of)
        if "opted_out" in who:
            may &= who["opted_out"] != 1
        if "min_commission_rate" in who:
            may &= ~(who["min_commission_rate"] > product["product_commission_rate"] + 1e-9)
        if "free" in who:
            may &= who["free"]
        selector = faiss.IDSelectorBitmap(np.packbits(may, bitorder="little"))
        query = without_level(np.asarray(self.contents.queries[objective][row]))
        parameters = faiss.SearchParameters(sel=selector)
        _, found = self.index.search(query[None], CANDIDATES[objective], params=parameters)
        return found[0][found[0] >= 0]

    def _creator_facts(self) -> pd.DataFrame:
        creators, channels = np.nonzero(self.contents.offers.works)
        first = np.zeros(1, dtype=np.int64)
        offer = Offer(np.array([np.nan]), np.array([np.nan]))
        pairs = Pairs(self.history, self.contents.texts, creators, first, channels, self.day, offer)
        reads = {name for feature in FEATURES for name in feature.reads} & CREATOR_COLUMNS
        facts = {n: np.broadcast_to(pairs[n], len(creators)) for n in sorted(reads)}
        table = pd.DataFrame({"creator": creators, "channel": channels, **facts})
        return table.set_index("creator").sort_index()

    def _product_facts(self) -> pd.DataFrame:
        rows, first = np.arange(self.history.products.count), np.zeros(1, dtype=np.int64)
        offer = Offer(np.array([np.nan]), np.array([np.nan]))
        pairs = Pairs(self.history, self.contents.texts, first, rows, first, self.day, offer)
        reads = {name for feature in FEATURES for name in feature.reads} & PRODUCT_COLUMNS
        names = sorted((reads | {"product_commission_rate", "product_price"}) - CREATOR_COLUMNS)
        return pd.DataFrame({name: np.broadcast_to(pairs[name], len(rows)) for name in names})

    def _totals(self) -> dict[tuple[str, str, bool], pd.Series]:
        """Return the totals of each pair's keys as tables by key."""
        asked = {TOTALS[name] for name in _PAIR_COLUMNS if name in TOTALS}
        asked |= {(key, measure, False) for key, measure in READS}
        found = {}
        for key, measure, recent in asked:
            ledger = self.history.ledgers.get((MEASURES[measure], key))
            if ledger is None:
                continue
            sums = np.diff(ledger.running(measure)) / unit(measure)
            late = ledger.stamps % SPAN == (self.history.as_of or 0) - 1
            kept = late if recent else np.ones(len(sums), dtype=bool)
            table = pd.Series(sums[kept], index=ledger.stamps[kept] // SPAN)
            found[key, measure, recent] = table.groupby(level=0).sum()
        return found


class _Pairs(Pairs):
    """Pairs whose totals are looked up in tables."""

    def __init__(self, plain: Plain, creators: Any, row: int, channels: Any, offer: Offer) -> None:
        history, texts = plain.history, plain.contents.texts
        super().__init__(history, texts, creators, np.array([row]), channels, plain.day, offer)
        self.plain = plain

    def total(self, key: str, measure: str, recent: bool = False) -> Any:
        table = self.plain.totals[key, measure, recent]
        return table.reindex(self.key(key)).fillna(0.0).to_numpy()
