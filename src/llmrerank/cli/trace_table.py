"""Many traced queries as a table, and what they took together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from llmrerank.counted import counted

from .grid import print_grid
from .wrapping import clipped

if TYPE_CHECKING:
    from llmrerank.trace import Trace
    from llmrerank.trace_file import TracedQuery, TraceLine

__all__ = ["print_overview"]

QUERY = 34
"""Columns for the query's id and text."""
HEADINGS = (
    "", "query", "calls", "cached", "pairs", "rounds", "tokens", "seconds", "repaired", "degraded", "cost USD"
)  # fmt: skip


def print_overview(lines: Iterable[TraceLine]) -> None:
    """Write one row for each query, then the totals."""
    from llmrerank.trace import Called, Retried, Trace

    rows = []
    traces = []
    for line in lines:
        rows.append((str(line.number), *_row(line.traced)))
        # Only what the totals are made of is kept, whatever the file holds.
        events = line.traced.trace.events
        traces.append(Trace(tuple(event for event in events if isinstance(event, Called | Retried))))
    kept = [
        place
        for place, heading in enumerate(HEADINGS)
        if heading not in ("pairs", "cost USD") or any(row[place] not in ("0", "") for row in rows)
    ]
    print_grid([HEADINGS[place] for place in kept], [[row[place] for place in kept] for row in rows], left=2)
    print()
    for sentence in _totals(Trace.joined(traces), len(rows)):
        print(sentence)


def _row(traced: TracedQuery) -> Sequence[str]:
    trace = traced.trace
    query = traced.query
    name = f"{query.id}: {query.text}" if query.id else query.text
    return (
        clipped(name, QUERY),
        str(trace.calls),
        str(trace.cached),
        str(trace.pairs),
        str(trace.rounds),
        str(trace.paid.total),
        f"{traced.seconds:.2f}",
        str(trace.repaired),
        str(trace.degraded),
        ("unknown" if trace.cost is None else f"{trace.cost:.4f}") if trace.calls else "",
    )


def _money(cost: float | None) -> str:
    return "unknown" if cost is None else f"{cost:.4f} USD"


def _totals(trace: Trace, queries: int) -> Iterator[str]:
    from llmrerank.evaluate.seconds import Seconds
    from llmrerank.trace import Called, Retried

    calls = trace.of(Called)
    sent = [call for call in calls if not call.cached]
    kept = [call.cost for call in calls if call.cached]
    paid, saved = trace.paid, trace.saved
    cost = f"cost {_money(trace.cost)}"
    made = f"{counted(trace.calls, 'call')} paid, {paid.input} + {paid.output} tokens"
    yield f"{counted(queries, 'query')}: {made}, {cost}"
    if kept:
        known = [one for one in kept if one is not None]
        worth = f"cost {_money(sum(known) if len(known) == len(kept) else None)}"
        made = f"{counted(len(kept), 'call')}, {saved.input} + {saved.output} tokens"
        yield f"saved by the cache: {made}, {worth}"
    if sent:
        took = Seconds.of([call.seconds for call in sent])
        yield f"seconds for one call: p50 {took.p50:.2f}, p95 {took.p95:.2f}"
    again = [call.attempts - 1 for call in sent if call.attempts > 1]
    if again:
        yield f"retries of {counted(len(again), 'call')}: {sum(again)}"
    # A call that was sent again is booked as such; the other events are slates that were asked about again.
    asked = len(trace.of(Retried)) - len(again)
    if asked > 0:
        yield f"answers that could not be used and were asked for again: {asked}"
