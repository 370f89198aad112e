"""One strategy on its way through the queries of a dataset: what is kept of its rankings, and failures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from llmrerank.errors import CallError, ConfigError, RerankError
from llmrerank.pipeline import Pipeline
from llmrerank.purse import Purse
from llmrerank.ranking import Ranking
from llmrerank.trace import Trace
from llmrerank.types import Query

__all__ = ["GIVE_UP", "Find", "StrategyRun"]

GIVE_UP = 5
"""Queries that may fail by the provider, with none answered, before the rest of a row is not asked."""

_Kept = TypeVar("_Kept")

Find = Callable[[Pipeline, Query], Awaitable[tuple[Ranking, float]]]
"""Asks a pipeline's first stage: what it found, and the seconds that it took."""


@dataclass(slots=True, kw_only=True)
class StrategyRun(Generic[_Kept]):
    """The state of one strategy's run.

    Attributes:
        pipeline: What runs.
        purse: What the queries may spend.
        at_once: Queries under way at once, 1 or more.
        keep: Told a query, its ranking and its seconds, end to end; gives what is kept of them.
        tell: Called after every query with its books.
        group_by: Key of the metadata that names the judged document a chunk belongs to, or None.
        find: Asks the first stage; None: the pipeline does.
        kept: By query id, in the order of the queries once `over` has ended.
        errors: By query id; None for a query that was not asked because the first ones failed.
    """

    pipeline: Pipeline
    purse: Purse
    at_once: int
    keep: Callable[[Query, Ranking, float], _Kept]
    tell: Callable[[Trace], None]
    group_by: str | None = None
    find: Find | None = None
    kept: dict[str, _Kept] = field(default_factory=dict)
    errors: dict[str, RerankError | None] = field(default_factory=dict)

    async def over(self, queries: Sequence[Query]) -> None:
        """Answer all queries; what fails is kept. They start in order, so limits cut the last ones.

        Raises:
            ConfigError: What is the caller's to mend ends the comparison.
        """
        waiting = iter(queries)

        async def worker() -> None:
            for query in waiting:
                self.tell(await self._answer(query))

        tasks = [asyncio.ensure_future(worker()) for _ in range(min(self.at_once, len(queries)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # In the order of the queries, whichever ended first: equal answers give equal files.
        self.kept = {query.id: self.kept[query.id] for query in queries if query.id in self.kept}
        self.errors = {query.id: self.errors[query.id] for query in queries if query.id in self.errors}

    async def _answer(self, query: Query) -> Trace:
        if not self.kept and len(self.errors) >= GIVE_UP and self.lost:
            self.errors[query.id] = None
            return Trace()
        begun, asked_elsewhere = time.perf_counter(), 0.0
        try:
            found = None
            if self.find is not None:
                found, asked_elsewhere = await self.find(self.pipeline, query)
                begun = time.perf_counter()
            ranking = await self.pipeline.asearch(
                query, found=found, ledger=self.purse.query(), group_by=self.group_by
            )
        except ConfigError:
            raise
        except RerankError as error:
            self.errors[query.id] = error
            return Trace()
        self.kept[query.id] = self.keep(query, ranking, asked_elsewhere + time.perf_counter() - begun)
        return ranking.trace

    @property
    def lost(self) -> CallError | None:
        """The first of the provider's errors where it failed every query so far, else None."""
        raised = [error for error in self.errors.values() if error is not None]
        if self.kept or not all(isinstance(error, CallError) for error in raised):
            return None
        return next((error for error in raised if isinstance(error, CallError)), None)

    @property
    def stored(self) -> bool:
        """Whether only a run file is read: nobody waited for it."""
        course = self.pipeline.course
        return not course.steps and course.first is not None and course.first.entry.name == "run"

    def failures(self) -> Mapping[str, str]:
        """Sentences by query."""
        skipped = f"not asked: the first {GIVE_UP} queries of this strategy failed"
        return {query: skipped if error is None else str(error) for query, error in self.errors.items()}
