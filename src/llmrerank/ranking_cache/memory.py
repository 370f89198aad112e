"""The first tier: rankings in this process, as many as fit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from .kept import Kept

__all__ = ["Held", "Memory"]

WEIGHT = 4
"""Bytes in memory for each character of JSON, about: small tuples and numbers are larger than their text."""


@dataclass(slots=True, kw_only=True)
class Held:
    """A ranking in memory.

    Attributes:
        kept: The ranking.
        size: Bytes, about.
        stamp: How the file looked when it was last seen to hold this ranking; None: it was not looked at.
    """

    kept: Kept
    size: int
    stamp: Hashable = None


class Memory:
    """Rankings by key; those used longest ago go first. Any thread may use it.

    Args:
        most: Bytes, about; 0: nothing is held.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[bytes, Held] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: bytes) -> Held | None:
        """What is held under a key, which counts as a use of it."""
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
            return held

    def put(self, key: bytes, kept: Kept, *, characters: int, stamp: Hashable = None) -> None:
        """Hold a ranking whose JSON has so many characters; one that is too large for all the room is not."""
        held = Held(kept=kept, size=characters * WEIGHT, stamp=stamp)
        with self._lock:
            self._drop(key)
            if held.size > self._most:
                return
            self._held[key] = held
            self.size += held.size
            while self.size > self._most:
                self._drop(next(iter(self._held)))

    def drop(self, key: bytes) -> None:
        """Hold it no more."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self.size -= held.size
