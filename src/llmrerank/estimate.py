"""Predict what a ranking will cost before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .rounds import Span
from .settings import Settings
from .stage_cost import StageCost, stage_cost
from .stages import Course, Fork, smaller
from .strategies import Strategy
from .types import Document

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one ranking is expected to take. Spans are least and most; repairs and retries come on top.

    Attributes:
        calls: Calls to an endpoint.
        rounds: Rounds, one after another, over all stages.
        tokens_in: Tokens sent, as `tokens.count` counts them.
        tokens_out: Answer tokens; the most is the room that answers are given.
        pairs: Query-document pairs for local models.
        cost: US dollars, least and most; None where a price is unknown; zero where nothing is called.
        stopped_by: The limit that this would exceed, or None.
        prompt: The first prompt as it would be sent, or None where no LLM is called.
    """

    calls: Span
    rounds: Span
    tokens_in: Span
    tokens_out: Span
    pairs: Span
    cost: tuple[float, float] | None
    stopped_by: str | None
    prompt: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values; a span is `[least, most]`."""
        spans = {
            name: [getattr(self, name).least, getattr(self, name).most]
            for name in ("calls", "rounds", "tokens_in", "tokens_out", "pairs")
        }
        return {
            **spans,
            "cost": list(self.cost) if self.cost is not None else None,
            "stopped_by": self.stopped_by,
            "prompt": self.prompt,
        }


def estimate(
    course: Course, query: str, documents: Sequence[Document], *, settings: Settings, top: int | None
) -> Estimate:
    """Predict the cost of ranking these documents.

    As `stage_cost` for every stage. A route takes at least what its cheap arm does, and at most the dearest
    of its other arms besides.

    Args:
        course: The settled pipeline.
        query: What is asked.
        documents: The documents that enter the first reranking stage, or documents like them.
        settings: Model, prices and limits.
        top: As `% top` after the last stage.
    """
    size = len(documents) if course.first_cut is None else min(len(documents), course.first_cut)
    stages: list[StageCost] = []

    def taken(strategy: Strategy | None, cut: int | None) -> StageCost | None:
        return None if strategy is None else stage_cost(strategy, query, documents[:size], cut, settings)

    for number, step in enumerate(course.steps, start=1):
        cut = smaller(step.cut, top) if number == len(course.steps) else step.cut
        arms = [arm.strategy for arm in step.route.arms] if isinstance(step, Fork) else step.strategies
        stages.append(_forked([taken(strategy, cut) for strategy in arms]))
        size = min(size, cut or size)
    calls, rounds, tokens_in, tokens_out, pairs = (
        _sum([getattr(stage, name) for stage in stages])
        for name in ("calls", "rounds", "tokens_in", "tokens_out", "pairs")
    )
    costs = [stage.cost for stage in stages]
    cost = None if None in costs else tuple(sum(c[i] for c in costs if c is not None) for i in (0, 1))
    limits = settings.limits
    stopped = [
        name
        for name, limit, most in (
            ("calls", limits.calls, calls.most),
            ("tokens", limits.tokens, tokens_in.most + tokens_out.most),
            ("cost", limits.cost, cost[1] if cost else None),
        )
        if limit is not None and most is not None and most > limit
    ]
    return Estimate(
        calls=calls,
        rounds=rounds,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        pairs=pairs,
        cost=(cost[0], cost[1]) if cost is not None else None,
        stopped_by=", ".join(stopped) or None,
        prompt=next((stage.prompt for stage in stages if stage.prompt is not None), None),
    )


def _sum(spans: Sequence[Span]) -> Span:
    return Span(sum(span.least for span in spans), sum(span.most for span in spans))


def _forked(arms: Sequence[StageCost | None]) -> StageCost:
    """What a route takes: at least what its cheap arm does, at most the dearest of the others besides.

    None is the arm that keeps the order.
    """
    cheap, *dear = [StageCost() if arm is None else arm for arm in arms]
    if not dear:
        return cheap

    def span(name: str) -> Span:
        always: Span = getattr(cheap, name)
        return Span(always.least, always.most + max(getattr(arm, name).most for arm in dear))

    costs = [arm.cost for arm in (cheap, *dear)]
    most = [cost[1] for cost in costs if cost is not None]
    known = cheap.cost is not None and len(most) == len(costs)
    return StageCost(
        **{name: span(name) for name in ("calls", "rounds", "pairs", "tokens_in", "tokens_out")},
        cost=(cheap.cost[0], most[0] + max(most[1:])) if cheap.cost is not None and known else None,
        prompt=next((arm.prompt for arm in (cheap, *dear) if arm.prompt is not None), None),
    )
