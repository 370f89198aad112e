"""Answers kept in a file: what was asked before is not sent again."""

from __future__ import annotations

from dataclasses import replace

from llmrerank.cache import Cache, digest
from llmrerank.calls import Call, Reply

from .client import Client, Identity

__all__ = ["Cached", "Keeping"]


class Keeping:
    """A client that writes every reply down before it hands it over; errors are never kept.

    It stands inside the limit on calls at once, so no more answers can be lost with the process than calls
    may be under way. Writing runs on the event loop: it takes some tens of microseconds, less than handing it
    to a thread would.
    """

    def __init__(self, inner: Client, cache: Cache) -> None:
        self._inner = inner
        self._cache = cache

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._inner.identity

    async def send(self, call: Call) -> Reply:
        """Carry the call and keep its reply.

        A reply that cannot be kept (disk full, file locked) is still returned, with a note.

        Raises:
            CallError: As the client within.
            DataError: The file is no cache of ours.
        """
        reply = await self._inner.send(call)
        if reply.cached:
            return reply
        identity = self._inner.identity
        failure = self._cache.put(
            digest(identity, call),
            reply.to_dict(),
            model=identity.model,
            endpoint=identity.endpoint,
            usage=reply.usage,
        )
        return reply if failure is None else replace(reply, notes=(*reply.notes, failure))

    def knows(self, call: Call) -> bool:
        """Whether the client within would answer for free."""
        return self._inner.knows(call)

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._inner.aclose()


class Cached:
    """A client that looks into a cache before it asks.

    Args:
        inner: Who is asked otherwise, and keeps what it answers: `Keeping` is somewhere in it.
        cache: Where is looked.
    """

    def __init__(self, inner: Client, cache: Cache) -> None:
        self._inner = inner
        self.cache = cache

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._inner.identity

    async def send(self, call: Call) -> Reply:
        """Answer from the cache, else ask.

        Raises:
            CallError: As the client within.
            DataError: The file is no cache of ours.
        """
        kept = self.cache.get(digest(self._inner.identity, call))
        if kept is not None:
            try:
                return replace(Reply.from_dict(kept), cached=True, seconds=0.0)
            except (KeyError, TypeError, ValueError, IndexError):
                pass  # written by another version: asked again, and overwritten
        return await self._inner.send(call)

    def knows(self, call: Call) -> bool:
        """Whether the cache holds the answer."""
        return digest(self._inner.identity, call) in self.cache or self._inner.knows(call)

    async def aclose(self) -> None:
        """Release the connections of the running event loop; the file is opened again when it is needed."""
        self.cache.close()
        await self._inner.aclose()
