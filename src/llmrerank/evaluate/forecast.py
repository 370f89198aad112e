"""What a comparison will cost, predicted before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmrerank.errors import ConfigError
from llmrerank.estimate import Estimate
from llmrerank.rounds import Span
from llmrerank.settings import Settings
from llmrerank.types import Limits

from .dataset import Dataset
from .preparation import pipelines_of
from .sensitivity import ORDERS

__all__ = ["Forecast", "forecast", "total"]

_SAMPLE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What one strategy will take.

    Attributes:
        strategy: As it was typed.
        pipeline: What would run.
        queries: Queries that would be evaluated.
        estimate: Totals over them; `rounds` is for one query. `stopped_by` names the limits that the totals
            of this row alone would exceed.
    """

    strategy: str
    pipeline: str
    queries: int
    estimate: Estimate

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "strategy": self.strategy,
            "pipeline": self.pipeline,
            "queries": self.queries,
            **self.estimate.to_dict(),
        }


def forecast(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    settings: Settings | None = None,
    limit: int | None = None,
    repeat: int = 1,
    shuffle: bool = False,
) -> tuple[Forecast, ...]:
    """Predict calls, tokens and cost of every strategy. Nothing is sent and no model is loaded.

    Prompts are rendered for at most 20 queries, evenly spread, and the counts scaled to all.

    Args:
        dataset: Judgements are not needed.
        strategies: As for `compare`.
        settings: As for `compare`.
        limit: Only the first so many queries.
        repeat: As for `compare`.
        shuffle: As for `compare`.

    Raises:
        ConfigError: A strategy that cannot work; all of them at once.
    """
    for name, value in (("limit", limit), ("repeat", repeat)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more, got {value}")
    settings = settings or Settings()
    queries = dataset.queries[:limit]
    step = -(-len(queries) // _SAMPLE)
    sample = queries[::step]
    rows = []
    for strategy, pipeline in zip(
        strategies, pipelines_of(dataset, strategies, settings=settings), strict=True
    ):
        estimates = [pipeline.estimate(query) for query in sample]
        course = pipeline.course
        times = (repeat if course.instructed else 1) + (len(ORDERS) if shuffle and course.steps else 0)
        each = times * len(queries)
        rows.append(
            Forecast(
                strategy=strategy,
                pipeline=str(pipeline.spec),
                queries=len(queries),
                estimate=total(estimates, Span(each, each), settings.limits),
            )
        )
    return tuple(rows)


def total(estimates: Sequence[Estimate], times: Span, limits: Limits) -> Estimate:
    """What so many like some will take.

    Args:
        estimates: Of the sample, at least one.
        times: How many there will be, at least and at most.
        limits: `stopped_by` names those that the total would exceed.

    Returns:
        Totals; `rounds` is for one of them.
    """
    fewest, most = times.least / len(estimates), times.most / len(estimates)

    def spread(name: str) -> Span:
        spans: list[Span] = [getattr(estimate, name) for estimate in estimates]
        return Span(
            round(sum(span.least for span in spans) * fewest), round(sum(span.most for span in spans) * most)
        )

    costs = [estimate.cost for estimate in estimates]
    known = [cost for cost in costs if cost is not None]
    cost = (
        None
        if len(known) < len(costs)
        else (sum(low for low, _ in known) * fewest, sum(high for _, high in known) * most)
    )
    whole = replace(
        estimates[0],
        calls=spread("calls"),
        rounds=Span(
            min(estimate.rounds.least for estimate in estimates),
            max(estimate.rounds.most for estimate in estimates),
        ),
        tokens_in=spread("tokens_in"),
        tokens_out=spread("tokens_out"),
        pairs=spread("pairs"),
        cost=cost,
    )
    exceeded = [
        name
        for name, limit, value in (
            ("calls", limits.calls, whole.calls.most),
            ("tokens", limits.tokens, whole.tokens_in.most + whole.tokens_out.most),
            ("cost", limits.cost, cost[1] if cost else None),
        )
        if limit is not None and value is not None and value > limit
    ]
    return replace(whole, stopped_by=", ".join(exceeded) or None)
