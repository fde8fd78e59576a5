"""Evidence by stage, and reasons in words."""

from __future__ import annotations

import numpy as np
import pytest

from matching.explain import PARTS, STAGES, Part, Reason, evidence, reasons
from matching.features import FEATURES, Shown, Stage
from matching.languages import LANGUAGES, Text
from matching.medians import Usual
from matching.models.effects import PARTS as EFFECTS
from matching.telling import Voice
from tests.matching.words import check_words

NAMES = [feature.name for feature in FEATURES]
PART_NAMES = [part.name for part in PARTS]


def contributions(**parts: float) -> np.ndarray:
    row = np.zeros(len(PARTS) + 1)
    for name, value in parts.items():
        row[-1 if name == "base" else PART_NAMES.index(name)] = value
    return row


def test_the_stages_are_those_of_trust():
    assert STAGES == ("transform", "reach", "utilize", "strengthen", "thrive")


def test_base_and_stages_add_up_to_the_contributions():
    parts = np.random.default_rng(0).normal(size=(7, len(PARTS) + 1))
    told = evidence(parts)
    assert set(told) == {"base", *STAGES}
    assert sum(told.values()) == pytest.approx(parts.sum(axis=1))


def test_parts_are_features_in_the_order_of_the_matrix_then_effects():
    assert tuple(PART_NAMES) == (*NAMES, *EFFECTS)
    assert [part.name for part in PARTS if part.shown is None] == list(EFFECTS)


@pytest.mark.parametrize("member", [PARTS[0], PARTS[20], *PARTS[len(FEATURES) :]])
def test_each_part_counts_for_its_own_stage(member: Part):
    told = evidence(contributions(**{member.name: 0.5, "base": 8.0})[None, :])
    assert {name: float(value[0]) for name, value in told.items() if value[0]} == {
        "base": 8.0,
        member.stage.value: 0.5,
    }


def test_every_stage_has_a_feature_that_counts_for_it():
    for stage in Stage:
        member = next(feature for feature in FEATURES if feature.stage is stage)
        told = evidence(contributions(**{member.name: 0.5, "base": 8.0})[None, :])
        assert {name: float(value[0]) for name, value in told.items() if value[0]} == {
            "base": 8.0,
            stage.value: 0.5,
        }


def values(**given: float) -> np.ndarray:
    row = np.full(len(FEATURES), np.nan, dtype=np.float32)
    for name, value in given.items():
        row[NAMES.index(name)] = value
    return row


def usual(
    category: dict[str, float] | None = None, market: dict[str, float] | None = None
) -> Usual:
    """Return these medians of the category, else of the market; everything else is unknown."""
    own, all_ = values(**(category or {})), values(**(market or {}))
    return Usual(np.where(np.isnan(own), all_, own), ~np.isnan(own))


NOTHING_KNOWN = usual()


def test_reasons_come_largest_first_and_small_ones_not_at_all():
    parts = contributions(
        log_followers=0.3,
        reputation=-0.5,
        same_category=0.1,
        log_price=0.019,
        is_service=-0.2,
        fulfil_rate=0.05,
    )
    told = reasons(parts, values(), NOTHING_KNOWN)
    assert [reason.feature for reason in told] == [
        "reputation",
        "log_followers",
        "is_service",
        "same_category",
    ]
    assert reasons(contributions(log_price=0.019), values(), NOTHING_KNOWN) == []


def test_a_reason_says_the_question_the_value_the_median_and_the_effect():
    told = reasons(
        contributions(fan_gmv_share=0.18),
        values(fan_gmv_share=0.44),
        usual({"fan_gmv_share": 0.19}, {"fan_gmv_share": 0.12}),
    )[0].to_dict()
    assert told == {
        "stage": "strengthen",
        "feature": "fan_gmv_share",
        "value": pytest.approx(0.44),
        "contribution": pytest.approx(0.18),
        "text": "Fans bring 44% of this creator's sales; the category's median is 19% "
        "(+20% expected sales)",
    }


def test_a_reason_says_the_same_in_chinese():
    told = reasons(
        contributions(fan_gmv_share=0.18),
        values(fan_gmv_share=0.44),
        usual({"fan_gmv_share": 0.19}),
        voice=Voice("zh"),
    )[0]
    assert told.text == "粉丝贡献了该达人 44% 的销售额，类目中位数为 19%（预计销售额 +20%）"
    assert told.value == pytest.approx(0.44)


def test_where_the_category_is_too_thin_the_market_is_compared_with_and_named():
    text = reasons(
        contributions(fan_gmv_share=0.18),
        values(fan_gmv_share=0.44),
        usual(market={"fan_gmv_share": 0.12}),
    )[0].text
    assert "44% of this creator's sales; the market's median is 12% (" in text


@pytest.mark.parametrize(
    ("median", "english", "chinese"),
    [
        (
            0.0,
            "; in past collaborations of the category mostly goods (",
            "，类目以往合作多为实物（",
        ),
        (1.0, "; in past collaborations of the category mostly a service (", "多为服务（"),
        (0.5, "; past collaborations of the category are evenly divided (", "各占一半（"),
    ],
)
def test_words_have_no_median_but_what_is_mostly_so(median: float, english: str, chinese: str):
    given = (
        contributions(is_service=0.5),
        values(is_service=1.0),
        usual({"is_service": median}),
    )
    assert f"What is sold is a service{english}" in reasons(*given)[0].text
    assert chinese in reasons(*given, voice=Voice("zh"))[0].text


def test_a_reason_of_what_is_not_known_says_so_and_compares_nothing():
    told = reasons(contributions(reputation=-0.5), values(), usual({"reputation": 4.0}))
    assert told[0].value is None
    assert told[0].text == (
        "The creator's reputation score on the platform (0 to 5) is not known (-39% expected sales)"
    )


def test_a_reason_of_which_nothing_is_usual_compares_nothing():
    text = reasons(contributions(reputation=0.5), values(reputation=4.5), NOTHING_KNOWN)[0].text
    assert text.endswith("(0 to 5) is 4.5 (+65% expected sales)")


RECORD = Part("word", Stage.THRIVE, Text("Their word brought {value}", "口碑带来了 {value}"))
"""A part that the program does not have."""


def test_a_part_without_a_value_says_whether_it_adds():
    parts = np.append(contributions(reputation=0.1, base=8.0), 8.0)
    parts[-2] = 0.5
    told = reasons(parts, values(reputation=4.5), NOTHING_KNOWN, (*PARTS, RECORD))
    assert [reason.feature for reason in told] == ["word", "reputation"]
    assert told[0].value is None
    assert told[0].stage == "thrive"
    assert told[0].text == "Their word brought more (+65% expected sales)"


@pytest.mark.parametrize(
    ("contribution", "more", "effect"), [(0.5, "more", "+65%"), (-0.5, "less", "-39%")]
)
def test_a_record_says_whether_it_adds(contribution: float, more: str, effect: str):
    told = reasons(contributions(creator_record=contribution), values(), NOTHING_KNOWN)
    assert (told[0].feature, told[0].stage, told[0].value) == ("creator_record", "utilize", None)
    assert told[0].text == (
        f"The creator's past collaborations sold {more} than those of similar creators "
        f"({effect} expected sales)"
    )


def test_a_part_without_a_value_counts_for_its_stage():
    parts = np.append(contributions(reputation=0.1), 8.0)[None, :]
    parts[0, -2] = 0.5
    told = evidence(parts, (*PARTS, RECORD))
    assert told["thrive"] == pytest.approx(0.6)
    assert told["base"] == pytest.approx(8.0)


def test_contributions_of_other_parts_are_refused():
    parts = contributions(reputation=0.1)
    with pytest.raises(ValueError, match=f"do not belong to {len(PARTS) + 1} parts"):
        evidence(parts[None, :], (*PARTS, RECORD))
    with pytest.raises(ValueError, match=f"{len(PARTS)} contributions"):
        reasons(parts[1:], values(), NOTHING_KNOWN)


# --- every part, in every language ---

EXTREMES = (-50.0, -1.0, 0.0, 0.004, 0.5, 1.0, 3.0, 20.0)
PRIVATE = [part.name for part in PARTS if part.shown is Shown.PRIVATE]
each_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)


def reason_of(
    part: Part, value: float | None, median: float | None, language: str, moved: float = 0.3
) -> Reason:
    """The reason that a part gives, of a value and a median that may be unknown."""
    place = {} if value is None else {part.name: value}
    compared = {} if median is None else {part.name: median}
    (told,) = reasons(
        contributions(**{part.name: moved}), values(**place), usual(compared), voice=Voice(language)
    )
    return told


@pytest.mark.parametrize("language", LANGUAGES)
@each_part
def test_every_part_reads_well_whatever_its_value(part: Part, language: str):
    known = [None] if part.name in EFFECTS else [None, *EXTREMES]
    for value in known:
        for median in known:
            for moved in (-9.0, 0.3, 9.0):
                check_words(reason_of(part, value, median, language, moved).text, language)


@each_part
def test_every_part_says_what_is_known_and_what_is_not(part: Part):
    if part.shown in (None, Shown.PRIVATE):
        return
    for language in LANGUAGES:
        known = reason_of(part, 0.5, None, language)
        compared = reason_of(part, 0.5, 0.0, language)
        unknown = reason_of(part, None, 0.0, language)
        assert known.value == 0.5
        assert unknown.value is None
        assert len({known.text, compared.text, unknown.text}) == 3
        assert {"en": "known", "zh": "未知"}[language] in unknown.text


# --- what no merchant may learn ---


def test_what_gives_a_private_column_away_is_private():
    assert "commission_step" in PRIVATE


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("moved", [0.3, -0.3])
def test_a_private_value_is_never_told_nor_what_is_usual_of_it(
    name: str, language: str, moved: float
):
    """Whatever the value and the median, the reason is the same, and without a number of theirs."""
    part = PARTS[PART_NAMES.index(name)]
    told = {
        reason_of(part, value, median, language, moved)
        for value in (None, *EXTREMES)
        for median in (None, *EXTREMES)
    }
    (reason,) = told
    assert reason.value is None
    assert reason.contribution == moved
    assert not any(
        letter.isdigit() for letter in reason.text.replace(f"{np.expm1(moved):+.0%}", "")
    )
