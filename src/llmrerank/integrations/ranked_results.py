"""Results in the shape that users of the package `rerankers` know. Plain values: they pickle and copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from llmrerank.errors import ConfigError
from llmrerank.ranking import Ranking

__all__ = ["Document", "RankedResults", "Result", "to_rerankers"]


@dataclass(frozen=True, slots=True)
class Document:
    """A text to rank; positional as in `rerankers`.

    Attributes:
        text: May be empty.
        doc_id: The caller's identifier; None: its place in the list, from 0.
        metadata: Everything else; survives untouched.
        document_type: Only texts can be ranked.
    """

    text: str
    doc_id: str | int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    document_type: Literal["text"] = "text"

    def __post_init__(self) -> None:
        if self.document_type != "text" or not isinstance(self.text, str):
            raise ConfigError("only texts can be ranked: Document(text='...', doc_id=..., metadata={...})")

    def __hash__(self) -> int:
        return hash((self.text, self.doc_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A document with its place.

    Attributes:
        document: The caller's.
        score: What the strategy's scores mean; None where it gives an order without scores.
        rank: Place, from 1.
    """

    document: Document
    score: float | None
    rank: int

    @property
    def text(self) -> str:
        """The document's text."""
        return self.document.text

    @property
    def doc_id(self) -> str | int | None:
        """The document's identifier."""
        return self.document.doc_id

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The document's metadata."""
        return self.document.metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedResults(Sequence[Result]):
    """Results, best first.

    Attributes:
        results: Best first; `results[0].rank` is 1.
        query: What was asked.
        has_scores: Whether any document has a score.
        ranking: What they were made from, with its books: calls, tokens, cost, what was repaired or degraded.
    """

    results: list[Result]
    query: str
    has_scores: bool
    ranking: Ranking = field(repr=False)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def results_count(self) -> int:
        """How many there are."""
        return len(self.results)

    def top_k(self, k: int | None) -> list[Result]:
        """The k best; None: all.

        Raises:
            ValueError: `k` is 0 or less.
        """
        if k is not None and k < 1:
            raise ValueError(f"k must be 1 or more, got {k}")
        return self.results[:k]

    def get_result_by_docid(self, doc_id: str | int) -> Result | None:
        """The best result with this identifier, or None."""
        return next((result for result in self.results if result.doc_id == doc_id), None)

    def get_score_by_docid(self, doc_id: str | int) -> float | None:
        """The score of the best result with this identifier, or None where there is none."""
        result = self.get_result_by_docid(doc_id)
        return None if result is None else result.score


def to_rerankers(ranking: Ranking, documents: Sequence[Document] | None = None) -> RankedResults:
    """A ranking in the shape that users of `rerankers` know.

    Args:
        ranking: Ours.
        documents: The caller's own, in the order in which they were given; None: made from the ranking's.
    """
    results = [
        Result(
            document=(
                Document(text=hit.document.text, doc_id=hit.document.id, metadata=dict(hit.document.metadata))
                if documents is None
                else documents[hit.previous_rank - 1]
            ),
            score=None if hit.score is None else float(hit.score),
            rank=hit.rank,
        )
        for hit in ranking
    ]
    return RankedResults(
        results=results,
        query=ranking.query,
        has_scores=any(result.score is not None for result in results),
        ranking=ranking,
    )
