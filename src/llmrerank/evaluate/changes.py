"""What changed between two runs, as values: a document, a query, all of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmrerank.types import Query

from .contrast import Contrast

__all__ = ["QueryDiff", "RunDiff", "Shift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One document and its places in two lists.

    Attributes:
        id: The document.
        grade: How it was judged for the query; None where nobody did.
        before: Its rank in the first run, from 1; None where it is not there.
        after: Its rank in the second run.
    """

    id: str
    grade: int | None
    before: int | None
    after: int | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"id": self.id, "grade": self.grade, "before": self.before, "after": self.after}

    @property
    def weight(self) -> float:
        """What its move does to discounted gain, whichever way; nothing, where it is not relevant."""
        gains = [0.0 if rank is None else 1 / math.log2(rank + 1) for rank in (self.before, self.after)]
        return max(0, self.grade or 0) * abs(gains[1] - gains[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryDiff:
    """What changed for one query.

    Attributes:
        query: What was asked.
        scores: By measure, what the first and the second run score; empty without judgements.
        overlap: Share of the leading documents that both have, from 0 to 1.
        rbo: Rank-biased overlap of the lists, from 0 to 1.
        entered: Documents that stand among the leading ones only in the second run, in its order.
        left: Those that do so only in the first run, in its order.
        moved: Relevant documents with another rank, those that matter most to discounted gain first.
    """

    query: Query
    scores: Mapping[str, tuple[float, float]]
    overlap: float
    rbo: float
    entered: tuple[Shift, ...]
    left: tuple[Shift, ...]
    moved: tuple[Shift, ...]

    def change(self, measure: str) -> float:
        """What the second run scores more than the first."""
        before, after = self.scores[measure]
        return after - before

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "id": self.query.id,
            "text": self.query.text,
            "measures": {
                name: {"a": before, "b": after, "difference": after - before}
                for name, (before, after) in self.scores.items()
            },
            "overlap": round(self.overlap, 6),
            "rbo": round(self.rbo, 6),
            "entered": [shift.to_dict() for shift in self.entered],
            "left": [shift.to_dict() for shift in self.left],
            "moved": [shift.to_dict() for shift in self.moved],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """What changed between two runs.

    Attributes:
        dataset: Its name.
        relevance: The lowest grade that counted as relevant for measures without grades.
        depth: Leading documents looked at for `entered`, `left` and `overlap`.
        queries: Those that both runs have, the most changed first: by the first measure, else by overlap.
        means: By measure, of the first and the second run over these queries; empty without judgements.
        contrasts: By measure, the second run held against the first.
        only_before: Ids of queries of the dataset that only the first run has; they are left out.
        only_after: The same of the second run.
        warnings: What else was left out, in sentences.
    """

    dataset: str
    relevance: int
    depth: int
    queries: tuple[QueryDiff, ...]
    means: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    contrasts: Mapping[str, Contrast] = field(default_factory=dict)
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def overlap(self) -> float:
        """Mean over the queries."""
        return math.fsum(one.overlap for one in self.queries) / len(self.queries)

    @property
    def rbo(self) -> float:
        """Mean over the queries."""
        return math.fsum(one.rbo for one in self.queries) / len(self.queries)

    def to_dict(self) -> dict[str, Any]:
        """JSON values: the first run is `a`, the second `b`."""
        measures = {}
        for name, (before, after) in self.means.items():
            contrast = self.contrasts[name].to_dict()
            del contrast["p_adjusted"]  # there is one comparison and nothing to correct for
            measures[name] = {"a": before, "b": after, **contrast}
        return {
            "dataset": self.dataset,
            "queries": len(self.queries),
            "relevance": self.relevance,
            "measures": measures,
            "overlap": round(self.overlap, 6),
            "rbo": round(self.rbo, 6),
            "only_a": list(self.only_before),
            "only_b": list(self.only_after),
            "warnings": list(self.warnings),
            "per_query": [one.to_dict() for one in self.queries],
        }
