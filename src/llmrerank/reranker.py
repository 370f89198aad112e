"""Rerank given documents: by one function, or by an object that keeps its connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import portal
from .door import Door, check_top
from .engine import Progress
from .estimate import Estimate, estimate
from .limits import Ledger
from .ranking import Hit, Place, Ranking
from .registry import bind
from .retrieve.retriever import Source
from .spec import Call, PipelineSpec, Stage, parse, parse_call
from .stages import smaller
from .trace import StageDone, Trace
from .types import Document, Example, Limits, Query, ScoreKind, documents_from

__all__ = ["Reranker", "rerank"]

Documents = Iterable[str | Mapping[str, Any] | Document]


def rerank(
    query: str,
    documents: Documents,
    *,
    strategy: str,
    top: int | None = None,
    model: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    instruction: str | None = None,
    examples: Iterable[Example] = (),
    cache: str | Path | None = None,
    limits: Limits | None = None,
    **options: Any,
) -> Ranking:
    """Put documents in order for a query.

    ```python
    ranking = rerank("how do I train a neural network?", documents, strategy="listwise", top=5,
                     model="...", base_url="http://127.0.0.1:8080/v1")
    ```

    Args:
        query: What is asked.
        documents: Strings, mappings with `text` (and `id`, `title`, anything else), or `Document`s. Neither
            the list nor its items are changed; duplicates and empty texts are legal.
        strategy: A name such as `listwise`, with options or as a pipeline in the one notation.
        top: Documents to return, 1 or more; None: all. More than there are is all.
        model: Model name, or the folder of a local model.
        base_url: OpenAI-compatible endpoint.
        api_key: Its key; None: the environment's.
        instruction: What makes a document relevant here.
        examples: Worked judgements shown to the model.
        cache: SQLite file that keeps answers.
        limits: What may be spent; the best order so far is returned, marked, when one is reached.
        options: Options of the strategy, e.g. `window=10`; `parallel` and `seed` too.

    Returns:
        The documents in their new order, with where each came from and what it cost to know.

    Raises:
        ConfigError: Bad input, in one sentence.
        CallError: The provider failed and nothing was answered.
    """
    settings = {name: options.pop(name) for name in ("parallel", "seed") if name in options}
    with Reranker(
        _with_options(strategy, options),
        model=model,
        base_url=base_url,
        api_key=api_key,
        instruction=instruction,
        examples=examples,
        cache=cache,
        limits=limits,
        **settings,
    ) as reranker:
        return reranker.rank(query, documents, top=top)


def _with_options(strategy: str, options: Mapping[str, Any]) -> str:
    """Write options into the last stage of a strategy."""
    if not options:
        return strategy
    spec = parse(strategy)
    last = spec.stages[-1]
    given = tuple((name, _option_value(name, value)) for name, value in options.items())
    call = Call(last.call.name, (*last.call.args, *given))
    bind(call)
    return str(PipelineSpec((*spec.stages[:-1], Stage(call, last.cut))))


def _option_value(name: str, value: Any) -> Any:
    """A keyword's value as the notation holds it: lists are tuples, and a judge may be named in a string."""
    if name == "judge" and isinstance(value, str):
        return parse_call(value)
    return tuple(value) if isinstance(value, list) else value


class Reranker(Door):
    """A strategy, or a pipeline of them, applied to documents that the caller has.

    A first stage at the head of the pipeline ranks those documents themselves.

    ```python
    with Reranker("pointwise", model="...", base_url="...") as reranker:
        ranking = reranker.rank(query, documents, top=5)
    ```

    Cost: that of its stages; `estimate` predicts it and sends nothing.
    """

    def rank(self, query: str | Query, documents: Documents, *, top: int | None = None) -> Ranking:
        """Put documents in order; see `arank`. Works in scripts, notebooks and inside running servers."""
        given = documents_from(documents)
        return portal.run(lambda: self.arank(query, given, top=top))

    async def arank(
        self,
        query: str | Query,
        documents: Documents,
        *,
        top: int | None = None,
        ledger: Ledger | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Ranking:
        """Put documents in order for a query.

        Args:
            query: What is asked.
            documents: As `rerank` takes them.
            top: Documents to return; None: all.
            ledger: Spending shared with other rankings; None: a new one from the limits.
            progress: Called as judgements come in.

        Raises:
            ConfigError: Bad input, in one sentence.
            CallError: The provider failed and nothing was answered.
        """
        asked = query if isinstance(query, Query) else Query(text=query)
        check_top(top)
        given = documents_from(documents)
        ledger = self._ledger(ledger)
        ranking = await self._opening(asked, given, top)
        return await self.course.rerank(
            ranking,
            settings=self.settings,
            carriers=self._carriers,
            ledger=ledger,
            top=top,
            progress=progress,
        )

    async def _opening(self, query: Query, documents: Sequence[Document], top: int | None) -> Ranking:
        """The documents as given, or as the first stage at the head of the pipeline ranks them."""
        hits = [
            Hit(rank=place, previous_rank=place, score=None, document=document)
            for place, document in enumerate(documents, start=1)
        ]
        unread = self._unread()
        ranking = Ranking(query=query.text, strategy=str(self.spec), hits=tuple(hits), trace=Trace(unread))
        if self.course.first is None:
            return ranking
        begun = time.perf_counter()
        kind, found = (
            await asyncio.to_thread(self._first_scores, query, documents) if documents else ("none", {})
        )
        stage = str(self.spec.stages[0].call)
        placed = [*found, *(place for place in range(len(hits)) if place not in found)]
        cut = self.course.first_cut if self.course.steps else smaller(self.course.first_cut, top)
        unfound = 0.0 if kind == "bm25" else None  # the BM25 score of a document without any query term
        ordered = tuple(
            replace(
                hits[place],
                rank=rank,
                score=(score := found.get(place, unfound)),
                history=(Place(stage=stage, rank=rank, score=score),),
            )
            for rank, place in enumerate(placed, start=1)
        )[:cut]
        done = StageDone(
            stage=stage,
            documents_in=len(hits),
            documents_out=len(ordered),
            seconds=time.perf_counter() - begun,
        )
        return replace(ranking, hits=ordered, score_kind=kind, trace=Trace((*unread, done)))

    def _first_scores(
        self, query: Query, documents: Sequence[Document]
    ) -> tuple[ScoreKind, dict[int, float | None]]:
        """Scores by position in the first stage's order; documents it did not find are left out."""
        if self.course.first is None:
            return "none", {}
        # Positions stand in for ids, so that documents with equal ids or texts stay apart.
        corpus = [replace(document, id=place) for place, document in enumerate(documents)]
        retriever = self.course.first.build().open(Source(corpus=corpus, name="the given documents"))
        [ranking] = retriever.search([query], k=len(corpus))
        return retriever.score_kind, {int(hit.document.id): hit.score for hit in ranking}

    def estimate(self, query: str | Query, documents: Documents, *, top: int | None = None) -> Estimate:
        """Predict calls, rounds, tokens and cost of one ranking. Nothing is sent and no model is loaded."""
        asked = query if isinstance(query, Query) else Query(text=query)
        check_top(top)
        return estimate(self.course, asked.text, documents_from(documents), settings=self.settings, top=top)
