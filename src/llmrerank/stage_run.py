"""One strategy over one ranking: its job made, judged, and written into the hits and the books."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .carriers import LOCAL, Carriers
from .engine import Job, Outcome, Progress, judge_pool
from .foreign_script import foreign_script
from .judges import Question
from .judges.chunked import check_chunks
from .limits import Ledger
from .logs import log_events
from .looking_over import earlier_ranks, looked_over, marked, warning
from .ranking import Hit, Place, Ranking
from .rounds import Pool
from .settings import Settings
from .stage_cost import TOP
from .strategies import Strategy
from .trace import Called, Event, Seen, StageDone, Trace, Warned

__all__ = ["StageRun", "Watch", "smaller"]


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
class StageRun:
    """What every stage of one ranking shares.

    Attributes:
        pipeline: The whole, as it is written.
        settings: How calls are made.
        carriers: The clients.
        ledger: What may be spent.
        watch: Who is told meanwhile.
    """

    pipeline: str
    settings: Settings
    carriers: Carriers
    ledger: Ledger
    watch: Watch | None = None

    async def through(
        self, strategy: Strategy, ranking: Ranking, *, cut: int | None, kept: int | None
    ) -> Ranking:
        """Pass the hits of a ranking through one strategy.

        Args:
            strategy: The stage.
            ranking: What comes in, with the books so far.
            cut: Leading places that must be right; None: `TOP`.
            kept: Hits that are passed on; None: all.

        Raises:
            CallError, AnswerError, ConfigError: As `engine.judge_pool`.
        """
        begun = time.perf_counter()
        stage = str(strategy.spec)
        events: list[Event] = list(ranking.trace.events)
        suspects: Mapping[int, Sequence[str]] = {}
        if strategy.looks_over:
            suspects = await looked_over(ranking.documents, ranking.query)
            ranking = replace(ranking, hits=marked(ranking.hits, suspects))
        if suspects:
            events.append(warning(stage, ranking.hits, suspects))
            log_events(events[-1:])
        job = self._job(strategy, ranking, cut, frozenset(suspects))
        if self.watch is not None:
            job = self._watched(job, self.watch, ranking, kept)
        foreign = _foreign(strategy, job)
        if foreign is not None:
            events.append(foreign)
            log_events(events[-1:])
        outcome = await judge_pool(job)
        hits = _placed(ranking.hits, outcome, stage=stage)[:kept]
        events += outcome.events
        exposed = _exposed(job, outcome)
        if exposed is not None:
            events.append(exposed)
            log_events(events[-1:])
        events.append(
            StageDone(
                stage=stage,
                documents_in=len(ranking.hits),
                documents_out=len(hits),
                seconds=time.perf_counter() - begun,
            )
        )
        log_events(events[-1:])
        return replace(ranking, hits=tuple(hits), score_kind=outcome.kind, trace=Trace(tuple(events)))

    def _job(self, strategy: Strategy, ranking: Ranking, cut: int | None, suspects: frozenset[int]) -> Job:
        settings, hits = self.settings, ranking.hits
        prior = [hit.score for hit in hits if hit.score is not None]
        stages = len(ranking.trace.of(StageDone))
        earlier = earlier_ranks(hits, stages=stages) if strategy.looks_over else ()
        reads = strategy.carrier not in LOCAL
        judge, client = strategy.judge_with(settings), self.carriers.client(strategy, settings)
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
            pool=Pool(
                size=len(hits),
                top=cut or TOP,
                prior=tuple(prior) if len(prior) == len(hits) else (),
                earlier=earlier,
                suspects=suspects,
            ),
            ledger=self.ledger,
            on_error=settings.on_error,
            context=partial(self.carriers.context, strategy, settings),
        )

    def _watched(self, job: Job, watch: Watch, before: Ranking, kept: int | None) -> Job:
        """The job with those who are told; a ranking as it stands is made only where somebody wants it."""
        tell = watch.provisional

        def stands(outcome: Outcome) -> None:
            if tell is not None:
                tell(
                    replace(
                        before,
                        strategy=self.pipeline,
                        hits=tuple(_placed(before.hits, outcome, stage=job.stage)[:kept]),
                        score_kind=outcome.kind,
                        trace=Trace((*before.trace.events, *outcome.events)),
                    )
                )

        return replace(
            job,
            progress=watch.progress,
            witness=watch.witness,
            provisional=None if tell is None else stands,
        )


def _foreign(strategy: Strategy, job: Job) -> Warned | None:
    """A local model that is shown a script it was not trained on scores noise, and that is said."""
    if strategy.carrier not in LOCAL or not job.documents:
        return None
    said = foreign_script(job.client.identity.model, job.question.query, job.documents)
    return None if said is None else Warned(stage=job.stage, message=said)


def _exposed(job: Job, outcome: Outcome) -> Warned | None:
    """A key that was sent over a network in plain text is said: whoever stands between may have read it."""
    identity = job.client.identity
    if not identity.exposed or all(call.cached for call in Trace(outcome.events).of(Called)):
        return None
    return Warned(
        stage=job.stage,
        message=f"the key went to {identity.endpoint} in plain text, which anybody on the way can read; "
        "use https, or send no key",
    )


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
