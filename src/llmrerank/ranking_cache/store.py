"""The tiers joined: memory over the file over Redis. One store for each place, shared by the process."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from llmrerank.settings import Settings

from .kept import Kept, Tier
from .memory import Memory
from .ranking_file import RankingFile
from .redis_tier import RedisTier

__all__ = ["Store", "store_of"]


class Store:
    """Rankings by key.

    What is in memory is used only as long as the file still holds it, so that clearing, pruning or deleting
    the file, by whichever process, is obeyed at once.

    Args:
        settings: Where, how long and how much.
    """

    def __init__(self, settings: Settings) -> None:
        self._max_age = settings.cache_age
        self._memory = Memory(settings.cache_memory)
        self._file = None
        if settings.cache is not None:
            self._file = RankingFile(
                settings.cache, max_age=settings.cache_age, max_bytes=settings.cache_size
            )
        self._redis = None
        if settings.redis is not None:
            self._redis = RedisTier(settings.redis, max_age=settings.cache_age)
        self._said: set[str] = set()
        self._unsaid: list[str] = []

    def here(self, key: bytes, *, candidates: int) -> tuple[Kept, Tier] | None:
        """What this machine knows, and where it was found. Some microseconds from memory, more from the file.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        held = self._memory.get(key)
        if held is not None:
            if self._fresh(held.kept) and self._still_there(key, held.stamp):
                return held.kept, "memory"
            self._memory.drop(key)
        if self._file is None:
            return None
        stamp = self._file.stamp()
        text = self._file.get(key)
        kept = None if text is None else Kept.from_json(text, candidates=candidates)
        if text is None or kept is None:
            return None
        self._memory.put(key, kept, characters=len(text), stamp=stamp)
        return kept, "file"

    async def elsewhere(self, key: bytes, *, candidates: int, strategy: str) -> Kept | None:
        """What Redis knows; it is kept here as well."""
        if self._redis is None:
            return None
        text = await asyncio.to_thread(self._redis.get, key)
        kept = None if text is None else Kept.from_json(text, candidates=candidates)
        if text is None or kept is None or not self._fresh(kept):
            return None
        self._keep_here(key, kept, text.decode(), strategy=strategy)
        return kept

    async def keep(self, key: bytes, kept: Kept, *, strategy: str) -> None:
        """Keep a ranking in every tier; what cannot be kept is lost, and `troubles` says so.

        Raises:
            DataError: The file is no cache of ours, or damaged.
        """
        try:
            text = kept.to_json()
        except TypeError:
            return  # a score that is no number of Python's
        self._keep_here(key, kept, text, strategy=strategy)
        if self._redis is not None:
            await asyncio.to_thread(self._redis.put, key, text)

    def troubles(self) -> Iterator[str]:
        """Sentences that nobody has heard yet."""
        unsaid, self._unsaid = self._unsaid, []
        yield from unsaid
        if self._redis is not None and (sentence := self._redis.trouble()) is not None:
            yield sentence

    def close(self) -> None:
        """Let go of file and connections; the next use opens them again."""
        if self._file is not None:
            self._file.close()
        if self._redis is not None:
            self._redis.close()

    def _keep_here(self, key: bytes, kept: Kept, text: str, *, strategy: str) -> None:
        self._memory.put(key, kept, characters=len(text))
        if self._file is None:
            return
        failure = self._file.put(key, kept, text, strategy=strategy)
        if failure is None:
            self._said.clear()
        elif failure not in self._said:
            self._said.add(failure)
            self._unsaid.append(failure)

    def _fresh(self, kept: Kept) -> bool:
        return self._max_age is None or kept.moment >= time.time() - self._max_age

    def _still_there(self, key: bytes, stamp: object) -> bool:
        """Whether the file holds what memory does; it is opened only where it changed since it was asked."""
        if self._file is None:
            return True
        now = self._file.stamp()
        if stamp == now:
            return True
        if key not in self._file:
            return False
        held = self._memory.get(key)
        if held is not None:
            held.stamp = now
        return True


_stores: dict[tuple[object, ...], Store] = {}
_lock = threading.Lock()


def store_of(settings: Settings) -> Store | None:
    """The process's store for these settings; None where they keep nothing, or record or replay calls.

    Raises:
        ConfigError: The URL of the Redis is none.
        MissingExtra: There is a Redis, and the package redis is not installed.
    """
    if settings.record is not None or settings.replay is not None:
        return None  # a record holds every call, a replay takes each from its record
    if settings.cache is None and settings.redis is None:
        return None
    place = None if settings.cache is None else Path(os.path.abspath(settings.cache.expanduser()))
    key = (place, settings.redis, settings.cache_age, settings.cache_size, settings.cache_memory)
    with _lock:
        store = _stores.get(key)
        if store is None:
            store = _stores[key] = Store(replace(settings, cache=place))
        return store


def _forget() -> None:
    """A forked child starts anew: its parent's locks may be held for ever."""
    global _stores, _lock
    _stores, _lock = {}, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
