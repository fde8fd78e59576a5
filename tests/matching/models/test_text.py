"""Content vectors: any language, any length, and the same ones after a restart."""

from __future__ import annotations

import numpy as np
import pytest

from matching.errors import BundleError
from matching.models.text import HASH_COUNT, MAX_CHARACTERS, TextEncoder, count_ngrams

CORPUS = {
    "nuts": ["每日坚果 混合果仁 30包", "坚果礼盒 夏威夷果 腰果", "零食 坚果 瓜子 开心果"],
    "lipstick": ["哑光口红 不掉色", "口红 唇釉 显白", "护肤 口红 彩妆 测评"],
    "coffee": ["Cà phê sữa đá hòa tan", "Cà phê rang xay nguyên chất", "cà phê đen Trung Nguyên"],
    "dress": ["Váy đầm nữ dự tiệc", "Đầm maxi đi biển", "váy nữ công sở thanh lịch"],
}


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.fit(
        count_ngrams([t for texts in CORPUS.values() for t in texts]), dimensions=8
    )


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("原味坚果 500克", "nuts"),
        ("口红套装 哑光", "lipstick"),
        ("Cà phê hòa tan 3in1", "coffee"),
        ("Đầm váy dự tiệc sang trọng", "dress"),
    ],
)
def test_a_text_is_nearest_to_its_like_in_any_language(encoder: TextEncoder, text: str, group: str):
    asked = encoder.encode([text])[0]
    likeness = {
        name: float((encoder.encode(texts) @ asked).max()) for name, texts in CORPUS.items()
    }
    assert max(likeness, key=likeness.__getitem__) == group
    assert likeness[group] > 0.4


def test_vectors_have_length_one_or_none_for_a_text_of_nothing(encoder: TextEncoder):
    vectors = encoder.encode(["坚果", "", "   ", "Cà phê"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, 8)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 0, 1], abs=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours(encoder: TextEncoder):
    together = encoder.encode(["坚果", "口红", "váy"])
    alone = [encoder.encode([text])[0] for text in ("坚果", "口红", "váy")]
    assert np.array_equal(together, alone)


def test_spaces_and_case_and_what_comes_after_a_thousand_characters_do_not_matter(
    encoder: TextEncoder,
):
    assert np.array_equal(encoder.encode(["Cà  Phê "]), encoder.encode([" cà phê"]))
    long = "坚果 " * (MAX_CHARACTERS // 3 + 1)
    assert np.array_equal(encoder.encode([long + "口红" * 50]), encoder.encode([long]))


def test_n_grams_are_within_words_with_the_spaces_around_them():
    grams = ["a", "b", " a", "ab", "b ", " ab", "ab ", "c", " c", "c ", " c "]
    counted = count_ngrams(["ab  C", "", "ab ab"])
    assert counted.sum(axis=1).ravel().tolist() == [[len(grams), 0, 2 * 7]]
    assert counted[2].max() == 2
    assert (counted[0] > 0).sum() == len(grams)  # no two of these share a hash
    swapped = count_ngrams(["c ab"])
    assert (counted[0] != swapped).nnz == 0


@pytest.mark.parametrize("texts", [["坚果"], ["坚果", "口红"], ["", ""], ["a", "a", "a"]])
def test_few_texts_give_few_directions(texts: list[str]):
    small = TextEncoder.fit(count_ngrams(texts), dimensions=32)
    assert 1 <= len(small.components) <= len(texts)
    assert np.isfinite(small.encode([*texts, "something else"])).all()


def test_an_encoder_that_was_written_encodes_the_same(encoder: TextEncoder):
    again = TextEncoder.from_arrays({k: v.copy() for k, v in encoder.to_arrays().items()})
    assert np.array_equal(again.encode(["坚果 váy"]), encoder.encode(["坚果 váy"]))


def test_the_same_texts_give_the_same_encoder():
    texts = [text for group in CORPUS.values() for text in group]
    first, second = (TextEncoder.fit(count_ngrams(texts), 6, seed=3) for _ in range(2))
    assert np.array_equal(first.components, second.components)


def test_an_encoder_of_another_size_is_refused(encoder: TextEncoder):
    arrays = encoder.to_arrays() | {"rarity": np.ones(HASH_COUNT // 2, dtype=np.float32)}
    with pytest.raises(BundleError, match=f"{HASH_COUNT // 2} hashes, this program uses"):
        TextEncoder.from_arrays(arrays)
