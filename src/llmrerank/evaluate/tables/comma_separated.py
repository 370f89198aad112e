"""Comparisons as CSV for machines: plain numbers, nothing marked, nothing left out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from llmrerank.evaluate.comparison import Comparison, Row
from llmrerank.harmless import harmless

__all__ = ["as_csv"]

_FORMULA = ("=", "+", "-", "@")


def as_csv(comparisons: Sequence[Comparison]) -> str:
    r"""One line for each dataset and strategy, after a line of headings.

    Beside each measure stand `difference`, `low`, `high` (95 %), `p`, `p_adjusted`, `wins`, `ties` and
    `losses` against the baseline, under headings such as `nDCG@10 p_adjusted`. An empty cell is a value that
    is not there: unknown cost, seconds of a stored run, a measure that the dataset lacks, the baseline's
    difference from itself. Totals are over all queries and repetitions; `rounds` is the mean for a query.
    Texts that a spreadsheet would run as a formula begin with an apostrophe.
    """
    measures = list(dict.fromkeys(name for comparison in comparisons for name in comparison.measures))
    lines = [
        _line(comparison, index, measures)
        for comparison in comparisons
        for index in range(len(comparison.rows))
    ]
    text = io.StringIO()
    if lines:
        writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return text.getvalue()


def _line(comparison: Comparison, index: int, measures: Sequence[str]) -> dict[str, object]:
    row = comparison.rows[index]
    line: dict[str, object] = {
        "dataset": _text(comparison.dataset),
        "queries": comparison.queries,
        "relevance": comparison.relevance,
        "strategy": _text(row.strategy),
        "pipeline": _text(row.pipeline),
        "baseline": int(index == comparison.baseline),
    }
    for name in measures:
        value = row.measures.get(name)
        line[name] = None if value is None else round(value, 6)
        versus = row.versus.get(name)
        figures = versus.to_dict() if versus else {}
        for figure in ("difference", "low", "high", "p", "p_adjusted", "wins", "ties", "losses"):
            line[f"{name} {figure}"] = figures.get(figure)
    likeness = comparison.likeness(index)
    line["overlap@10"] = None if likeness is None else round(likeness.overlap, 6)
    line["rbo"] = None if likeness is None else round(likeness.rbo, 6)
    return line | _figures(row)


def _figures(row: Row) -> dict[str, object]:
    seconds = row.seconds.to_dict() if row.seconds else {}
    figures = row.to_dict()
    return {
        **{f"seconds_{name}": seconds.get(name) for name in ("p50", "p95", "p99")},
        **{
            name: figures[name]
            for name in (
                "calls",
                "cached",
                "pairs",
                "rounds",
                "tokens_in",
                "tokens_out",
                "cost",
                "repaired",
                "degraded",
                "errors",
                "repeats",
            )
        },
    }


def _text(text: str) -> str:
    text = harmless(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
