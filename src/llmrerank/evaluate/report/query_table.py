"""The list of all queries, with what every row scores on each."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.evaluate.comparison import Comparison
from llmrerank.evaluate.contrast import TIE
from llmrerank.overlap import overlap

from .lists import QUERY_LETTERS, snippet

__all__ = ["QueryLine", "query_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLine:
    """One query in the list of all: `cells[i]`, of system i, is None where it has no answer to show.

    Attributes:
        id: As runs and judgements know it.
        text: What is asked.
        cells: (value, `rose`, `fell` or nothing) each.
    """

    id: str
    text: str
    cells: list[tuple[float, str] | None]


def query_lines(comparison: Comparison) -> list[QueryLine]:
    """One line for each query, in their order: values of the first measure, or overlaps with the baseline."""
    return [_query_line(comparison, query, text) for query, text in comparison.topics.items()]


def _query_line(comparison: Comparison, query: str, text: str) -> QueryLine:
    base = comparison.rows[comparison.baseline]
    cells: list[tuple[float, str] | None] = []
    for row in comparison.rows:
        if row.is_oracle:
            continue
        if comparison.judged:
            scores, others = row.per_query[comparison.measures[0]], base.per_query[comparison.measures[0]]
            gap = scores.get(query, 0.0) - others.get(query, 0.0)
            cells.append((scores.get(query, 0.0), "rose" if gap > TIE else "fell" if gap < -TIE else ""))
        elif query in row.kept and query in base.kept:
            cells.append((overlap(row.kept[query].documents, base.kept[query].documents), ""))
        else:
            cells.append(None)
    return QueryLine(id=query, text=snippet(text, QUERY_LETTERS), cells=cells)
