"""Evidence by stage, and reasons in words."""

from __future__ import annotations

import numpy as np
import pytest

from matching.explain import STAGES, evidence, reasons, tell, usual_values
from matching.features import FEATURES, Feature, Shown, Stage

NAMES = [feature.name for feature in FEATURES]


def named(name: str) -> Feature:
    return FEATURES[NAMES.index(name)]


def contributions(**parts: float) -> np.ndarray:
    row = np.zeros(len(FEATURES) + 1)
    for name, value in parts.items():
        row[-1 if name == "base" else NAMES.index(name)] = value
    return row


def test_the_stages_are_those_of_trust():
    assert STAGES == ("transform", "reach", "utilize", "strengthen", "thrive")


def test_base_and_stages_add_up_to_the_contributions():
    parts = np.random.default_rng(0).normal(size=(7, len(FEATURES) + 1))
    told = evidence(parts)
    assert set(told) == {"base", *STAGES}
    assert sum(told.values()) == pytest.approx(parts.sum(axis=1))


def test_each_feature_counts_for_its_own_stage():
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


def test_reasons_come_largest_first_and_small_ones_not_at_all():
    parts = contributions(
        log_followers=0.3,
        reputation=-0.5,
        same_category=0.1,
        log_price=0.019,
        is_service=-0.2,
        fulfil_rate=0.05,
    )
    told = reasons(parts, values(), {})
    assert [reason.feature for reason in told] == [
        "reputation",
        "log_followers",
        "is_service",
        "same_category",
    ]
    assert reasons(contributions(log_price=0.019), values(), {}) == []


def test_a_reason_says_the_question_the_value_the_usual_and_the_effect():
    told = reasons(
        contributions(fan_gmv_share=0.18),
        values(fan_gmv_share=0.44),
        {"fan_gmv_share": 0.12},
    )[0].to_dict()
    assert told == {
        "stage": "strengthen",
        "feature": "fan_gmv_share",
        "value": pytest.approx(0.44),
        "contribution": pytest.approx(0.18),
        "text": "Share of the creator's sales that their own fans bring: 44%, usually 12% "
        "(+20% expected sales)",
    }


def test_a_reason_of_what_is_not_known_says_so():
    reason = reasons(contributions(reputation=-0.5), values(), {"reputation": 4.0})[0]
    assert reason.value is None
    assert "not known (-39% expected sales)" in reason.text


def test_a_reason_without_a_usual_value_says_none():
    reason = reasons(contributions(reputation=0.5), values(reputation=4.5), {})[0]
    assert "usually" not in reason.text
    assert "4.5" in reason.text


def test_usual_values_are_medians_of_what_is_known():
    matrix = np.full((5, len(FEATURES)), np.nan, dtype=np.float32)
    matrix[:, 0] = [1, 2, np.nan, 9, 4]
    assert usual_values(matrix) == {NAMES[0]: 3.0}
    assert usual_values(matrix[:0]) == {}


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
    feature = named("reputation")
    told = tell(Feature(**{**feature.__dict__, "shown": shown}), value)
    assert told == text


def test_no_reason_is_computer_language():
    for feature in FEATURES:
        told = tell(feature, 0.5)
        assert "nan" not in told
        assert "inf" not in told
