"""What every feature promises: a question, columns that exist, arrays, NaN for unknown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from matching.features import FEATURES, STAGE_MODULES, Feature, Shown, Stage, build_matrix
from matching.features import spec as spec_module
from matching.features.spec import feature
from matching.languages import Text
from matching.pairs import COLUMNS, PRIVATE_COLUMNS

each_feature = pytest.mark.parametrize("one", FEATURES, ids=lambda one: one.name)


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(spec_module._registry)
    yield
    spec_module._registry.clear()
    spec_module._registry.update(before)


def test_there_are_about_thirty_and_every_stage_has_some():
    assert len(FEATURES) >= 30
    assert {one.stage for one in FEATURES} == set(Stage)


def test_stages_come_in_the_order_of_the_business_story():
    stages = [list(Stage).index(one.stage) for one in FEATURES]
    assert stages == sorted(stages)
    assert [module.__name__.rsplit(".", 1)[1] for module in STAGE_MODULES] == list(Stage)


@each_feature
def test_a_feature_lives_in_the_module_of_its_stage(one: Feature):
    assert one.compute.__module__ == f"matching.features.{one.stage.value}"
    assert one.compute.__name__ == one.name


@each_feature
def test_its_docstring_is_a_sentence_that_a_merchant_can_read(one: Feature):
    assert f"{one.question.en}." == " ".join(one.compute.__doc__.split())
    assert one.question.en[0].isupper() or one.question.en.startswith("{value}")
    assert "_" not in one.question.en
    assert len(one.question.en) <= 100


@each_feature
def test_its_question_is_there_in_chinese(one: Feature):
    assert any("\u4e00" <= letter <= "\u9fff" for letter in one.question.zh)
    assert not one.question.zh.endswith("。")
    assert len(one.question.zh) <= 50


@each_feature
def test_no_value_that_would_give_a_private_column_away_is_shown(one: Feature):
    assert (one.shown is Shown.PRIVATE) == bool(PRIVATE_COLUMNS.intersection(one.reads))


def test_what_a_creator_asks_at_least_is_private():
    assert "creator_min_commission_rate" in PRIVATE_COLUMNS
    assert set(COLUMNS) > PRIVATE_COLUMNS


@each_feature
def test_it_reads_columns_that_exist_and_as_many_as_it_takes(one: Feature):
    assert set(one.reads) <= set(COLUMNS)
    assert one.compute.__code__.co_argcount == len(one.reads)


@each_feature
def test_nothing_known_is_unknown_never_zero(one: Feature):
    with np.errstate(invalid="ignore"):
        values = one.compute(*(np.full(3, np.nan) for _ in one.reads))
    assert np.shape(values) == (3,)
    assert np.isnan(values).all()


@each_feature
def test_arrays_and_shared_values_give_one_value_a_pair(one: Feature):
    draw = np.random.default_rng(1)
    columns = [draw.uniform(0.1, 2.0, 5) for _ in one.reads]
    with np.errstate(invalid="ignore"):
        values = np.broadcast_to(one.compute(*columns), 5)
        alone = [np.broadcast_to(one.compute(*(c[[i]] for c in columns)), 1)[0] for i in range(5)]
    assert np.array_equal(values, alone, equal_nan=True)


def test_a_feature_of_no_column_is_refused():
    with pytest.raises(ValueError, match="reads 'creator_shoe_size', which is no column"):

        @feature(Stage.REACH, reads=("creator_shoe_size",))
        def shoe_size(size):
            """Size of the shoes."""
            return size


def test_two_features_of_one_name_are_refused():
    with pytest.raises(ValueError, match="feature log_price is there already"):

        @feature(Stage.REACH, reads=("product_price",), zh="价格为 {value}")
        def log_price(price):
            """The price is {value}."""
            return price


def test_a_feature_without_a_question_is_refused():
    with pytest.raises(ValueError, match="silent has no docstring"):

        @feature(Stage.REACH, reads=("product_price",))
        def silent(price):
            return price


def test_a_feature_without_a_question_in_chinese_is_refused():
    with pytest.raises(ValueError, match="english has no question in Chinese: give it as zh="):

        @feature(Stage.REACH, reads=("product_price",))
        def english(price):
            """The price is {value}."""
            return price


@pytest.mark.parametrize(("en", "zh"), [("The price.", "价格为 {value}"), ("Is {value}.", "价格")])
def test_a_question_without_a_place_for_the_answer_is_refused(en: str, zh: str):
    def placeless(price):
        return price

    placeless.__doc__ = en
    with pytest.raises(ValueError, match=r"placeless does not say where the answer goes"):
        feature(Stage.REACH, reads=("product_price",), zh=zh)(placeless)


def test_a_feature_that_would_show_what_is_private_is_refused():
    def least(asked):
        """The creator takes {value}."""
        return asked

    reads = ("creator_min_commission_rate",)
    with pytest.raises(ValueError, match=r"no merchant may learn: declare shown=Shown.PRIVATE"):
        feature(Stage.UTILIZE, reads, Shown.PERCENT, zh="达人要求 {value}")(least)
    feature(Stage.UTILIZE, reads, Shown.PRIVATE, zh="达人要求 {value}")(least)
    assert spec_module._registry["least"].shown is Shown.PRIVATE


def test_words_need_to_be_given_where_they_are_shown_and_nowhere_else():
    def place(price):
        """It is {value}."""
        return price

    given = {"stage": Stage.REACH, "reads": ("product_price",), "zh": "在 {value}"}
    with pytest.raises(ValueError, match=r"place needs both shown=Shown.WORDS and words="):
        feature(**given, shown=Shown.WORDS)(place)
    with pytest.raises(ValueError, match=r"place needs both shown=Shown.WORDS and words="):
        feature(**given, words={0: Text("here", "此处")})(place)


def test_the_hash_of_a_feature_follows_its_code():
    def made(body: str) -> str:
        spec_module._registry.pop("changing", None)
        if body == "price":

            @feature(Stage.REACH, reads=("product_price",), zh="价格为 {value}")
            def changing(price):
                """A price of {value}."""
                return price
        else:

            @feature(Stage.REACH, reads=("product_price",), zh="价格为 {value}")
            def changing(price):
                """A price of {value}."""
                return 2 * price

        return spec_module._registry["changing"].code_hash

    assert made("price") != made("twice")
    assert made("price") == made("price")


def test_the_matrix_has_a_column_a_feature_and_broadcasts_shared_ones():
    class ThreePairs:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, name: str) -> np.ndarray:
            return np.array([5.0]) if name == "product_price" else np.array([1.0, np.nan, 3.0])

    chosen = [one for one in FEATURES if one.name in ("log_price", "reputation")]
    matrix = build_matrix(ThreePairs(), chosen)  # type: ignore[arg-type]
    assert matrix.dtype == np.float32
    assert matrix.shape == (3, 2)
    price, reputation = (
        matrix[:, [f.name for f in chosen].index(n)] for n in ("log_price", "reputation")
    )
    assert np.allclose(price, np.log1p(5.0))
    assert np.array_equal(reputation, [1, np.nan, 3], equal_nan=True)
