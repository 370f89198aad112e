"""A measurement on its way: lists ranked by every arm, trial after trial, and what is known so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from llmrerank.carriage import ended
from llmrerank.carriers import SHARED
from llmrerank.errors import CallError
from llmrerank.purse import Purse
from llmrerank.trace import Exhausted, Trace

from .defences import Arm, Setup
from .outcomes import Outcome
from .plan import Plan, Work
from .rankings import Asker, Ranked

__all__ = ["Key", "Measurement"]

Key = tuple[str, str]
"""A strategy as typed, and the name of one of its arms."""

PATIENCE = 2
"""Trials of an arm that the provider may fail, with nothing answered, before the arm is given up."""


@dataclass(slots=True, kw_only=True)
class Measurement:
    """What is known so far; it can be read at any time, also after it was cut off.

    Attributes:
        plan: What is to be done.
        model, endpoint: Of the first strategy that chats, else of the first; empty until it runs.
        outcomes: Of finished trials, by arm.
        clean: nDCG@10 of the lists as they were found, by arm and query.
        books: What happened, by trial, arm and list, so that the order of replies does not matter.
        failures: Sentences of the provider's failures, by arm.
        finished: Trials that have an end for every arm.
        logprobs: Whether the endpoint gives log-probabilities; None: not known.
    """

    plan: Plan
    model: str = ""
    endpoint: str = ""
    outcomes: dict[Key, list[Outcome]] = field(default_factory=dict)
    clean: dict[Key, dict[str, float]] = field(default_factory=dict)
    books: dict[tuple[int, int, int], Trace] = field(default_factory=dict)
    failures: dict[Key, list[str]] = field(default_factory=dict)
    finished: int = 0
    logprobs: bool | None = None

    @property
    def trace(self) -> Trace:
        """Everything that happened, in the order of the plan."""
        return Trace.joined(self.books[place] for place in sorted(self.books))

    @property
    def stopped(self) -> str:
        """The limit on the whole that ended it, in words; empty where none did."""
        found = (one for trace in self.books.values() for one in trace.of(Exhausted))
        return next((one.reason for one in found if one.limit != "seconds"), "")

    async def run(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Do all of it, or as much as the limits allow.

        Trials come one after another; within one all arms rank their lists at once, as far as `parallel`
        allows.

        Args:
            progress: Told the trials that have an end, and how many there are; must be quick.

        Raises:
            CallError: The provider failed and nothing was answered.
            AnswerError: An answer says nothing and `on_error` is `raise`.
            ConfigError: A limit on cost without a price, an endpoint that cannot work.
        """
        settings = self.plan.settings
        asker = Asker(settings=settings, purse=Purse(settings.limits, settings.prices))
        arms = list(self.plan.arms())
        try:
            self._introduce(asker, arms)
            for number in range(len(self.plan.trials)):
                errors = await self._all(asker, arms, number)
                self._introduce(asker, arms)  # a model that nobody named is found out by the first call
                if self.stopped:
                    break
                self.finished = number + 1
                if progress is not None:
                    progress(self.finished, len(self.plan.trials))
                if errors and not any(self.clean.values()) and self.finished >= self._patience:
                    raise errors[0]
        finally:
            await asker.carriers.aclose()

    @property
    def _patience(self) -> int:
        return min(PATIENCE, len(self.plan.trials))

    def _introduce(self, asker: Asker, arms: Sequence[tuple[Setup, Arm]]) -> None:
        """Note who is asked, and what is known of them."""
        from llmrerank.clients.capabilities import capabilities

        chatting = [arm for _, arm in arms if arm.strategy.carrier in SHARED]
        first = (chatting or [arm for _, arm in arms])[0].strategy
        identity = asker.carriers.client(first, self.plan.settings).identity
        self.model, self.endpoint = identity.model, identity.endpoint
        known = capabilities(self.plan.settings.base_url, self.model)
        self.logprobs = known.logprobs if known is not None else self.logprobs

    async def _all(self, asker: Asker, arms: Sequence[tuple[Setup, Arm]], number: int) -> list[CallError]:
        """One trial of every arm; the provider's failures."""
        tasks = [
            asyncio.ensure_future(self._try(asker, (setup.strategy, arm.name), arm, number, place))
            for place, (setup, arm) in enumerate(arms)
        ]
        try:
            return [error for error in await asyncio.gather(*tasks) if error is not None]
        finally:
            await ended(tasks)

    async def _try(self, asker: Asker, key: Key, arm: Arm, number: int, place: int) -> CallError | None:
        """One trial of one arm; the provider's failure, which ends this trial of this arm alone."""
        failed = self.failures.setdefault(key, [])
        clean = self.clean.setdefault(key, {})
        if len(failed) >= self._patience and not clean:
            return None
        trial = self.plan.trials[number]
        work = [Work(target=trial.target, trial=trial, filler=filler) for filler in (False, True)]
        if trial.target.id not in clean:
            work.append(Work(target=trial.target, trial=None))
        tasks = [asyncio.ensure_future(self._rank(asker, arm, one)) for one in work]
        try:
            hostile, filler, *found = await asyncio.gather(*tasks)
        except CallError as error:
            failed.append(str(error))
            return error
        finally:
            await ended(tasks)
            for index, task in enumerate(tasks):
                if not task.cancelled() and task.exception() is None:
                    self.books[number, place, index] = task.result().trace
        if found and found[0].whole:
            clean[trial.target.id] = found[0].ndcg
        if hostile.whole and filler.whole:
            self.outcomes.setdefault(key, []).append(
                Outcome(
                    trial=number,
                    query=trial.target.id,
                    family=trial.attack.family,
                    place=trial.place,
                    hostile=hostile.rank,
                    filler=filler.rank,
                    ndcg=(hostile.ndcg, filler.ndcg),
                )
            )
        return None

    async def _rank(self, asker: Asker, arm: Arm, work: Work) -> Ranked:
        documents, instruction = self.plan.given(arm.strategy, work)
        return await asker.rank(arm.strategy, work.target, documents, instruction)
