"""Whether it matters in which order a strategy is given the candidates."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from llmrerank.trace import Trace

from .agreement import agreements
from .evaluator import Evaluation
from .runs import Run

__all__ = ["ORDERS", "Sensitivity"]

ORDERS = ("reversed", "shuffled")
"""Orders that are tried beside that of the first stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """One strategy, given the same candidates in several orders.

    Attributes:
        measures: By measure, then by order: the mean over the queries. Empty without judgements.
        overlap: Share of the first ten documents in common, mean over the queries and over every two orders;
            1.0 for a strategy that does not mind. None where no query was answered in two orders.
        rbo: Rank-biased overlap, the same mean.
        trace: What the other orders took, query after query.
    """

    measures: Mapping[str, Mapping[str, float]]
    overlap: float | None
    rbo: float | None
    trace: Trace

    @classmethod
    def of(cls, found: Mapping[str, tuple[Evaluation, Run]], *, trace: Trace) -> Self:
        """Compare what came of the same candidates in several orders.

        Args:
            found: By the name of the order, at least one; all evaluations with the same measures.
            trace: As the attribute.
        """
        pairs = agreements([run for _, run in found.values()])
        names = next(iter(found.values()))[0].means
        return cls(
            measures={
                name: {order: evaluation.means[name] for order, (evaluation, _) in found.items()}
                for name in names
            },
            overlap=statistics.fmean(pair.overlap for pair in pairs) if pairs else None,
            rbo=statistics.fmean(pair.rbo for pair in pairs) if pairs else None,
            trace=trace,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "measures": {name: dict(means) for name, means in self.measures.items()},
            "overlap": None if self.overlap is None else round(self.overlap, 6),
            "rbo": None if self.rbo is None else round(self.rbo, 6),
            "calls": self.trace.calls,
            "cost": self.trace.cost,
        }
