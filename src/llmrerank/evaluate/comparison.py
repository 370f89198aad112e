"""The result of a comparison: one row for each strategy, quality beside what it cost."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmrerank.errors import CallError
from llmrerank.trace import Called, Trace

from .noise import Difference

__all__ = ["SCHEMA", "Comparison", "Row", "Seconds"]

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """Wall-clock seconds of one query, end to end: the median, and what 95 of 100 queries stay within."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Seconds:
        """Percentiles by nearest rank: every one is a time that was measured. At least one time."""
        ordered = sorted(seconds)

        def percentile(share: float) -> float:
            return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

        return cls(p50=percentile(0.5), p95=percentile(0.95))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One strategy over all queries.

    Attributes:
        strategy: As it was typed.
        pipeline: What ran, in the one spelling, with the first stage that was put in front.
        measures: Means by measure.
        per_query: By measure, then by query id.
        seconds: Per query; None for a stored run, for which nobody waited, and where no query was answered.
        trace: Everything that happened, query after query.
        queries: Queries evaluated.
        failures: Sentences by query id, of the queries that failed and count as empty rankings.
        versus_first: By measure, how this row differs from the first one; empty for the first.
        run: Name of the run file, or None where none was written.
    """

    strategy: str
    pipeline: str
    measures: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, float]]
    seconds: Seconds | None
    trace: Trace
    queries: int
    failures: Mapping[str, str] = field(default_factory=dict)
    versus_first: Mapping[str, Difference] = field(default_factory=dict)
    run: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON values: totals over all queries, `rounds` the mean per query."""
        trace = self.trace
        paid = trace.paid
        exhausted = trace.exhausted
        return {
            "strategy": self.strategy,
            "pipeline": self.pipeline,
            "measures": dict(self.measures),
            "seconds": None
            if self.seconds is None
            else {"p50": round(self.seconds.p50, 6), "p95": round(self.seconds.p95, 6)},
            "calls": trace.calls,
            "cached": trace.cached,
            "pairs": trace.pairs,
            "rounds": round(trace.rounds / self.queries, 4) if self.queries else 0.0,
            "tokens_in": paid.input,
            "tokens_out": paid.output,
            "cost": trace.cost,
            "repaired": trace.repaired,
            "degraded": trace.degraded,
            "errors": len(self.failures),
            "failures": dict(self.failures),
            "exhausted": exhausted.limit if exhausted else None,
            "warnings": list(trace.warnings),
            "versus_first": {
                name: {"difference": round(d.mean, 6), "p": round(d.p, 6)}
                for name, d in self.versus_first.items()
            },
            "run": self.run,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Strategies over the same queries.

    Attributes:
        dataset: Its name.
        queries: Queries evaluated.
        measures: Their names, in the order asked.
        relevance: The lowest grade that counted as relevant for measures without grades.
        rows: In the order of the strategies.
        warnings: What in the dataset changes results, in sentences.
        failure: The provider's error where every query of a row failed by one; its row is then worth nothing.
    """

    dataset: str
    queries: int
    measures: tuple[str, ...]
    relevance: int
    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    failure: CallError | None = None

    @property
    def degraded(self) -> bool:
        """Whether some query failed, or something in some row got no evidence."""
        return any(row.failures or row.trace.degraded for row in self.rows)

    @property
    def exhausted(self) -> bool:
        """Whether a limit ended the work on some query early."""
        return any(row.trace.exhausted is not None for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in the shape of the command line's `--json`."""
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "queries": self.queries,
            "relevance": self.relevance,
            "warnings": list(self.warnings),
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_json(self) -> str:
        """`to_dict` as text, one line for each value."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Headings and cells for people. A `*` marks a difference from the first row that is more than noise.

        Where no row called an LLM, the columns about calls are left out; elsewhere they stand, zeros and all.
        """
        every = [self._cells(row) for row in self.rows]
        kept = {"pipeline", *self.measures}
        if any(row.trace.of(Called) for row in self.rows):
            kept |= {"calls", "cached", "rounds", "tokens in", "tokens out", "repaired", "degraded"}
        shown = [
            name
            for name in (every[0] if every else {})
            if name in kept or any(cells[name] not in ("", "0", "0.0") for cells in every)
        ]
        return tuple(shown), [tuple(cells[name] for name in shown) for cells in every]

    def _cells(self, row: Row) -> dict[str, str]:
        trace, paid = row.trace, row.trace.paid
        cells = {"pipeline": row.pipeline}
        for name in self.measures:
            versus = row.versus_first.get(name)
            cells[name] = f"{row.measures[name]:.4f}" + ("*" if versus and versus.p < 0.05 else "")
        seconds = row.seconds
        cost = trace.cost
        cells |= {
            "p50 s": "" if seconds is None else f"{seconds.p50:.3f}",
            "p95 s": "" if seconds is None else f"{seconds.p95:.3f}",
            "calls": str(trace.calls),
            "cached": str(trace.cached),
            "pairs": str(trace.pairs),
            "rounds": f"{trace.rounds / max(1, row.queries):.1f}",
            "tokens in": str(paid.input),
            "tokens out": str(paid.output),
            "cost USD": "unknown" if cost is None else f"{cost:.4f}" if cost else "",
            "repaired": str(trace.repaired),
            "degraded": str(trace.degraded),
            "errors": str(len(row.failures)),
        }
        return cells
