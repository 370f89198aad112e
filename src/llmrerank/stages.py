"""A pipeline resolved: its first stage, its reranking stages, and how hits pass through them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .carriers import Carriers
from .engine import Job, Outcome, Progress, judge_pool
from .errors import ConfigError
from .judges import Question
from .limits import Ledger
from .ranking import Hit, Place, Ranking
from .registry import Bound, Kind, bind, canonical, find
from .rounds import Pool
from .settings import Settings
from .spec import PipelineSpec, Stage, parse
from .strategies import Strategy
from .trace import Event, StageDone, Trace
from .types import ScoreKind

__all__ = ["TOP", "Course", "Step", "smaller"]

TOP = 10
"""Leading places that must be right where no cut-off says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One reranking stage: a strategy and how many documents it passes on (None: all)."""

    strategy: Strategy
    cut: int | None

    def __str__(self) -> str:
        return str(Stage(self.strategy.spec, self.cut))


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A pipeline whose names, options and models are settled.

    Attributes:
        spec: In its one spelling.
        first: The first stage, or None where the pipeline starts with a reranker.
        first_cut: How many documents the first stage passes on, or None.
        steps: The reranking stages in order.
    """

    spec: PipelineSpec
    first: Bound | None
    first_cut: int | None
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, text: str, *, model: str | None = None) -> Course:
        """Parse and settle a pipeline.

        Args:
            text: In the one notation.
            model: Configures the chat stages; where there is none, the only stage that takes a model.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        spec = canonical(parse(text))
        head, *rest = spec.stages
        kinds = (Kind.FIRST_STAGE, Kind.STRATEGY)
        find(head.call.name, *kinds)
        first = bind(head.call) if find(head.call.name).kind is Kind.FIRST_STAGE else None
        judged = rest if first is not None else [head, *rest]
        for stage in judged:
            if find(stage.call.name, *kinds).kind is Kind.FIRST_STAGE:
                raise ConfigError(
                    f"'{stage.call.name}' is a first stage and can only open a pipeline: {spec}"
                )
        steps = tuple(Step(strategy=Strategy.of(stage.call), cut=stage.cut) for stage in judged)
        course = cls(spec=spec, first=first, first_cut=head.cut if first else None, steps=steps)
        return course._with_model(model) if model else course

    @property
    def chats(self) -> bool:
        """Whether any stage calls an LLM."""
        return any(step.strategy.carrier == "chat" for step in self.steps)

    def _with_model(self, model: str) -> Course:
        """Apply a model to the only stage that takes one, in a pipeline that does not chat."""
        if self.chats:
            return self
        first = self.first
        takes = first is not None and any(option.name == "model" for option in first.entry.options)
        open_first = takes and first is not None and first.values.get("model") is None
        open_steps = [step for step in self.steps if step.strategy.model is None]
        if len(open_steps) + open_first > 1:
            names = [first.entry.name] if open_first and first else []
            names += [step.strategy.spec.name for step in open_steps]
            raise ConfigError(
                f"the model {model!r} could be for {' or '.join(names)}; "
                f"write it into the stage, as {names[-1]}(model={model!r})"
            )
        if open_first and first is not None:
            return replace(self, first=replace(first, values={**first.values, "model": model}))
        return replace(
            self,
            steps=tuple(
                replace(step, strategy=replace(step.strategy, model=model)) if step in open_steps else step
                for step in self.steps
            ),
        )

    async def rerank(
        self,
        ranking: Ranking,
        *,
        settings: Settings,
        carriers: Carriers,
        ledger: Ledger,
        top: int | None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Ranking:
        """Pass hits through the reranking stages; `top` cuts the last one, as `% top` would.

        Raises:
            CallError, AnswerError, ConfigError: As `engine.judge_pool`.
        """
        hits: Sequence[Hit] = ranking.hits
        events: list[Event] = list(ranking.trace.events)
        kind: ScoreKind = ranking.score_kind
        for number, step in enumerate(self.steps, start=1):
            cut = smaller(step.cut, top) if number == len(self.steps) else step.cut
            begun = time.perf_counter()
            outcome = await judge_pool(_job(step, ranking, hits, cut, settings, carriers, ledger, progress))
            given = len(hits)
            hits = _placed(hits, outcome, stage=str(step.strategy.spec))[:cut]
            kind = outcome.kind
            events += outcome.events
            events.append(
                StageDone(
                    stage=str(step.strategy.spec),
                    documents_in=given,
                    documents_out=len(hits),
                    seconds=time.perf_counter() - begun,
                )
            )
        return replace(
            ranking, strategy=str(self.spec), hits=tuple(hits), score_kind=kind, trace=Trace(tuple(events))
        )


def _job(
    step: Step,
    ranking: Ranking,
    hits: Sequence[Hit],
    cut: int | None,
    settings: Settings,
    carriers: Carriers,
    ledger: Ledger,
    progress: Callable[[Progress], None] | None,
) -> Job:
    strategy = step.strategy
    prior = [hit.score for hit in hits if hit.score is not None]
    chats = strategy.carrier == "chat"
    return Job(
        stage=str(strategy.spec),
        algorithm=strategy.algorithm,
        judge=strategy.judge_with(settings),
        client=carriers.client(strategy, settings),
        question=Question(
            query=ranking.query,
            instruction=(strategy.instruction or settings.instruction) if chats else "",
            examples=(strategy.examples or settings.examples) if chats else (),
            seed=settings.seed,
        ),
        documents=[hit.document for hit in hits],
        pool=Pool(size=len(hits), top=cut or TOP, prior=tuple(prior) if len(prior) == len(hits) else ()),
        ledger=ledger,
        on_error=settings.on_error,
        progress=progress,
    )


def _placed(hits: Sequence[Hit], outcome: Outcome, *, stage: str) -> list[Hit]:
    """The hits in their new order, each with its new place written into its history."""
    return [
        replace(
            hits[position],
            rank=rank,
            score=outcome.scores[position],
            degraded=hits[position].degraded or position in outcome.degraded,
            history=(*hits[position].history, Place(stage=stage, rank=rank, score=outcome.scores[position])),
        )
        for rank, position in enumerate(outcome.order, start=1)
    ]


def smaller(cut: int | None, top: int | None) -> int | None:
    """The tighter of two cut-offs, None being none."""
    given = [value for value in (cut, top) if value is not None]
    return min(given) if given else None
