"""One value for each event loop: connections, semaphores and tasks cannot be shared between loops."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["PerLoop"]

_Value = TypeVar("_Value")


class PerLoop(Generic[_Value]):
    """A value made once for each event loop. After a fork the child starts with none.

    Args:
        make: Makes the value for the running loop.
    """

    def __init__(self, make: Callable[[], _Value]) -> None:
        self._make = make
        self._process = os.getpid()
        self._held: WeakKeyDictionary[asyncio.AbstractEventLoop, _Value] = WeakKeyDictionary()

    def here(self) -> _Value:
        """The running loop's value, made now if there is none."""
        loop = asyncio.get_running_loop()
        held = self._ours()
        value = held.get(loop)
        if value is None:
            # A value often refers to its loop, which would keep both alive for ever.
            for other in [other for other in list(held) if other.is_closed()]:
                held.pop(other, None)
            value = held[loop] = self._make()
        return value

    def take(self) -> _Value | None:
        """Remove the running loop's value and return it; None where there is none."""
        return self._ours().pop(asyncio.get_running_loop(), None)

    def _ours(self) -> WeakKeyDictionary[asyncio.AbstractEventLoop, _Value]:
        # The parent still uses its sockets: the child forgets them without closing anything.
        if self._process != os.getpid():
            self._process = os.getpid()
            self._held = WeakKeyDictionary()
        return self._held
