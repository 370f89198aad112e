"""At most so many calls under way at once; the others wait, and no time-out runs for them meanwhile."""

from __future__ import annotations

import asyncio

from llmrerank.calls import Call, Reply

from .client import Client, Identity
from .loops import PerLoop

__all__ = ["Limited"]


class Limited:
    """A client that carries at most `parallel` calls at once, on each event loop."""

    def __init__(self, inner: Client, *, parallel: int) -> None:
        self._inner = inner
        self._places: PerLoop[asyncio.Semaphore] = PerLoop(lambda: asyncio.Semaphore(parallel))

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._inner.identity

    async def send(self, call: Call) -> Reply:
        """Wait for a place, then carry the call.

        Raises:
            CallError: As the client within.
        """
        async with self._places.here():
            return await self._inner.send(call)

    def knows(self, call: Call) -> bool:
        """Whether the client within would answer for free."""
        return self._inner.knows(call)

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        self._places.take()
        await self._inner.aclose()
