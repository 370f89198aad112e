"""The queries on which a row gains and loses most against the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmrerank.evaluate.comparison import Comparison
from llmrerank.evaluate.contrast import TIE
from llmrerank.overlap import overlap

from .lists import QUERY_LETTERS, Entry, entries, snippet

__all__ = ["SHOWN_TURNS", "Turn", "gaps", "turns"]

SHOWN_TURNS = 3
_LETTERS = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One query on which a row and the baseline differ.

    Attributes:
        number: Of the query, from 0.
        query: Its id.
        text: What is asked.
        value: The row's score; without judgements the overlap of the two lists.
        other: The baseline's score; None without judgements.
        gap: The difference; None without judgements.
        mine: The row's first documents.
        theirs: The baseline's.
    """

    number: int
    query: str
    text: str
    value: float
    other: float | None
    gap: float | None
    mine: list[Entry]
    theirs: list[Entry]


def gaps(comparison: Comparison, row: int) -> list[tuple[int, str, float]]:
    """(number of the query, its id, score less the baseline's) in the first measure, query after query."""
    measure = comparison.measures[0]
    scores = comparison.rows[row].per_query[measure]
    others = comparison.rows[comparison.baseline].per_query[measure]
    return [
        (number, query, scores.get(query, 0.0) - others.get(query, 0.0))
        for number, query in enumerate(comparison.topics)
    ]


def turns(comparison: Comparison, row: int, *, letters: int) -> tuple[list[Turn], list[Turn]]:
    """The queries that a row wins and those that it loses, the largest difference first, at most 3 each.

    Without judgements nothing is won or lost: the first list holds the queries on which the first ten
    documents of the two have least in common, the second is empty.
    """
    letters = min(letters, _LETTERS)
    if comparison.judged:
        ordered = sorted(gaps(comparison, row), key=lambda gap: -gap[2])
        won = [gap for gap in ordered[:SHOWN_TURNS] if gap[2] > TIE]
        lost = [gap for gap in ordered[: -SHOWN_TURNS - 1 : -1] if gap[2] < -TIE]
        return _turns(comparison, row, won, letters), _turns(comparison, row, lost, letters)
    mine, theirs = comparison.rows[row].kept, comparison.rows[comparison.baseline].kept
    shared = [
        (number, query, overlap(mine[query].documents, theirs[query].documents))
        for number, query in enumerate(comparison.topics)
        if query in mine and query in theirs
    ]
    apart = [one for one in sorted(shared, key=lambda one: one[2])[:SHOWN_TURNS] if one[2] < 1]
    return _turns(comparison, row, apart, letters), []


def _turns(
    comparison: Comparison, row: int, chosen: Sequence[tuple[int, str, float]], letters: int
) -> list[Turn]:
    own, base = comparison.rows[row], comparison.rows[comparison.baseline]
    name = comparison.measures[0] if comparison.judged else None
    return [
        Turn(
            number=number,
            query=query,
            text=snippet(comparison.topics[query], QUERY_LETTERS),
            value=own.per_query[name].get(query, 0.0) if name else value,
            other=base.per_query[name].get(query, 0.0) if name else None,
            gap=value if name else None,
            mine=entries(comparison, own, query, letters=letters),
            theirs=entries(comparison, base, query, letters=letters),
        )
        for number, query, value in chosen
    ]
