"""Rank once: what was ranked before is looked up whole, and what is being ranked is waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cached_property

from llmrerank.carriers import Carriers
from llmrerank.clients.loops import PerLoop
from llmrerank.errors import RerankError
from llmrerank.limits import Ledger
from llmrerank.logs import log_events, witness
from llmrerank.ranking import Ranking
from llmrerank.settings import Settings
from llmrerank.stages import Course, Watch
from llmrerank.trace import Recalled, Trace, Warned

from .candidates import Candidates
from .kept import Kept, Tier, is_whole
from .key import Keys
from .store import Store, store_of

__all__ = ["Recall", "Request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One ranking that is wanted.

    Attributes:
        query: What is asked.
        candidates: What it starts from.
        given: They are documents as given, which the first stage of the course, if any, ranks.
        settings: How calls are made, and where rankings are kept.
        ledger: What may be spent; nothing is where it is looked up.
        top: As `Course.rerank`.
        whole: As `Course.rerank`.
        watch: Who is told meanwhile. A witness is owed every call: then nothing is looked up whole.
        work: Makes the ranking.
    """

    query: str
    candidates: Candidates
    given: bool
    settings: Settings
    ledger: Ledger
    top: int | None
    whole: bool
    watch: Watch | None
    work: Callable[[], Awaitable[Ranking]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Landed:
    """What a flight brought: the ranking for its owner, and what others may use of it, if anything."""

    ranking: Ranking
    kept: Kept | None


@dataclass(eq=False, slots=True, kw_only=True)
class _Flight:
    """A ranking under way, and how many wait for it."""

    task: asyncio.Task[_Landed]
    waiting: int = 0


# For the whole process, so that two doors that are asked the same thing share the work.
_flights: PerLoop[dict[tuple[int, bytes], _Flight]] = PerLoop(dict)


class Recall:
    """The ranking cache of one door.

    Args:
        course: What ranks.
        carriers: Its clients.
    """

    def __init__(self, course: Course, carriers: Carriers) -> None:
        self._course = course
        self._carriers = carriers
        self._stores: set[Store] = set()

    def close(self) -> None:
        """Let go of what was opened for look-ups; the next one opens it again."""
        for store in self._stores:
            store.close()

    @cached_property
    def _keys(self) -> Keys:
        return Keys(self._course, self._carriers)

    def covers_first(self, settings: Settings) -> bool:
        """Whether a first stage that ranks documents as given need not be asked before a look-up."""
        return store_of(settings) is None or self._keys.covers_first

    async def ranking(self, request: Request) -> Ranking:
        """Look the ranking up, else wait for the same one under way, else make it and keep it.

        Raises:
            DataError: The file is no cache of ours, or damaged.
            RerankError: As the work.
        """
        store = store_of(request.settings)
        if store is None or not (request.given or self._course.steps):
            return await request.work()
        self._stores.add(store)
        begun = time.perf_counter()
        key = self._key(request)
        watched = request.watch is not None and request.watch.witness is not None
        if key is None or witness(None) is not None or watched:
            made = await request.work()
            await self._kept(store, request, made)
            return _with_troubles(made, store)
        found = store.here(key, candidates=len(request.candidates.documents))
        if found is not None:
            return self._restored(request, *found, begun)
        ranking = await self._flown(store, key, request, begun)
        return _with_troubles(ranking, store)

    async def _flown(self, store: Store, key: bytes, request: Request, begun: float) -> Ranking:
        flights, name = _flights.here(), (id(store), key)
        flight = flights.get(name)
        if flight is not None:
            landed = await _joined(flight, request.ledger)
            if landed is not None and landed.kept is not None:
                return self._restored(request, landed.kept, "flight", begun)
            # It failed, or was cut short by limits that are not ours, or takes longer than we may.
            made = await request.work()
            await self._kept(store, request, made)
            return made
        flight = _Flight(task=asyncio.ensure_future(self._fly(store, key, request, begun)))
        flights[name] = flight
        flight.task.add_done_callback(lambda _: flights.pop(name, None))
        return (await _waited(flight)).ranking

    async def _fly(self, store: Store, key: bytes, request: Request, begun: float) -> _Landed:
        kept = await store.elsewhere(
            key, candidates=len(request.candidates.documents), strategy=str(self._course.spec)
        )
        if kept is not None:
            return _Landed(ranking=self._restored(request, kept, "redis", begun), kept=kept)
        made = await request.work()
        return _Landed(ranking=made, kept=await self._kept(store, request, made))

    async def _kept(self, store: Store, request: Request, made: Ranking) -> Kept | None:
        """Keep a ranking that is what it would always be; None where it is not."""
        if not is_whole(made.trace):
            return None
        kept = Kept.of(made, request.candidates)
        # Asked again: who answers may have been found out meanwhile.
        key = None if kept is None else self._key(request)
        if kept is None or key is None:
            return None
        await store.keep(key, kept, strategy=str(self._course.spec))
        return kept

    def _key(self, request: Request) -> bytes | None:
        return self._keys.of(
            request.query,
            request.candidates,
            request.settings,
            top=request.top,
            whole=request.whole,
            given=request.given,
        )

    def _restored(self, request: Request, kept: Kept, tier: Tier, begun: float) -> Ranking:
        ranking = kept.restored(
            request.candidates,
            query=request.query,
            strategy=str(self._course.spec),
            tier=tier,
            seconds=time.perf_counter() - begun,
            prices=request.ledger.prices,
        )
        log_events(ranking.trace.of(Recalled) + ranking.trace.of(Warned))
        return ranking


async def _waited(flight: _Flight, patience: float | None = None) -> _Landed:
    """What a flight brings. It goes on as long as anybody waits for it.

    Raises:
        TimeoutError: It takes longer than the patience, in seconds.
        RerankError: As the work.
    """
    flight.waiting += 1
    try:
        done, _ = await asyncio.wait([flight.task], timeout=patience)
        if not done:
            raise TimeoutError
        return flight.task.result()
    finally:
        flight.waiting -= 1
        if not flight.waiting and not flight.task.done():
            flight.task.cancel()
            await asyncio.wait([flight.task])
            if not flight.task.cancelled():
                flight.task.exception()  # looked at, since nobody else will


async def _joined(flight: _Flight, ledger: Ledger) -> _Landed | None:
    """What somebody else's flight brings; None where it brings nothing, or nothing in time."""
    try:
        return await _waited(flight, ledger.seconds_left)
    except (TimeoutError, RerankError):
        return None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return None  # it was the flight that was cancelled


def _with_troubles(ranking: Ranking, store: Store) -> Ranking:
    """The ranking with what its tiers have to say, in its books."""
    said = tuple(Warned(stage=ranking.strategy, message=sentence) for sentence in store.troubles())
    if not said:
        return ranking
    log_events(said)
    return replace(ranking, trace=Trace((*ranking.trace.events, *said)))
