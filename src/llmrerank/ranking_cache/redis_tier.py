"""The third tier: rankings in a Redis, for several machines. Without it all goes on; it is said once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from llmrerank.errors import MissingExtra
from llmrerank.redis_address import shown

__all__ = ["PREFIX", "RedisTier"]

PREFIX = "llmrerank:ranking:"
"""Stands before every key of ours."""
CONNECT_SECONDS, ANSWER_SECONDS = 0.5, 2.0
"""Patience for one that is not there, and for one that does not answer."""
AWAY_SECONDS = 30.0
"""How long one that failed is left alone."""

_Made = TypeVar("_Made")


class RedisTier:
    """Texts by key. Every method may wait for the network, so it belongs into a thread; any may call.

    A failure of any kind (away, too slow, full, a wrong password) makes it do nothing for half a minute. What
    is kept is readable by whoever may read the Redis: positions, scores and books, no texts of documents.

    Args:
        url: `redis://`, `rediss://` or `unix://`; may hold a password, which is never shown.
        max_age: Seconds after which Redis forgets an entry; None: it decides by itself.

    Raises:
        ConfigError: The URL is none.
        MissingExtra: The package redis is not installed.
    """

    def __init__(self, url: str, *, max_age: float | None = None) -> None:
        self.shown = shown(url)
        try:
            import redis
        except ImportError:
            raise MissingExtra(f"rankings in {self.shown}", "redis") from None
        self._url = url
        self._max_age = max_age
        # The last two for parameters in the URL that mean nothing to it.
        self._failures: tuple[type[Exception], ...] = (redis.RedisError, OSError, TypeError, ValueError)
        self._client: Any = None
        self._process = os.getpid()
        self._away_until = 0.0
        self._said = False
        self._unsaid: str | None = None

    def get(self, key: bytes) -> bytes | None:
        """The text kept under a key; None without one, and where Redis is away."""
        found: bytes | None = self._try(lambda client: client.get(_name(key)), None)
        return found

    def put(self, key: bytes, text: str) -> None:
        """Keep a text."""
        seconds = None if self._max_age is None else max(1, int(self._max_age))
        self._try(lambda client: client.set(_name(key), text, ex=seconds), None)

    def count(self) -> int | None:
        """How many rankings it holds; None where it is away. Looks at all of its keys."""
        return self._try(
            lambda client: sum(1 for _ in client.scan_iter(match=f"{PREFIX}*", count=1000)), None
        )

    def clear(self) -> int | None:
        """Delete every ranking, and nothing that is not ours; how many, or None where it is away."""

        def delete(client: Any) -> int:
            return sum(int(client.delete(name)) for name in client.scan_iter(match=f"{PREFIX}*", count=1000))

        return self._try(delete, None)

    def trouble(self) -> str | None:
        """A sentence, once for each time that it goes away; else None."""
        sentence, self._unsaid = self._unsaid, None
        return sentence

    def close(self) -> None:
        """Let go of connections that nobody uses now; the next use opens new ones."""
        if self._client is not None and self._process == os.getpid():
            self._client.connection_pool.disconnect(inuse_connections=False)

    def _try(self, work: Callable[[Any], _Made], otherwise: _Made) -> _Made:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            made = work(self._open())
        except self._failures as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            if not self._said:
                why = type(error).__name__
                self._unsaid = f"the Redis at {self.shown} cannot be used ({why}); going on without it"
                self._said = True
            return otherwise
        self._said = False
        return made

    def _open(self) -> Any:
        if self._client is None or self._process != os.getpid():
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry

            self._process = os.getpid()
            self._client = redis.Redis.from_url(
                self._url,
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        return self._client


def _name(key: bytes) -> str:
    return PREFIX + key.hex()
