"""The cells of a comparison for people: one row for each strategy, columns that say nothing left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmrerank.evaluate.comparison import Comparison, Row
from llmrerank.evaluate.contrast import SIGNIFICANT, Contrast
from llmrerank.harmless import harmless
from llmrerank.trace import Called

__all__ = ["STRONG", "Table", "best_rows", "cells", "marks"]

STRONG = 0.01
"""An adjusted chance below this is marked twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of short cells.

    Attributes:
        headings: One for each column.
        rows: `rows[i][j]` stands under `headings[j]`.
        best: Cells, as (row, column), of the best value of a measure.
        words: Leading columns that hold words; the others hold numbers.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    best: frozenset[tuple[int, int]] = frozenset()
    words: int = 1


def cells(comparison: Comparison, *, verbose: bool = False) -> Table:
    """What a terminal shows of a comparison.

    A measure is marked `*` where it differs from the baseline with an adjusted chance below 0.05, `**` below
    0.01. Without judgements, overlap@10 and RBO with the baseline stand where measures would. Where no row
    called an LLM, the columns about calls are left out; elsewhere they stand, zeros and all.

    Args:
        comparison: Of one dataset.
        verbose: Show beside each measure its difference from the baseline with the 95 % interval, the
            adjusted chance and the queries won, tied and lost; and p99 beside p50 and p95.
    """
    every = [_cells(comparison, index, verbose=verbose) for index in range(len(comparison.rows))]
    kept = {"pipeline", *comparison.measures}
    if any(row.trace.of(Called) for row in comparison.rows):
        kept |= {"calls", "cached", "rounds", "tokens in", "tokens out", "repaired", "degraded"}
    shown = [
        name
        for name in (every[0] if every else {})
        if name in kept or any(row[name] not in ("", "0", "0.0") for row in every)
    ]
    best = {
        (row, shown.index(name))
        for name, rows in best_rows(comparison).items()
        if name in shown
        for row in rows
    }
    return Table(
        headings=tuple(shown),
        rows=tuple(tuple(row[name] for name in shown) for row in every),
        best=frozenset(best),
    )


def marks(contrast: Contrast | None) -> str:
    """`*` for a difference that is more than noise, `**` where its adjusted chance is below 0.01."""
    if contrast is None or contrast.adjusted >= SIGNIFICANT:
        return ""
    return "**" if contrast.adjusted < STRONG else "*"


def best_rows(comparison: Comparison) -> Mapping[str, frozenset[int]]:
    """By measure, the rows with the best value; none where all are equal. The oracle does not compete."""
    found = {}
    for name in comparison.measures:
        values = {i: row.measures[name] for i, row in enumerate(comparison.rows) if not row.is_oracle}
        most = max(values.values(), default=0.0)
        if values and min(values.values()) < most:
            found[name] = frozenset(index for index, value in values.items() if value == most)
    return found


def _cells(comparison: Comparison, index: int, *, verbose: bool) -> dict[str, str]:
    row = comparison.rows[index]
    shown = {"pipeline": harmless(row.pipeline)}
    for name in comparison.measures:
        versus = row.versus.get(name)
        shown[name] = f"{row.measures[name]:.4f}{marks(versus)}"
        if verbose:
            shown |= _contrast(name, versus)
    if not comparison.judged:
        shown |= _likeness(comparison, index)
    return shown | _figures(row, verbose=verbose)


def _contrast(name: str, versus: Contrast | None) -> dict[str, str]:
    """The verbose cells; one measure's stand beside it, so their headings carry its name."""
    if versus is None:
        return {f"{name} diff [95 %]": "", f"{name} p": "", f"{name} w/t/l": ""}
    return {
        f"{name} diff [95 %]": f"{versus.mean:+.4f} [{versus.low:+.4f}, {versus.high:+.4f}]",
        f"{name} p": f"{versus.adjusted:.4f}",
        f"{name} w/t/l": f"{versus.wins}/{versus.ties}/{versus.losses}",
    }


def _likeness(comparison: Comparison, index: int) -> dict[str, str]:
    found = comparison.likeness(index)
    return {
        "overlap@10": "" if found is None else f"{found.overlap:.4f}",
        "RBO": "" if found is None else f"{found.rbo:.4f}",
    }


def _figures(row: Row, *, verbose: bool) -> dict[str, str]:
    trace, paid, seconds, cost = row.trace, row.trace.paid, row.seconds, row.trace.cost
    return {
        "p50 s": "" if seconds is None else f"{seconds.p50:.3f}",
        "p95 s": "" if seconds is None else f"{seconds.p95:.3f}",
        **({"p99 s": "" if seconds is None else f"{seconds.p99:.3f}"} if verbose else {}),
        "calls": str(trace.calls),
        "cached": str(trace.cached),
        "pairs": str(trace.pairs),
        "rounds": f"{trace.rounds / max(1, row.queries * row.repeats):.1f}",
        "tokens in": str(paid.input),
        "tokens out": str(paid.output),
        "cost USD": "unknown" if cost is None else f"{cost:.4f}" if cost else "",
        "repaired": str(trace.repaired),
        "degraded": str(trace.degraded),
        "errors": str(len(row.failures)),
    }
