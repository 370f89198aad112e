"""Identical calls under way at the same time are sent once, and all who asked get the one answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from llmrerank.calls import Call, Reply
from llmrerank.errors import CallError

from .client import Client, Identity
from .loops import PerLoop

__all__ = ["SingleFlight"]


_Key = tuple[str, str, str, str]
"""Who was asked and what, as in `cache.digest`, but not digested: it lives no longer than the call."""


@dataclass(eq=False, slots=True, kw_only=True)
class _Flight:
    """A call under way: its task, who sent it, and how many wait for it."""

    owner: SingleFlight
    key: _Key
    task: asyncio.Task[Reply]
    waiting: int = 0


# For the whole process, so that two rerankers that ask one model the same thing share an answer as well.
_flights: PerLoop[dict[_Key, _Flight]] = PerLoop(dict)


class SingleFlight:
    """A client that lets identical calls on one event loop share one reply.

    All but the first asker get it marked as cached: nothing was sent or paid for them. A call goes on as
    long as anybody waits for it; when the last one is cancelled, so is the call.
    """

    def __init__(self, inner: Client) -> None:
        self._inner = inner

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._inner.identity

    async def send(self, call: Call) -> Reply:
        """Carry the call, or wait for the same one that is under way.

        Raises:
            CallError: As the client within.
        """
        flights = _flights.here()
        identity = self._inner.identity
        key = (identity.endpoint, identity.model, identity.extra, call.key)
        while (flight := flights.get(key)) is not None:
            try:
                return replace(await self._wait(flight), cached=True, attempts=1)
            except CallError:
                if flight.owner is self:
                    raise
                # Another client's failure may be its own (its key, its time-out): this one tries for itself.
                _strike(flight)
        flight = _Flight(owner=self, key=key, task=asyncio.ensure_future(self._inner.send(call)))
        flights[key] = flight
        try:
            return await self._wait(flight)
        finally:
            if flight.task.done():
                _strike(flight)

    async def _wait(self, flight: _Flight) -> Reply:
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if flight.waiting == 1 and not flight.task.done():
                _strike(flight)  # first, so that nobody joins a call that is about to end
                flight.task.cancel()
                await asyncio.wait([flight.task])
            raise
        finally:
            flight.waiting -= 1

    def knows(self, call: Call) -> bool:
        """Whether the client within would answer for free."""
        return self._inner.knows(call)

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._inner.aclose()


def _strike(flight: _Flight) -> None:
    """Take a call out of the list of those under way."""
    flights = _flights.here()
    if flights.get(flight.key) is flight:
        del flights[flight.key]
