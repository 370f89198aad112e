"""Local models timed on lists of several lengths, and what they score kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

from llmrerank.clients.cosines import forget_vectors
from llmrerank.clients.local import pair_client
from llmrerank.clients.models import ModelKind
from llmrerank.counted import counted
from llmrerank.errors import DataError
from llmrerank.evaluate.preparation import warm_models
from llmrerank.judges.chunked import Chunked
from llmrerank.pipeline import Pipeline
from llmrerank.ranking import Ranking
from llmrerank.types import Document, Query

from .collected import Collected
from .course import Part, strategy_of
from .measurements import Scorer
from .synthetic import spread
from .work import TimedList

__all__ = ["timed_scorer"]

SHORT = (10, 30, 10, 30, 10, 30)
"""Lengths of lists that are timed each on its own."""
DEPTHS = (100, 50, 30, 20)
"""Lengths of the lists that are scored: the longest of which there is time for enough queries."""
ENOUGH, FEWEST = 40, 5
BEST = 30
"""Of what a model in front put first, so many are scored whatever their place in the first stage."""
_SHORTEST = 2
_READS_ALL = 10**9


async def timed_scorer(
    collected: Collected,
    part: Part,
    first: Sequence[str],
    before: Sequence[Scorer],
    *,
    share: float,
    deepest: int | None = None,
) -> Scorer:
    """Time a local model, and keep its scores.

    Args:
        collected: Queries, and what first stages found for them.
        part: The model as a stage.
        first: The first stages whose candidates it is to score.
        before: Local models that may stand in front of it: their best are scored too.
        share: Seconds; the fewest lists that say anything may take longer.
        deepest: Documents of each list that a pipeline will hand it whatever happens, or None.

    Raises:
        ConfigError, MissingExtra: The model is not there or cannot be loaded.
        DataError: No query finds anything.
    """
    collected.tell(f"{part.name}: loading")
    ends = time.monotonic() + min(share, collected.left)
    strategy = strategy_of(part)
    pipeline = collected.pipeline(f"{first[0]} % {DEPTHS[0]} >> {part.name}")
    held = await warm_models([pipeline], collected.settings)
    kind: ModelKind = "bi-encoder" if strategy.carrier == "bi-encoder" else "cross-encoder"
    client = pair_client(kind, model=strategy.model, settings=collected.settings)
    room = client.identity.context or _READS_ALL
    if isinstance(strategy.judge, Chunked):
        room = _READS_ALL
    timer = _Timer(collected, pipeline, room=room, remembers=kind == "bi-encoder")
    order = spread(len(collected.queries))
    scores: list[dict[int, float]] = [{} for _ in order]
    forget_vectors()
    for place, length in zip(cycle(order), SHORT, strict=False):
        if len(timer.lists) >= _SHORTEST and time.monotonic() > ends:
            break
        timer.forget()
        await timer.time(place, collected.found[first[0]][place][:length])
    longest = max((one.documents for one in timer.lists), default=0)
    slowest = max((one.seconds / longest for one in timer.lists if one.documents == longest), default=1.0)
    room_for = (ends - time.monotonic()) / slowest / len(first)
    wanted = min(ENOUGH, len(order))
    depth = deepest or next((one for one in DEPTHS if room_for / one >= wanted), DEPTHS[-1])
    timer.forget()
    done = 0
    for place in order:
        if done >= FEWEST and time.monotonic() > ends:
            break
        collected.tell(f"{part.name}: query {done + 1} of {len(order)}, {depth} documents")
        scores[place] = await timer.time(place, _given(collected, place, first, before, depth))
        done += 1
    del held
    if not timer.lists:
        raise DataError(f"{' and '.join(first)} find nothing for any query, so '{part.name}' cannot be timed")
    if done < len(order):
        collected.notes.append(
            f"{part.name} scored {counted(done, 'query')} of {len(order)}, {depth} documents each: "
            "more time would have been needed (--within)"
        )
    return Scorer(
        strategy=part.name,
        remembers=timer.remembers,
        room=room,
        lists=tuple(timer.lists),
        scores=tuple(scores),
    )


def _given(
    collected: Collected, place: int, first: Sequence[str], before: Sequence[Scorer], depth: int
) -> list[Document]:
    """The candidates of a query: the leading ones of first stages, and the best of other models."""
    chosen: dict[str, Document] = {}
    for name in first:
        found = collected.found[name][place]
        chosen |= {str(one.id): one for one in found[:depth]}
        for scorer in before:
            scores = scorer.scores[place]
            known = [one for one in found if collected.number(one) in scores]
            known.sort(key=lambda one: -scores[collected.number(one)])
            chosen |= {str(one.id): one for one in known[:BEST]}
    return list(chosen.values())


class _Timer:
    """Passes lists through one stage, and knows what the model remembers of those before."""

    def __init__(self, collected: Collected, pipeline: Pipeline, *, room: int, remembers: bool) -> None:
        self._collected = collected
        self._pipeline = pipeline
        self._room = room
        self._seen: set[int] = set()
        self.remembers = remembers
        self.lists: list[TimedList] = []

    def forget(self) -> None:
        forget_vectors()
        self._seen = set()

    async def time(self, place: int, documents: Sequence[Document]) -> dict[int, float]:
        """Time one list, and give its scores by number of the document."""
        query: Query = self._collected.queries[place]
        found = _as_found(query, documents)
        begun = time.perf_counter()
        ranking = await self._pipeline.asearch(query, found=found)
        seconds = time.perf_counter() - begun
        numbers = list(map(self._collected.number, documents))
        tokens = sum(
            min(self._collected.lengths[number], self._room) for number in numbers if number not in self._seen
        )
        if self.remembers:
            self._seen.update(numbers)
        if documents:
            self.lists.append(TimedList(documents=len(documents), tokens=float(tokens), seconds=seconds))
        return {self._collected.number(hit.document): hit.score for hit in ranking if hit.score is not None}


def _as_found(query: Query, documents: Sequence[Document]) -> Ranking:
    from llmrerank.retrieve.results import ranking_of

    ranking = ranking_of(query, "found before", ((one, None) for one in documents), "none")
    return replace(ranking, query=query.text)
