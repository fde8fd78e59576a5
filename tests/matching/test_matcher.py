"""The product itself: who is returned for a product, in which order, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from matching import matcher as matcher_module
from matching.catalog import Catalog
from matching.columns import CHANNELS, PRODUCTS
from matching.economics import OBJECTIVES, Terms, three_digits
from matching.eligibility import REASONS
from matching.errors import ConflictError, OptionError, UnknownIdError
from matching.languages import LANGUAGES
from matching.matcher import Filters, Matcher
from matching.models.ranker import preference
from matching.results import PROMISED
from tests.conftest import QUICK
from tests.markets import small_market
from tests.matching.words import check_words
from training.run import train

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def people(sample: Catalog) -> pd.DataFrame:
    return sample.creators.set_index("creator_id")


@pytest.fixture(scope="module")
def products(sample: Catalog) -> list[str]:
    """A product of each kind of margin and scene, and some others."""
    known = sample.products[sample.products["margin_rate"].notna()]
    first = known.groupby("scene").head(1)["product_id"]
    return sorted({*first, *known["product_id"].iloc[:: len(known) // 5]})


def matcher_of(tables: Mapping[str, pd.DataFrame], as_of: date | None = None) -> Matcher:
    trained = train(Catalog.from_tables(tables), QUICK, as_of)
    return Matcher("test", trained.as_of, trained.contents)


@pytest.fixture(scope="module")
def small_matcher() -> Matcher:
    return matcher_of(small_market())


@pytest.fixture(scope="module")
def free() -> Matcher:
    """A market in which creators are paid commission and nothing else."""
    tables = small_market()
    tables["creators"] = tables["creators"].drop(columns=["live_slot_fee", "video_slot_fee"])
    tables["products"] = tables["products"].drop(columns=["sample_cost"])
    tables["collaborations"] = tables["collaborations"].drop(columns=["return_cost"])
    return matcher_of(tables)


def ids(answer: Answer) -> list[str]:
    return [creator["creator_id"] for creator in answer["creators"]]


# --- the answer ---

ANSWER = {"bundle", "as_of", "objective", "currency", "product", "creators", "notes"}
CREATOR = {
    *("rank", "creator_id", "name", "category", "city", "mcn_id", "follower_count"),
    *("offer", "predicted", "evidence", "reasons"),
}
OFFER = {
    *("channel", "slot_fee", "sample_cost", "commission_rate"),
    *("cost_estimated", "roi_degenerate"),
}
PREDICTED = {
    *("roi", "roi_low", "roi_high", "settled_gmv", "settled_gmv_low", "settled_gmv_high"),
    *("cost", "profit", "break_even_slot_fee", "accept_probability", "fulfil_probability"),
}
EVIDENCE = {"base", "transform", "reach", "utilize", "strengthen", "thrive"}
REASON = {"stage", "feature", "value", "contribution", "text"}


def test_an_answer_has_the_shape_of_the_contract(matcher: Matcher, products: list[str]):
    answer = matcher.match(products[0], k=5).to_dict()
    assert set(answer) == ANSWER
    assert answer["bundle"] == matcher.version
    assert answer["as_of"] == matcher.as_of.isoformat()
    assert (answer["objective"], answer["currency"]) == ("roi", "CNY")
    assert set(answer["product"]) == set(PRODUCTS.names) - {"updated_on"}
    assert [creator["rank"] for creator in answer["creators"]] == [1, 2, 3, 4, 5]
    for creator in answer["creators"]:
        assert set(creator) == CREATOR
        assert set(creator["offer"]) == OFFER
        assert set(creator["predicted"]) - {"sale_probability"} == PREDICTED
        assert set(creator["evidence"]) == EVIDENCE
        for reason in creator["reasons"]:
            assert set(reason) == REASON
            assert reason["stage"] in EVIDENCE


def test_an_answer_is_json_without_surprises(matcher: Matcher, products: list[str]):
    """No NaN, no numpy number, no date: what is written is what is read."""
    answer = matcher.match(products[0], include=[]).to_dict()
    assert json.loads(json.dumps(answer, allow_nan=False, ensure_ascii=False)) == answer


def test_without_explanation_there_is_none(matcher: Matcher, products: list[str]):
    plain = matcher.match(products[0], k=5, explain=False).to_dict()
    told = matcher.match(products[0], k=5).to_dict()
    for creator, same in zip(plain["creators"], told["creators"], strict=True):
        assert set(creator) == CREATOR - {"evidence", "reasons"}
        assert creator == {name: same[name] for name in creator}


def test_what_is_said_of_a_creator_is_what_the_catalog_says(
    matcher: Matcher, products: list[str], people: pd.DataFrame
):
    for creator in matcher.match(products[0], k=50).to_dict()["creators"]:
        row = people.loc[creator["creator_id"]]
        for name in ("name", "category", "city", "mcn_id"):
            assert creator[name] == (None if pd.isna(row[name]) else row[name]), name
        fee = row[f"{creator['offer']['channel']}_slot_fee"]
        if not creator["offer"]["cost_estimated"]:
            assert creator["offer"]["slot_fee"] == fee


def test_the_same_question_has_the_same_answer(matcher: Matcher, products: list[str]):
    first, second = (matcher.match(products[1], objective="gmv").to_dict() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_money_adds_up_as_the_contract_says(matcher: Matcher, products: list[str], objective: str):
    for product_id in products:
        answer = matcher.match(product_id, k=20, objective=objective).to_dict()
        margin = answer["product"]["margin_rate"]
        for creator in answer["creators"]:
            told = creator["predicted"]
            assert told["roi"] == pytest.approx(told["settled_gmv"] / told["cost"])
            assert told["profit"] == pytest.approx(told["settled_gmv"] * margin - told["cost"])
            assert 0 < told["accept_probability"] < 1
            assert 0 < told["fulfil_probability"] <= 1
            assert 0 <= told["settled_gmv_low"] < told["settled_gmv_high"]
            assert told["roi_low"] <= told["roi_high"]
            gain = told["profit"] + told["fulfil_probability"] * creator["offer"]["slot_fee"]
            assert told["break_even_slot_fee"] == pytest.approx(
                gain / told["fulfil_probability"], abs=1e-6
            )


# --- order ---


def key(creator: Answer, objective: str) -> tuple[float, float]:
    told = creator["predicted"]
    sales = told["accept_probability"] * told["settled_gmv"]
    first = {
        "roi": float(three_digits(told["roi"])),
        "gmv": sales,
        "profit": told["accept_probability"] * (told["profit"] or 0.0),
    }[objective]
    return (-first, -sales)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_creators_are_in_the_order_of_the_objective(
    matcher: Matcher, products: list[str], objective: str
):
    for product_id in products:
        answer = matcher.match(product_id, k=40, objective=objective, explain=False).to_dict()
        keys = [key(creator, objective) for creator in answer["creators"]]
        assert len(keys) == 40
        assert keys == sorted(keys)
        assert len(set(ids(answer))) == 40


def test_objectives_choose_other_creators(matcher: Matcher, products: list[str]):
    tops = {
        objective: tuple(ids(matcher.match(products[0], objective=objective).to_dict()))
        for objective in OBJECTIVES
    }
    assert len(set(tops.values())) == 3


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_little_is_lost_by_not_scoring_everybody(
    matcher: Matcher, products: list[str], objective: str, monkeypatch: pytest.MonkeyPatch
):
    """The top ten out of 300 candidates against the top ten of all 2,000."""
    quick = [matcher.match(p, 10, objective, explain=False) for p in products]
    monkeypatch.setattr(matcher_module, "CANDIDATES", dict.fromkeys(OBJECTIVES, 1_000_000))
    monkeypatch.setattr(matcher_module, "PREDICTED_IN_FULL", matcher_module.CANDIDATES)
    whole = [matcher.match(p, 10, objective, explain=False) for p in products]

    def value(result: Any) -> float:
        first, _ = preference(result.scored.outcomes, result.scored.money, objective)
        return float(first[result.rows].mean())

    kept = [value(q) / value(w) for q, w in zip(quick, whole, strict=True) if value(w) > 0]
    assert np.mean(kept) > 0.97
    assert max(kept) <= 1 + 1e-9


def test_a_local_product_is_offered_to_its_city_too(matcher: Matcher, sample: Catalog):
    cities = matcher.contents.history.creators["city"]
    for product_id in sample.products.groupby("scene").head(1)["product_id"]:
        asked, may = matcher.find_product(product_id), matcher.eligible(product_id)
        found = matcher.candidates(asked, "gmv", 40, may)
        assert (np.diff(found) > 0).all() and may[found].all()
        if matcher.product(product_id)["scene"] != "local":
            assert len(found) == 40
            continue
        home = cities == asked.attributes["city"][asked.row]
        assert home[found].sum() >= min(40, (may & home).sum())
        assert home[found].sum() < len(found)


# --- evidence ---


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_evidence_adds_up_to_expected_sales_under_every_objective(
    matcher: Matcher, products: list[str], objective: str
):
    for product_id in products:
        for creator in matcher.match(product_id, objective=objective).to_dict()["creators"]:
            total = sum(creator["evidence"].values())
            assert total == pytest.approx(np.log(creator["predicted"]["settled_gmv"]), abs=1e-6)


def test_reasons_are_the_largest_parts_of_the_evidence(matcher: Matcher, products: list[str]):
    for creator in matcher.match(products[0]).to_dict()["creators"]:
        moved = [abs(reason["contribution"]) for reason in creator["reasons"]]
        assert moved == sorted(moved, reverse=True)
        assert 1 <= len(moved) <= 4
        assert all(reason["text"] for reason in creator["reasons"])


# --- filters ---


def product_city(sample: Catalog, product_id: str) -> str | None:
    product = sample.products.set_index("product_id").loc[product_id]
    if not pd.isna(product["city"]):
        return str(product["city"])
    city = sample.merchants.set_index("merchant_id")["city"].get(product["merchant_id"])
    return None if pd.isna(city) else str(city)


def free_to_be_asked(sample: Catalog, matcher: Matcher, product_id: str) -> pd.Series:
    """Return which creators may be asked at all, read from the tables by hand."""
    people = sample.creators.set_index("creator_id")
    rate = sample.products.set_index("product_id")["commission_rate"][product_id]
    monday = pd.Timestamp(matcher.as_of) - pd.Timedelta(days=matcher.as_of.weekday())
    log = sample.collaborations
    taken = log[log["status"].isin(("accepted", "fulfilled", "failed"))]
    day = taken["responded_on"].fillna(taken["settled_on"])
    week = taken[(day >= monday) & (day < monday + pd.Timedelta(days=7))]
    used = week["creator_id"].value_counts().reindex(people.index).fillna(0)
    return (
        ~people["opted_out"].fillna(False).astype(bool)
        & ~(people["joined_on"] >= pd.Timestamp(matcher.as_of))
        & ~(people["min_commission_rate"] > rate + 1e-9)
        & ~(people["weekly_capacity"] - used <= 0)
    )


def latest_followers(sample: Catalog) -> pd.Series:
    stats = sample.creator_stats.sort_values("week")
    return stats.groupby("creator_id")["follower_count"].last()


Rule = Callable[[pd.DataFrame, pd.Series], pd.Series]
RULES: list[tuple[Filters, Rule]] = [
    (Filters(category=("食品", "美妆")), lambda c, f: c["category"].isin(("食品", "美妆"))),
    (Filters(city=("成都",)), lambda c, f: c["city"] == "成都"),
    (Filters(follower_min=100_000), lambda c, f: f >= 100_000),
    (Filters(follower_max=5_000), lambda c, f: f <= 5_000),
    (Filters(follower_min=5_000_000), lambda c, f: f >= 5_000_000),
    (Filters(reputation_min=4.9), lambda c, f: c["reputation"] >= 4.9),
    (
        Filters(slot_fee_max=0),
        lambda c, f: (c["live_slot_fee"] <= 0) | (c["video_slot_fee"] <= 0),
    ),
    (
        Filters(slot_fee_max=50, channel="video", reputation_min=4),
        lambda c, f: (c["video_slot_fee"] <= 50) & (c["reputation"] >= 4),
    ),
]


def named(filters: Filters) -> str:
    return "+".join(n for n, v in filters.__dict__.items() if v != getattr(Filters(), n))


@pytest.mark.parametrize(("filters", "rule"), RULES, ids=[named(f) for f, _ in RULES])
@pytest.mark.parametrize("objective", ["roi", "gmv"])
def test_as_many_as_pass_a_filter_are_returned_and_nobody_else(
    matcher: Matcher,
    sample: Catalog,
    products: list[str],
    people: pd.DataFrame,
    filters: Filters,
    rule: Rule,
    objective: str,
):
    followers = latest_followers(sample).reindex(people.index)
    passes = rule(people, followers)
    for product_id in products[:3]:
        may = free_to_be_asked(sample, matcher, product_id) & passes
        answer = matcher.match(product_id, 50, objective, filters, explain=False).to_dict()
        found = ids(answer)
        assert may[found].all()
        assert len(found) == min(50, int(may.sum()))
        if len(found) < 50:
            (note,) = (n for n in answer["notes"] if "creators found" in n)
            assert f"{len(found)} of 50 creators found" in note
            assert any(REASONS[name].en in note for name in named(filters).split("+"))


def test_the_channel_that_was_asked_for_is_the_channel_of_the_offer(
    matcher: Matcher, products: list[str]
):
    for channel in ("live", "video"):
        answer = matcher.match(products[0], filters=Filters(channel=channel)).to_dict()
        assert {creator["offer"]["channel"] for creator in answer["creators"]} == {channel}


def test_a_fee_that_is_affordable_is_that_of_the_channel_returned(
    matcher: Matcher, products: list[str]
):
    answer = matcher.match(products[0], 100, filters=Filters(slot_fee_max=300)).to_dict()
    assert all(creator["offer"]["slot_fee"] <= 300 for creator in answer["creators"])


def test_only_neighbours(matcher: Matcher, sample: Catalog, people: pd.DataFrame):
    local = sample.products[sample.products["scene"] == "local"]["product_id"].iloc[0]
    city = product_city(sample, local)
    answer = matcher.match(local, filters=Filters(same_city=True)).to_dict()
    assert ids(answer)
    assert (people.loc[ids(answer), "city"] == city).all()


def test_an_mcn_and_the_creators_left_out(
    matcher: Matcher, products: list[str], people: pd.DataFrame
):
    mcn = people["mcn_id"].value_counts().index[0]
    answer = matcher.match(products[0], 200, filters=Filters(mcn_id=(mcn,))).to_dict()
    assert ids(answer)
    assert (people.loc[ids(answer), "mcn_id"] == mcn).all()
    best = ids(matcher.match(products[0], 10).to_dict())
    others = matcher.match(products[0], 10, filters=Filters(exclude=tuple(best))).to_dict()
    assert not set(best) & set(ids(others))


def test_only_new_ones_and_those_not_asked_lately(
    matcher: Matcher, sample: Catalog, products: list[str]
):
    product_id = products[0]
    owner = sample.products.set_index("product_id")["merchant_id"]
    log = sample.collaborations
    own = log[log["product_id"].map(owner) == owner[product_id]]
    lately = own[own["invited_on"] >= pd.Timestamp(matcher.as_of) - pd.Timedelta(days=60)]
    asked = set(own["creator_id"])
    assert asked
    fresh = ids(matcher.match(product_id, 200, filters=Filters(only_new=True)).to_dict())
    assert not set(fresh) & asked
    calm = Filters(exclude_contacted_days=60)
    rested = ids(matcher.match(product_id, 200, filters=calm).to_dict())
    assert not set(rested) & set(lately["creator_id"])


def test_those_invited_since_are_not_new(matcher: Matcher, products: list[str]):
    only_new = Filters(only_new=True)
    before = ids(matcher.match(products[0], 10, filters=only_new).to_dict())
    invited = {
        before[0]: matcher.as_of,
        before[3]: date(2020, 1, 1),
        "of another bundle": matcher.as_of,
    }
    result = matcher.match(
        products[0], 10, filters=only_new, invited=invited, include=[before[0]]
    ).to_dict()
    assert ids(result)[:8] == [each for each in before if each not in invited]
    assert result["included"][0]["eligible"] is False
    lately = Filters(exclude_contacted_days=7)
    rested = ids(matcher.match(products[0], 200, filters=lately, invited=invited).to_dict())
    assert before[0] not in rested
    assert before[3] in rested
    assert ids(matcher.match(products[0], 10, invited=invited).to_dict()) == ids(
        matcher.match(products[0], 10).to_dict()
    )


def test_a_product_outside_the_catalog_knows_whom_its_merchant_invited(
    matcher: Matcher, products: list[str]
):
    new = {"title": "x", "category": "食品/坚果", "price": 30.0, "commission_rate": 0.2}
    only_new = Filters(only_new=True)
    first = ids(matcher.match(new, 2, filters=only_new).to_dict())
    invited = {first[0]: matcher.as_of}
    assert ids(matcher.match(new, 1, filters=only_new, invited=invited).to_dict()) == first[1:]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_nobody_who_may_not_be_asked_is_returned(
    matcher: Matcher, sample: Catalog, products: list[str], objective: str
):
    for product_id in products:
        may = free_to_be_asked(sample, matcher, product_id)
        assert not may.all()
        answer = matcher.match(product_id, 200, objective, explain=False).to_dict()
        assert may[ids(answer)].all()
        assert np.array_equal(matcher.eligible(product_id), may.to_numpy())


def test_nobody_passes_and_the_answer_says_why(matcher: Matcher, products: list[str]):
    answer = matcher.match(products[0], filters=Filters(city=("火星",))).to_dict()
    assert answer["creators"] == []
    (note,) = (n for n in answer["notes"] if "creators found" in n)
    assert note.startswith("0 of 20 creators found")
    assert " removed (city not among those asked for, or unknown)" in note


def test_a_full_week_is_full_and_the_next_is_not():
    tables = small_market()
    day = pd.Timestamp("2026-10-28")  # a Wednesday
    log = tables["collaborations"]
    tables["creators"]["weekly_capacity"] = 1.0
    monday = day - pd.Timedelta(days=2)
    answered = log["responded_on"].fillna(log["settled_on"])
    in_week = log["status"].isin(("accepted", "fulfilled", "failed")) & answered.between(
        monday, day - pd.Timedelta(days=1)
    )
    busy = set(log[in_week]["creator_id"])
    assert busy
    matcher = matcher_of(tables, as_of=day.date())
    assert not busy & set(ids(matcher.match("p004", 200).to_dict()))
    next_week = matcher.match("p004", 200, week=date(2026, 11, 2)).to_dict()
    assert busy & set(ids(next_week))


# --- filters on predictions ---


def test_a_least_roi_is_looked_for_further_down(
    matcher: Matcher, products: list[str], monkeypatch: pytest.MonkeyPatch
):
    """Ranked by sales, those with a good ROI are not among the first candidates."""
    monkeypatch.setattr(matcher_module, "CANDIDATES", dict.fromkeys(OBJECTIVES, 40))
    product_id = products[0]
    everybody = matcher.match(product_id, 200, "roi", explain=False).to_dict()["creators"]
    least = everybody[60]["predicted"]["roi"]
    answer = matcher.match(product_id, 20, "gmv", Filters(roi_min=least)).to_dict()
    assert len(answer["creators"]) == 20
    assert all(creator["predicted"]["roi"] >= least for creator in answer["creators"])


@pytest.mark.parametrize(
    ("filters", "name"),
    [
        (Filters(accept_min=0.3), "accept_probability"),
        (Filters(settled_gmv_min=2_000.0), "settled_gmv"),
        (Filters(roi_min=3.0), "roi"),
    ],
    ids=["accept_min", "settled_gmv_min", "roi_min"],
)
def test_predictions_below_the_least_do_not_pass(
    matcher: Matcher, products: list[str], filters: Filters, name: str
):
    least = next(v for v in filters.__dict__.values() if isinstance(v, float))
    answer = matcher.match(products[0], 30, "gmv", filters).to_dict()
    assert answer["creators"]
    assert all(creator["predicted"][name] >= least for creator in answer["creators"])


def test_a_least_that_nobody_reaches_is_told(
    matcher: Matcher, products: list[str], monkeypatch: pytest.MonkeyPatch
):
    answer = matcher.match(products[0], filters=Filters(roi_min=1e9)).to_dict()
    assert answer["creators"] == []
    (note,) = (n for n in answer["notes"] if "creators found" in n)
    eligible = int(matcher.eligible(products[0]).sum())
    assert f"filters on predictions left 0 of the {eligible:,} best of {eligible:,}" in note
    monkeypatch.setattr(matcher_module, "MOST_CANDIDATES", 500)
    answer = matcher.match(products[0], filters=Filters(roi_min=1e9)).to_dict()
    (note,) = (n for n in answer["notes"] if "creators found" in n)
    assert f"left 0 of the 500 best of {eligible:,}" in note


# --- degenerate ROI, unknown money ---


def test_where_nothing_is_fixed_roi_is_the_same_and_sales_decide(free: Matcher):
    answer = free.match("p000", 30).to_dict()
    product = answer["product"]
    roi = 1 / (product["commission_rate"] + product["service_fee_rate"])
    sales = []
    for creator in answer["creators"]:
        assert creator["offer"]["roi_degenerate"]
        assert creator["predicted"]["roi"] == pytest.approx(roi)
        told = creator["predicted"]
        sales.append(told["accept_probability"] * told["settled_gmv"])
    assert sales == sorted(sales, reverse=True)
    assert any("ROI cannot tell these creators apart" in note for note in answer["notes"])
    assert ids(answer) == ids(free.match("p000", 30, "gmv").to_dict())


def test_a_fee_makes_roi_tell_again(free: Matcher):
    answer = free.match("p000", 30, terms=Terms(slot_fee=500.0)).to_dict()
    assert not any(creator["offer"]["roi_degenerate"] for creator in answer["creators"])
    assert not any("ROI cannot tell" in note for note in answer["notes"])
    assert len({creator["predicted"]["roi"] for creator in answer["creators"]}) > 20


def test_where_only_some_are_free_the_note_is_not_given(small_matcher: Matcher):
    answer = small_matcher.match("p000", 50).to_dict()
    assert not all(creator["offer"]["roi_degenerate"] for creator in answer["creators"])
    assert not any("ROI cannot tell" in note for note in answer["notes"])


def test_a_platform_that_pays_everything_leaves_roi_unknown_and_says_why(free: Matcher):
    terms = Terms(subsidy_rate=1.0, service_fee_rate=0.0)
    answer = free.match("p000", 10, terms=terms).to_dict()
    for creator in answer["creators"]:
        assert creator["predicted"]["roi"] is None
        assert creator["predicted"]["cost"] == pytest.approx(0, abs=1e-9)
    assert any(note.startswith("ROI is null") for note in answer["notes"])
    sales = [
        key({**c, "predicted": {**c["predicted"], "roi": 0.0}}, "gmv") for c in answer["creators"]
    ]
    assert sales == sorted(sales)


def test_what_the_catalog_lacks_is_told(free: Matcher, matcher: Matcher, products: list[str]):
    assert any("sample costs" in note and "count as 0" in note for note in free.match("p000").notes)
    tables = small_market()
    del tables["collaborations"]["refunded_gmv"]
    notes = matcher_of(tables).match("p000").notes
    assert any("refunds unknown: sales are gross" in note for note in notes)
    assert not any("unknown" in note for note in matcher.match(products[0]).notes)


def test_an_estimated_cost_is_marked(small_matcher: Matcher):
    """p001 does not say what its sample costs; some creators do not say their live fee."""
    answer = small_matcher.match("p001", 50).to_dict()
    assert all(creator["offer"]["cost_estimated"] for creator in answer["creators"])
    assert all(creator["offer"]["sample_cost"] > 0 for creator in answer["creators"])
    marked = [
        c["offer"]["cost_estimated"]
        for c in small_matcher.match("p000", 50, filters=Filters(channel="live")).to_dict()[
            "creators"
        ]
    ]
    assert any(marked)
    assert not all(marked)


# --- languages ---


def wordless(answer: Answer) -> Answer:
    """The answer without its words."""
    for creator in answer["creators"]:
        for reason in creator["reasons"]:
            del reason["text"]
    for creator in answer["included"]:
        del creator["reason"]
    return {name: value for name, value in answer.items() if name != "notes"}


def words_of(answer: Answer) -> list[str]:
    reasons = [reason["text"] for creator in answer["creators"] for reason in creator["reasons"]]
    why_not = [creator["reason"] for creator in answer["included"] if creator["reason"]]
    return [*answer["notes"], *reasons, *why_not]


def test_an_answer_says_the_same_in_every_language(
    matcher: Matcher, sample: Catalog, people: pd.DataFrame
):
    out = people.index[people["opted_out"]][0]
    for product in matcher.products(limit=400)[::40]:
        told = {}
        for language in LANGUAGES:
            answer = matcher.match(
                product["product_id"],
                60,
                filters=Filters(category=(people["category"].iloc[0],), accept_min=0.2),
                include=[out, *people.index[:5]],
                language=language,
            ).to_dict()
            words = words_of(answer)
            assert len(words) > 20
            for text in words:
                check_words(text, language)
            told[language] = wordless(answer)
        assert told["en"] == told["zh"]


def test_money_is_told_in_the_currency_of_the_catalog():
    tables = small_market()
    tables["catalog"]["currency"] = "USD"
    answer = matcher_of(tables).match("p000", 60, "gmv", language="zh").to_dict()
    reasons = [reason for creator in answer["creators"] for reason in creator["reasons"]]
    money = [
        reason["text"]
        for reason in reasons
        if reason["feature"] in ("log_price", "log_slot_fee") and reason["value"] is not None
    ]
    assert money
    assert all(" USD" in text and "元" not in text for text in money)


def test_a_language_that_is_not_spoken(matcher: Matcher, products: list[str]):
    with pytest.raises(OptionError, match="must be one of en, zh, not 'fr'") as error:
        matcher.match(products[0], language="fr")
    assert error.value.field == "language"


# --- notes on age ---


def test_old_facts_are_told(small_matcher: Matcher):
    def notes(days: int) -> list[str]:
        as_of = date.today() - timedelta(days=days)
        aged = Matcher("aged", as_of, small_matcher.contents)
        return [note for note in aged.match("p000", 3).notes if "days old" in note]

    assert notes(7) == []
    assert notes(8) == [f"facts are 8 days old (as of {date.today() - timedelta(days=8)})"]


def test_a_product_without_a_past_is_told():
    tables = small_market()
    log = tables["collaborations"]
    tables["collaborations"] = log[log["product_id"] != "p000"]
    matcher = matcher_of(tables)
    assert any("too new" in note for note in matcher.match("p000").notes)
    assert not any("too new" in note for note in matcher.match("p004").notes)


# --- promises ---


def test_a_promise_is_what_a_match_says(matcher: Matcher, products: list[str]):
    answer = matcher.match(products[0], 5, explain=False).to_dict()
    for terms in (Terms(), Terms(commission_rate=0.4, slot_fee=10.0)):
        asked = ids(answer)
        promises = matcher.promise(products[0], asked, terms=terms)
        told = matcher.match(products[0], 1, terms=terms, include=asked).to_dict()["included"]
        assert len(promises) == len(asked)
        for promise, item in zip(promises, told, strict=True):
            assert (promise["bundle"], promise["as_of"]) == (answer["bundle"], answer["as_of"])
            assert {n: v for n, v in item["offer"].items() if n in promise} == {
                n: promise[n]
                for n in ("channel", "slot_fee", "sample_cost", "commission_rate", "cost_estimated")
            }
            assert {n: v for n, v in item["predicted"].items() if n in promise} == {
                name: promise[name] for name in PROMISED
            }


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_promise_in_a_channel_that_the_creator_may_never_have_worked_in(
    matcher: Matcher, products: list[str], channel: str
):
    everybody = [matcher.contents.history.creator_ids[row] for row in range(50)]
    promises = matcher.promise(products[0], everybody, channel)
    assert [promise["channel"] for promise in promises] == [channel] * 50
    assert all(promise["settled_gmv"] > 0 for promise in promises)


def test_a_promise_of_what_is_not_there(matcher: Matcher, products: list[str]):
    with pytest.raises(UnknownIdError, match="nobody"):
        matcher.promise(products[0], ["nobody"])
    with pytest.raises(UnknownIdError, match="none"):
        matcher.promise("none", [])
    with pytest.raises(UnknownIdError, match="nobody"):
        matcher.check_creators([matcher.contents.history.creator_ids[0], "nobody"])


# --- terms ---


def test_a_higher_commission_never_makes_acceptance_less_likely(
    matcher: Matcher, products: list[str]
):
    asked = ids(matcher.match(products[0], 30, "gmv").to_dict())
    chances, channels = [], []
    for rate in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6):
        answer = matcher.match(
            products[0], 1, terms=Terms(commission_rate=rate), include=asked, explain=False
        ).to_dict()
        chances.append([c["predicted"]["accept_probability"] for c in answer["included"]])
        channels.append([c["offer"]["channel"] for c in answer["included"]])
        for creator in answer["included"]:
            assert creator["offer"]["commission_rate"] == rate
    names = np.array(channels)
    same = names[1:] == names[:-1]  # other terms may make the other channel the better one
    assert same.mean() > 0.5
    assert (np.diff(chances, axis=0)[same] >= 0).all()
    assert (np.array(chances)[-1] > np.array(chances)[0]).mean() > 0.5


def test_a_higher_commission_lets_more_creators_be_asked(
    matcher: Matcher, sample: Catalog, products: list[str], people: pd.DataFrame
):
    low = Terms(commission_rate=0.05)
    answer = matcher.match(products[0], 200, terms=low).to_dict()
    asked = people.loc[ids(answer), "min_commission_rate"]
    assert not (asked > 0.05 + 1e-9).any()


def test_terms_are_those_of_the_offer_and_its_cost(matcher: Matcher, products: list[str]):
    terms = Terms(
        commission_rate=0.25,
        service_fee_rate=0.0,
        slot_fee=900.0,
        sample_cost=10.0,
        handling_cost=20.0,
        ads_cost=300.0,
    )
    plain = replace(terms, ads_cost=None, handling_cost=None)
    answer = matcher.match(products[0], 10, terms=terms).to_dict()
    asked = ids(answer)
    before = matcher.match(products[0], 1, terms=plain, include=asked).to_dict()["included"]
    for creator, cheaper in zip(answer["creators"], before, strict=True):
        offer = creator["offer"]
        assert (offer["slot_fee"], offer["sample_cost"]) == (900.0, 10.0)
        assert offer["commission_rate"] == 0.25
        assert not offer["cost_estimated"]
        if offer["channel"] != cheaper["offer"]["channel"]:
            continue
        more = creator["predicted"]["cost"] - cheaper["predicted"]["cost"]
        assert more == pytest.approx(20 + 300 * creator["predicted"]["fulfil_probability"])


def test_terms_that_cannot_be_are_named(matcher: Matcher, products: list[str]):
    with pytest.raises(OptionError, match=r"terms\.commission_rate"):
        matcher.match(products[0], terms=Terms(commission_rate=25))


# --- why not this creator ---


def test_a_creator_asked_about_has_a_prediction_and_a_rank(matcher: Matcher, products: list[str]):
    answer = matcher.match(products[0], 30).to_dict()
    asked = [ids(answer)[i] for i in (0, 7, 29)]
    again = matcher.match(products[0], 5, include=asked).to_dict()
    assert [creator["creator_id"] for creator in again["included"]] == asked
    for creator, place in zip(again["included"], (0, 7, 29), strict=True):
        own = answer["creators"][place]
        assert creator["rank"] == place + 1
        assert creator["eligible"] is True
        assert creator["reason"] is None
        assert creator["predicted"] == pytest.approx(own["predicted"])
        assert creator["offer"] == own["offer"]
    assert "included" not in answer


def test_beyond_those_looked_at_no_rank_is_claimed(
    matcher: Matcher, products: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(matcher_module.PREDICTED_IN_FULL, "roi", 1_000_000)
    listed = ids(matcher.match(products[0], 60).to_dict())
    monkeypatch.setitem(matcher_module.CANDIDATES, "roi", 20)
    answer = matcher.match(products[0], 5, include=[*listed, listed[0]]).to_dict()
    told = [(creator["eligible"], creator["rank"]) for creator in answer["included"]]
    assert len(told) == 60  # whoever is named twice is told once
    assert {creator["looked_at"] for creator in answer["included"]} == {20}
    ranks = [rank for _, rank in told if rank is not None]
    assert all(eligible for eligible, _ in told)
    assert sorted(ranks) == list(range(1, len(ranks) + 1)) and len(ranks) <= 20


def test_a_creator_who_may_not_be_asked_has_a_prediction_and_a_reason(
    matcher: Matcher, products: list[str], people: pd.DataFrame
):
    opted_out = people.index[people["opted_out"].fillna(False).astype(bool)][0]
    (creator,) = matcher.match(products[0], 3, include=[opted_out]).to_dict()["included"]
    assert creator["rank"] is None
    assert creator["eligible"] is False
    assert creator["reason"] == "opted out of invitations"
    assert creator["predicted"]["settled_gmv"] > 0


def test_a_creator_asked_about_is_seen_through_the_same_filters(
    matcher: Matcher, products: list[str]
):
    """In the list and beside it: the same channel, the same prediction."""
    video = Filters(channel="video")
    found = matcher.match(products[0], 200, "gmv", video).to_dict()
    other = {creator["creator_id"]: creator for creator in found["creators"]}
    everywhere = matcher.match(products[0], 100, "gmv").to_dict()["creators"]
    live = [c["creator_id"] for c in everywhere if c["offer"]["channel"] == "live"]
    asked = [creator_id for creator_id in live if creator_id in other]
    assert asked
    answer = matcher.match(products[0], 200, "gmv", video, include=asked).to_dict()
    for creator in answer["included"]:
        assert creator["offer"]["channel"] == "video"
        assert creator["rank"] == other[creator["creator_id"]]["rank"]


def test_a_creator_whose_prediction_does_not_pass_is_told_which(
    matcher: Matcher, products: list[str]
):
    best = matcher.match(products[0], 1).to_dict()["creators"][0]
    least = Filters(roi_min=best["predicted"]["roi"] * 2)
    (creator,) = matcher.match(
        products[0], 1, filters=least, include=[best["creator_id"]]
    ).to_dict()["included"]
    assert creator["eligible"] is False
    assert creator["reason"] == REASONS["roi_min"].en
    assert creator["rank"] is None


def test_asking_about_nobody_known(matcher: Matcher, products: list[str]):
    with pytest.raises(UnknownIdError, match="there is no creator 'nobody'"):
        matcher.match(products[0], include=["nobody"])


# --- products outside the catalog ---


def described(matcher: Matcher, product_id: str) -> Answer:
    product = matcher.product(product_id)
    return {name: v for name, v in product.items() if v is not None and name != "product_id"}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_product_outside_the_catalog(
    matcher: Matcher, sample: Catalog, products: list[str], objective: str
):
    """Described in the same words, a catalog product gets much the same creators."""
    fields = described(matcher, products[0])
    outside = matcher.match(fields, 20, objective).to_dict()
    assert outside["product"]["product_id"] is None
    assert outside["product"]["title"] == fields["title"]
    keys = [key(creator, objective) for creator in outside["creators"]]
    assert keys == sorted(keys)
    assert any("not in the catalog" in note for note in outside["notes"])
    inside = matcher.match(products[0], 60, objective).to_dict()
    assert len(set(ids(outside)) & set(ids(inside))) >= 10
    assert free_to_be_asked(sample, matcher, products[0])[ids(outside)].all()


def test_the_least_that_can_be_said_of_a_product(matcher: Matcher):
    answer = matcher.match(
        {"title": "??", "category": "没有这个类目", "price": 10.0, "commission_rate": 0.2}
    ).to_dict()
    assert len(answer["creators"]) == 20
    assert all(creator["predicted"]["profit"] is None for creator in answer["creators"])
    json.dumps(answer, allow_nan=False)
    with pytest.raises(ConflictError, match="margin_rate"):
        matcher.match(
            {"title": "??", "category": "x", "price": 10.0, "commission_rate": 0.2},
            objective="profit",
        )


def test_a_new_merchant_has_asked_nobody(matcher: Matcher, products: list[str]):
    fields = described(matcher, products[0]) | {"merchant_id": "unheard of"}
    plain = matcher.match(fields).to_dict()
    assert ids(plain) == ids(matcher.match(fields, filters=Filters(only_new=True)).to_dict())


def test_reasons_compare_with_the_products_category(small_matcher: Matcher):
    """p000 is of a category with many collaborations; a category never seen has only the market."""

    def told(category: str) -> str:
        product = {"title": "?", "category": category, "price": 5000.0, "commission_rate": 0.2}
        creators = small_matcher.match(product, 50).to_dict()["creators"]
        return " ".join(reason["text"] for c in creators for reason in c["reasons"])

    known, unknown = told(small_matcher.product("p000")["category"]), told("没有这个类目")
    assert "the category's median is" in known
    assert "the market's median is" in unknown
    assert "the category's median" not in unknown


# --- creators who are alike ---


def test_creators_are_searched_without_the_products_level(
    small_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
):
    index, asked = type(small_matcher.contents.index), []
    plain = index.search

    def note(self: Any, query: np.ndarray, count: int, eligible: np.ndarray) -> np.ndarray:
        asked.append(query)
        return plain(self, query, count, eligible)

    monkeypatch.setattr(index, "search", note)
    small_matcher.match("p000", k=3)
    small_matcher.match("p000", k=3, terms=Terms(commission_rate=0.4))
    whole = small_matcher.contents.queries["roi"][0]
    assert [len(query) for query in asked] == [len(whole) - 1] * 2
    assert np.array_equal(asked[0], whole[:-1])


SIMILAR = CREATOR - {"rank", "offer", "predicted", "evidence", "reasons"} | {"similarity"}


def test_similar_creators_are_described_most_alike_first(matcher: Matcher, people: pd.DataFrame):
    found = matcher.similar(people.index[5], k=30)
    assert len({*ids({"creators": found})}) == 30
    alike = [creator["similarity"] for creator in found]
    assert alike == sorted(alike, reverse=True)
    assert -1 <= alike[-1] < alike[0] <= 1
    for creator in found:
        assert set(creator) == SIMILAR
        row = people.loc[creator["creator_id"]]
        assert (creator["name"], creator["category"]) == (row["name"], row["category"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_neither_the_creator_nor_who_opted_out_is_similar(small_matcher: Matcher):
    creators = small_market()["creators"]
    out = set(creators[creators["opted_out"]]["creator_id"])
    everybody = set(creators["creator_id"])
    assert out
    for creator_id in sorted(everybody)[::9] + sorted(out):
        found = small_matcher.similar(creator_id, 200)
        assert {*ids({"creators": found})} == everybody - out - {creator_id}


def test_new_creators_are_like_those_of_whom_the_same_is_known():
    """Two pairs of twins without history: each is most like the other, less like the other pair."""
    tables = small_market()
    people = tables["creators"].sort_values("follower_count")
    small, large = people.iloc[[3]], people.iloc[[-3]]
    twins = [
        someone.assign(creator_id=name, opted_out=False)
        for name, someone in (("x1", large), ("x2", large), ("y1", small), ("y2", small))
    ]
    tables["creators"] = pd.concat([tables["creators"], *twins], ignore_index=True)
    matcher = matcher_of(tables)
    for twin, other in (("x1", "x2"), ("x2", "x1"), ("y1", "y2"), ("y2", "y1")):
        found = matcher.similar(twin, k=200)
        alike = {creator["creator_id"]: creator["similarity"] for creator in found}
        assert found[0]["creator_id"] == other
        assert alike[other] == pytest.approx(1.0, abs=1e-5)
        assert alike["y1" if twin.startswith("x") else "x1"] < 0.5


def test_similar_to_nobody_known(matcher: Matcher):
    with pytest.raises(UnknownIdError, match="no creator 'nobody'"):
        matcher.similar("nobody")


@pytest.mark.parametrize("k", [0, 201])
def test_how_many_similar_creators_can_be_asked_for(matcher: Matcher, k: int):
    with pytest.raises(OptionError, match="between 1 and 200") as caught:
        matcher.similar("nobody", k)
    assert caught.value.field == "k"


# --- what cannot be asked ---


@pytest.mark.parametrize("k", [0, 201, -1])
def test_k_is_between_one_and_two_hundred(matcher: Matcher, products: list[str], k: int):
    with pytest.raises(OptionError, match=f"must be between 1 and 200, not {k}") as error:
        matcher.match(products[0], k)
    assert error.value.field == "k"


@pytest.mark.parametrize("k", [1, 200])
def test_the_least_and_the_most_that_can_be_asked(matcher: Matcher, products: list[str], k: int):
    assert len(matcher.match(products[0], k, explain=False)) == k


def test_an_objective_that_there_is_not(matcher: Matcher, products: list[str]):
    with pytest.raises(OptionError, match="must be one of roi, gmv, profit, not 'likes'"):
        matcher.match(products[0], objective="likes")


@pytest.mark.parametrize("product_id", ["nothing", "", "p" * 500, "产品"])
def test_a_product_that_there_is_not(matcher: Matcher, product_id: str):
    with pytest.raises(UnknownIdError, match="there is no product"):
        matcher.match(product_id)
    with pytest.raises(UnknownIdError):
        matcher.product(product_id)


def test_profit_without_a_margin_is_a_conflict(small_matcher: Matcher):
    assert small_matcher.product("p001")["margin_rate"] is None
    with pytest.raises(ConflictError, match="no margin_rate"):
        small_matcher.match("p001", objective="profit")
    told = small_matcher.match("p001").to_dict()["creators"][0]["predicted"]
    assert told["profit"] is None
    assert told["break_even_slot_fee"] is None


# --- scoring given pairs ---


def test_scoring_takes_anybody_in_the_order_of_the_objective(
    matcher: Matcher, products: list[str], people: pd.DataFrame
):
    some = list(people.index[::100])
    result = matcher.score(some, products[0], "gmv")
    answer = result.to_dict()
    assert sorted(ids(answer)) == sorted(some)
    keys = [key(creator, "gmv") for creator in answer["creators"]]
    assert keys == sorted(keys)
    one = matcher.match(products[0], 1, "gmv", include=[some[3]]).to_dict()["included"][0]
    own = next(c for c in answer["creators"] if c["creator_id"] == some[3])
    assert own["predicted"] == pytest.approx(one["predicted"])
    with pytest.raises(UnknownIdError):
        matcher.score(["nobody"], products[0])


# --- the list of products ---


def test_products_page_by_page_are_all_of_them(matcher: Matcher, sample: Catalog):
    seen: list[str] = []
    after = None
    while page := matcher.products(limit=70, after=after):
        seen += [product["product_id"] for product in page]
        after = seen[-1]
    assert seen == sample.products["product_id"].tolist()


def test_products_are_found_by_id_title_or_category(matcher: Matcher, sample: Catalog):
    first = sample.products.iloc[7]
    for query in (first["product_id"], first["title"], f"  {first['title'][:4]} "):
        found = [p["product_id"] for p in matcher.products(query, limit=400)]
        assert first["product_id"] in found
    category = first["category"].split("/")[0]
    found = [p["category"] for p in matcher.products(category, limit=400)]
    assert sum(c.startswith(category) for c in found) == (
        sample.products["category"].str.startswith(category).sum()
    )
    assert matcher.products("没有这样的东西") == []
    assert matcher.products("(.*") == []


def test_every_word_of_a_search_counts_wherever_it_stands(matcher: Matcher):
    some = next(product for product in matcher.products(limit=50) if product["brand"])
    words = f"{some['title'][-2:].lower()} {some['brand']} {some['category'].split('/')[0]}"
    found = matcher.products(words, limit=200)
    assert some in found
    for product in found:
        text = " ".join(str(product[name]) for name in ("product_id", "title", "category", "brand"))
        assert all(word in text.lower() for word in words.lower().split())
    assert matcher.products(f"{words} 没有这个词") == []


def test_searching_page_by_page(matcher: Matcher, sample: Catalog):
    category = sample.products["category"].iloc[0].split("/")[0]
    whole = [p["product_id"] for p in matcher.products(category, limit=400)]
    first = [p["product_id"] for p in matcher.products(category, limit=3)]
    rest = [p["product_id"] for p in matcher.products(category, limit=400, after=first[-1])]
    assert first + rest == whole
    assert matcher.products(limit=5, after="zzzz") == []


def test_a_product_is_what_the_catalog_says(matcher: Matcher, sample: Catalog):
    row = sample.products.iloc[3]
    product = matcher.product(row["product_id"])
    for name in ("merchant_id", "title", "category", "price", "commission_rate", "margin_rate"):
        assert product[name] == (None if pd.isna(row[name]) else row[name]), name
    assert product["listed_on"] == row["listed_on"].date().isoformat()
