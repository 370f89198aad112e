"""The result of a comparison: one row for each strategy, quality beside what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmrerank.errors import CallError
from llmrerank.trace import Exhausted, Trace
from llmrerank.types import Document

from .agreement import Agreement
from .contrast import Contrast
from .kept import Kept
from .seconds import Seconds
from .sensitivity import Sensitivity
from .spread import Spread
from .stage_figures import StageFigures

__all__ = ["ORACLE", "SCHEMA", "Comparison", "Row"]

SCHEMA = 1
ORACLE = "oracle"
"""Begins the name of a row that holds the best possible order of what a first stage found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One strategy over all queries.

    Attributes:
        strategy: As it was typed.
        pipeline: What ran, in the one spelling, with the first stage that was put in front.
        measures: Means by measure; over the repetitions, where there were several. Empty without judgements.
        per_query: By measure, then by query id.
        seconds: Per query, end to end; None for a stored run, for which nobody waited, and where no query was
            answered.
        trace: Everything that happened, query after query, all repetitions.
        queries: Queries evaluated.
        repeats: How often each query was asked.
        failures: Sentences by query id, of the queries that failed, in some repetition or order, and count as
            empty rankings there.
        versus: By measure, how this row differs from the baseline; empty for the baseline itself.
        kept: By query id in the order of the queries, of those answered; of the first repetition.
        stages: What each stage of the pipeline took.
        spread: By measure, how it varies from one repetition to the next; empty for one.
        changed: Share of the queries whose first ten were not the same every time, from 0 to 1; None for one
            repetition.
        sensitivity: What another order of the same candidates makes of it, where that was tried.
        run: Name of the run file, or None where none was written.
        is_oracle: Whether no system stands behind this row, but the judgements themselves.
    """

    strategy: str
    pipeline: str
    measures: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, float]]
    seconds: Seconds | None
    trace: Trace
    queries: int
    repeats: int = 1
    failures: Mapping[str, str] = field(default_factory=dict)
    versus: Mapping[str, Contrast] = field(default_factory=dict)
    kept: Mapping[str, Kept] = field(default_factory=dict)
    stages: tuple[StageFigures, ...] = ()
    spread: Mapping[str, Spread] = field(default_factory=dict)
    changed: float | None = None
    sensitivity: Sensitivity | None = None
    run: str | None = None
    is_oracle: bool = False

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The trace, and that of other orders of the candidates where they were tried."""
        return (self.trace,) if self.sensitivity is None else (self.trace, self.sensitivity.trace)

    @property
    def exhausted(self) -> Exhausted | None:
        """The limit that ended the work on some query early, or None."""
        return next((one for trace in self.traces if (one := trace.exhausted) is not None), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON values: totals over all queries, `rounds` the mean per query."""
        trace = self.trace
        paid = trace.paid
        exhausted = self.exhausted
        asked = self.queries * self.repeats
        return {
            "strategy": self.strategy,
            "pipeline": self.pipeline,
            "measures": dict(self.measures),
            "seconds": None if self.seconds is None else self.seconds.to_dict(),
            "calls": trace.calls,
            "cached": trace.cached,
            "pairs": trace.pairs,
            "rounds": round(trace.rounds / asked, 4) if asked else 0.0,
            "tokens_in": paid.input,
            "tokens_out": paid.output,
            "cost": trace.cost,
            "repaired": trace.repaired,
            "degraded": trace.degraded,
            "errors": len(self.failures),
            "failures": dict(self.failures),
            "exhausted": exhausted.limit if exhausted else None,
            "warnings": list(trace.warnings),
            "versus_baseline": {name: contrast.to_dict() for name, contrast in self.versus.items()},
            "stages": [stage.to_dict() for stage in self.stages],
            "repeats": self.repeats,
            "spread": {name: spread.to_dict() for name, spread in self.spread.items()},
            "changed": None if self.changed is None else round(self.changed, 6),
            "sensitivity": None if self.sensitivity is None else self.sensitivity.to_dict(),
            "run": self.run,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Strategies over the same queries of one dataset.

    Attributes:
        dataset: Its name.
        queries: Queries evaluated.
        measures: Their names, in the order asked; empty where nothing is judged.
        relevance: The lowest grade that counted as relevant for measures without grades.
        rows: In the order of the strategies; oracles, where they were asked for, last.
        baseline: The row, from 0, that the others are held against.
        detectable: By measure, the least difference from the baseline that so many queries can tell from
            noise four times out of five; None where nothing varies.
        agreement: How alike the rankings of every two rows are, the oracle left out.
        warnings: What in the dataset changes results, in sentences.
        topics: Texts of the queries by id, in their order.
        qrels: Grades by query id and document id; empty without judgements.
        documents: By id, those among the first `LOOKED_AT` of some row, as the rows returned them.
        experiment: The experiment file that makes this comparison again.
        failure: The provider's error where every query of a row failed by one; its row is then worth nothing.
    """

    dataset: str
    queries: int
    measures: tuple[str, ...]
    relevance: int
    rows: tuple[Row, ...]
    baseline: int = 0
    detectable: Mapping[str, float | None] = field(default_factory=dict)
    agreement: tuple[Agreement, ...] = ()
    warnings: tuple[str, ...] = ()
    topics: Mapping[str, str] = field(default_factory=dict)
    qrels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    experiment: str = ""
    failure: CallError | None = None

    @property
    def degraded(self) -> bool:
        """Whether some query failed, or something in some row got no evidence."""
        return any(row.failures or any(trace.degraded for trace in row.traces) for row in self.rows)

    @property
    def exhausted(self) -> bool:
        """Whether a limit ended the work on some query early."""
        return any(row.exhausted is not None for row in self.rows)

    def likeness(self, row: int) -> Agreement | None:
        """How alike a row, by its index, and the baseline are; None where that is not known."""
        pair = tuple(sorted((row, self.baseline)))
        return next((one for one in self.agreement if (one.first, one.second) == pair), None)

    @property
    def judged(self) -> bool:
        """Whether there were judgements to measure against."""
        return bool(self.measures)

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in the shape of the command line's `--json`."""
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "queries": self.queries,
            "relevance": self.relevance,
            "baseline": self.rows[self.baseline].strategy if self.baseline < len(self.rows) else None,
            "detectable": dict(self.detectable),
            "agreement": [one.to_dict() for one in self.agreement],
            "warnings": list(self.warnings),
            "rows": [row.to_dict() for row in self.rows if not row.is_oracle],
            "oracles": [
                {"candidates": row.pipeline.removeprefix(f"{ORACLE}: "), "measures": dict(row.measures)}
                for row in self.rows
                if row.is_oracle
            ],
        }

    def to_json(self) -> str:
        """`to_dict` as text, one line for each value."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"
