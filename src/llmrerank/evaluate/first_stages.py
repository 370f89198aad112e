"""First stages that several strategies share: each is asked once for a query."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from llmrerank.pipeline import DEPTH, Pipeline
from llmrerank.ranking import Hit, Place, Ranking
from llmrerank.trace import Event, StageDone, Trace
from llmrerank.types import Document, Query, ScoreKind

__all__ = ["FirstStages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a first stage found for one query, without a hit for each document."""

    documents: tuple[Document, ...]
    scores: tuple[float | None, ...]
    score_kind: ScoreKind
    events: tuple[Event, ...]
    done: StageDone

    @classmethod
    def of(cls, ranking: Ranking) -> _Found:
        *events, done = ranking.trace.events
        if not isinstance(done, StageDone):
            raise TypeError("the books of a first stage end with its end")
        return cls(
            documents=tuple(hit.document for hit in ranking),
            scores=tuple(hit.score for hit in ranking),
            score_kind=ranking.score_kind,
            events=tuple(events),
            done=done,
        )

    def ranking(self, query: Query, k: int) -> Ranking:
        """The first k, as the stage itself would give them."""
        pairs = zip(self.documents[:k], self.scores[:k], strict=True)
        hits = tuple(
            Hit(
                rank=rank,
                previous_rank=rank,
                score=score,
                document=document,
                history=(Place(stage=self.done.stage, rank=rank, score=score),),
            )
            for rank, (document, score) in enumerate(pairs, start=1)
        )
        done = replace(self.done, documents_out=len(hits))
        return Ranking(
            query=query.text,
            strategy=self.done.stage,
            hits=hits,
            score_kind=self.score_kind,
            trace=Trace((*self.events, done)),
        )


class FirstStages:
    """Asks each first stage once for a query and remembers what it found.

    It is asked for as much as the deepest row wants. What a stage puts first does not depend on how much is
    asked of it up to `DEPTH` documents, so rows that want less get the beginning; a row that wants more than
    that asks for itself.

    Args:
        pipelines: All that will ask.
    """

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self._deepest: dict[str, int] = {}
        self._asking: dict[tuple[str, str], asyncio.Future[_Found]] = {}
        for pipeline in pipelines:
            key = _key(pipeline)
            self._deepest[key] = max(self._deepest.get(key, 0), pipeline.depth)

    async def ask(self, pipeline: Pipeline, query: Query) -> tuple[Ranking, float]:
        """What the pipeline's first stage finds, and the seconds that it took, whoever asked for it.

        Raises:
            RerankError: As `Pipeline.afind`, for every row that asks.
        """
        key = _key(pipeline)
        asked = (key, query.id)
        asking = self._asking.get(asked)
        if asking is None:
            asking = self._asking[asked] = asyncio.ensure_future(self._find(pipeline, query, key))
        # One row's end must not take the answer from another.
        found = await asyncio.shield(asking)
        return found.ranking(query, pipeline.depth), found.done.seconds

    async def aclose(self) -> None:
        """End what is still being asked."""
        for asking in self._asking.values():
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _find(self, pipeline: Pipeline, query: Query, key: str) -> _Found:
        return _Found.of(await pipeline.afind(query, k=self._deepest[key]))

    def candidates(self, pipeline: Pipeline) -> Mapping[str, tuple[Document, ...]]:
        """By query id, the documents that the pipeline's first stage has handed on so far."""
        key = _key(pipeline)
        return {
            query: asking.result().documents[: pipeline.depth]
            for (stage, query), asking in self._asking.items()
            if stage == key and asking.done() and not asking.cancelled() and asking.exception() is None
        }


def _key(pipeline: Pipeline) -> str:
    return f"{pipeline.first_key} {max(pipeline.depth, DEPTH)}"
