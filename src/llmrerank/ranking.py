"""The result: candidates in their new order, with where each came from and what it cost to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from .trace import Trace
from .types import Document, ScoreKind

__all__ = ["Hit", "Place", "Ranking"]

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one stage of a pipeline put a document: its rank from 1, and the score, where there was one."""

    stage: str
    rank: int
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One document in a ranking.

    Attributes:
        rank: Place in this ranking, from 1.
        previous_rank: Place in the input of the whole call, from 1; in a search, in the first stage's result.
        score: What `Ranking.score_kind` says, or None where the judge gives none.
        document: The caller's document, unchanged.
        deviation: Standard deviation of the score, where the algorithm states one.
        spans: Character ranges of the document that the judge thought best, best first.
        suspicious: A guard found something in the document that may be meant to influence the judge.
        degraded: It stood in a slate that got no evidence.
        history: Where each stage put it, in the order of the stages.
        group: Where hits were grouped, the others of its group, best first.
    """

    rank: int
    previous_rank: int
    score: float | None
    document: Document
    deviation: float | None = None
    spans: tuple[tuple[int, int], ...] = ()
    suspicious: bool = False
    degraded: bool = False
    history: tuple[Place, ...] = ()
    group: tuple[Hit, ...] = ()

    def placed(
        self,
        place: Place,
        *,
        deviation: float | None,
        spans: tuple[tuple[int, int], ...],
        degraded: bool,
    ) -> Hit:
        """The hit as another stage leaves it, with the new place written into its history."""
        return Hit(
            rank=place.rank,
            previous_rank=self.previous_rank,
            score=place.score,
            document=self.document,
            deviation=deviation,
            spans=spans,
            suspicious=self.suspicious,
            degraded=degraded,
            history=(*self.history, place),
            group=self.group,
        )

    @property
    def moved(self) -> int:
        """Places risen (above 0) or fallen (below 0)."""
        return self.previous_rank - self.rank

    def to_dict(self) -> dict[str, Any]:
        """JSON values, under the keys of the command line; `deviation`, `spans`, `group` if there are any."""
        more: dict[str, Any] = {}
        if self.deviation is not None:
            more["deviation"] = self.deviation
        if self.spans:
            more["spans"] = [list(span) for span in self.spans]
        if self.group:
            more["group"] = [{"id": hit.document.id, "score": hit.score} for hit in self.group]
        return {
            "rank": self.rank,
            "previous_rank": self.previous_rank,
            "score": self.score,
            "id": self.document.id,
            "title": self.document.title,
            "text": self.document.text,
            "metadata": dict(self.document.metadata),
            "suspicious": self.suspicious,
            "degraded": self.degraded,
            **more,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking(Sequence[Hit]):
    """Hits, best first, with the books of how they came about.

    Attributes:
        query: What was asked.
        strategy: The strategy or pipeline, in the one notation.
        hits: Best first; `hits[0].rank` is 1.
        score_kind: What the scores mean.
        trace: Everything that happened.
        idf: Inverse document frequency of each term of the query, in its order, where the first stage has an
            index of words; None where it has none.
    """

    query: str
    strategy: str
    hits: tuple[Hit, ...]
    score_kind: ScoreKind = "none"
    trace: Trace = field(default_factory=Trace)
    idf: tuple[float, ...] | None = None

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    @property
    def degraded(self) -> bool:
        """Whether anything got no evidence, or a limit ended the work early."""
        return self.trace.degraded > 0 or self.trace.exhausted is not None

    @property
    def documents(self) -> list[Document]:
        """The documents, best first."""
        return [hit.document for hit in self.hits]

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in the shape of the command line's `--json`."""
        return {
            "schema": SCHEMA,
            "query": self.query,
            "strategy": self.strategy,
            "score_kind": self.score_kind,
            "hits": [hit.to_dict() for hit in self.hits],
            "trace": self.trace.to_dict(),
        }
