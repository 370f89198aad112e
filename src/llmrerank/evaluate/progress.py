"""How far a long evaluation has come, and what it has spent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llmrerank.trace import Trace

__all__ = ["Progress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told when a row begins and after every query.

    Attributes:
        row: Which row is running, from 1.
        strategy: As it was typed.
        done: Queries of this row that have an end, all repetitions and orders counted.
        queries: How many there will be.
        calls: Calls that endpoints answered since the comparison began.
        cached: Judgements that the cache answered.
        tokens: Sent and received, paid ones.
        cost: US dollars; None as soon as one price is unknown.
    """

    row: int
    strategy: str
    done: int
    queries: int
    calls: int = 0
    cached: int = 0
    tokens: int = 0
    cost: float | None = 0.0

    def after(self, trace: Trace) -> Progress:
        """The progress when one more query has ended, with these books."""
        cost = trace.cost
        return replace(
            self,
            done=self.done + 1,
            calls=self.calls + trace.calls,
            cached=self.cached + trace.cached,
            tokens=self.tokens + trace.paid.total,
            cost=None if cost is None or self.cost is None else self.cost + cost,
        )
