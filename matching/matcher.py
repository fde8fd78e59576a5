"""Matcher: retrieve → features → predict → rank → explain. HTTP, weekly lists, the command line
and notebooks all ask it, and none of them ranks by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching import bundle
from matching.assortment import Assortment, assortment
from matching.choices import chosen
from matching.columns import CHANNELS, SCENES
from matching.contents import Contents
from matching.deadline import check_deadline
from matching.economics import OBJECTIVES, Terms
from matching.eligibility import (
    Filters,
    Request,
    affordable_channels,
    count_removed,
    eligible,
    why_not,
)
from matching.errors import BundleError, ConflictError, OptionError, UnknownIdError
from matching.history import EPOCH, Attributes, FloatArray, IntArray, day_number
from matching.languages import DEFAULT_LANGUAGE, check_language
from matching.likeness import Likeness
from matching.models.encoder import without_level
from matching.models.index import use_one_thread
from matching.models.text import ContentVectors
from matching.notes import MOST_CANDIDATES, Search, notes
from matching.past import Past, past_of
from matching.product import product_rows
from matching.profile import describe_profile
from matching.results import (
    Included,
    MatchResult,
    describe_person,
    describe_product,
    describe_promise,
)
from matching.scoring import NO_TERMS, Scored

CANDIDATES = {"roi": 300, "gmv": 600, "profit": 1000}
"""How many creators are looked at; the value this loses is in the quality report. Fees make
profit the hardest to find in a space of few dimensions, so more are scored for it."""
PREDICTED_IN_FULL = {"roi": 150, "gmv": 150, "profit": CANDIDATES["profit"]}
"""So many of the candidates, the best by a third of the trees, are predicted by all of them.
Profit is a small difference of large amounts: the best 500 by a rough one lost 0.7 % of the value
ratio on a market."""
_ANCHORS_OF_A_PART = 300
MAX_K = 200
_SEARCHED = ("product_id", "title", "category", "brand")

NO_FILTERS = Filters()
NOBODY: Mapping[str, date] = {}


@dataclass(frozen=True)
class Asked:
    """A product as the models see it: a row of the catalog, or one that was described."""

    row: int
    attributes: Attributes
    external: tuple[Attributes, ContentVectors] | None
    shown: Mapping[str, Any]

    @property
    def category(self) -> int:
        """Code of the product's category, -1 where the catalog does not know it."""
        return int(self.attributes["category"][self.row])


class Matcher:
    """Answers who should sell a product, from one verified bundle.

    Examples
    --------
    >>> matcher = Matcher.load(bundle)
    >>> matcher
    Matcher(... as of 2026-11-21: 2,000 creators, 400 products, CNY)
    >>> matcher.match("p000001", k=5)  # a table in a terminal and in a notebook
    禾源亲子睡眠面膜提亮肤色旅行装 ...
    >>> len(matcher.products_for("c0000001", k=3))
    3
    """

    def __init__(self, version: str, as_of: date, contents: Contents) -> None:
        self.version = version
        self.as_of = as_of
        self.contents = contents
        self.scorer = contents.scorer()
        self.likeness = Likeness.of(contents.encoder)

    def __repr__(self) -> str:
        history = self.contents.history
        return (
            f"Matcher({self.version}, as of {self.as_of}: {history.creators.count:,} creators, "
            f"{history.products.count:,} products, {self.currency})"
        )

    @classmethod
    def load(cls, path: Path | str, verified: bool = False) -> Matcher:
        """Verify and load a bundle; BundleError says what is wrong with it.

        `verified` says that it was verified just now, and has not been touched since.
        """
        use_one_thread()
        manifest, files = bundle.read(Path(path), verified)
        try:
            contents = Contents.from_files(manifest, files)
        except KeyError as error:
            raise BundleError(
                f"{path} lacks {error}: another version of this program wrote it; train again",
                "foreign",
            ) from error
        return cls(manifest["version"], date.fromisoformat(manifest["as_of"]), contents)

    @property
    def currency(self) -> str:
        """Currency of every amount."""
        return str(self.contents.facts["currency"])

    def match(
        self,
        product: str | Mapping[str, Any],
        k: int = 20,
        objective: str = "roi",
        filters: Filters | Mapping[str, Any] = NO_FILTERS,
        terms: Terms | Mapping[str, Any] = NO_TERMS,
        include: Sequence[str] = (),
        explain: bool = True,
        week: date | None = None,
        language: str = DEFAULT_LANGUAGE,
        invited: Mapping[str, date] = NOBODY,
    ) -> MatchResult:
        """Return the best k creators for a product.

        Parameters
        ----------
        product : an id of the catalog, or the fields of a product that is not in it
        filters, terms : the object, or its fields by name
        include : creators to answer "why not this one?" for
        week : the Monday whose capacity counts; default the week of the bundle's date
        language : of reasons and notes, one of `languages.LANGUAGES`
        invited : creators whom the merchant has invited, also since the bundle's date, and when
            last: the filters `only_new` and `exclude_contacted_days` leave them out

        Raises
        ------
        UnknownIdError
            If the catalog has no such product.
        OptionError
            If a value cannot be used; names the field.
        ConflictError
            If profit is asked for a product without a margin.

        Examples
        --------
        >>> matcher = Matcher.load(bundle)
        >>> found = matcher.match(
        ...     "p000001",
        ...     k=20,
        ...     objective="roi",
        ...     filters={"follower_max": 50_000},
        ...     terms={"commission_rate": 0.25},
        ... )
        >>> found.to_frame()["commission_rate"].unique()
        array([0.25])
        >>> bool((found.to_frame()["follower_count"] <= 50_000).all())
        True
        """
        check_asked(k, objective)
        check_language(language)
        filters, terms = chosen(Filters, filters, "filters"), chosen(Terms, terms, "terms")
        asked = self.find_product(product)
        terms.check()
        self._check_margin(asked, objective)
        request = self.request(asked, filters.check(), terms, week, invited)
        about = self.contents.history, self.contents.offers, request
        mask = eligible(*about)
        works = affordable_channels(self.contents.offers, request)
        scored, rows, widened = self._best(asked, k, objective, request, terms, mask, works)
        shown = rows[:k]
        search = Search(
            k,
            objective,
            int(np.count_nonzero(mask)),
            count_removed(*about) if len(shown) < k else {},
            widened,
            asked.external is not None,
            self._has_history(asked),
        )
        return MatchResult(
            self,
            asked.shown,
            objective,
            scored,
            shown,
            self.scorer.contributions(scored, shown) if explain else None,
            asked.category,
            list(notes(self.contents, self.as_of, search, scored, shown, language)),
            self._include(asked, include, objective, request, terms, works, scored, rows),
            language,
            terms,
        )

    def score(self, creators: Sequence[str], product: str, objective: str = "roi") -> MatchResult:
        """Return these creators for a catalog product, best first, eligible or not."""
        check_asked(1, objective)
        asked = self.find_product(product)
        self._check_margin(asked, objective)
        scored = self.scorer.score(self._creator_rows(creators), np.array([asked.row]))
        rows = scored.ranked(objective, scored.best_channels(objective))
        parts = self.scorer.contributions(scored, rows)
        return MatchResult(self, asked.shown, objective, scored, rows, parts, asked.category, [])

    def creator(self, creator_id: str) -> dict[str, Any]:
        """Return a creator's public profile; UnknownIdError if there is none."""
        return describe_profile(self, int(self._creator_rows([creator_id])[0]))

    def products_for(
        self,
        creator_id: str,
        k: int = 20,
        objective: str = "roi",
        merchant_id: str | None = None,
        after: int = 0,
        language: str = DEFAULT_LANGUAGE,
    ) -> Assortment:
        """Return the best products for a creator, by the same predictions as in a match.

        Only products that the creator may be offered: whose commission is no lower than asked for,
        and for profit those with a margin. All of a merchant's own are scored, of everybody's those
        nearest in the retrieval space.

        Parameters
        ----------
        merchant_id : only this merchant's products
        after : how many of the best to leave out: those of the pages before
        language : of the notes, one of `languages.LANGUAGES`

        Raises
        ------
        UnknownIdError
            If the catalog has no such creator.
        OptionError
            If a value cannot be used; names the field.
        """
        check_asked(k, objective)
        check_language(language)
        creator = int(self._creator_rows([creator_id])[0])
        return assortment(self, creator, k, objective, merchant_id, after, language)

    def promise(
        self,
        product: str,
        creators: Sequence[str],
        channel: str | None = None,
        terms: Terms = NO_TERMS,
    ) -> list[dict[str, Any]]:
        """Return what is predicted of each creator for a catalog product, eligible or not.

        Each has bundle, as_of, the offer's channel and terms, and roi, settled_gmv (both with
        bounds), cost, accept_probability, fulfil_probability. Without a channel it is the one with
        the better ROI.

        Raises
        ------
        UnknownIdError
            If the catalog has no such product or creator.
        OptionError
            If a term cannot be used.
        """
        asked = self.find_product(product)
        rows = self._creator_rows(creators)
        works = self.contents.offers.works
        if channel is not None:
            works = np.broadcast_to(np.array(CHANNELS) == channel, works.shape)
        scored = self.scorer.score(rows, np.array([asked.row]), terms.check(), works)
        return [describe_promise(self, scored, int(row)) for row in scored.best_channels("roi")]

    def check_creators(self, creator_ids: Sequence[str]) -> None:
        """Raise UnknownIdError naming the first creator whom the catalog lacks."""
        self._creator_rows(creator_ids)

    def similar(self, creator_id: str, k: int = 20, after: int = 0) -> list[dict[str, Any]]:
        """Return the k creators most like this one, as plain values, most alike first.

        `after` of them are left out: those of the pages before.

        Each has who they are and `similarity`, at most 1: how much the ranker's expectations of
        both rise and fall together over products. Creators without history are compared by what is
        known of them. Nobody who has opted out is returned.

        Raises
        ------
        UnknownIdError
            If the catalog has no such creator.
        OptionError
            If k cannot be used.
        """
        _check_k(k)
        creator = int(self._creator_rows([creator_id])[0])
        may = self.contents.history.creators.get("opted_out") != 1
        rows, similarity = self.likeness.nearest(creator, after + k, may)
        return [
            {**describe_person(self, int(row)), "similarity": float(alike)}
            for row, alike in zip(rows[after:], similarity[after:], strict=True)
        ]

    def past(self, merchant_id: str | None = None) -> Past:
        """Return the collaborations of a merchant that came to an end, beside their promises.

        Of everybody by default; a merchant who is not known has none.
        """
        return past_of(self, merchant_id)

    def eligible(self, product: str, week: date | None = None) -> npt.NDArray[np.bool_]:
        """Return which creators may be offered a catalog product, bool (creators,)."""
        request = self.request(self.find_product(product), NO_FILTERS, NO_TERMS, week)
        return eligible(self.contents.history, self.contents.offers, request)

    def find_product(self, product: str | Mapping[str, Any]) -> Asked:
        """Return the product as the models see it; UnknownIdError if the catalog lacks it."""
        contents = self.contents
        if isinstance(product, str):
            row = self._product_row(product)
            return Asked(row, contents.history.products, None, self._shown_product(row))
        attributes, text, shown = product_rows(product, contents.history, contents.text_encoder)
        texts = replace(contents.texts, products=text)
        return Asked(0, attributes, (attributes, texts), shown)

    def product(self, product_id: str) -> dict[str, Any]:
        """Return a product of the catalog; UnknownIdError if there is none."""
        return self._shown_product(self._product_row(product_id))

    def products(
        self,
        query: str | None = None,
        limit: int = 50,
        after: str | None = None,
        merchant_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return products in the order of their ids: those that have each word of `query`.

        A word may be part of the id, the title, the category or the brand.
        `after` is the last id of the page before; `merchant_id` leaves only that merchant's.
        """
        start = 0
        if after is not None:
            ids = self.contents.history.product_ids.encoded
            start = int(np.searchsorted(ids, np.bytes_(after.encode()), side="right"))
        found = self._search_products(query, start, merchant_id)
        return [self._shown_product(row) for row, _ in zip(found, range(limit), strict=False)]

    def query(
        self, asked: Asked, objective: str, terms: Terms = NO_TERMS
    ) -> npt.NDArray[np.float32]:
        """Return the product's query vector; made on the spot for new products and other terms."""
        if asked.external is None and not terms.given():
            return np.asarray(self.contents.queries[objective][asked.row])
        return self._placed(self.contents.encoder.anchors, asked, objective, terms)

    def candidates(
        self,
        asked: Asked,
        objective: str,
        count: int,
        mask: npt.NDArray[np.bool_],
        terms: Terms = NO_TERMS,
    ) -> IntArray:
        """Return the creators to look at: those nearest to the product's query, sorted.

        For a product that is used at a place half as many, and as many of its city: few live there,
        the city decides what they bring, and the space tells too little of it. At a million
        creators three quarters of such a product's value were lost without.
        """
        index, creators = self.contents.index, self.contents.history.creators
        query = without_level(self.query(asked, objective, terms))
        found = index.search(query, count, mask)
        scene, city = (asked.attributes.get(name)[asked.row] for name in ("scene", "city"))
        if scene != SCENES.index("local") or not city >= 0 or not creators.has("city"):
            return np.sort(found)
        home = mask & (creators["city"] == city)
        return np.union1d(
            found[: count // 2], self._nearest_of(home, asked, objective, count, terms, query)
        )

    def _nearest_of(
        self,
        mask: npt.NDArray[np.bool_],
        asked: Asked,
        objective: str,
        count: int,
        terms: Terms,
        query: npt.NDArray[np.float32],
    ) -> IntArray:
        """Return the nearest of a part of the creators, to a query that tells them apart better.

        It is placed by anchors among themselves: half of them those nearest to the common query.
        """
        index, rows = self.contents.index, np.flatnonzero(mask)
        if len(rows) <= count:
            return rows
        spread = rows[np.linspace(0, len(rows) - 1, _ANCHORS_OF_A_PART // 2).astype(np.int64)]
        near = index.search(query, _ANCHORS_OF_A_PART // 2, mask)
        own = self._placed(np.union1d(near, spread), asked, objective, terms)
        return index.search(without_level(own), count, mask)

    def _placed(
        self, anchors: IntArray, asked: Asked, objective: str, terms: Terms
    ) -> npt.NDArray[np.float32]:
        """Return the product's query vector as what is predicted of these creators places it."""
        scored = self.scorer.score(anchors, np.array([asked.row]), terms, external=asked.external)
        encoder = replace(self.contents.encoder, anchors=anchors)
        return np.asarray(encoder.queries(scored.best_values(objective)[None, :])[0])

    def _best(
        self,
        asked: Asked,
        k: int,
        objective: str,
        request: Request,
        terms: Terms,
        mask: npt.NDArray[np.bool_],
        works: npt.NDArray[np.bool_],
    ) -> tuple[Scored, IntArray, int | None]:
        """Return scored offers, the rows that pass from best to worst, and how far it widened.

        Filters on predictions take more candidates until k pass, 5,000 at most.
        """
        count = candidate_count(objective, k)
        while True:
            check_deadline("searching")
            creators = self.candidates(asked, objective, count, mask, terms)
            scored = self.scorer.score(
                creators,
                np.array([asked.row]),
                terms,
                works,
                external=asked.external,
                best=None if request.filters.on_predictions else in_full(objective, k),
            )
            rows = scored.best_channels(objective)
            rows = scored.ranked(objective, rows[_passes(scored, rows, request.filters)])
            if not request.filters.on_predictions:
                return scored, rows, None
            if len(rows) >= k or count >= MOST_CANDIDATES or len(creators) < count:
                return scored, rows, len(creators)
            count = min(4 * count, MOST_CANDIDATES)

    def _include(
        self,
        asked: Asked,
        include: Sequence[str],
        objective: str,
        request: Request,
        terms: Terms,
        works: npt.NDArray[np.bool_],
        ranked: Scored,
        rows: IntArray,
    ) -> list[Included] | None:
        """Return for each creator asked about the prediction, rank, and why not eligible.

        A rank is known of those who were looked at: of the candidates, and of everybody where
        there were no more.
        """
        if not include:
            return None
        contents = self.contents
        creators = self._creator_rows(list(dict.fromkeys(include)))
        reasons = why_not(contents.history, contents.offers, request, creators)
        may = creators[[reason is None for reason in reasons]]
        channels = contents.offers.works.copy()
        channels[may] = works[may]
        scored = self.scorer.score(
            creators, np.array([asked.row]), terms, channels, external=asked.external
        )
        place = {int(creator): rank for rank, creator in enumerate(ranked.creators[rows], start=1)}
        return [
            Included(
                scored,
                row,
                None
                if (missed := reason or _missed(scored, row, request.filters))
                else place.get(creator),
                missed,
                ranked.looked_at,
            )
            for creator, row, reason in zip(
                creators.tolist(), scored.best_channels(objective).tolist(), reasons, strict=True
            )
        ]

    def _creator_rows(self, creator_ids: Sequence[str]) -> IntArray:
        rows = self.contents.history.creator_ids.rows(creator_ids)
        if (rows < 0).any():
            raise UnknownIdError("creator", creator_ids[int(np.argmax(rows < 0))])
        return rows

    def request(
        self,
        asked: Asked,
        filters: Filters,
        terms: Terms,
        week: date | None,
        invited: Mapping[str, date] = NOBODY,
    ) -> Request:
        """Return what eligibility depends on."""
        commission = terms.commission_rate
        if commission is None:
            commission = float(asked.attributes["commission_rate"][asked.row])
        day = week or self.as_of
        return Request(
            asked.attributes,
            asked.row,
            commission,
            terms.slot_fee,
            filters,
            (day - EPOCH).days,
            (
                self.contents.history.creator_ids.rows(invited),
                np.array([day_number(last) for last in invited.values()], dtype=np.int64),
            ),
        )

    def _check_margin(self, asked: Asked, objective: str) -> None:
        if objective == "profit" and np.isnan(asked.attributes.get("margin_rate")[asked.row]):
            raise ConflictError(
                "profit cannot be predicted: the product has no margin_rate; give one in the "
                "products table (or in `product`), or rank by roi or gmv"
            )

    def _has_history(self, asked: Asked) -> bool:
        history = self.contents.history
        ledger = history.ledgers["outcomes", "product"]
        start, end = ledger.span(np.array([asked.row]), np.array([history.as_of]))
        return asked.external is None and bool(end[0] > start[0])

    def _product_row(self, product_id: str) -> int:
        row = int(self.contents.history.product_ids.rows([product_id])[0])
        if row < 0:
            raise UnknownIdError("product", product_id)
        return row

    def _shown_product(self, row: int) -> dict[str, Any]:
        return describe_product(self.contents.products, row)

    def _search_products(
        self, query: str | None, start: int, merchant_id: str | None
    ) -> Iterator[int]:
        table = self.contents.products
        rows = np.arange(start, table.num_rows)
        if merchant_id is not None:
            history = self.contents.history
            merchant = int(history.merchant_ids.rows([merchant_id])[0])
            rows = rows[(history.products["merchant"][start:] == merchant) & (merchant >= 0)]
        if not query or not query.strip():
            return iter(rows.tolist())
        import pyarrow.compute as pc

        hits = np.ones(len(rows), dtype=bool)
        columns = [table.column(n).take(rows) for n in _SEARCHED if n in table.column_names]
        for word in query.split():
            found = np.zeros(len(rows), dtype=bool)
            for column in columns:
                matched = pc.match_substring(column, word, ignore_case=True)
                found |= matched.fill_null(False).to_numpy()
            hits &= found
        return iter(rows[hits].tolist())


def candidate_count(objective: str, k: int) -> int:
    """Return how many creators are scored to list k of them."""
    return max(CANDIDATES[objective], 2 * k)


def in_full(objective: str, k: int) -> tuple[str, int] | None:
    """Return by what and how many candidates are predicted in full to list k; None for all."""
    count = max(PREDICTED_IN_FULL[objective], 2 * k)
    return (objective, count) if count < candidate_count(objective, k) else None


def check_asked(k: int, objective: str) -> None:
    """Raise OptionError where k or the objective cannot be asked for."""
    _check_k(k)
    if objective not in OBJECTIVES:
        raise OptionError("objective", f"must be one of {', '.join(OBJECTIVES)}, not {objective!r}")


def _check_k(k: int) -> None:
    if not 1 <= k <= MAX_K:
        raise OptionError("k", f"must be between 1 and {MAX_K}, not {k}")


def _passes(scored: Scored, rows: IntArray, filters: Filters) -> npt.NDArray[np.bool_]:
    """Return which rows pass the filters on predictions; what is unknown does not."""
    passes = np.ones(len(rows), dtype=bool)
    for _, least, values in _least(scored, filters):
        passes &= values[rows] >= least
    return passes


def _missed(scored: Scored, row: int, filters: Filters) -> str | None:
    """Return the first filter on predictions that a row does not pass."""
    for name, least, values in _least(scored, filters):
        if not values[row] >= least:
            return name
    return None


def _least(scored: Scored, filters: Filters) -> Iterator[tuple[str, float, FloatArray]]:
    """Yield each filter on predictions that was given: name, least value, predictions."""
    for name, values in (
        ("roi_min", scored.money.roi),
        ("settled_gmv_min", scored.money.settled_gmv),
        ("accept_min", scored.outcomes.accept_probability),
    ):
        least = getattr(filters, name)
        if least is not None:
            yield name, least, values


__all__ = ["Filters", "MatchResult", "Matcher", "Terms"]
