"""One strategy after another over the same queries: how each becomes a row."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from llmrerank.errors import CallError
from llmrerank.pipeline import Pipeline
from llmrerank.purse import Purse
from llmrerank.ranking import Ranking
from llmrerank.trace import Trace
from llmrerank.types import Document, Query

from .comparison import ORACLE, Row
from .dataset import judged_id
from .evaluator import Evaluation, Evaluator, Qrels
from .first_stages import FirstStages
from .ideal import ideal_run
from .kept import LOOKED_AT, Kept
from .progress import Progress
from .seconds import Seconds
from .sensitivity import ORDERS, Sensitivity
from .spread import changed, spread_of
from .stage_figures import stage_figures
from .strategy_run import StrategyRun

__all__ = ["Contest", "at_once"]


@dataclass(slots=True, kw_only=True)
class Contest:
    """The state of a comparison that is under way; an asynchronous context.

    Attributes:
        queries: Asked of every strategy.
        qrels: Of these queries; empty without judgements.
        evaluator: Of these judgements; None without any.
        purse: What all of them may spend.
        pipelines: Of all rows, so that first stages are asked for as much as the deepest of them wants.
        parallel_queries: Queries under way at once; None: as `acompare`.
        group_by: Key of the metadata that holds the judged id of a chunk, or None.
        seed: Of the shuffled order.
        progress: Told when a row begins and after every query.
        documents: By judged id, those that stood among the first `LOOKED_AT` of some row.
        failures: Of rows that the provider failed altogether.
    """

    queries: Sequence[Query]
    qrels: Qrels
    evaluator: Evaluator | None
    purse: Purse
    pipelines: Sequence[Pipeline]
    parallel_queries: int | None
    group_by: str | None
    seed: int
    progress: Callable[[Progress], None] | None
    documents: dict[str, Document] = field(default_factory=dict)
    failures: list[CallError] = field(default_factory=list)
    first: FirstStages = field(init=False)
    _told: Progress = field(init=False)

    def __post_init__(self) -> None:
        self.first = FirstStages(self.pipelines)
        self._told = Progress(row=0, strategy="", done=0, queries=0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.first.aclose()

    async def row(
        self, number: int, strategy: str, repetitions: Sequence[Pipeline], *, shuffle: bool = False
    ) -> Row:
        """Ask one strategy about every query.

        Args:
            number: Of the row, from 1.
            strategy: As it was typed.
            repetitions: Its pipeline, once for each time that it is asked.
            shuffle: Ask about other orders of the same candidates as well.
        """
        course = repetitions[0].course
        orders = ORDERS if shuffle and course.steps else ()
        total = len(self.queries) * (len(repetitions) + len(orders))
        self._told = replace(self._told, row=number, strategy=strategy, done=0, queries=total)
        if self.progress is not None:
            self.progress(self._told)
        first = await self._run(repetitions[0], None)
        if first.lost:
            # Whoever answers nothing is not asked again, in whatever order.
            self.failures.append(first.lost)
            repetitions, orders = repetitions[:1], ()
        runs = [first, *[await self._run(pipeline, None) for pipeline in repetitions[1:]]]
        evaluations = [self._evaluated(run) for run in runs]
        reordered = {order: await self._run(repetitions[0], order) for order in orders}
        traces = [kept.trace for run in runs for kept in run.kept.values()]
        seconds = [kept.seconds for run in runs for kept in run.kept.values()]
        mean = _mean(evaluations)
        return Row(
            strategy=strategy,
            pipeline=str(first.pipeline.spec),
            measures=mean.means,
            per_query=mean.per_query,
            seconds=Seconds.of(seconds) if seconds and not first.stored else None,
            trace=Trace.joined(traces),
            queries=len(self.queries),
            repeats=len(repetitions),
            failures=self._failures(runs, reordered),
            kept=first.kept,
            stages=stage_figures(traces),
            spread=spread_of(evaluations) if len(runs) > 1 else {},
            changed=changed([_found(run) for run in runs]) if len(runs) > 1 else None,
            sensitivity=self._sensitivity(first, evaluations[0], reordered) if reordered else None,
        )

    def oracles(self, pipelines: Sequence[Pipeline], baseline: Row) -> list[Row]:
        """The best possible order of the candidates of every first stage that hands some to a reranker.

        Args:
            pipelines: Of all rows, which must have run.
            baseline: Its documents are taken where no row reranks.
        """
        found: dict[str, Mapping[str, Sequence[str]]] = {}
        for pipeline in pipelines:
            if pipeline.course.steps:
                found.setdefault(
                    str(pipeline.course.spec.stages[0]),
                    {
                        query: list(dict.fromkeys(judged_id(one, self.group_by) for one in documents))
                        for query, documents in self.first.candidates(pipeline).items()
                    },
                )
        if not found:
            found[baseline.strategy] = {query: kept.documents for query, kept in baseline.kept.items()}
        return [self._oracle(name, candidates) for name, candidates in found.items()]

    def _oracle(self, name: str, candidates: Mapping[str, Sequence[str]]) -> Row:
        best = ideal_run(self.qrels, candidates)
        evaluation = self._measured(best)
        return Row(
            strategy=f"{ORACLE}: {name}",
            pipeline=f"{ORACLE}: {name}",
            measures=evaluation.means,
            per_query=evaluation.per_query,
            seconds=None,
            trace=Trace(),
            queries=len(self.queries),
            kept={
                query: Kept(
                    documents=tuple(documents),
                    previous=tuple(candidates[query].index(one) + 1 for one in documents[:LOOKED_AT]),
                )
                for query, documents in best.items()
            },
            is_oracle=True,
        )

    async def _run(self, pipeline: Pipeline, order: str | None) -> StrategyRun[Kept]:
        async def find(pipeline: Pipeline, query: Query) -> tuple[Ranking, float]:
            ranking, seconds = await self.first.ask(pipeline, query)
            return ranking if order is None else _reordered(ranking, order, self.seed, query.id), seconds

        run = StrategyRun(
            pipeline=pipeline,
            purse=self.purse,
            at_once=self.parallel_queries or at_once(pipeline),
            keep=self._keep,
            tell=self._tell,
            group_by=self.group_by,
            find=find,
        )
        await run.over(self.queries)
        return run

    def _keep(self, query: Query, ranking: Ranking, seconds: float) -> Kept:
        for hit in ranking.hits[:LOOKED_AT]:
            self.documents.setdefault(judged_id(hit.document, self.group_by), hit.document)
        return Kept.of(ranking, seconds=seconds, group_by=self.group_by)

    def _tell(self, trace: Trace) -> None:
        self._told = self._told.after(trace)
        if self.progress is not None:
            self.progress(self._told)

    def _evaluated(self, run: StrategyRun[Kept]) -> Evaluation:
        return self._measured(_found(run))

    def _measured(self, run: Mapping[str, Sequence[str]]) -> Evaluation:
        if self.evaluator is None:
            return Evaluation(means={}, per_query={})
        return self.evaluator.evaluate(run)

    def _failures(
        self, repetitions: Sequence[StrategyRun[Kept]], reordered: Mapping[str, StrategyRun[Kept]]
    ) -> dict[str, str]:
        """By query, in their order, why it failed first; and when, if that was not the first time."""
        found = dict(repetitions[0].failures())
        later = {f"repetition {number}": run for number, run in enumerate(repetitions[1:], start=2)}
        later |= {f"{order} order": run for order, run in reordered.items()}
        for where, run in later.items():
            for query, sentence in run.failures().items():
                found.setdefault(query, f"{where}: {sentence}")
        return {query.id: found[query.id] for query in self.queries if query.id in found}

    def _sensitivity(
        self, first: StrategyRun[Kept], evaluation: Evaluation, reordered: Mapping[str, StrategyRun[Kept]]
    ) -> Sensitivity:
        return Sensitivity.of(
            {"as found": (evaluation, _found(first))}
            | {order: (self._evaluated(run), _found(run)) for order, run in reordered.items()},
            trace=Trace.joined(kept.trace for run in reordered.values() for kept in run.kept.values()),
        )


def _found(run: StrategyRun[Kept]) -> dict[str, Sequence[str]]:
    return {query: kept.documents for query, kept in run.kept.items()}


def _mean(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The mean of several evaluations of the same queries."""
    if len(evaluations) == 1:
        return evaluations[0]
    many = len(evaluations)
    return Evaluation(
        means={name: sum(one.means[name] for one in evaluations) / many for name in evaluations[0].means},
        per_query={
            name: {query: sum(one.per_query[name][query] for one in evaluations) / many for query in scores}
            for name, scores in evaluations[0].per_query.items()
        },
    )


def _reordered(ranking: Ranking, order: str, seed: int, query: str) -> Ranking:
    """The same candidates in another order, without the scores that would give the first one away."""
    hits = list(ranking.hits)
    if order == "reversed":
        hits.reverse()
    else:
        random.Random(f"{seed}:{query}").shuffle(hits)
    return replace(
        ranking,
        score_kind="none",
        hits=tuple(
            replace(hit, rank=rank, previous_rank=rank, score=None) for rank, hit in enumerate(hits, start=1)
        ),
    )


def at_once(pipeline: Pipeline) -> int:
    """Queries under way at once: one where all is done on this machine, else as many as calls may be."""
    return pipeline.settings.parallel if pipeline.course.instructed else 1
