"""A batch at work: what is done already, what is left, and the file that both stand in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from llmrerank.errors import CallError, RerankError
from llmrerank.many import Row
from llmrerank.ranking import Ranking
from llmrerank.trace import Trace

from .questions import Asked
from .results import SCHEMA, Results

__all__ = ["Batch", "Counts", "Work"]

Work = Callable[[Iterator[Asked]], AsyncGenerator[Row, None]]
"""Ranks for what is asked, many at once, as they are done: `arank_many` or `asearch_many`."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the lines of a batch.

    Attributes:
        done: Ranked now.
        kept: Found done in the output.
        degraded: Of those ranked now, how many have something that got no evidence.
        failed: Lines without a result.
        left: Whether a limit ended the work before all lines were begun.
        exhausted: The limit that was reached, or None.
        failure: The provider's first failure.
        fault: What was wrong with the first line that failed, or None.
        calls, cached, tokens_in, tokens_out, cost: Totals over the lines ranked now; as in a trace.
    """

    done: int = 0
    kept: int = 0
    degraded: int = 0
    failed: int = 0
    left: bool = False
    exhausted: str | None = None
    failure: CallError | None = None
    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0
    fault: str | None = None

    def enter(self, trace: Trace) -> None:
        """Add the books of one ranking."""
        self.calls += trace.calls
        self.cached += trace.cached
        self.tokens_in += trace.paid.input
        self.tokens_out += trace.paid.output
        cost = trace.cost
        self.cost = None if self.cost is None or cost is None else self.cost + cost


class Batch:
    """Lines in, lines out. Run it again and it does only what is missing.

    A line of the output is `{"schema", "id", "digest", "run", ...}` with the keys of a ranking's JSON, or
    with `error`. While the batch runs, lines are appended as they are done; in the end the file is written
    anew in the order of the input. Lines that failed, or got no evidence somewhere, are done again the next
    time.

    Args:
        results: The output.
        work: Ranks.
        tell: Called with the counts after every line.
    """

    def __init__(self, results: Results, work: Work, tell: Callable[[Counts], None]) -> None:
        self._results = results
        self._work = work
        self._tell = tell
        self.counts = Counts()
        self._order: list[str] = []
        self._under_way: dict[int, Asked] = {}

    async def run(self, asked: Iterator[Asked]) -> Counts:
        """Do what is missing. Where a limit ends it, what is under way is still waited for: it is paid for.

        Raises:
            ConfigError: What is the caller's to mend and no line's alone.
        """
        async with aclosing(self._work(self._missing(asked))) as rows:
            async for row in rows:
                self._enter(self._under_way.pop(row.index), row)
                self._tell(self.counts)
        if not self.counts.left:
            await asyncio.to_thread(self._results.settle, self._order)
        return self.counts

    def _missing(self, asked: Iterator[Asked]) -> Iterator[Asked]:
        """What must be ranked yet, until a limit ends the work. Equal lines are ranked once."""
        begun: set[str] = set()
        index = 0
        for one in asked:
            if self.counts.left:
                return
            self._order.append(one.digest)
            if one.digest in begun:
                continue
            begun.add(one.digest)
            if self._results.holds(one.digest):
                self.counts.kept += 1
            elif one.fault is not None:
                self._failed(one, one.fault)
            else:
                self._under_way[index] = one
                index += 1
                yield one

    def _enter(self, one: Asked, row: Row) -> None:
        if row.ranking is None:
            self._failed(one, row.error or RerankError("no result"))
            return
        exhausted = row.ranking.trace.exhausted
        if exhausted is not None:
            if self.counts.left and not row.ranking.trace.calls:
                return  # the limit was reached before it was begun
            self.counts.exhausted = exhausted.reason
            # A deadline is each line's own; what all share is gone for the following ones too.
            self.counts.left |= exhausted.limit != "seconds"
        self.counts.enter(row.ranking.trace)
        self.counts.done += 1
        self.counts.degraded += row.ranking.degraded
        self._results.append(one.digest, self._line(one, row.ranking), final=not row.ranking.degraded)

    def _failed(self, one: Asked, error: RerankError) -> None:
        self.counts.failed += 1
        if self.counts.fault is None:
            self.counts.fault = f"'{one.id}': {error}"
        if isinstance(error, CallError) and self.counts.failure is None:
            self.counts.failure = error
        fault = {"kind": type(error).__name__, "message": str(error)}
        self._results.append(one.digest, {**self._head(one), "error": fault}, final=False)

    def _line(self, one: Asked, ranking: Ranking) -> dict[str, Any]:
        return {**self._head(one), **{k: v for k, v in ranking.to_dict().items() if k != "schema"}}

    def _head(self, one: Asked) -> dict[str, Any]:
        return {"schema": SCHEMA, "id": one.id, "digest": one.digest, "run": self._results.run}
