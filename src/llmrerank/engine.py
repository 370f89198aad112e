"""The engine: one asynchronous function that joins an algorithm to a judge and keeps the books.

Rounds run one after another, the slates of a round all at once. A round is admitted whole or not sent. When a
limit is reached the best order known so far is the result, and it is marked. Events are booked in the order
of the slates, not of the replies, so equal replies give equal books at any parallelism.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from . import logs
from .asking import Asked, Asking
from .books import Books, Outcome
from .carriage import Carriage, ended
from .clients.client import Client
from .errors import BudgetExceeded
from .judges import Judge, Question
from .limits import Ledger
from .rounds import Algorithm, Done, Pool, Round, Verdict, advance
from .settings import OnError
from .trace import Exhausted, Seen
from .types import Document

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


_AGAIN = 500_009
"""Added to the seed where an independent answer is wanted; no multiple of what asking once more adds."""


async def judge_pool(job: Job) -> Outcome:
    """Put a pool in order.

    Raises:
        CallError: A failure that no other call could mend, or nothing was answered at all.
        AnswerError: A slate failed and `on_error` is `raise`.
        ConfigError: A limit on cost without a price, or a prompt of the whole pool that is longer than its
            model can read.
    """
    books = Books(stage=job.stage, client=job.client, documents=job.documents)
    for caution in job.algorithm.cautions(job.pool):
        books.warn(caution)
    plan = job.algorithm.plan(job.pool)
    try:
        step = advance(plan)
        order: Sequence[int] = step.result if isinstance(step, Done) else step.asked.order
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
    return books.close(order)


async def _judge_round(
    job: Job, books: Books, judged: Round
) -> tuple[list[Verdict] | None, tuple[str, str] | None]:
    """Judge the slates of a round at once: verdicts (None: not sent), and the limit that was reached."""
    books.rounds += 1
    carriage = Carriage(stage=job.stage, round=books.rounds, client=job.client, ledger=job.ledger)
    question = job.question
    if judged.again:
        question = replace(question, seed=question.seed + _AGAIN)
    askings = [
        Asking(
            judge=job.judge,
            question=question,
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
    verdicts = books.enter(asked, again=judged.again, seconds=time.perf_counter() - begun)
    return verdicts, next((one.stopped for one in asked if one.stopped is not None), None)
