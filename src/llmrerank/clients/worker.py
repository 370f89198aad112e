"""One thread for each local model: takes the pairs that wait, scores them in batches, hands the scores back.

Any number of event loops in any number of threads may wait. The thread ends when nothing was asked for a
while and starts again when something is; a child made by fork starts its own.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple
from weakref import WeakSet

from llmrerank.calls import PairCall, Reply
from llmrerank.errors import ConfigError, PermanentError, RerankError

from .pairs import Scorer

__all__ = ["Worker"]

PORTION = 256
"""Pairs sorted together. More would gain little and make whoever asked first wait longer."""

IDLE_SECONDS = 10.0
JOIN_SECONDS = 10.0


class _Waiting(NamedTuple):
    call: PairCall
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Reply]


class Worker:
    """Scores pairs for whoever waits.

    Args:
        scorer: Called in the worker's own thread only. What it loads is loaded there.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._condition = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._running = False
        self._stopped = False
        self._thread: threading.Thread | None = None
        self.process = os.getpid()
        _workers.add(self)

    def submit(self, call: PairCall) -> asyncio.Future[Reply]:
        """Queue a pair; the future belongs to the running loop, and may be cancelled."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(call, loop, loop.create_future())
        with self._condition:
            if self._stopped:
                raise ConfigError("the process is ending; nothing can be scored any more")
            self._waiting.append(waiting)
            if not self._running:
                self._running = True
                self._thread = threading.Thread(target=self._run, name="llmrerank-model", daemon=True)
                self._thread.start()
            else:
                self._condition.notify()
        return waiting.future

    def stop(self) -> None:
        """End the thread after the batch under way: torch must not run while the interpreter goes down."""
        with self._condition:
            self._stopped = True
            self._condition.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._waiting and not self._stopped:
                    self._condition.wait(IDLE_SECONDS)
                if self._stopped or not self._waiting:
                    self._running = False
                    return
                taken = [self._waiting.popleft() for _ in range(min(PORTION, len(self._waiting)))]
            wanted = [waiting for waiting in taken if not waiting.future.cancelled()]
            if not wanted:
                continue
            try:
                self._score(wanted)
            except RerankError as error:
                _fail(wanted, error)
            except Exception as error:  # torch raises RuntimeError and more; whoever waits must hear of it
                failure = PermanentError(f"the local model failed: {type(error).__name__}: {error}")
                failure.__cause__ = error
                _fail(wanted, failure)
            # Nothing of a portion may live on while the thread waits for the next.
            del taken, wanted

    def _score(self, wanted: Sequence[_Waiting]) -> None:
        # Equal pairs are scored once, so that their scores are equal to the last bit.
        places: dict[tuple[str, str], list[int]] = {}
        for position, waiting in enumerate(wanted):
            places.setdefault((waiting.call.query, waiting.call.document), []).append(position)
        owners = list(places.values())
        self._scorer.load()
        begun = time.perf_counter()
        for scored in self._scorer.batches(list(places)):
            if self._stopped or all(waiting.future.cancelled() for waiting in wanted):
                return
            if not scored.positions:
                continue
            now = time.perf_counter()
            seconds = (now - begun) / len(scored.positions)
            begun = now
            _deliver(
                [
                    (wanted[owner], Reply(score=score, seconds=seconds, cut=cut))
                    for position, score, cut in zip(scored.positions, scored.scores, scored.cut, strict=True)
                    for owner in owners[position]
                ]
            )


def _deliver(replies: Sequence[tuple[_Waiting, Reply]]) -> None:
    _each_loop([(waiting, partial(_answer, waiting.future, reply)) for waiting, reply in replies])


def _fail(waiting: Sequence[_Waiting], error: RerankError) -> None:
    _each_loop([(one, partial(_refuse, one.future, error)) for one in waiting])


def _answer(future: asyncio.Future[Reply], reply: Reply) -> None:
    if not future.done():
        future.set_result(reply)


def _refuse(future: asyncio.Future[Reply], error: RerankError) -> None:
    if not future.done():
        future.set_exception(error)


def _each_loop(settled: Sequence[tuple[_Waiting, Callable[[], None]]]) -> None:
    """Wake each loop once, however many of its futures are settled."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
    for waiting, settle in settled:
        by_loop.setdefault(waiting.loop, []).append(settle)
    for loop, all_of_it in by_loop.items():
        # A closed loop has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, all_of_it)


def _settle(all_of_it: Sequence[Callable[[], None]]) -> None:
    for settle in all_of_it:
        settle()


_workers: WeakSet[Worker] = WeakSet()


@atexit.register
def _stop_all() -> None:
    for worker in list(_workers):
        worker.stop()


def _forget() -> None:
    """A forked child has none of its parent's threads, and its locks may be held by them for ever."""
    global _workers
    _workers = WeakSet()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
