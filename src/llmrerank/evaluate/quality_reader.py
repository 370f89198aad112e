"""One strategy on its way through the samples: what it was asked, and what its answers add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from llmrerank.clients import Client
from llmrerank.engine import Job, Outcome, judge_pool
from llmrerank.judges import Judge, Opinion, Question
from llmrerank.judges.observed import Observation, Observed
from llmrerank.limits import Ledger
from llmrerank.rounds import Pool
from llmrerank.settings import OnError
from llmrerank.strategies import Strategy
from llmrerank.trace import Called, Event, Exhausted, RoundDone
from llmrerank.types import Detail, Example, ScoreKind, Usage

from .noise import difference
from .quality_asks import Ask, Purpose, Sample
from .quality_figures import Reading, agreement, ndcg, places
from .quality_measured import Answers, Measured

__all__ = ["Reader"]

TOP = 10


@dataclass(slots=True, kw_only=True)
class Reader:
    """The state of one strategy's measurement.

    Attributes:
        strategy, judge, client: Who asks, how, and whom.
        instruction, examples: What the judge is told besides the query.
        on_error: As in `Settings`.
        stopped: Whether a limit on the whole was reached: nothing more will be answered.
        events: Everything that happened.
    """

    strategy: Strategy
    judge: Judge
    client: Client
    instruction: str = ""
    examples: tuple[Example, ...] = ()
    on_error: OnError = "keep"
    stopped: bool = False
    events: list[Event] = field(default_factory=list)
    _opinions: list[Opinion] = field(default_factory=list)
    _absent: int = 0
    _readings: dict[str, dict[Purpose, list[Reading]]] = field(default_factory=dict)
    _ndcg: list[tuple[float, float, float]] = field(default_factory=list)
    _kinds: Counter[ScoreKind] = field(default_factory=Counter)
    _called: list[Called] = field(default_factory=list)
    _seconds: list[float] = field(default_factory=list)

    async def read(self, sample: Sample, ask: Ask, *, ledger: Ledger) -> None:
        """Ask one thing about one sample; nothing once a limit on the whole was reached.

        Raises:
            CallError, AnswerError, ConfigError: As `engine.judge_pool`.
        """
        if self.stopped:
            return
        told: list[Observation] = []
        judge = Observed(self.judge, told.append)
        try:
            outcome = await judge_pool(
                Job(
                    stage=str(self.strategy.spec),
                    algorithm=ask.algorithm,
                    judge=judge,
                    client=self.client,
                    question=Question(
                        query=ask.query, instruction=self.instruction, examples=self.examples, seed=ask.seed
                    ),
                    documents=sample.documents,
                    pool=Pool(size=len(sample.documents), top=TOP),
                    ledger=ledger,
                    on_error=self.on_error,
                )
            )
        finally:
            self._opinions += [one.opinion for one in told]
            self._absent += judge.begun - len(told)
        self._readings.setdefault(sample.query.id, {})[ask.purpose] = _readings(sample, told)
        self.events += outcome.events
        exhausted = [event for event in outcome.events if isinstance(event, Exhausted)]
        self.stopped = any(event.limit != "seconds" for event in exhausted)
        if ask.purpose == "own" and not exhausted:
            self._finish(sample, outcome)

    def _finish(self, sample: Sample, outcome: Outcome) -> None:
        """Book a ranking that was made as a user would have it made."""
        ids = [str(document.id) for document in sample.documents]
        grades = sample.grades
        best = sorted(ids, key=lambda one: -grades.get(one, 0))
        orders = ([ids[position] for position in outcome.order], ids, best)
        own, first, most = (ndcg(order, grades) for order in orders)
        self._ndcg.append((own, first, most))
        self._kinds[outcome.kind] += 1
        called = [event for event in outcome.events if isinstance(event, Called)]
        self._called += called
        if not any(call.cached for call in called):
            rounds = [event.seconds for event in outcome.events if isinstance(event, RoundDone)]
            self._seconds.append(sum(rounds))

    @property
    def answered(self) -> bool:
        """Whether any answer came."""
        return bool(self._opinions)

    def measured(self) -> Measured:
        """What all of it adds up to."""
        own, first, best = ([figures[i] for figures in self._ndcg] for i in range(3))
        finished = len(own)
        shuffled = [by.get("again", []) for by in self._readings.values()]
        alone = self.strategy.algorithm.needs >= Detail.SCORES
        repeated = [
            [*by.get("own", []), *by["again"]] if alone else by["again"]
            for by in self._readings.values()
            if "again" in by
        ]
        others = [
            [one, other]
            for by in self._readings.values()
            for other in by.get("other", [])
            for one in by.get("own" if alone else "again", [])
        ]
        every = [one for by in self._readings.values() for one in by.get("own", [])]
        usage = sum((call.usage for call in self._called), Usage())
        return Measured(
            strategy=str(self.strategy.spec),
            queries=finished,
            ndcg=fmean(own) if own else 0.0,
            first=fmean(first) if own else 0.0,
            best=fmean(best) if own else 0.0,
            difference=difference(own, first) if own else None,
            answers=Answers.of(self._opinions, absent=self._absent),
            agreement=agreement(repeated),
            other=agreement(others),
            tied=fmean(reading.tied for reading in every) if every else 0.0,
            places=None if alone else places([one for group in shuffled for one in group]),
            kind=self._kinds.most_common(1)[0][0] if self._kinds else "none",
            calls=sum(call.answered for call in self._called) / finished if finished else 0.0,
            usage=Usage(input=round(usage.input / finished), output=round(usage.output / finished))
            if finished
            else Usage(),
            seconds=median(self._seconds) if self._seconds else None,
        )


def _readings(sample: Sample, told: Sequence[Observation]) -> list[Reading]:
    """One reading for every answer about many documents; one in all of answers about single ones."""
    positions = {document.id: position for position, document in enumerate(sample.documents)}
    usable = [one for one in told if one.opinion.usable]
    if any(len(one.documents) > 1 for one in usable):
        return [
            Reading.of_tiers([positions[document.id] for document in one.documents], one.opinion.tiers)
            for one in usable
        ]
    strengths = {
        positions[one.documents[0].id]: strength
        for one in usable
        if (strength := _strength(one.opinion)) is not None
    }
    return [Reading.of_strengths(strengths)] if strengths else []


def _strength(opinion: Opinion) -> float | None:
    """What a judge of one document sorts by."""
    known = opinion.strengths or opinion.scores
    return known[0] if known else None
