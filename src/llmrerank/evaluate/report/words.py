"""Sentences of a report that depend on what was compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from llmrerank.evaluate.comparison import Comparison

__all__ = ["detectable_sentences", "numbered", "queries_in_words", "title_of", "warning_sentences"]

_NUMBER = re.compile(r"\d+")


def title_of(comparisons: Sequence[Comparison]) -> str:
    """The title of a report that was given none."""
    if len(comparisons) == 1:
        return f"Comparison on {comparisons[0].dataset}"
    return f"Comparison on {len(comparisons)} datasets"


def queries_in_words(number: int) -> str:
    """`1 query`, `43 queries`."""
    return f"{number:,} {'query' if number == 1 else 'queries'}"


def numbered(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def detectable_sentences(comparison: Comparison) -> list[str]:
    """How small a difference these queries can tell from noise, in plain words; none without judgements."""
    if not comparison.judged or len(comparison.rows) < 2:
        return []
    found = {name: least for name in comparison.measures if (least := comparison.detectable.get(name))}
    said = []
    if found:
        parts = [f"{_figure(least)} in {name}" for name, least in found.items()]
        said.append(
            f"With {queries_in_words(comparison.queries)}, differences below {numbered(parts)} cannot be "
            "told from noise here."
        )
    same = [name for name in comparison.measures if name not in found]
    if same:
        said.append(
            f"For {numbered(same)} there is no such figure: no row varies from the baseline, or there are "
            "too few queries."
        )
    return said


def warning_sentences(comparison: Comparison) -> Iterator[str]:
    """What the dataset and every row warn of; what many queries say alike is said once."""
    yield from comparison.warnings
    for number, row in enumerate(comparison.rows, start=1):
        exhausted = row.exhausted
        if exhausted is not None:
            yield f"Row {number} ended early: {exhausted.reason}"
        # Many queries warn of the same thing in other numbers: one of them is told, and how many there are.
        alike: dict[str, list[str]] = {}
        for warning in row.trace.warnings:
            alike.setdefault(_NUMBER.sub("0", warning), []).append(warning)
        for some in alike.values():
            more = f" (and {len(some) - 1} more like this, with other numbers)" if len(some) > 1 else ""
            yield f"Row {number}: {some[0]}{more}"


def _figure(least: float) -> str:
    """Two digits behind the point, more for what would otherwise be 0."""
    return f"{least:.2f}" if least >= 0.01 else f"{least:.1g}"
