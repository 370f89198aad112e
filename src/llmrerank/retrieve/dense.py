"""`dense`: the first stage that finds by meaning, with the vectors of a bi-encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmrerank.clients.encoder import Encoder, encoder_for
from llmrerank.clients.models import find, locate
from llmrerank.ranking import Ranking
from llmrerank.registry import Kind, register
from llmrerank.types import Document, Query, ScoreKind

from .bm25 import corpus_of
from .index_folder import damaged, fingerprint, open_index
from .nearest import nearest
from .results import check_depth, ranking_of, spelled
from .retriever import Source

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["Dense"]

VERSION = 1
"""Of how documents become vectors; another one makes another index."""

_FILE = "vectors.npy"
_SLICE = 4_096


@register("dense", kind=Kind.FIRST_STAGE, source="https://arxiv.org/abs/2004.04906")
@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """Nearest documents by meaning: cosine of embeddings made by a local bi-encoder.

    Title and text are encoded as one, as far as the model reads (256 tokens by default). The search is exact,
    over all documents, so every one has a score, an empty one too.

    Source: Karpukhin et al., "Dense Passage Retrieval", EMNLP 2020; here with exact search and any model.

    Attributes:
        model: Folder or hub name; None: sentence-transformers/all-MiniLM-L6-v2.
    """

    model: str | None = None

    def decided_by(self) -> str | None:
        """Name and fingerprint of the model; None as long as it is not on this machine.

        Raises:
            ConfigError: There is no such model.
        """
        found = locate("bi-encoder", self.model)
        return None if found is None else f"{found.identity} {VERSION}"

    def open(self, source: Source) -> _DenseRetriever:
        """Encode the corpus, or load its vectors memory-mapped from `source.index`.

        Cost: one forward pass for each 8 different documents; about 100 short documents a second on 2 cores.
        The model itself is loaded only when something must be encoded.

        Raises:
            ConfigError: There is no corpus, or the model cannot be found or loaded.
            DataError: The index folder holds another corpus, is damaged or cannot be written.
            MissingExtra: sentence-transformers is not installed.
        """
        corpus = corpus_of(source, "dense")
        model = find("bi-encoder", self.model)
        encoder = encoder_for(model)
        if source.index is None:
            vectors = _in_memory(encoder, corpus)
        else:
            folder = open_index(
                source.index,
                "dense",
                corpus=fingerprint(corpus),
                settings={"model": model.name, "fingerprint": model.fingerprint, "version": VERSION},
                build=lambda target: _write(encoder, corpus, target),
                name=source.name,
            )
            vectors = _load(folder, len(corpus))
        return _DenseRetriever(corpus, encoder, vectors, spelled("dense", self))


def _in_memory(encoder: Encoder, corpus: Sequence[Document]) -> NDArray[float32]:
    import numpy

    vectors = numpy.empty((len(corpus), encoder.dimensions), dtype=numpy.float32)
    _fill(vectors, encoder, corpus)
    return vectors


def _write(encoder: Encoder, corpus: Sequence[Document], folder: Path) -> None:
    import numpy

    if not len(corpus):
        numpy.save(
            folder / _FILE, numpy.empty((0, encoder.dimensions), dtype=numpy.float32), allow_pickle=False
        )
        return
    vectors = numpy.lib.format.open_memmap(
        folder / _FILE, mode="w+", dtype=numpy.float32, shape=(len(corpus), encoder.dimensions)
    )
    _fill(vectors, encoder, corpus)
    vectors.flush()


def _fill(vectors: NDArray[float32], encoder: Encoder, corpus: Sequence[Document]) -> None:
    """Encode slice by slice, equal texts once: in another batch their vectors would differ by rounding."""
    seen: dict[str, int] = {}
    for start in range(0, len(corpus), _SLICE):
        fresh: dict[str, int] = {}
        repeated: list[tuple[int, str]] = []
        for position in range(start, min(start + _SLICE, len(corpus))):
            text = corpus[position].full_text
            if text in seen or text in fresh:
                repeated.append((position, text))
            else:
                fresh[text] = position
        if fresh:
            vectors[list(fresh.values())] = encoder.encode(list(fresh), role="document")
        seen.update(fresh)
        for position, text in repeated:
            vectors[position] = vectors[seen[text]]


def _load(folder: Path, count: int) -> NDArray[float32]:
    import numpy

    path = folder / _FILE
    try:
        # An empty file cannot be mapped.
        vectors: NDArray[float32] = numpy.load(path, mmap_mode="r" if count else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise damaged(folder, f"numpy cannot read {path.name}: {error}") from error
    if vectors.ndim != 2 or len(vectors) != count or vectors.dtype != numpy.float32:
        raise damaged(folder, "its vectors do not belong to this corpus")
    return vectors


class _DenseRetriever:
    """Multiplies the whole corpus with each query; nothing in it changes, so threads may share it."""

    score_kind: ScoreKind = "cosine"

    def __init__(
        self, corpus: Sequence[Document], encoder: Encoder, vectors: NDArray[float32], strategy: str
    ) -> None:
        self._corpus = corpus
        self._encoder = encoder
        self._vectors = vectors
        self._strategy = strategy

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """See `Retriever.search`; the queries are encoded together, equal scores stand in corpus order.

        Raises:
            ConfigError: k is below 1, or the model cannot be loaded.
        """
        check_depth(k)
        if not queries:
            return []
        asked = self._encoder.encode([query.text for query in queries], role="query")
        rankings = []
        for query, (rows, scores) in zip(queries, nearest(self._vectors, asked, k), strict=True):
            found = [
                (self._corpus[int(row)], min(1.0, max(-1.0, float(score))))
                for row, score in zip(rows, scores, strict=True)
            ]
            rankings.append(ranking_of(query, self._strategy, found, self.score_kind))
        return rankings
