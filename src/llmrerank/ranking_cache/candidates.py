"""What a ranking starts from: the candidates in their order, and what later stages read of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from llmrerank.ranking import Hit, Place, Ranking
from llmrerank.trace import Event
from llmrerank.types import Document, ScoreKind

__all__ = ["Candidates", "KeptHit"]


class KeptHit(NamedTuple):
    """One hit: the position of its candidate from 0, and what became of it; the fields are those of `Hit`.

    `places` are those that the stages after the candidates gave it.
    """

    position: int
    score: float | None
    deviation: float | None
    spans: tuple[tuple[int, int], ...]
    places: tuple[Place, ...]
    suspicious: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Documents before they are ranked. Plain documents are made into hits by nobody before they must be.

    Attributes:
        documents: In their order.
        hits: `hits[i]` is what a first stage said of `documents[i]`; empty for documents as given.
        events: What the books hold already.
        score_kind: What the first stage's scores mean.
        idf: As `Ranking.idf`.
    """

    documents: Sequence[Document]
    hits: Sequence[Hit] = ()
    events: tuple[Event, ...] = ()
    score_kind: ScoreKind = "none"
    idf: tuple[float, ...] | None = None

    @classmethod
    def of(cls, found: Ranking) -> Self:
        """What a first stage found."""
        return cls(
            documents=found.documents,
            hits=found.hits,
            events=found.trace.events,
            score_kind=found.score_kind,
            idf=found.idf,
        )

    @property
    def places(self) -> dict[int, int] | None:
        """The position of each by its `previous_rank`; None where these do not tell them apart."""
        if not self.hits:
            return {rank: rank - 1 for rank in range(1, len(self.documents) + 1)}
        places = {hit.previous_rank: position for position, hit in enumerate(self.hits)}
        return places if len(places) == len(self.hits) else None

    @property
    def text(self) -> str:
        """All that a stage may read of them, so that equal texts are equal candidates.

        Lengths stand in front, so that no two lists of texts run together into the same.

        Raises:
            TypeError, ValueError: Metadata that cannot be written down.
        """
        parts: list[str] = []
        for document in self.documents:
            identifier = document.id
            parts += (
                f"{type(identifier).__name__} {identifier}",
                document.title,
                document.text,
                _written(document) if document.metadata else "",
            )
        if self.hits:
            known = [
                [hit.score, hit.spans, [[place.stage, place.rank, place.score] for place in hit.history]]
                for hit in self.hits
            ]
            parts.append(json.dumps([self.score_kind, self.idf, known]))
        lengths = " ".join([str(len(part)) for part in parts])
        return "".join([lengths, "\n", *parts])

    def ranked(self, kept: Sequence[KeptHit]) -> tuple[Hit, ...]:
        """The hits that candidates became, best first."""
        if not self.hits:
            documents = self.documents
            return tuple(
                [
                    Hit(
                        rank=rank,
                        previous_rank=position + 1,
                        score=score,
                        document=documents[position],
                        deviation=deviation,
                        spans=spans,
                        suspicious=suspicious,
                        history=places,
                    )
                    for rank, (position, score, deviation, spans, places, suspicious) in enumerate(kept, 1)
                ]
            )
        return tuple([self._again(self.hits[one.position], rank, one) for rank, one in enumerate(kept, 1)])

    @staticmethod
    def _again(found: Hit, rank: int, kept: KeptHit) -> Hit:
        """What a first stage found, as later stages left it."""
        return Hit(
            rank=rank,
            previous_rank=found.previous_rank,
            score=kept.score,
            document=found.document,
            deviation=kept.deviation,
            spans=kept.spans,
            suspicious=found.suspicious or kept.suspicious,
            degraded=found.degraded,
            history=(*found.history, *kept.places),
        )


def _written(document: Document) -> str:
    return json.dumps(dict(document.metadata), sort_keys=True, default=_in_words)


def _in_words(value: object) -> list[str]:
    """What is no JSON value stands there as prompts show it, and as programmers see it."""
    return [str(value), repr(value)]
