"""Many queries, interleaved under the limits of one door: results as rows, errors as rows too."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass
from typing import Any, TypeVar

from . import portal
from .errors import ConfigError, DataError, RerankError
from .ranking import Ranking

__all__ = ["Row", "Rows", "drained", "many", "streamed"]

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

Rows = Iterable[_Item] | AsyncIterable[_Item]

READ_AT_ONCE, PATIENCE = 16, 0.002
"""Most rows that one visit to the reading thread brings, and after how many seconds it brings what it has."""
AHEAD = 2
"""Rows begun or waiting to be handed out, as a multiple of those under way: a slow head delays nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one of many queries.

    Attributes:
        index: Its place in the input, from 0.
        ranking: The result, or None where it failed.
        error: Why it failed, or None.
    """

    index: int
    ranking: Ranking | None = None
    error: RerankError | None = None


async def many(
    rows: Rows[_Item],
    work: Callable[[_Item], Awaitable[Ranking]],
    *,
    at_once: int,
    ordered: bool = True,
) -> AsyncGenerator[Row, None]:
    """Work on rows, some at once, and hand out what becomes of each.

    Rows are read as they are needed, in a thread where reading may wait, and no more than a few times
    `at_once` of them are held: memory does not grow with their number. Closing the generator ends what is
    under way.

    Args:
        rows: What to work on; read once.
        work: Makes one ranking.
        at_once: Rows under way at once, 1 or more.
        ordered: Hand out in the order of the input; else as they are done.

    Raises:
        ConfigError: What is the caller's to mend and no row's alone.
    """
    if at_once < 1:
        raise ConfigError(f"at_once must be 1 or more, got {at_once}")
    free = asyncio.Semaphore(at_once)

    async def one(index: int, item: _Item) -> Row:
        async with free:
            try:
                return Row(index=index, ranking=await work(item))
            except DataError as error:
                return Row(index=index, error=error)
            except ConfigError:
                raise
            except RerankError as error:
                return Row(index=index, error=error)

    source = _read(rows)
    held: deque[asyncio.Task[Row]] = deque()
    index, more = 0, True
    try:
        while more or held:
            while more and len(held) < AHEAD * at_once:
                try:
                    item = await anext(source)
                except StopAsyncIteration:
                    more = False
                    break
                held.append(asyncio.ensure_future(one(index, item)))
                index += 1
                # Its first calls go out while the next row is made ready, not after all have been.
                await asyncio.sleep(0)
            if not held:
                break
            if ordered:
                await asyncio.wait([held[0]])
                yield held.popleft().result()
                continue
            done, _ = await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED)
            held = deque(task for task in held if task not in done)
            for task in sorted(done, key=lambda task: task.result().index):
                yield task.result()
    finally:
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        if isinstance(source, AsyncGenerator):
            await source.aclose()


async def _read(rows: Rows[_Item]) -> AsyncIterator[_Item]:
    """The rows one by one; an iterator may wait or work, so a thread asks it."""
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    elif isinstance(rows, Sequence):
        for row in rows:
            yield row
    else:
        iterator = iter(rows)
        while found := await asyncio.to_thread(_some, iterator):
            for row in found:
                yield row


def _some(iterator: Iterator[_Item]) -> list[_Item]:
    """The next rows that come at once: a slow reader's row is not kept waiting for its successors."""
    found: list[_Item] = []
    until = time.monotonic() + PATIENCE
    for row in iterator:
        found.append(row)
        if len(found) == READ_AT_ONCE or time.monotonic() > until:
            break
    return found


async def streamed(
    work: Callable[[Callable[[Ranking], None]], Awaitable[Ranking]],
) -> AsyncGenerator[Ranking, None]:
    """The rankings that work tells of on its way, its result last; closing the generator ends the work."""
    told: asyncio.Queue[Ranking | None] = asyncio.Queue()
    task = asyncio.ensure_future(work(told.put_nowait))
    task.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (ranking := await told.get()) is not None:
            yield ranking
        yield await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def drained(make: Callable[[], AsyncGenerator[_Made, None]]) -> Iterator[_Made]:
    """Iterate over an asynchronous generator from synchronous code, item by item, on the portal's loop."""
    generator = make()
    end: Any = object()

    async def following() -> Any:
        return await anext(generator, end)

    try:
        while (found := portal.run(following)) is not end:
            yield found
    finally:
        portal.run(generator.aclose)
