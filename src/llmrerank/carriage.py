"""How the calls of one round are carried: admitted whole, sent once, paid for, and ended cleanly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from .calls import Call, ChatCall, ListCall, PairCall, Reply
from .clients.client import Client
from .errors import BudgetExceeded, CallError, ConfigError
from .limits import FURTHER, Ledger
from .tokens import expected
from .types import Usage

__all__ = ["Carriage", "ended", "together"]

_Result = TypeVar("_Result")
_SHORT = 16_000  # characters, which any model reads that can rank


@dataclass(slots=True, kw_only=True)
class Carriage:
    """What the slates of one round share: the client, the wallet, and the calls already under way.

    A call that two slates of a round make is sent once; the second waits for the first one's reply.
    """

    stage: str
    round: int
    client: Client
    ledger: Ledger
    reserved: dict[str, Usage] = field(default_factory=dict)
    under_way: dict[str, asyncio.Future[Reply]] = field(default_factory=dict)
    granted: Counter[str] = field(default_factory=Counter)

    def _expected(self, call: Call) -> Usage:
        """Tokens to reserve; counted only where a limit asks for them."""
        limits = self.ledger.limits
        if limits.tokens is None and limits.cost is None:
            return Usage()
        return expected(call)

    def admit(self, calls: Sequence[Call]) -> None:
        """Reserve all of these calls, or none; those in the cache and those of local models are free.

        Raises:
            BudgetExceeded: They do not fit; `args` are the limit and the sentence.
        """
        if self.client.identity.local:
            return
        fresh = {
            call.key: call
            for call in calls
            if not isinstance(call, PairCall)
            and call.key not in self.reserved
            and call.key not in self.under_way
            and not self.client.knows(call)
        }
        each = {key: self._expected(call) for key, call in fresh.items()}
        usage = sum(each.values(), Usage())
        refusal = self.ledger.refuse(calls=len(fresh), expected=usage, model=self.client.identity.model)
        if refusal is not None:
            raise BudgetExceeded(*refusal)
        self.ledger.reserve(calls=len(fresh), expected=usage, model=self.client.identity.model)
        self.reserved.update(each)

    async def check_room(
        self, calls: Sequence[Call], *, documents: int, context: Callable[[], Awaitable[int | None]]
    ) -> None:
        """Refuse a prompt of so many documents that is longer than its model can read, as far as is known.

        Raises:
            ConfigError: It does not fit.
        """
        for call in calls:
            if not isinstance(call, ChatCall) or sum(len(m.content) for m in call.messages) < _SHORT:
                continue
            if self.client.knows(call) or (most := await context()) is None:
                continue
            tokens = expected(call).total
            if tokens > most:
                raise ConfigError(
                    f"{self.stage}: {documents} documents in one prompt take about {tokens} tokens with the "
                    f"answer, and the model reads {most} at once; use a strategy with windows (adaptive, "
                    "listwise), rank fewer documents, or lower passage_tokens"
                )

    async def carry(self, call: Call) -> tuple[Reply, bool]:
        """Get the reply to an admitted call, and whether this was its first asker, who books it."""
        key = call.key
        shared = self.under_way.get(key)
        if shared is not None:
            return await asyncio.shield(shared), False
        shared = self.under_way[key] = asyncio.get_running_loop().create_future()
        asked = FURTHER.set(partial(self._further, call))
        try:
            reply = await self.client.send(call)
        except CallError as error:
            self._settle(call, None)
            shared.set_exception(error)
            shared.exception()  # looked at here, so that a future nobody shares does not complain
            raise
        except BaseException:
            self.reserved.pop(
                key, None
            )  # under way when it was cancelled: it may be billed, so it stays spent
            shared.cancel()
            raise
        finally:
            FURTHER.reset(asked)
        self._settle(call, None if reply.cached else reply.usage, answered=reply.answered - self.granted[key])
        shared.set_result(reply)
        return reply, True

    def _further(self, call: Call) -> bool:
        """Reserve one more request for a call whose answer was not enough; False where it is too much."""
        # The parts of a list were reserved with the whole.
        further = Usage() if isinstance(call, ListCall) else self._expected(call)
        model = self.client.identity.model
        if self.ledger.refuse(calls=1, expected=further, model=model) is not None:
            return False
        self.ledger.reserve(calls=1, expected=Usage(), model=model)
        self.granted[call.key] += 1
        return True

    def _settle(self, call: Call, paid: Usage | None, *, answered: int = 1) -> None:
        reserved = self.reserved.pop(call.key, None)
        if reserved is not None:
            self.ledger.settle(
                expected=reserved, actual=paid, model=self.client.identity.model, answered=answered
            )

    def release(self) -> None:
        """Give back what was reserved for calls that were never sent."""
        while self.reserved:
            _, reserved = self.reserved.popitem()
            self.ledger.settle(expected=reserved, actual=None, model=self.client.identity.model)


async def together(coroutines: Sequence[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """Run all at once; results in order. If one fails the others are cancelled and awaited."""
    if len(coroutines) == 1:
        return [await coroutines[0]]
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await ended(tasks)


async def ended(tasks: Sequence[asyncio.Task[_Result]]) -> None:
    """Cancel what still runs and wait until all of it has ended; results and errors are left in the tasks."""
    every = list(tasks)
    left = [task for task in every if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.gather(*left, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at, so that the second of two failures does not complain
    for task in every:
        if not task.cancelled():
            task.exception()  # one failure is raised; asyncio would report the others as forgotten
