"""Topics: what creators speak of, learnt from the texts of products alone."""

from __future__ import annotations

import numpy as np
import pytest

from matching.models import topics as module
from matching.models.text import count_ngrams
from matching.models.topics import Topics

PRODUCTS = [
    *("每日坚果 混合果仁", "坚果礼盒 夏威夷果", "原味坚果 开心果", "坚果大礼包 腰果"),
    *("哑光口红 不掉色", "口红 唇釉 显白", "镜面口红 保湿", "口红套装 丝绒"),
    *("客厅吸顶灯具 现代", "卧室灯具 护眼", "灯具 北欧 吊灯", "台灯灯具 充电"),
]
PLACES = np.repeat([0, 1, 2], 4)
CREATORS = ["爱吃坚果 零食测评", "口红试色 每天一支口红", "家居 灯具 改造", "今天 天气 很好"]
USUAL = 3  # the creator who speaks of none of it


def fit(
    products: list[str], places: np.ndarray, count: int, creators: list[str]
) -> tuple[Topics, np.ndarray]:
    return Topics.fit(count_ngrams(products), places, count, count_ngrams(creators))


@pytest.fixture(scope="module")
def fitted() -> tuple[Topics, np.ndarray]:
    return fit(PRODUCTS, PLACES, 3, CREATORS)


def test_who_mentions_the_words_of_a_subcategory_scores_highest_there(
    fitted: tuple[Topics, np.ndarray],
):
    _, scores = fitted
    assert scores.shape == (4, 3)
    assert scores.dtype == np.float16
    for place in range(3):
        assert scores[:, place].argmax() == place
        assert scores[place].argmax() == place
        assert scores[place, place] > 0 > scores[USUAL, place]


def test_scores_are_told_in_deviations_from_what_is_usual(fitted: tuple[Topics, np.ndarray]):
    scores = fitted[1].astype(np.float64)
    assert scores.mean(axis=0) == pytest.approx(np.zeros(3), abs=2e-3)
    assert scores.std(axis=0) == pytest.approx(np.ones(3), abs=2e-3)


def test_words_that_all_products_share_are_no_topic():
    """Everything ships free: to speak of that is to speak of no sub-category."""
    _, scores = fit(
        [f"{text} 全国包邮" for text in PRODUCTS], PLACES, 3, [*CREATORS, "全国包邮 全国包邮"]
    )
    assert np.abs(scores[4] - scores[USUAL]).max() < 0.01
    assert scores[0].argmax() == 0


def test_texts_encoded_later_score_the_same(fitted: tuple[Topics, np.ndarray]):
    topics, scores = fitted
    again = topics.encode(count_ngrams(CREATORS))
    assert again.dtype == np.float16
    assert np.allclose(again, scores, atol=2e-3)
    alone = np.concatenate([topics.encode(count_ngrams([text])) for text in CREATORS])
    assert np.array_equal(alone, again)


def test_texts_are_encoded_in_chunks_as_at_once(
    fitted: tuple[Topics, np.ndarray], monkeypatch: pytest.MonkeyPatch
):
    whole = fitted[0].encode(count_ngrams(CREATORS))
    monkeypatch.setattr(module, "_CHUNK", 3)
    assert np.array_equal(fitted[0].encode(count_ngrams(CREATORS)), whole)


def test_topics_that_were_written_are_the_same(fitted: tuple[Topics, np.ndarray]):
    again = Topics.from_arrays(fitted[0].to_arrays())
    assert np.array_equal(
        again.encode(count_ngrams(CREATORS)), fitted[0].encode(count_ngrams(CREATORS))
    )


def test_products_of_an_unknown_subcategory_teach_nothing():
    """-1 is unknown; a code that is not counted is one too many."""
    places = np.array([*PLACES, -1, 7])
    texts = [*PRODUCTS, "坚果 乱码 奇怪", "口红 奇怪"]
    topics, _ = fit(texts, places, 3, CREATORS)
    assert topics.lift.shape[0] == 3
    assert (
        topics.encode(count_ngrams(["奇怪 乱码"])).max()
        <= topics.encode(count_ngrams([CREATORS[USUAL]])).max()
    )


@pytest.mark.parametrize(
    ("products", "places", "count", "creators"),
    [
        (["每日坚果"], [0], 1, CREATORS),
        (PRODUCTS, PLACES, 5, CREATORS),  # two sub-categories have no product
        (["", ""], [0, 1], 2, CREATORS),
        (PRODUCTS, PLACES, 3, ["", "", ""]),
        (PRODUCTS, PLACES, 3, ["一个人"]),
        (PRODUCTS, np.full(12, -1), 0, CREATORS),
    ],
)
def test_where_there_is_little_to_learn_scores_are_finite(
    products: list[str], places: list[int], count: int, creators: list[str]
):
    topics, scores = fit(products, np.array(places, dtype=np.int64), count, creators)
    assert scores.shape == (len(creators), count)
    assert np.isfinite(scores).all()
    assert np.isfinite(topics.encode(count_ngrams(["坚果", ""]))).all()


def test_creators_without_texts_are_all_alike():
    _, scores = fit(PRODUCTS, PLACES, 3, [""] * 5)
    assert not scores.any()


def test_no_more_topics_than_memory_is_meant_for(monkeypatch: pytest.MonkeyPatch):
    """Sub-categories from the bound on have none; those before it are as ever."""
    whole, scores = fit(PRODUCTS, PLACES, 3, CREATORS)
    monkeypatch.setattr(module, "MAX_TOPICS", 2)
    bounded, fewer = fit(PRODUCTS, PLACES, 3, CREATORS)
    assert bounded.lift.shape == (2, whole.lift.shape[1])
    assert fewer.shape == (4, 2)
    assert np.array_equal(fewer, scores[:, :2])
