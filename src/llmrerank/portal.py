"""The sync door: one background event loop, on which synchronous methods run the asynchronous engine.

So they work in scripts, in notebooks and inside running servers alike. The loop starts with the first call
and ends with the process; after a fork the child starts its own and leaves its parent's alone.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import threading
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from .errors import ConfigError

__all__ = ["door", "run"]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_CLEAN_UP_SECONDS = 5.0


class _Background:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, name="llmrerank-portal", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()

    def end(self) -> None:
        if self.process == os.getpid() and self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(_CLEAN_UP_SECONDS)


_lock = threading.Lock()
_background: _Background | None = None
_inherited: list[_Background] = []


def run(
    function: Callable[_Arguments, Awaitable[_Result]],
    *args: _Arguments.args,
    **kwargs: _Arguments.kwargs,
) -> _Result:
    """Call an asynchronous function on the background loop and wait for its result.

    An interrupt (Ctrl-C) cancels the task, waits until it has cleaned up, and is raised again.

    Raises:
        ConfigError: Called from the background loop itself, where waiting would never end.
    """
    background = _open()
    if threading.current_thread() is background.thread:
        raise ConfigError(
            "a synchronous method was called on the loop that would run it; await the async one"
        )
    finished = threading.Event()

    async def task() -> _Result:
        try:
            return await function(*args, **kwargs)
        finally:
            finished.set()

    future = asyncio.run_coroutine_threadsafe(task(), background.loop)
    try:
        return future.result()
    except BaseException:
        if future.cancel() or future.cancelled():
            finished.wait(_CLEAN_UP_SECONDS)
        raise


def door(function: Callable[_Arguments, Awaitable[_Result]], *, name: str) -> Callable[_Arguments, _Result]:
    """The synchronous form of an asynchronous function: the same arguments, run on the background loop.

    Args:
        function: What it runs.
        name: What it is called.
    """

    @functools.wraps(function)
    def synchronous(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        return run(function, *args, **kwargs)

    synchronous.__name__ = synchronous.__qualname__ = name
    del synchronous.__wrapped__  # it would look like a coroutine function
    return synchronous


def _open() -> _Background:
    global _background
    with _lock:
        if _background is None:
            _background = _Background()
            atexit.register(_background.end)
        return _background


def _forget() -> None:
    """Start anew in a forked child: its parent's thread is not there, and its lock may be held for ever."""
    global _background, _lock
    _lock = threading.Lock()
    if _background is not None:
        _inherited.append(_background)  # kept, since closing it would close what the parent still uses
        _background = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
