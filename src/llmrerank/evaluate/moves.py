"""How far a strategy moved documents to the top from where the first stage had put them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from llmrerank.overlap import DEPTH

__all__ = ["Bucket", "Moves", "moves"]

_LEAST = (-10, -3, 0, 1, 4, 11, 31, 101)
"""Least places moved in each bucket but the first, up counted as positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Documents that moved about as far.

    Attributes:
        least: Least number of places, up counted as positive; None for the bucket without a lower end.
        most: Greatest number of places; None for the bucket without an upper end.
        documents: How many moved so far.
    """

    least: int | None
    most: int | None
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The documents at the top, and where they came from.

    Attributes:
        depth: Leading documents of each ranking looked at.
        documents: All documents looked at, over all queries.
        mean: Mean number of places between the two ranks, up or down.
        new: Share of them that the first stage had not put among its first `depth`; from 0 to 1.
        buckets: How many moved how far, from the furthest down to the furthest up; all of them, empty or not.
    """

    depth: int
    documents: int
    mean: float
    new: float
    buckets: tuple[Bucket, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "depth": self.depth,
            "documents": self.documents,
            "mean": round(self.mean, 6),
            "new": round(self.new, 6),
            "buckets": [
                {"least": one.least, "most": one.most, "documents": one.documents} for one in self.buckets
            ],
        }


def moves(previous: Iterable[Sequence[int]], *, depth: int = DEPTH) -> Moves:
    """Count how far the first documents of rankings have moved.

    Args:
        previous: For each query, `previous[i]` is the earlier rank, from 1, of the document that now stands
            at place i + 1.
        depth: Leading documents looked at.

    Returns:
        All figures 0 where there are no documents.
    """
    gone = [(rank, before - rank) for ranks in previous for rank, before in enumerate(ranks[:depth], start=1)]
    count = max(1, len(gone))
    edges = [None, *_LEAST, None]
    return Moves(
        depth=depth,
        documents=len(gone),
        mean=sum(abs(places) for _, places in gone) / count,
        new=sum(rank + places > depth for rank, places in gone) / count,
        buckets=tuple(
            Bucket(
                least=least,
                most=None if end is None else end - 1,
                documents=sum(
                    (least is None or places >= least) and (end is None or places < end) for _, places in gone
                ),
            )
            for least, end in pairwise(edges)
        ),
    )
