"""One strategy on its way through the queries of a dataset: rankings, seconds and failures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from llmrerank.errors import CallError, ConfigError, RerankError
from llmrerank.pipeline import Pipeline
from llmrerank.purse import Purse
from llmrerank.ranking import Ranking
from llmrerank.types import Query

from .dataset import judged_id

__all__ = ["GIVE_UP", "StrategyRun"]

GIVE_UP = 5
"""Queries that may fail by the provider, with none answered, before the rest of a row is not asked."""


@dataclass(slots=True, kw_only=True)
class StrategyRun:
    """The state of one strategy's run.

    Attributes:
        pipeline: What runs.
        purse: What the queries may spend.
        at_once: Queries under way at once, 1 or more.
        tell: Called after every query with the number of queries that have an end.
        group_by: Key of the metadata that names the judged document a chunk belongs to, or None.
        rankings: By query id, in the order of the queries once `over` has ended.
        seconds: Wall-clock seconds of the queries that were answered, end to end.
        errors: By query id; None for a query that was not asked because the first ones failed.
    """

    pipeline: Pipeline
    purse: Purse
    at_once: int
    tell: Callable[[int], None]
    group_by: str | None = None
    rankings: dict[str, Ranking] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    errors: dict[str, RerankError | None] = field(default_factory=dict)

    async def over(self, queries: Sequence[Query]) -> None:
        """Answer all queries; what fails is kept. They start in order, so limits cut the last ones.

        Raises:
            ConfigError: What is the caller's to mend ends the comparison.
        """
        waiting = iter(queries)

        async def worker() -> None:
            for query in waiting:
                await self._answer(query)
                self.tell(len(self.rankings) + len(self.errors))

        tasks = [asyncio.ensure_future(worker()) for _ in range(min(self.at_once, len(queries)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # In the order of the queries, whichever ended first: equal answers give equal files.
        self.rankings = {query.id: self.rankings[query.id] for query in queries if query.id in self.rankings}
        self.errors = {query.id: self.errors[query.id] for query in queries if query.id in self.errors}

    async def _answer(self, query: Query) -> None:
        if not self.rankings and len(self.errors) >= GIVE_UP and self.lost:
            self.errors[query.id] = None
            return
        begun = time.perf_counter()
        try:
            ranking = await self.pipeline.asearch(query, ledger=self.purse.query(), group_by=self.group_by)
        except ConfigError:
            raise
        except RerankError as error:
            self.errors[query.id] = error
            return
        self.seconds[query.id] = time.perf_counter() - begun
        self.rankings[query.id] = ranking

    @property
    def lost(self) -> CallError | None:
        """The first of the provider's errors where it failed every query so far, else None."""
        raised = [error for error in self.errors.values() if error is not None]
        if self.rankings or not all(isinstance(error, CallError) for error in raised):
            return None
        return next((error for error in raised if isinstance(error, CallError)), None)

    @property
    def stored(self) -> bool:
        """Whether only a run file is read: nobody waited for it."""
        course = self.pipeline.course
        return not course.steps and course.first is not None and course.first.entry.name == "run"

    def found(self) -> dict[str, list[str]]:
        """Document ids by query, best first, each once."""
        return {
            query: list(dict.fromkeys(judged_id(hit.document, self.group_by) for hit in ranking))
            for query, ranking in self.rankings.items()
        }

    def failures(self) -> Mapping[str, str]:
        """Sentences by query."""
        skipped = f"not asked: the first {GIVE_UP} queries of this strategy failed"
        return {query: skipped if error is None else str(error) for query, error in self.errors.items()}
