"""What rows and their stages took, as columns of which those that are 0 throughout are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmrerank.evaluate.comparison import Row
from llmrerank.evaluate.seconds import Seconds
from llmrerank.evaluate.stage_figures import StageFigures
from llmrerank.trace import Trace

from .numbers import count, dollars, seconds

__all__ = ["Cell", "Takings", "row_takings", "stage_takings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One number: as it is written, and as it is sorted; None where it is not known."""

    text: str
    value: float | None

    @property
    def quiet(self) -> bool:
        """Whether it says nothing: 0, or nothing known."""
        return not self.value and self.text != "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Takings:
    """A table of numbers.

    Attributes:
        headings: One for each column.
        lines: `lines[i][j]` stands under `headings[j]`.
        left_out: Headings of the columns that are 0 throughout.
    """

    headings: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    left_out: tuple[str, ...]


def row_takings(rows: Sequence[Row]) -> Takings:
    """Of every row: totals over all queries and repetitions, `rounds` the mean for a query."""
    return _takings(
        _seconds(row.seconds)
        | _trace(row.trace, row.queries * row.repeats)
        | {"errors": _count(len(row.failures))}
        for row in rows
    )


def stage_takings(stages: Sequence[StageFigures]) -> Takings:
    """Of every stage: documents are means for a query, the rest as in `row_takings`."""
    return _takings(
        {"documents in": _mean(stage.documents_in), "documents out": _mean(stage.documents_out)}
        | _seconds(stage.seconds)
        | _trace(stage.trace, stage.queries)
        for stage in stages
    )


def _takings(lines: Iterable[dict[str, Cell]]) -> Takings:
    every = list(lines)
    headings = tuple(every[0]) if every else ()
    shown = tuple(name for name in headings if not all(line[name].quiet for line in every))
    return Takings(
        headings=shown,
        lines=tuple(tuple(line[name] for name in shown) for line in every),
        left_out=tuple(name for name in headings if name not in shown),
    )


def _seconds(times: Seconds | None) -> dict[str, Cell]:
    return {
        name: Cell(text="–", value=None) if times is None else Cell(text=seconds(value), value=value)
        for name, value in (
            ("p50", times.p50 if times else 0.0),
            ("p95", times.p95 if times else 0.0),
            ("p99", times.p99 if times else 0.0),
        )
    }


def _trace(trace: Trace, asked: int) -> dict[str, Cell]:
    paid, cost = trace.paid, trace.cost
    return {
        "calls": _count(trace.calls),
        "cached": _count(trace.cached),
        "pairs": _count(trace.pairs),
        "rounds": _mean(trace.rounds / max(1, asked)),
        "tokens in": _count(paid.input),
        "tokens out": _count(paid.output),
        "cost USD": Cell(text=dollars(cost), value=cost),
        "repaired": _count(trace.repaired),
        "degraded": _count(trace.degraded),
    }


def _count(number: int) -> Cell:
    return Cell(text=count(number), value=number)


def _mean(number: float) -> Cell:
    return Cell(text=count(int(number)) if number == int(number) else count(float(number)), value=number)
