"""Rerank given documents: by one function, or by an object that keeps its connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import portal
from .calibration import Calibration
from .door import Door
from .engine import Progress
from .errors import DataError
from .estimate import Estimate, estimate
from .expansion import expand
from .limits import Ledger
from .many import Row, Rows, drained, many, streamed
from .opening import opened
from .purse import Purse
from .ranking import Ranking
from .ranking_cache import Candidates
from .registry import bind
from .selection import Selection
from .spec import Call, PipelineSpec, Stage, parse, parse_call
from .stages import Watch
from .trace import Seen
from .types import Document, Example, Limits, Query, documents_from

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
    min_score: float | None = None,
    group_by: str | None = None,
    calibration: str | Path | Calibration | None = None,
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
        cache: SQLite file that keeps answers and whole rankings.
        limits: What may be spent; the best order so far is returned, marked, when one is reached.
        min_score: Least score of a returned document, in the unit of `score_kind`.
        group_by: Key of the metadata that names the document a chunk belongs to; see `Reranker.arank`.
        calibration: Map from scores to probabilities; see `Reranker`.
        options: Options of the strategy, e.g. `window=30`; `parallel` and `seed` too.

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
        calibration=calibration,
        **settings,
    ) as reranker:
        return reranker.rank(query, documents, top=top, min_score=min_score, group_by=group_by)


def _with_options(strategy: str, options: Mapping[str, Any]) -> str:
    """Write options into the last stage of a strategy."""
    if not options:
        return strategy
    spec = expand(parse(strategy))
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

    def rank(
        self,
        query: str | Query,
        documents: Documents,
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
    ) -> Ranking:
        """Put documents in order; see `arank`. Works in scripts, notebooks and inside running servers."""
        given = documents_from(documents)
        return portal.run(lambda: self.arank(query, given, top=top, min_score=min_score, group_by=group_by))

    async def arank(
        self,
        query: str | Query,
        documents: Documents,
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
        ledger: Ledger | None = None,
        progress: Callable[[Progress], None] | None = None,
        witness: Callable[[Seen], None] | None = None,
    ) -> Ranking:
        """Put documents in order for a query.

        Args:
            query: What is asked.
            documents: As `rerank` takes them.
            top: Documents to return; None: all.
            min_score: Least score of a returned document, in the unit of `score_kind`; None: none.
            group_by: Key of the metadata that names the document a chunk belongs to: the best chunk of each
                is returned, with the others in its `group`. `top` then counts groups.
            ledger: Spending shared with other rankings; None: a new one from the limits.
            progress: Called as judgements come in.
            witness: Told every call with its reply, texts included.

        Raises:
            ConfigError: Bad input, in one sentence; a threshold on scores that mean nothing.
            CallError: The provider failed and nothing was answered.
        """
        selection = self._selection(top=top, min_score=min_score, group_by=group_by)
        return await self._ranked(
            query, documents, selection, ledger, Watch(progress=progress, witness=witness)
        )

    def astream(
        self,
        query: str | Query,
        documents: Documents,
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
    ) -> AsyncGenerator[Ranking, None]:
        """Put documents in order and tell of it on the way: `async for ranking in reranker.astream(...)`.

        Yields the first stage's order, then the provisional order after every round, without threshold,
        grouping and calibration, and at last what `arank` returns. Closing the generator ends the work.

        Raises:
            ConfigError, CallError: As `arank`.
        """
        selection = self._selection(top=top, min_score=min_score, group_by=group_by)
        return streamed(lambda tell: self._ranked(query, documents, selection, None, Watch(provisional=tell)))

    def rank_many(
        self,
        rows: Iterable[tuple[str | Query, Documents]],
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
        ordered: bool = True,
        at_once: int | None = None,
    ) -> Iterator[Row]:
        """Rank for many queries; see `arank_many`."""
        return drained(
            lambda: self.arank_many(
                rows, top=top, min_score=min_score, group_by=group_by, ordered=ordered, at_once=at_once
            )
        )

    def arank_many(
        self,
        rows: Rows[tuple[str | Query, Documents]],
        *,
        top: int | None = None,
        min_score: float | None = None,
        group_by: str | None = None,
        ordered: bool = True,
        at_once: int | None = None,
    ) -> AsyncGenerator[Row, None]:
        """Rank for many queries, interleaved: `async for row in reranker.arank_many(rows)`.

        Rows are read and handed out one by one, so any number of them takes no more memory than a few. The
        limits on calls, tokens and cost hold for all of them together, the one on seconds for each.

        Args:
            rows: Pairs of a query and its documents, read as they are needed.
            top: As `arank`.
            min_score: As `arank`.
            group_by: As `arank`.
            ordered: Hand out in the order of `rows`; else as they are done.
            at_once: Queries under way at once; None: twice as many as calls may be (`parallel`), so that the
                endpoint has work while queries are between two rounds, or as many where each has a deadline.

        Returns:
            A row for each: its place, and the ranking or the error that befell it alone.

        Raises:
            ConfigError: What is the caller's to mend and no row's alone.
        """
        selection = self._selection(top=top, min_score=min_score, group_by=group_by)
        purse = Purse(self.settings.limits, self.settings.prices)

        async def work(row: tuple[str | Query, Documents]) -> Ranking:
            if not isinstance(row, tuple | list) or len(row) != 2:
                raise DataError(f"a row is a pair of a query and its documents, got {type(row).__name__}")
            return await self._ranked(row[0], row[1], selection, purse.query(), None)

        return many(rows, work, at_once=self._at_once(at_once), ordered=ordered)

    async def _ranked(
        self,
        query: str | Query,
        documents: Documents,
        selection: Selection,
        ledger: Ledger | None,
        watch: Watch | None,
    ) -> Ranking:
        asked = query if isinstance(query, Query) else Query(text=query)
        given = documents_from(documents)
        ledger = self._ledger(ledger)
        unread = self._unread()

        async def first() -> Ranking:
            if given:
                await self._seek_models()
            ranking = await opened(self.course, asked, given, selection, events=unread)
            if watch is not None and watch.provisional is not None and self.course.first is not None:
                watch.provisional(replace(ranking, hits=ranking.hits[: selection.top]))
            return ranking

        candidates = Candidates(documents=given, events=unread)
        start: Ranking | Callable[[], Awaitable[Ranking]] = first
        if not self._recall.covers_first(self.settings):
            start = await first()
            candidates = Candidates.of(start)
        return await self._reranked(
            asked,
            candidates,
            start,
            selection=selection,
            settings=self.settings,
            ledger=ledger,
            watch=watch,
        )

    def estimate(self, query: str | Query, documents: Documents, *, top: int | None = None) -> Estimate:
        """Predict calls, rounds, tokens and cost of one ranking. Nothing is sent and no model is loaded."""
        asked = query if isinstance(query, Query) else Query(text=query)
        Selection(top=top)
        return estimate(self.course, asked.text, documents_from(documents), settings=self.settings, top=top)
