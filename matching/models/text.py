"""Texts of creators and products as vectors: character n-grams, so any language will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, issparse, vstack

from matching.errors import BundleError

Float32Array = npt.NDArray[np.float32]

HASH_COUNT = 2**14
LONGEST = 3  # characters of an n-gram
MAX_CHARACTERS = 1000
_FIT_SAMPLE = 60_000
_CHUNK = 50_000
_TEXTS_AT_ONCE = 20_000
_HASH_SEED = np.uint32(2166136261)  # FNV-1a, by character
_HASH_PRIME = np.uint32(16777619)


@dataclass(frozen=True)
class TextEncoder:
    """Hashed character n-grams, weighted by rarity, projected on their main directions.

    Fitted state is two arrays, so that nothing has to be unpickled.

    Parameters
    ----------
    rarity : float32 (HASH_COUNT,)
        Inverse document frequency.
    components : float32 (dimensions, HASH_COUNT)
    """

    rarity: Float32Array
    components: Float32Array

    @classmethod
    def fit(cls, counts: Any, dimensions: int = 32, seed: int = 0) -> TextEncoder:
        """Learn rarity and directions from texts whose n-grams were counted (`count_ngrams`).

        Fewer texts give fewer directions.
        """
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.utils.extmath import randomized_svd

        if counts.shape[0] > _FIT_SAMPLE:
            generator = np.random.default_rng(seed)
            chosen = generator.choice(counts.shape[0], _FIT_SAMPLE, replace=False)
            counts = counts[np.sort(chosen)]
        weigher = TfidfTransformer(sublinear_tf=True).fit(counts)
        dimensions = max(1, min(dimensions, counts.shape[0] - 1))
        _, _, components = randomized_svd(
            weigher.transform(counts), dimensions, n_iter=4, random_state=seed
        )
        return cls(weigher.idf_.astype(np.float32), components.astype(np.float32))

    def encode(self, texts: Sequence[str]) -> Float32Array:
        """Return vectors, float32 (texts, dimensions), of length 1, or 0 for an empty text."""
        return self.project(count_ngrams(texts))

    def project(self, counts: Any) -> Float32Array:
        """Return the same of texts whose n-grams were counted (`count_ngrams`)."""
        vectors = np.empty((counts.shape[0], len(self.components)), dtype=np.float32)
        for start in range(0, len(vectors), _CHUNK):
            some = counts[start : start + _CHUNK]
            some.data = np.log(some.data) + 1.0
            some = _normalized(some.multiply(self.rarity))
            vectors[start : start + _CHUNK] = some @ self._by_hash
        return np.asarray(_normalized(vectors), dtype=np.float32)

    @cached_property
    def _by_hash(self) -> Float32Array:
        """The components turned round, laid out as sparse products read them."""
        return np.ascontiguousarray(self.components.T)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the state as arrays by name."""
        return {"rarity": self.rarity, "components": self.components}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> TextEncoder:
        """Rebuild from `to_arrays`; BundleError if the sizes differ from this program's."""
        if arrays["rarity"].shape != (HASH_COUNT,):
            raise BundleError(
                f"the bundle has text vectors of {len(arrays['rarity'])} hashes, this program "
                f"uses {HASH_COUNT}; train again",
                "foreign",
            )
        return cls(arrays["rarity"], arrays["components"])


@dataclass(frozen=True)
class ContentVectors:
    """Content vectors of all creators and products, float32 (rows, dimensions) each.

    `topics`, float16 (creators, topics), says how much each creator speaks of each sub-category; it
    has no columns where nothing is known of that.
    """

    creators: Float32Array
    products: Float32Array
    topics: npt.NDArray[np.float16] = field(
        default_factory=lambda: np.zeros((0, 0), dtype=np.float16)
    )


def count_ngrams(texts: Sequence[str]) -> csr_matrix:
    """Return how often each text has each hashed n-gram, sparse float32 (texts, HASH_COUNT).

    N-grams are within words; the space before and after a word belongs to it.
    """
    chunks = [_count(texts[i : i + _TEXTS_AT_ONCE]) for i in range(0, len(texts), _TEXTS_AT_ONCE)]
    return vstack(chunks, format="csr") if chunks else csr_matrix((0, HASH_COUNT), dtype=np.float32)


def _count(texts: Sequence[str]) -> csr_matrix:
    spaced = [" ".join(("", *text[:MAX_CHARACTERS].lower().split(), "")) for text in texts]
    codes = np.frombuffer("".join(spaced).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    text = np.repeat(np.arange(len(spaced)), [len(one) for one in spaced])
    is_space = codes == ord(" ")
    hashed = np.full(len(codes), _HASH_SEED)
    joined = np.ones(len(codes), dtype=bool)  # no space between first and last
    rows, columns = [], []
    for size in range(1, LONGEST + 1):
        if size > 2:
            joined = joined[:-1] & ~is_space[size - 2 : -1]
        end = slice(size - 1, None)
        hashed = (hashed[: len(codes) - size + 1] ^ codes[end]) * _HASH_PRIME
        joined = joined[: len(hashed)]
        kept = joined & (text[: len(hashed)] == text[end]) if size > 1 else ~is_space
        rows.append(text[: len(hashed)][kept])
        columns.append(_spread(hashed[kept]))
    places = (np.concatenate(rows), np.concatenate(columns))
    ones = np.ones(len(places[0]), dtype=np.float32)
    return csr_matrix((ones, places), shape=(len(texts), HASH_COUNT))


def _spread(hashed: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return the column of each hash: every bit of it counts (MurmurHash3's last step)."""
    hashed = (hashed ^ (hashed >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashed = (hashed ^ (hashed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return (hashed ^ (hashed >> np.uint32(16))) % np.uint32(HASH_COUNT)


def _normalized(vectors: Any) -> Any:
    """Return rows of length 1, dense or sparse; one of nothing stays so."""
    squares = vectors.multiply(vectors) if issparse(vectors) else vectors * vectors
    lengths = np.sqrt(np.asarray(squares.sum(axis=1))).reshape(-1, 1)
    lengths[lengths == 0.0] = 1.0
    return vectors.multiply(1.0 / lengths).tocsr() if issparse(vectors) else vectors / lengths
