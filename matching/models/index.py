"""FAISS index over creators: build, search inside a filter, save, load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

EXACT_COUNT = 50_000  # up to so many vectors an exact search costs less than a millisecond
_PROBES = 256  # lists, where everybody is eligible
_TRAINING_ROWS_PER_LIST = 40
_ROUNDS = 8


def use_one_thread() -> None:
    """Search with one native thread: more slow each other down when requests run side by side."""
    faiss.omp_set_num_threads(1)


@dataclass(frozen=True)
class CreatorIndex:
    """Creators' vectors, searched by inner product.

    Small sets, and small eligible sets within large ones, are searched exactly; large ones by
    inverted lists with 8-bit codes, with more lists probed the fewer creators are eligible.

    Lengths differ ten times, and the longest vectors are those that are found: so lists gather who
    is near (not who has the same direction, FAISS's way for inner products, which finds one of
    thirty), and are probed by the inner product of the query with their means.
    """

    vectors: Float32Array
    inverted: Any = None
    _bytes: Any = None  # what the lists live in, if it is not their own

    @classmethod
    def build(cls, vectors: Float32Array) -> CreatorIndex:
        """Index float32 vectors (creators, dimensions)."""
        count, dimensions = vectors.shape
        if count <= EXACT_COUNT:
            return cls(vectors)
        lists = int(2 ** np.round(np.log2(4 * np.sqrt(count))))
        vectors = np.ascontiguousarray(vectors)
        sample = _sample(vectors, lists * _TRAINING_ROWS_PER_LIST)
        clusters: Any = faiss.Kmeans(
            dimensions, lists, niter=_ROUNDS, max_points_per_centroid=2 * _TRAINING_ROWS_PER_LIST
        )
        clusters.train(sample)
        nearest: Any = faiss.IndexFlatL2(dimensions)
        nearest.add(clusters.centroids)
        inverted: Any = faiss.IndexIVFScalarQuantizer(
            nearest,
            dimensions,
            lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        inverted.train(sample)
        inverted.add(vectors)
        promising: Any = faiss.IndexFlatIP(dimensions)
        promising.add(clusters.centroids)
        inverted.quantizer = promising
        return cls(vectors, inverted)

    def search(self, query: Float32Array, count: int, eligible: npt.NDArray[np.bool_]) -> IntArray:
        """Return up to `count` rows of eligible creators, nearest first.

        Parameters
        ----------
        query : float32 (dimensions,)
        eligible : bool (creators,)
        """
        chosen = int(np.count_nonzero(eligible))
        if chosen <= count:
            return self._exact(query, np.flatnonzero(eligible), count)
        if self.inverted is None or chosen <= EXACT_COUNT:
            return self._exact(query, np.flatnonzero(eligible), count)
        lists = self.inverted.nlist
        probes = min(lists, int(_PROBES * len(eligible) / chosen))
        search_parameters: Any = faiss.SearchParametersIVF
        selector: Any = faiss.IDSelectorBitmap  # its array form is added at import
        mask = np.packbits(eligible, bitorder="little")
        parameters = search_parameters(nprobe=probes, sel=selector(mask))
        _, rows = self.inverted.search(query[None, :], count, params=parameters)
        found = rows[0][rows[0] >= 0]
        if len(found) < count:  # the lists probed held too few
            return self._exact(query, np.flatnonzero(eligible), count)
        return np.asarray(found, dtype=np.int64)

    def _exact(self, query: Float32Array, rows: IntArray, count: int) -> IntArray:
        scores, found = faiss.knn(
            query[None, :],
            self.vectors[rows],
            min(count, len(rows)),
            metric=faiss.METRIC_INNER_PRODUCT,
        )
        nearest = rows[found[0]]
        return np.asarray(nearest[np.lexsort((nearest, -scores[0]))])

    def to_array(self) -> npt.NDArray[np.uint8] | None:
        """Return the inverted lists as bytes, None where the search is exact."""
        return None if self.inverted is None else faiss.serialize_index(self.inverted)

    @classmethod
    def from_array(
        cls, vectors: Float32Array, inverted: npt.NDArray[np.uint8] | None
    ) -> CreatorIndex:
        """Rebuild from the vectors and what `to_array` returned, without copying it.

        The lists stay where they are: workers that map the same file share them.
        """
        if inverted is None:
            return cls(vectors)
        memory = faiss.swig_ptr(inverted), inverted.nbytes
        reader = faiss.ZeroCopyIOReader(*memory)  # type: ignore[attr-defined]
        return cls(vectors, faiss.read_index(reader), inverted)


def _sample(vectors: Float32Array, count: int) -> Float32Array:
    """Return rows to cluster, long ones more often: there the lists have to tell more apart."""
    if len(vectors) <= count:
        return np.ascontiguousarray(vectors)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    generator = np.random.default_rng(0)
    chosen = generator.choice(len(vectors), count, replace=False, p=lengths / lengths.sum())
    return np.ascontiguousarray(vectors[np.sort(chosen)])
