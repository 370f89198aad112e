"""The one owner of retries: of transient errors only, bounded in number and in time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from llmrerank.calls import Reply
from llmrerank.errors import TransientError

from .request import Request, Transport

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["Patience", "Retrying"]

_Result = TypeVar("_Result")
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0  # seconds


@dataclass(slots=True, kw_only=True)
class Patience:
    """What one call may still cost, over all requests it takes.

    Attributes:
        retries: Times a failed request may still be sent again.
        deadline: Time of the clock after which nothing is sent again.
        sent: Requests sent so far.
        failures: Failures that were waited out so far.
    """

    retries: int
    deadline: float
    sent: int = 0
    failures: int = 0


class Retrying:
    """Sends requests again after transient errors.

    The wait doubles from half a second to 20 seconds, less up to half of it at random; a wait that the
    endpoint asks for is kept to the letter. No request is sent again once `seconds` have passed since the
    call began; an endpoint that asks for a longer wait fails the call at once.

    Args:
        inner: Sends a request once.
        retries: Times a failed request is sent again, 0 or more.
        seconds: Time in which a call may be sent again.
        seed: Of the random part of the waits.
        sleep: Waits; tests give one that does not.
        clock: Tells the time in seconds.
    """

    def __init__(
        self,
        inner: Transport,
        *,
        retries: int = 4,
        seconds: float = 300.0,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._retries = retries
        self._seconds = seconds
        self._random = random.Random(seed)
        self._sleep = sleep
        self._clock = clock

    def patience(self) -> Patience:
        """The patience a new call starts with."""
        return Patience(retries=self._retries, deadline=self._clock() + self._seconds)

    async def send(self, request: Request, patience: Patience) -> Reply:
        """Send a request, again if need be; `patience` is used up on the way.

        Raises:
            CallError: It failed for good; `TransientError` where patience ran out.
        """
        return await self.persist(lambda: self._inner.send(request), patience)

    async def models(self) -> tuple[str, ...]:
        """Names of the models that the endpoint serves.

        Raises:
            CallError: As `send`.
        """
        return await self.persist(self._inner.models, self.patience())

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._inner.aclose()

    async def persist(self, attempt: Callable[[], Awaitable[_Result]], patience: Patience) -> _Result:
        """Do something until it succeeds, fails for good, or patience runs out.

        Raises:
            CallError: As `send`.
        """
        patience.sent += 1
        try:
            return await attempt()
        except TransientError as error:
            first = error
        return await self._again(attempt, patience, first)

    async def _again(
        self, attempt: Callable[[], Awaitable[_Result]], patience: Patience, first: TransientError
    ) -> _Result:
        """Go on after a first failure; what it takes is not set up for calls that have none."""
        from tenacity import AsyncRetrying, retry_if_exception_type

        failed = [first]

        async def once() -> _Result:
            if failed:
                raise failed.pop()
            patience.sent += 1
            return await attempt()

        def wait(state: RetryCallState) -> float:
            return self._wait(_failure(state), patience)

        def stop(state: RetryCallState) -> bool:
            return patience.retries <= 0 or self._clock() + state.upcoming_sleep > patience.deadline

        def account(_: RetryCallState) -> None:
            patience.retries -= 1
            patience.failures += 1

        def give_up(state: RetryCallState) -> _Result:
            raise self._last(_failure(state), patience, state.upcoming_sleep)

        retrying = AsyncRetrying(
            sleep=self._sleep,
            retry=retry_if_exception_type(TransientError),
            wait=wait,
            stop=stop,
            before_sleep=account,
            retry_error_callback=give_up,
        )
        result: _Result = await retrying(once)
        return result

    def _wait(self, error: TransientError, patience: Patience) -> float:
        if error.retry_after:
            return float(error.retry_after)
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**patience.failures)
        return longest * (1.0 - 0.5 * self._random.random())

    def _last(self, error: TransientError, patience: Patience, wait: float) -> TransientError:
        left = max(0.0, patience.deadline - self._clock())
        sentence = str(error)
        if patience.retries > 0 and error.retry_after:
            sentence += f"; it asks to wait {wait:g} s and {left:.0f} s are left for this call"
        elif patience.retries > 0:
            sentence += f"; given up after {self._seconds:g} s and {patience.sent} attempts"
        elif patience.sent > 1:
            sentence += f" (tried {patience.sent} times)"
        return TransientError(sentence, call=error.call, status=error.status, retry_after=error.retry_after)


def _failure(state: RetryCallState) -> TransientError:
    outcome = state.outcome
    error = outcome.exception() if outcome is not None else None
    if not isinstance(error, TransientError):
        raise TypeError(f"only transient errors are waited out, not {error!r}")
    return error
