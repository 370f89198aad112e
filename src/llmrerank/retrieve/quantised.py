"""Vectors of a byte a dimension in an inverted file: a quarter of the room, and little of it read.

The vectors are dealt into cells by their nearest of some thousand centres, and kept as one byte a dimension
(each dimension's range in a sample cut into 256 steps). A query is compared with the vectors of its nearest
cells alone, read where they lie in the file. Engine: faiss; it gives both in one file that is mapped into
memory, and builds it in one pass after training, where a graph index (HNSW) would take hours for ten million.

Source: Jégou et al., "Product Quantization for Nearest Neighbor Search", TPAMI 2011, for the inverted file;
Douze et al., "The Faiss library", 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrerank.errors import DataError, MissingExtra

from .index_folder import damaged

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

__all__ = ["PROBES", "QuantisedVectors", "cells_for", "write_vectors"]

PROBES = 32
"""Cells that a query looks into."""

SAMPLE_PER_CELL = 40
"""Vectors that each centre is trained on, at least."""


def cells_for(count: int) -> int:
    """How many cells serve so many vectors: the power of two above the square root, 4096 at most."""
    cells = 1
    while cells * cells < count and cells < 4096:
        cells *= 2
    return cells


def write_vectors(
    path: Path, sample: NDArray[float32], slices: Iterable[NDArray[float32]], *, count: int
) -> None:
    """Write vectors to a file; they are known by their row over all slices, from 0.

    Args:
        path: The file; written under another name first.
        sample: Shape (some, dimensions): what centres and ranges are learned from, at least one vector, well
            `SAMPLE_PER_CELL` for each cell.
        slices: Shape (any, dimensions) each, lengths of one; read once.
        count: Vectors in all slices, about: it decides the number of cells.

    Raises:
        DataError: The file cannot be written.
        MissingExtra: faiss is not installed.

    Memory: a byte for each dimension of each vector, twice while it grows.
    """
    faiss = _faiss()
    dimensions = int(sample.shape[1])
    cells = min(cells_for(count), len(sample))
    centres = faiss.IndexFlatIP(dimensions)
    index = faiss.IndexIVFScalarQuantizer(
        centres, dimensions, cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.min_points_per_centroid = 1
    index.cp.max_points_per_centroid = SAMPLE_PER_CELL
    index.train(sample)
    for vectors in slices:
        index.add(vectors)
    partial = path.with_name(f".{path.name}.part")
    try:
        faiss.write_index(index, str(partial))
        partial.replace(path)
    except (RuntimeError, OSError) as error:
        raise DataError(
            f"cannot write the vectors {path}: {_reason(error)}; is there room on the disk?"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


class QuantisedVectors:
    """A file of `write_vectors`, mapped into memory; nothing in it changes, so threads may share it."""

    def __init__(self, path: Path, *, probes: int = PROBES) -> None:
        """Open a file.

        Args:
            path: The file.
            probes: Cells that a query looks into, 1 or more; all of them: nothing near is missed.

        Raises:
            DataError: The file is not there or cannot be read.
            MissingExtra: faiss is not installed.
        """
        faiss = _faiss()
        if not path.is_file():
            raise DataError(f"there are no vectors {path}")
        try:
            self._index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        except RuntimeError as error:
            raise damaged(path, f"faiss cannot read it: {_reason(error)}") from error
        self.cells = int(self._index.nlist)
        self._parameters = faiss.SearchParametersIVF(nprobe=min(probes, self.cells))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, queries: NDArray[float32], k: int) -> Sequence[tuple[NDArray[int64], NDArray[float32]]]:
        """Rows and inner products of the k nearest vectors of each query, best first.

        Args:
            queries: Shape (queries, dimensions).
            k: 1 or more; fewer are found where the probed cells hold fewer.
        """
        products, rows = self._index.search(queries, k, params=self._parameters)
        return [(row[row >= 0], product[row >= 0]) for row, product in zip(rows, products, strict=True)]


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtra("searching quantised vectors", "ann") from error
    return faiss


def _reason(error: BaseException) -> str:
    # The engine's texts begin with its own function and source file.
    return " ".join(str(error).split())[-160:] or type(error).__name__
