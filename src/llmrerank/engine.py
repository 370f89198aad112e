"""The engine: one asynchronous function that joins an algorithm to a judge and keeps the books.

Rounds run one after another, the slates of a round all at once. A round is admitted whole or not sent. When a
limit is reached the best order known so far is the result, and it is marked. Events are booked in the order
of the slates, not of the replies, so equal replies give equal books at any parallelism.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import logs
from .asking import Asked, Asking
from .carriage import Carriage, ended
from .clients.client import Client
from .errors import BudgetExceeded
from .judges import Judge, Question
from .limits import Ledger
from .rounds import Algorithm, Done, Pool, Round, ScoredOrder, Verdict, advance
from .settings import OnError
from .trace import Event, Exhausted, RoundDone, Scored, Seen, Warned
from .types import Document, ScoreKind

__all__ = ["Job", "Outcome", "Progress", "judge_pool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told while a pool is judged: in which round it is, and how many of its slates have an end."""

    stage: str
    round: int
    done: int
    slates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One pool to be put in order.

    Attributes:
        stage: How the strategy is called in the books.
        documents: `documents[i]` stands at position i of the pool.
        progress: Called as slates end; must be quick and must not raise.
        witness: Told every call with its reply; must be quick and must not raise.
        provisional: Told after every round what is known until then, in the form of the result.
        context: Finds out how many tokens the model reads at once; asked before a long prompt that shows the
            whole pool is sent.
    """

    stage: str
    algorithm: Algorithm
    judge: Judge
    client: Client
    question: Question
    documents: Sequence[Document]
    pool: Pool
    ledger: Ledger
    on_error: OnError = "keep"
    progress: Callable[[Progress], None] | None = None
    witness: Callable[[Seen], None] | None = None
    provisional: Callable[[Outcome], None] | None = None
    context: Callable[[], Awaitable[int | None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a pool.

    Attributes:
        order: A permutation of the pool, best first.
        scores: By position: the utilities of an algorithm that sorts by its own, else what the judge gave
            last; None for a document without one.
        deviations: By position, the standard deviation of the score, where the algorithm states one.
        kind: What the scores mean.
        degraded: Positions that stood in a slate without evidence.
        spans: By position, the best character ranges of the document, where the judge found any.
        events: The books.
    """

    order: tuple[int, ...]
    scores: tuple[float | None, ...]
    deviations: tuple[float | None, ...]
    kind: ScoreKind
    degraded: frozenset[int]
    spans: Mapping[int, tuple[tuple[int, int], ...]]
    events: tuple[Event, ...]


_FACTS = {
    "bounded": "bounds: one side was not among the alternatives",
    "in_words": "whole grades, read from words: the first token said no grade, so no mean could be made",
}
"""What the reader of scores must know, in words."""


@dataclass(slots=True)
class _Books:
    """What has been learnt so far."""

    size: int
    events: list[Event] = field(default_factory=list)
    scores: dict[int, float | None] = field(default_factory=dict)
    kinds: Counter[ScoreKind] = field(default_factory=Counter)
    degraded: set[int] = field(default_factory=set)
    spans: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    rounds: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    answered: bool = False
    logged: int = 0

    def enter(self, job: Job, asked: Sequence[Asked], *, seconds: float) -> list[Verdict]:
        """Book one finished round.

        Raises:
            CallError: Nothing was ever answered: an unjudged list is not a ranking.
        """
        for one in asked:
            self.events.extend(one.events)
            self.facts.update(one.facts)
            verdict = one.verdict
            if verdict.degraded:
                self.degraded.update(verdict.slate)
                continue
            self.answered = True
            self.degraded.update(one.unread)
            self.spans.update(one.spans)
            if verdict.scores is not None:
                self.kinds[one.kind] += 1
                self.scores.update(zip(verdict.slate, verdict.scores, strict=True))
        failures = [one.error for one in asked if one.error is not None]
        if failures and not self.answered:
            raise failures[0]
        pairs = sum(one.pairs[0] for one in asked)
        if pairs:
            self.events.append(
                Scored(
                    stage=job.stage,
                    round=self.rounds,
                    model=job.client.identity.model,
                    pairs=pairs,
                    cached=sum(one.pairs[1] for one in asked),
                    seconds=seconds,
                )
            )
        self.events.append(RoundDone(stage=job.stage, round=self.rounds, slates=len(asked), seconds=seconds))
        return [one.verdict for one in asked]

    def log(self) -> None:
        """Log what was booked since the last time."""
        logs.log_events(self.events[self.logged :])
        self.logged = len(self.events)

    def warn(self, job: Job, message: str) -> None:
        self.events.append(Warned(stage=job.stage, message=message))

    def close(self, job: Job, order: Sequence[int]) -> Outcome:
        """End the books: warn of what the reader of the scores must know."""
        outcome = self.so_far(order)
        scores, kind = outcome.scores, outcome.kind
        if len(self.kinds) > 1 and not isinstance(order, ScoredOrder):
            mixed = ", ".join(f"{count} {name}" for name, count in sorted(self.kinds.items()))
            self.warn(job, f"scores of different kinds are mixed ({mixed}) and cannot be compared")
        for fact, count in sorted(self.facts.items()):
            self.warn(job, f"{count} of {self.size} scores are {_FACTS[fact]}")
        read = [score for score in scores if score is not None]
        tied = sum(count for count in Counter(read).values() if count > 1)
        if kind in ("grade", "probability") and tied * 2 > len(read):
            self.warn(
                job,
                f"{tied} of {len(read)} documents share their score; ties keep the earlier order",
            )
        self.log()
        return replace(outcome, events=tuple(self.events))

    def so_far(self, order: Sequence[int]) -> Outcome:
        """What is known now, for this order."""
        scores = tuple(self.scores.get(position) for position in range(self.size))
        deviations: tuple[float | None, ...] = (None,) * self.size
        kind: ScoreKind = self.kinds.most_common(1)[0][0] if self.kinds else "none"
        if isinstance(order, ScoredOrder):
            scores, deviations, kind = order.scores, order.deviations, "utility"
        return Outcome(
            order=tuple(order),
            scores=scores,
            deviations=deviations,
            kind=kind,
            degraded=frozenset(self.degraded),
            spans=dict(self.spans),
            events=tuple(self.events),
        )


async def judge_pool(job: Job) -> Outcome:
    """Put a pool in order.

    Raises:
        CallError: A failure that no other call could mend, or nothing was answered at all.
        AnswerError: A slate failed and `on_error` is `raise`.
        ConfigError: A limit on cost without a price, or a prompt of the whole pool that is longer than its
            model can read.
    """
    books = _Books(size=job.pool.size)
    for caution in job.algorithm.cautions(job.pool):
        books.warn(job, caution)
    plan = job.algorithm.plan(job.pool)
    order: Sequence[int] = range(job.pool.size)
    try:
        step = advance(plan)
        while not isinstance(step, Done):
            order = step.asked.order
            verdicts, stopped = await _judge_round(job, books, step.asked)
            books.log()
            if verdicts is not None:
                step = advance(plan, verdicts)
                order = step.result if isinstance(step, Done) else step.asked.order
                if job.provisional is not None:
                    job.provisional(books.so_far(order))
            if stopped is not None:
                books.events.append(Exhausted(stage=job.stage, limit=stopped[0], reason=stopped[1]))
                break
    finally:
        books.log()
        plan.close()
    return books.close(job, order)


async def _judge_round(
    job: Job, books: _Books, judged: Round
) -> tuple[list[Verdict] | None, tuple[str, str] | None]:
    """Judge the slates of a round at once: verdicts (None: not sent), and the limit that was reached."""
    books.rounds += 1
    carriage = Carriage(stage=job.stage, round=books.rounds, client=job.client, ledger=job.ledger)
    askings = [
        Asking(
            judge=job.judge,
            question=job.question,
            documents=job.documents,
            slate=slate,
            on_error=job.on_error,
            witness=logs.witness(job.witness),
        )
        for slate in judged.slates
    ]
    whole = next((asking for asking in askings if len(asking.slate) == job.pool.size), None)
    if whole is not None and job.context is not None:
        await carriage.check_room(whole.first, documents=job.pool.size, context=job.context)
    try:
        carriage.admit([call for asking in askings for call in asking.first])
    except BudgetExceeded as refusal:
        return None, (str(refusal.args[0]), str(refusal.args[1]))
    begun = time.perf_counter()
    ended_slates = 0

    async def ask(asking: Asking) -> Asked:
        nonlocal ended_slates
        asked = await asking.ask(carriage)
        ended_slates += 1
        if job.progress is not None:
            job.progress(
                Progress(stage=job.stage, round=books.rounds, done=ended_slates, slates=len(askings))
            )
        return asked

    tasks = [asyncio.ensure_future(ask(asking)) for asking in askings]
    try:
        finished, late = await asyncio.wait(
            tasks, timeout=job.ledger.seconds_left, return_when=asyncio.FIRST_EXCEPTION
        )
        for task in finished:
            task.result()  # raises what a slate raised; the others are ended below
    finally:
        await ended(tasks)
        carriage.release()
    deadline = f"the deadline of {job.ledger.limits.seconds} s passed"
    asked = [
        asking.abandoned(carriage, "seconds", deadline) if task in late else task.result()
        for asking, task in zip(askings, tasks, strict=True)
    ]
    verdicts = books.enter(job, asked, seconds=time.perf_counter() - begun)
    return verdicts, next((one.stopped for one in asked if one.stopped is not None), None)
