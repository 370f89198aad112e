"""Several comparisons as one table of macro averages."""

from __future__ import annotations

from collections.abc import Sequence

from llmrerank.evaluate.averages import Averages, averages
from llmrerank.evaluate.comparison import Comparison
from llmrerank.harmless import harmless

from .cells import Table

__all__ = ["macro_averages", "macro_cells"]


def macro_averages(comparisons: Sequence[Comparison]) -> Averages | None:
    """The mean of the datasets' means; None for fewer than two judged datasets.

    Two datasets of one name are told apart by a number.
    """
    judged = [comparison for comparison in comparisons if comparison.judged]
    if len(judged) < 2:
        return None
    means = {}
    for comparison in judged:
        name, number = comparison.dataset, 1
        while name in means:
            number += 1
            name = f"{comparison.dataset} ({number})"
        means[name] = {row.strategy: row.measures for row in comparison.rows}
    return averages(means)


def macro_cells(comparisons: Sequence[Comparison]) -> Table | None:
    """The macro averages as cells; None where there are none. A strategy that a dataset lacks has `-`."""
    found = macro_averages(comparisons)
    if found is None or not found.measures:
        return None
    oracles = {row.strategy for one in comparisons for row in one.rows if row.is_oracle}
    best = set()
    for column, name in enumerate(found.measures, start=1):
        values = {
            index: row.measures[name]
            for index, row in enumerate(found.rows)
            if row.measures and row.strategy not in oracles
        }
        if values and min(values.values()) < (most := max(values.values())):
            best |= {(index, column) for index, value in values.items() if value == most}
    return Table(
        headings=("strategy", *found.measures),
        rows=tuple(
            (
                harmless(row.strategy),
                *(f"{row.measures[name]:.4f}" if row.measures else "-" for name in found.measures),
            )
            for row in found.rows
        ),
        best=frozenset(best),
    )
