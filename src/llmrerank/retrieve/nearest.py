"""Exact nearest neighbours: the highest inner products, in blocks, the same whatever the blocks are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float32, float64, int64
    from numpy.typing import NDArray

__all__ = ["nearest"]

BLOCK = 65_536
"""Rows multiplied at once: with 256 queries the products take 64 MiB."""

QUERIES = 256
_RECOMPUTED = 4_096


def nearest(
    matrix: NDArray[float32], queries: NDArray[float32], k: int, *, block: int = BLOCK
) -> Sequence[tuple[NDArray[int64], NDArray[float64]]]:
    """The k rows with the highest inner product with each query, best first; equal products in row order.

    The fast product only chooses, with a margin for its rounding; the products that count are computed anew,
    in double precision and a fixed order. So neither blocks nor the number of queries change a result, and
    equal rows have equal scores.

    Args:
        matrix: Shape (rows, dimensions), lengths at most one; may be memory-mapped.
        queries: Shape (queries, dimensions), lengths at most one.
        k: How many at most, 1 or more.
        block: Rows multiplied at once.

    Returns:
        Row numbers and products for each query, the fewer of k and all rows. Cost: one pass over the matrix
        for each 256 queries.
    """
    found: list[tuple[NDArray[int64], NDArray[float64]]] = []
    for start in range(0, len(queries), QUERIES):
        found.extend(_nearest(matrix, queries[start : start + QUERIES], k, block))
    return found


def _nearest(
    matrix: NDArray[float32], queries: NDArray[float32], k: int, block: int
) -> list[tuple[NDArray[int64], NDArray[float64]]]:
    import numpy

    # What single precision can get wrong in a sum of products of vectors of length one.
    margin = 4 * matrix.shape[1] * float(numpy.finfo(numpy.float32).eps)
    floors = numpy.full(len(queries), -numpy.inf)
    leaders = [numpy.empty(0, dtype=numpy.float32) for _ in queries]
    kept: list[list[NDArray[int64]]] = [[] for _ in queries]
    values: list[list[NDArray[float32]]] = [[] for _ in queries]
    for start in range(0, len(matrix), block):
        products = queries @ matrix[start : start + block].T
        for place, row in enumerate(products):
            leaders[place] = _largest(numpy.concatenate((leaders[place], row)), k)
            if len(leaders[place]) == k:
                floors[place] = leaders[place].min() - margin
            chosen = numpy.flatnonzero(row >= floors[place])
            kept[place].append(chosen + start)
            values[place].append(row[chosen])
    found = []
    for place, query in enumerate(queries):
        rows = numpy.concatenate(kept[place]) if kept[place] else numpy.empty(0, dtype=numpy.int64)
        if len(rows):
            rows = rows[numpy.concatenate(values[place]) >= floors[place]]
        exact = _exact(matrix, rows, query)
        order = numpy.argsort(-exact, kind="stable")[:k]
        found.append((rows[order], exact[order]))
    return found


def _largest(values: NDArray[float32], k: int) -> NDArray[float32]:
    import numpy

    return values if len(values) <= k else numpy.partition(values, len(values) - k)[len(values) - k :]


def _exact(matrix: NDArray[float32], rows: NDArray[int64], query: NDArray[float32]) -> NDArray[float64]:
    import numpy

    wanted = query.astype(numpy.float64)
    parts = [
        numpy.sum(
            numpy.asarray(matrix[rows[start : start + _RECOMPUTED]], dtype=numpy.float64) * wanted, axis=1
        )
        for start in range(0, len(rows), _RECOMPUTED)
    ]
    return numpy.concatenate(parts) if parts else numpy.empty(0)
