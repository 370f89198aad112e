"""How much a strategy's figures vary when the same queries are asked again."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmrerank.overlap import DEPTH

from .evaluator import Evaluation
from .runs import Run

__all__ = ["Spread", "changed", "spread_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One measure over several repetitions.

    Attributes:
        mean: Of the repetitions' means over the queries.
        deviation: Their standard deviation (n - 1 in the denominator); 0.0 for one repetition.
        least: The lowest of them.
        most: The highest.
    """

    mean: float
    deviation: float
    least: float
    most: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "mean": round(self.mean, 6),
            "deviation": round(self.deviation, 6),
            "least": round(self.least, 6),
            "most": round(self.most, 6),
        }


def spread_of(evaluations: Sequence[Evaluation]) -> dict[str, Spread]:
    """How every measure varies over repetitions of the same row, by measure.

    Args:
        evaluations: One for each repetition, at least one, all with the same measures.
    """
    found = {}
    for name in evaluations[0].means:
        means = [evaluation.means[name] for evaluation in evaluations]
        found[name] = Spread(
            mean=statistics.fmean(means),
            deviation=statistics.stdev(means) if len(means) > 1 else 0.0,
            least=min(means),
            most=max(means),
        )
    return found


def changed(runs: Sequence[Run], *, depth: int = DEPTH) -> float:
    """Share of the queries whose first documents, or their order, were not the same every time.

    Args:
        runs: One for each repetition; only queries that all of them answered are looked at.
        depth: Leading documents looked at.

    Returns:
        From 0.0 to 1.0; 0.0 where no query was answered every time.
    """
    answered = [query for query in runs[0] if all(query in run for run in runs)] if runs else []
    if not answered:
        return 0.0
    return sum(len({tuple(run[query][:depth]) for run in runs}) > 1 for query in answered) / len(answered)
