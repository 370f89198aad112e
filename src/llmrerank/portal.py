"""The sync door: one background event loop, on which synchronous methods run the asynchronous engine.

So they work in scripts, in notebooks and inside running servers alike. The loop starts with the first call
and ends with the process; after a fork the child starts its own.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .errors import ConfigError

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

__all__ = ["run"]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_CLEAN_UP_SECONDS = 5.0

_lock = threading.Lock()
_stack: ExitStack | None = None
_portal: BlockingPortal | None = None
_thread: int | None = None
_process: int | None = None


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
    portal = _open()
    if threading.get_ident() == _thread:
        raise ConfigError(
            "a synchronous method was called on the loop that would run it; await the async one"
        )
    finished = threading.Event()

    async def task() -> _Result:
        try:
            return await function(*args, **kwargs)
        finally:
            finished.set()

    future = portal.start_task_soon(task)
    try:
        return future.result()
    except BaseException:
        if future.cancel() or future.cancelled():
            finished.wait(_CLEAN_UP_SECONDS)
        raise


def _open() -> BlockingPortal:
    global _stack, _portal, _thread, _process
    with _lock:
        if _portal is None or _process != os.getpid():
            from anyio.from_thread import start_blocking_portal

            _stack = ExitStack()
            _portal = _stack.enter_context(start_blocking_portal("asyncio"))
            _thread = _portal.call(_ident)
            _process = os.getpid()
            atexit.register(_close, _process)
        return _portal


async def _ident() -> int:
    return threading.get_ident()


def _close(process: int) -> None:
    global _stack, _portal
    if process == os.getpid() and _stack is not None:
        _stack.close()
        _stack = _portal = None
