"""The order of a TREC run, and what its scores and ranks leave open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Scored", "in_order", "order_warnings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One line of a TREC run; `line` is its place in the file."""

    docid: str
    score: float
    rank: float
    line: int


def in_order(rows: Iterable[Scored]) -> list[Scored]:
    """The rows of one query by score, the highest first; equal scores by rank, then by place in the file."""
    return sorted(rows, key=lambda row: (-row.score, row.rank, row.line))


def order_warnings(found: Mapping[str, Sequence[Scored]], name: str) -> tuple[str, ...]:
    """What a reader of a run should know about its order, in sentences.

    That ranks contradict scores (a run of distances, or one that was ordered by something else), else that
    the lines do not stand in the order of scores; and how many scores are tied, since programs break ties in
    their own ways: trec_eval by document id, this reader by rank.

    Args:
        found: Rows by query, as `in_order` has them.
        name: How the run is called.
    """
    contradicted, unsorted, tied, total = [], [], 0, 0
    for query, rows in found.items():
        total += len(rows)
        tied += len(rows) - sum(count == 1 for count in Counter(row.score for row in rows).values())
        if any(one.rank > other.rank for one, other in pairwise(rows)):
            contradicted.append(query)
        elif any(one.line > other.line and one.score > other.score for one, other in pairwise(rows)):
            unsorted.append(query)
    warnings = []
    if contradicted:
        warnings.append(
            f"in the run {name} ranks contradict scores for {len(contradicted)} of {len(found)} queries, "
            f"such as '{contradicted[0]}'; its order is that of the scores, the highest first"
        )
    if unsorted:
        warnings.append(
            f"the run {name} is not sorted by score for {len(unsorted)} of {len(found)} queries, such as "
            f"'{unsorted[0]}'; it was sorted"
        )
    if tied:
        warnings.append(f"{tied} of {total} scores in the run {name} are tied; ties stand by rank")
    return tuple(warnings)
