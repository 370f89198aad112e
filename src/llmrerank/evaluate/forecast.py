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

__all__ = ["Forecast", "forecast"]

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
    if limit is not None and limit < 1:
        raise ConfigError(f"limit must be 1 or more, got {limit}")
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
        rows.append(
            Forecast(
                strategy=strategy,
                pipeline=str(pipeline.spec),
                queries=len(queries),
                estimate=_total(estimates, times * len(queries) / len(sample), settings.limits),
            )
        )
    return tuple(rows)


def _total(estimates: Sequence[Estimate], scale: float, limits: Limits) -> Estimate:
    def spread(name: str) -> Span:
        spans: list[Span] = [getattr(estimate, name) for estimate in estimates]
        return Span(
            round(sum(span.least for span in spans) * scale), round(sum(span.most for span in spans) * scale)
        )

    costs = [estimate.cost for estimate in estimates]
    known = [cost for cost in costs if cost is not None]
    cost = (
        None
        if len(known) < len(costs)
        else (sum(least for least, _ in known) * scale, sum(most for _, most in known) * scale)
    )
    total = replace(
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
        for name, limit, most in (
            ("calls", limits.calls, total.calls.most),
            ("tokens", limits.tokens, total.tokens_in.most + total.tokens_out.most),
            ("cost", limits.cost, cost[1] if cost else None),
        )
        if limit is not None and most is not None and most > limit
    ]
    return replace(total, stopped_by=", ".join(exceeded) or None)
