"""What each stage of a pipeline took, told apart in the books of many queries."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from llmrerank.trace import Event, StageDone, Trace

from .seconds import Seconds

__all__ = ["StageFigures", "stage_figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFigures:
    """One stage over all queries.

    Attributes:
        stage: As it is written in the pipeline.
        trace: Its events, query after query.
        queries: Queries that passed through it.
        documents_in: Documents that came in, mean per query; 0.0 for a first stage.
        documents_out: Documents that it passed on, mean per query.
        seconds: Wall-clock, per query.
    """

    stage: str
    trace: Trace
    queries: int
    documents_in: float
    documents_out: float
    seconds: Seconds

    def to_dict(self) -> dict[str, Any]:
        """JSON values: totals over all queries."""
        trace, paid = self.trace, self.trace.paid
        return {
            "stage": self.stage,
            "queries": self.queries,
            "documents_in": round(self.documents_in, 2),
            "documents_out": round(self.documents_out, 2),
            "seconds": self.seconds.to_dict(),
            "calls": trace.calls,
            "cached": trace.cached,
            "pairs": trace.pairs,
            "rounds": round(trace.rounds / self.queries, 4) if self.queries else 0.0,
            "tokens_in": paid.input,
            "tokens_out": paid.output,
            "cost": trace.cost,
            "repaired": trace.repaired,
            "degraded": trace.degraded,
        }


def stage_figures(traces: Iterable[Trace]) -> tuple[StageFigures, ...]:
    """The figures of every stage, in the order of the pipeline.

    A stage is known by its spelling and which of that spelling it is; a router's arms are stages of the
    queries that took them.

    Args:
        traces: One for each query, all of the same pipeline.
    """
    found: dict[tuple[str, int], tuple[list[Event], list[StageDone]]] = {}
    order: list[tuple[str, int]] = []
    for trace in traces:
        seen: Counter[str] = Counter()
        after = 0
        for own, end in _parts(trace):
            seen[end.stage] += 1
            key = (end.stage, seen[end.stage])
            if key not in found:
                found[key] = ([], [])
                order.insert(after, key)
            after = order.index(key) + 1
            found[key][0].extend(own)
            found[key][1].append(end)
    return tuple(_figures(*found[key]) for key in order)


def _parts(trace: Trace) -> Iterator[tuple[list[Event], StageDone]]:
    """The events of each stage up to its end; what follows the last end belongs to no stage."""
    own: list[Event] = []
    for event in trace:
        own.append(event)
        if isinstance(event, StageDone):
            yield own, event
            own = []


def _figures(events: list[Event], ends: list[StageDone]) -> StageFigures:
    return StageFigures(
        stage=ends[0].stage,
        trace=Trace(tuple(events)),
        queries=len(ends),
        documents_in=math.fsum(end.documents_in for end in ends) / len(ends),
        documents_out=math.fsum(end.documents_out for end in ends) / len(ends),
        seconds=Seconds.of([end.seconds for end in ends]),
    )
