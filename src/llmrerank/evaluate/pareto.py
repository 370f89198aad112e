"""Quality against what it takes: rows as points of a plane, and those of them that nothing beats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmrerank.trace import Called

from .comparison import Comparison, Row

__all__ = ["Plane", "Point", "cost_plane", "frontier", "latency_plane"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One row of a table.

    Attributes:
        row: Its index.
        taken: What a query takes, 0 or more; None where that is not known.
        worth: Mean of the measure.
    """

    row: int
    taken: float | None
    worth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Rows of a comparison by what they take and what they are worth.

    Attributes:
        title: What is held against what.
        across: What `taken` counts, with its unit.
        measure: What `worth` is.
        points: In the order of the rows; without oracles, and without rows whose every query failed.
        frontier: Indexes of `points` that nothing beats, by what they take.
        ceilings: Name and worth of each oracle.
        notes: What a reader must know to read it right, in sentences.
    """

    title: str
    across: str
    measure: str
    points: tuple[Point, ...]
    frontier: tuple[int, ...]
    ceilings: tuple[tuple[str, float], ...]
    notes: tuple[str, ...]


def frontier(points: Sequence[tuple[float | None, float]]) -> tuple[int, ...]:
    """The points that nothing beats: whatever takes no more is worth less.

    Of equal points all are there. A point of which it is not known what it takes is none of them.

    Args:
        points: (taken, worth) each; less is better of the first, more of the second.

    Returns:
        Indexes, by what they take; neither `taken` nor `worth` falls along them.
    """
    known = sorted((taken, -worth, index) for index, (taken, worth) in enumerate(points) if taken is not None)
    kept: list[int] = []
    best, at = -math.inf, math.inf
    for taken, less, index in known:
        if -less > best or (-less == best and taken == at):
            best, at = -less, taken
            kept.append(index)
    return tuple(kept)


def cost_plane(comparison: Comparison) -> Plane:
    """Quality against US dollars for 1000 queries, or LLM calls for a query where some price is unknown.

    What the cache answered counts as if it had been paid: a strategy is not cheaper for having been run
    before. Where no row called an LLM, pairs scored by local models stand in.
    """
    rows = comparison.rows
    if any(_spent(row) for row in rows) and all(_spent(row) is not None for row in rows):
        return _plane(
            comparison,
            "Quality and cost",
            "US dollars per 1000 queries",
            lambda row: 1000 * (_spent(row) or 0.0) / _asked(row),
            unknown="What it cost is not known of stored runs",
        )
    notes = []
    if any(row.trace.of(Called) for row in rows) or not any(row.trace.pairs for row in rows):
        across, take = "LLM calls per query", _calls
        if any(_spent(row) is None for row in rows):
            notes.append("Some price is unknown, so calls are counted instead of dollars.")
    else:
        across, take = "pairs scored by a local model per query", _pairs
    return _plane(
        comparison,
        "Quality and cost",
        across,
        lambda row: take(row) / _asked(row),
        unknown="What it took is not known of stored runs",
        notes=notes,
    )


def latency_plane(comparison: Comparison) -> Plane:
    """Quality against the median of the seconds of a query."""
    cached = [str(number) for number, row in enumerate(comparison.rows, start=1) if row.trace.cached]
    notes = []
    if cached:
        notes.append(
            f"The cache answered for {'row' if len(cached) == 1 else 'rows'} {', '.join(cached)}: a first "
            "run takes longer."
        )
    return _plane(
        comparison,
        "Quality and latency",
        "seconds per query (median)",
        lambda row: row.seconds.p50 if row.seconds else 0.0,
        unknown="Nobody waited for stored runs",
        notes=notes,
    )


def _plane(
    comparison: Comparison,
    title: str,
    across: str,
    take: Callable[[Row], float],
    *,
    unknown: str,
    notes: Sequence[str] = (),
) -> Plane:
    measure = comparison.measures[0]
    points = tuple(
        Point(row=index, taken=take(row) if row.seconds else None, worth=row.measures[measure])
        for index, row in enumerate(comparison.rows)
        if not row.is_oracle and (row.kept or not row.failures)
    )
    apart = [str(point.row + 1) for point in points if point.taken is None]
    drawn = {point.row for point in points}
    lost = [
        str(index + 1)
        for index, row in enumerate(comparison.rows)
        if index not in drawn and not row.is_oracle
    ]
    said = list(notes)
    if apart:
        said.append(f"{unknown} ({', '.join(apart)}), which stand apart at the right.")
    if lost:
        said.append(f"Every query failed of {', '.join(lost)}, not drawn.")
    return Plane(
        title=title,
        across=across,
        measure=measure,
        points=points,
        frontier=frontier([(point.taken, point.worth) for point in points]),
        ceilings=tuple((row.pipeline, row.measures[measure]) for row in comparison.rows if row.is_oracle),
        notes=tuple(said),
    )


def _asked(row: Row) -> int:
    return max(1, row.queries * row.repeats)


def _spent(row: Row) -> float | None:
    """US dollars, those that the cache saved included; None where some price is unknown."""
    costs = [call.cost for call in row.trace.of(Called)]
    return None if None in costs else math.fsum(cost for cost in costs if cost is not None)


def _calls(row: Row) -> int:
    return sum(1 if call.cached else call.answered for call in row.trace.of(Called))


def _pairs(row: Row) -> int:
    return row.trace.pairs + row.trace.cached
