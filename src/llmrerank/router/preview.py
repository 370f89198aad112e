"""One decision shown and not acted upon: what it saw, what it was made of, and what every arm would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmrerank.carriers import LOCAL, Carriers
from llmrerank.errors import ConfigError
from llmrerank.limits import Ledger
from llmrerank.opening import opened
from llmrerank.pipeline import Pipeline
from llmrerank.reranker import Reranker
from llmrerank.selection import Selection
from llmrerank.stage_cost import StageCost, stage_cost
from llmrerank.stage_run import StageRun
from llmrerank.stages import Fork, smaller
from llmrerank.trace import Routed
from llmrerank.types import Document, Query

from .deciding import Decision, decided

__all__ = ["Preview", "apreview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a route would do with a query.

    Attributes:
        query: What is asked.
        pipeline: In its one spelling.
        stage: The route.
        arms: Each as written, with what it takes beyond the stages before; the cheap one has run.
        decision: What was decided.
    """

    query: str
    pipeline: str
    stage: str
    arms: tuple[tuple[str, StageCost], ...]
    decision: Decision

    @property
    def routed(self) -> Routed:
        """The event that a search would have booked."""
        return next(event for event in self.decision.events if isinstance(event, Routed))

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in the shape of the command line's `--json`."""
        routed, choice = self.routed, self.decision.choice
        return {
            "query": self.query,
            "pipeline": self.pipeline,
            "route": self.stage,
            "taken": routed.strategy,
            "reason": routed.reason,
            "abstained": choice.abstained or None,
            "features": self.decision.features.to_list(),
            "parts": [part.to_dict() for part in choice.parts],
            "arms": [
                {
                    "arm": arm,
                    **{
                        name: [getattr(cost, name).least, getattr(cost, name).most]
                        for name in ("calls", "pairs", "rounds", "tokens_in", "tokens_out")
                    },
                    "cost": None if cost.cost is None else list(cost.cost),
                }
                for arm, cost in self.arms
            ],
        }


async def apreview(
    door: Pipeline | Reranker,
    query: str | Query,
    documents: Sequence[Document] | None = None,
    *,
    top: int | None = None,
) -> Preview:
    """Run what stands before the first route of a pipeline, and its cheap arm, and decide.

    Args:
        door: A pipeline or reranker with a route among its stages.
        query: What is asked.
        documents: What a `Reranker` ranks; a `Pipeline` has its own.
        top: As `% top` after the last stage.

    Raises:
        ConfigError: No stage is a route, or what runs before the decision asks somebody else than a model on
            this machine.

    Cost: the first stage and local models; nothing is sent.
    """
    asked = query if isinstance(query, Query) else Query(text=query)
    course, settings = door.course, door.settings
    place = next((at for at, step in enumerate(course.steps) if isinstance(step, Fork)), None)
    fork = None if place is None else course.steps[place]
    if place is None or not isinstance(fork, Fork):
        raise ConfigError(f"no stage of '{course.spec}' is a route; write one, such as 'bm25 % 50 >> auto'")
    cheap = fork.route.arms[0].strategy
    first = [strategy for step in course.steps[:place] for strategy in step.strategies]
    for strategy in (*first, *([cheap] if cheap is not None else [])):
        if strategy.carrier not in LOCAL:
            raise ConfigError(
                f"'{strategy.spec}' asks a model behind an endpoint before '{fork.route.spec}' is decided, "
                "and nothing is sent here; search with --trace to see its decision"
            )
    if isinstance(door, Pipeline):
        found = await door.afind(asked)
    else:
        found = await opened(course, asked, documents or (), Selection())
    carriers, ledger = Carriers(), Ledger()

    cut = smaller(fork.cut, top) if place == len(course.steps) - 1 else fork.cut
    run = StageRun(pipeline=str(course.spec), settings=settings, carriers=carriers, ledger=ledger)
    try:
        before = await replace(course, steps=course.steps[:place]).rerank(
            found, settings=settings, carriers=carriers, ledger=ledger, top=None
        )
        after = before if cheap is None else await run.through(cheap, before, cut=cut, kept=None)
    finally:
        await carriers.aclose()
    wallet = Ledger(limits=settings.limits, prices=settings.prices)
    decision = decided(fork.route, before, after, cut=cut, settings=settings, ledger=wallet)
    shown = [hit.document for hit in after.hits]
    return Preview(
        query=asked.text,
        pipeline=str(course.spec),
        stage=str(fork.route.spec),
        arms=tuple(
            (
                str(arm),
                StageCost()
                if arm.strategy is None
                else stage_cost(arm.strategy, asked.text, shown, cut, settings),
            )
            for arm in fork.route.arms
        ),
        decision=decision,
    )
