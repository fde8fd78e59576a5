"""What a bundle holds, through its files and back: what records add is in it, and what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matching import contents as contents_module
from matching.contents import Contents, describe_features
from matching.errors import BundleError
from matching.explain import evidence, reasons
from matching.features import FEATURES
from matching.history import RESIDUALS
from matching.matcher import Matcher
from matching.models.effects import READS
from matching.models.ranker import HEADS
from matching.models.text import count_ngrams
from training.records import FOLDS
from training.run import Trained, freeze


@pytest.fixture(scope="module")
def again(trained: Trained) -> Contents:
    return Contents.from_files({"features": describe_features()}, trained.contents.to_files())


def test_effects_and_what_residuals_are_taken_against_come_back(trained: Trained, again: Contents):
    """Outcomes that come later are compared with the same references."""
    before, after = trained.contents.ranker, again.ranker
    assert before.effects.used
    assert after.effects == before.effects
    assert len(after.references) == FOLDS
    matrix = np.zeros((3, len(describe_features())), dtype=np.float32)
    for one, other in zip(before.references, after.references, strict=True):
        assert np.array_equal(one.margin(matrix), other.margin(matrix))
    assert np.array_equal(before.seen, after.seen)


def test_each_head_and_reference_with_trees_has_a_file(trained: Trained):
    files = trained.contents.to_files()
    constant = {name for name, head in trained.about["heads"].items() if "reason" in head}
    assert constant == {"sale"}
    references = {f"reference_{number}" for number in range(FOLDS)}
    assert set(files.texts) == {f"heads/{n}" for n in (set(HEADS) - constant) | references}


def test_records_come_back_as_they_were_at_the_date(trained: Trained, again: Contents):
    """Every sum that effects ask for."""
    before, after = trained.contents.history, again.history
    day = np.array(before.as_of)
    keys = {key: np.unique(before.ledgers["residuals", key].stamps // 2**20) for key, _ in READS}
    for key, measure in READS:
        assert measure in RESIDUALS
        one, other = (h.total(key, measure, keys[key], day) for h in (before, after))
        assert np.array_equal(one, other)
        assert one.any()


def test_a_market_without_effects_keeps_no_residuals(trained: Trained):
    history = trained.contents.history
    live = {key for stream, key in history.ledgers if stream == "residuals"}
    assert live == {key for key, _ in READS}
    bare = freeze(history, trained.as_of)
    assert not [key for stream, key in bare.ledgers if stream == "residuals"]


def test_topics_come_back(trained: Trained, again: Contents):
    assert np.array_equal(again.texts.topics, trained.contents.texts.topics)
    creators, words = trained.contents.texts.topics.shape
    assert creators == again.history.creators.count
    assert words == len(again.history.words["subcategory"])
    text = count_ngrams(["坚果 零食 测评"])
    assert np.array_equal(again.topics.encode(text), trained.contents.topics.encode(text))


NEW = replace(FEATURES[0], name="my_score", code_hash="new")


def test_a_program_that_knows_more_features_answers_the_same(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
):
    """A bundle brings its own features, in its own order; those beside them are not computed."""
    monkeypatch.setattr(contents_module, "FEATURES", (NEW, *reversed(FEATURES)))
    contents = Contents.from_files({"features": describe_features()}, trained.contents.to_files())
    assert [feature.name for feature in contents.features] == [f.name for f in FEATURES]
    found, expected = (
        Matcher("unsaved", trained.as_of, each).match("p000001", k=5).to_dict()
        for each in (contents, trained.contents)
    )
    assert found == expected


def test_a_part_is_told_by_the_features_of_its_bundle(trained: Trained):
    fewer = replace(trained.contents.tables, features=FEATURES[1:])
    contents = replace(trained.contents, tables=fewer)
    moved = np.zeros(len(contents.parts) + 1)
    moved[0] = 0.5
    stage = FEATURES[1].stage.value
    assert evidence(moved[None, :], contents.parts)[stage] == 0.5
    values, usual = np.ones(len(FEATURES) - 1, np.float32), contents.medians.usual(0)
    (told,) = reasons(moved, values, usual, contents.parts)
    assert told.feature == FEATURES[1].name


@pytest.mark.parametrize(
    "ours", [FEATURES[1:], (replace(FEATURES[0], code_hash="x"), *FEATURES[1:])]
)
def test_features_that_are_unknown_or_changed_are_named(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, ours: tuple[object, ...]
):
    monkeypatch.setattr(contents_module, "FEATURES", ours)
    with pytest.raises(BundleError, match=FEATURES[0].name) as error:
        Contents.from_files({"features": describe_features()}, trained.contents.to_files())
    assert error.value.reason == "foreign"
