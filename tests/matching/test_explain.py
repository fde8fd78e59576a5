"""Evidence by stage, and reasons in words."""

from __future__ import annotations

import numpy as np
import pytest

from matching.explain import PARTS, STAGES, Part, evidence, reasons, tell
from matching.features import FEATURES, Shown, Stage
from matching.medians import Usual
from matching.models.effects import PARTS as EFFECTS

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
        "text": "Share of the creator's sales that their own fans bring: 44%; the category's "
        "median is 19% (+20% expected sales)",
    }


def test_where_the_category_is_too_thin_the_market_is_compared_with_and_named():
    text = reasons(
        contributions(fan_gmv_share=0.18),
        values(fan_gmv_share=0.44),
        usual(market={"fan_gmv_share": 0.12}),
    )[0].text
    assert "44%; the market's median is 12% (" in text


@pytest.mark.parametrize(
    ("median", "words"),
    [(0.0, "mostly no"), (1.0, "mostly yes"), (0.5, "as often yes as no")],
)
def test_a_yes_or_no_has_no_median_but_what_is_mostly_so(median: float, words: str):
    told = reasons(
        contributions(same_category=0.5),
        values(same_category=1.0),
        usual({"same_category": median}),
    )
    assert f"product's: yes; in the category {words} (" in told[0].text


def test_a_reason_of_what_is_not_known_says_so_and_compares_nothing():
    told = reasons(contributions(reputation=-0.5), values(), usual({"reputation": 4.0}))
    assert told[0].value is None
    assert told[0].text.endswith("0 to 5: not known (-39% expected sales)")


def test_a_reason_of_which_nothing_is_usual_compares_nothing():
    text = reasons(contributions(reputation=0.5), values(reputation=4.5), NOTHING_KNOWN)[0].text
    assert text.endswith("0 to 5: 4.5 (+65% expected sales)")


RECORD = Part("word", Stage.THRIVE, "What the creator's word adds.")
"""A part that the program does not have."""


def test_a_part_without_a_value_says_its_question_and_effect():
    parts = np.append(contributions(reputation=0.1, base=8.0), 8.0)
    parts[-2] = 0.5
    told = reasons(parts, values(reputation=4.5), NOTHING_KNOWN, (*PARTS, RECORD))
    assert [reason.feature for reason in told] == ["word", "reputation"]
    assert told[0].value is None
    assert told[0].stage == "thrive"
    assert told[0].text == "What the creator's word adds (+65% expected sales)"


def test_a_record_says_what_it_adds():
    told = reasons(contributions(creator_record=0.5), values(), NOTHING_KNOWN)
    assert (told[0].feature, told[0].stage, told[0].value) == ("creator_record", "utilize", None)
    assert told[0].text == (
        "What the creator's own past sales add to what creators like this one sell "
        "(+65% expected sales)"
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


@pytest.mark.parametrize(
    ("shown", "value", "text"),
    [
        (Shown.YES_NO, 1.0, "yes"),
        (Shown.YES_NO, 0.0, "no"),
        (Shown.PERCENT, 0.444, "44%"),
        (Shown.PERCENT, 0.0444, "4.4%"),
        (Shown.PERCENT, -0.05, "-5.0%"),
        (Shown.AMOUNT, np.log1p(123_456), "123,456"),
        (Shown.AMOUNT, np.log1p(12.345), "12.3"),
        (Shown.AMOUNT, 0.0, "0"),
        (Shown.TIMES, np.log(1.5), "1.5 ×"),
        (Shown.RATE, np.log(0.0123), "1.23%"),
        (Shown.NUMBER, 4.5, "4.5"),
        (Shown.NUMBER, 1234.0, "1,234"),
    ],
)
def test_values_are_told_as_a_person_would(shown: Shown, value: float, text: str):
    assert tell(shown, value) == text


def test_no_reason_is_computer_language():
    for feature in FEATURES:
        told = tell(feature.shown, 0.5)
        assert "nan" not in told
        assert "inf" not in told
