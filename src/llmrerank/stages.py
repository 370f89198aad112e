"""A pipeline resolved: its first stage, its reranking stages, and how hits pass through them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .carriers import LOCAL, SHARED, Carriers
from .engine import Job, Outcome, Progress, judge_pool
from .errors import ConfigError
from .expansion import expand
from .foreign_script import foreign_script
from .judges import Question
from .judges.chunked import check_chunks
from .limits import Ledger
from .logs import log_events
from .ranking import Hit, Place, Ranking
from .registry import Bound, Kind, bind, canonical, find
from .rounds import Pool
from .settings import Settings
from .spec import PipelineSpec, Stage, parse
from .strategies import Strategy
from .trace import Event, Seen, StageDone, Trace, Warned
from .types import ScoreKind

__all__ = ["TOP", "Course", "Step", "Watch", "smaller"]

TOP = 10
"""Leading places that must be right where no cut-off says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told while a ranking is made; all must be quick and must not raise.

    Attributes:
        progress: As judgements come in.
        witness: Every call with its reply.
        provisional: After every round, the ranking as it stands.
    """

    progress: Callable[[Progress], None] | None = None
    witness: Callable[[Seen], None] | None = None
    provisional: Callable[[Ranking], None] | None = None


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
    def of(cls, text: str, *, model: str | None = None, base_url: str | None = None) -> Course:
        """Parse and settle a pipeline.

        Args:
            text: In the one notation.
            model: Configures the chat stages; where there is none, the only stage that takes a model.
            base_url: Configures the chat stages; where there is none, the rerank endpoints.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        spec = canonical(expand(parse(text)))
        head, *rest = spec.stages
        kinds = (Kind.FIRST_STAGE, Kind.STRATEGY, Kind.WRAPPER)
        find(head.call.name, *kinds)
        first = bind(head.call) if find(head.call.name).kind is Kind.FIRST_STAGE else None
        if first is not None:
            first.build()  # options that cannot be meant are refused now
        judged = rest if first is not None else [head, *rest]
        for stage in judged:
            if find(stage.call.name, *kinds).kind is Kind.FIRST_STAGE:
                raise ConfigError(
                    f"'{stage.call.name}' is a first stage and can only open a pipeline: {spec}"
                )
        steps = tuple(Step(strategy=Strategy.of(stage.call), cut=stage.cut) for stage in judged)
        course = cls(spec=spec, first=first, first_cut=head.cut if first else None, steps=steps)
        if course.chats:
            return course
        course = course._with_model(model) if model else course
        return course._with_base_url(base_url) if base_url else course

    @property
    def chats(self) -> bool:
        """Whether any stage uses the model and the endpoint that are given for the whole pipeline."""
        return any(step.strategy.carrier in SHARED for step in self.steps)

    @property
    def instructed(self) -> bool:
        """Whether any stage may read an instruction."""
        return any(step.strategy.carrier not in LOCAL for step in self.steps)

    def _with_base_url(self, base_url: str) -> Course:
        """Apply an endpoint to the stages that score by one and name none."""
        return replace(
            self,
            steps=tuple(
                replace(step, strategy=replace(step.strategy, base_url=base_url))
                if step.strategy.carrier == "rerank" and step.strategy.base_url is None
                else step
                for step in self.steps
            ),
        )

    def _with_model(self, model: str) -> Course:
        """Apply a model to the only stage that takes one, in a pipeline that does not chat."""
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
        whole: bool = False,
        watch: Watch | None = None,
    ) -> Ranking:
        """Pass hits through the reranking stages; `top` cuts the last one, as `% top` would.

        Args:
            ranking: What the first stage found, or the documents as given.
            settings: How calls are made.
            carriers: The clients.
            ledger: What may be spent.
            top: Leading places that must be right, and how many hits are returned.
            whole: Return the rest as well: somebody else will choose from all of them.
            watch: Who is told meanwhile.

        Raises:
            CallError, AnswerError, ConfigError: As `engine.judge_pool`.
        """
        hits: Sequence[Hit] = ranking.hits
        events: list[Event] = list(ranking.trace.events)
        kind: ScoreKind = ranking.score_kind
        log_events(events)
        for number, step in enumerate(self.steps, start=1):
            cut = smaller(step.cut, top) if number == len(self.steps) else step.cut
            kept = step.cut if whole and number == len(self.steps) else cut
            begun = time.perf_counter()
            job = _job(step, ranking, hits, cut, settings, carriers, ledger)
            if watch is not None:
                job = self._watched(job, watch, replace(ranking, hits=tuple(hits)), tuple(events), kept)
            foreign = _foreign(step.strategy, job)
            if foreign is not None:
                events.append(foreign)
                log_events(events[-1:])
            outcome = await judge_pool(job)
            given = len(hits)
            hits = _placed(hits, outcome, stage=str(step.strategy.spec))[:kept]
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
            log_events(events[-1:])
        return replace(
            ranking, strategy=str(self.spec), hits=tuple(hits), score_kind=kind, trace=Trace(tuple(events))
        )

    def _watched(
        self, job: Job, watch: Watch, before: Ranking, events: tuple[Event, ...], cut: int | None
    ) -> Job:
        """The job with those who are told; a ranking as it stands is made only where somebody wants it."""
        tell = watch.provisional

        def stands(outcome: Outcome) -> None:
            if tell is not None:
                tell(
                    replace(
                        before,
                        strategy=str(self.spec),
                        hits=tuple(_placed(before.hits, outcome, stage=job.stage)[:cut]),
                        score_kind=outcome.kind,
                        trace=Trace((*events, *outcome.events)),
                    )
                )

        return replace(
            job,
            progress=watch.progress,
            witness=watch.witness,
            provisional=None if tell is None else stands,
        )


def _job(
    step: Step,
    ranking: Ranking,
    hits: Sequence[Hit],
    cut: int | None,
    settings: Settings,
    carriers: Carriers,
    ledger: Ledger,
) -> Job:
    strategy = step.strategy
    prior = [hit.score for hit in hits if hit.score is not None]
    reads = strategy.carrier not in LOCAL
    judge, client = strategy.judge_with(settings), carriers.client(strategy, settings)
    check_chunks(judge, model=client.identity.model, context=client.identity.context)
    return Job(
        stage=str(strategy.spec),
        algorithm=strategy.algorithm,
        judge=judge,
        client=client,
        question=Question(
            query=ranking.query,
            instruction=(strategy.instruction or settings.instruction) if reads else "",
            examples=(strategy.examples or settings.examples) if reads else (),
            seed=settings.seed,
            spans={hit.document: hit.spans for hit in hits if hit.spans},
        ),
        documents=[hit.document for hit in hits],
        pool=Pool(size=len(hits), top=cut or TOP, prior=tuple(prior) if len(prior) == len(hits) else ()),
        ledger=ledger,
        on_error=settings.on_error,
        context=partial(carriers.context, strategy, settings),
    )


def _foreign(strategy: Strategy, job: Job) -> Warned | None:
    """A local model that is shown a script it was not trained on scores noise, and that is said."""
    if strategy.carrier not in LOCAL or not job.documents:
        return None
    said = foreign_script(job.client.identity.model, job.question.query, job.documents)
    return None if said is None else Warned(stage=job.stage, message=said)


def _placed(hits: Sequence[Hit], outcome: Outcome, *, stage: str) -> list[Hit]:
    """The hits in their new order, each with its new place written into its history."""
    return [
        hits[position].placed(
            Place(stage=stage, rank=rank, score=outcome.scores[position]),
            deviation=outcome.deviations[position],
            spans=outcome.spans.get(position, hits[position].spans),
            degraded=hits[position].degraded or position in outcome.degraded,
        )
        for rank, position in enumerate(outcome.order, start=1)
    ]


def smaller(cut: int | None, top: int | None) -> int | None:
    """The tighter of two cut-offs, None being none."""
    given = [value for value in (cut, top) if value is not None]
    return min(given) if given else None
