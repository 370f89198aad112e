"""The ranking that a course starts with: what its first stage finds, or the documents as given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from .ranking import Hit, Place, Ranking
from .retrieve.retriever import Retriever, Source
from .selection import Selection
from .stages import Course, smaller
from .trace import Event, StageDone, Trace
from .types import Document, Query

__all__ = ["found_by", "opened"]


async def found_by(retriever: Callable[[], Retriever], query: Query, *, k: int, stage: str) -> Ranking:
    """What a first stage finds for a query, with its end in the books.

    Args:
        retriever: Opens it where it is not open yet; called, as the search is, in a thread.
        query: What is asked.
        k: How many documents, 1 or more.
        stage: What it is called.
    """

    def search() -> Ranking:
        [ranking] = retriever().search([query], k=k)
        return ranking

    begun = time.perf_counter()
    found = await asyncio.to_thread(search)

    def placed(hit: Hit) -> Hit:
        place = Place(stage=stage, rank=hit.rank, score=hit.score)
        return replace(hit, previous_rank=hit.rank, history=(*hit.history, place))

    hits = tuple(map(placed, found.hits))
    # Last, because a thousand hits take as long to make as to find.
    seconds = time.perf_counter() - begun
    done = StageDone(stage=stage, documents_in=0, documents_out=len(hits), seconds=seconds)
    return replace(found, query=query.text, hits=hits, trace=Trace((*found.trace.events, done)))


async def opened(
    course: Course,
    query: Query,
    documents: Sequence[Document],
    selection: Selection,
    *,
    events: tuple[Event, ...] = (),
) -> Ranking:
    """The documents as given, or as the first stage at the head of the course ranks them.

    Documents that the first stage does not find stand behind those that it does, in their order.

    Args:
        course: The settled pipeline.
        query: What is asked.
        documents: The pool.
        selection: What is wanted in the end; cuts only where no other stage follows.
        events: What the books hold already.
    """
    hits = tuple(
        Hit(rank=place, previous_rank=place, score=None, document=document)
        for place, document in enumerate(documents, start=1)
    )
    ranking = Ranking(query=query.text, strategy=str(course.spec), hits=hits, trace=Trace(events))
    if course.first is None or not hits:
        return ranking
    begun = time.perf_counter()
    found = await asyncio.to_thread(_found, course, query, documents)
    stage = str(course.spec.stages[0].call)
    # Positions stand in for ids, so that documents with equal ids or texts stay apart.
    places = {int(hit.document.id): hit for hit in found.hits}
    order = [*places, *(place for place in range(len(hits)) if place not in places)]
    chosen_later = bool(course.steps) or selection.whole
    cut = course.first_cut if chosen_later else smaller(course.first_cut, selection.top)
    # The BM25 score of a document without any query term is known; other scores are not.
    unfound = 0.0 if found.score_kind == "bm25" else None
    ordered = []
    for rank, place in enumerate(order[:cut], start=1):
        hit = places.get(place)
        score = unfound if hit is None else hit.score
        history = (*(hit.history if hit else ()), Place(stage=stage, rank=rank, score=score))
        ordered.append(replace(hits[place], rank=rank, score=score, history=history))
    done = StageDone(
        stage=stage,
        documents_in=len(hits),
        documents_out=len(ordered),
        seconds=time.perf_counter() - begun,
    )
    return replace(
        ranking,
        hits=tuple(ordered),
        score_kind=found.score_kind,
        trace=Trace((*events, *found.trace.events, done)),
    )


def _found(course: Course, query: Query, documents: Sequence[Document]) -> Ranking:
    """What the first stage makes of the documents, each known by its position."""
    if course.first is None:
        return Ranking(query=query.text, strategy=str(course.spec), hits=())
    corpus = [replace(document, id=place) for place, document in enumerate(documents)]
    retriever: Retriever = course.first.build().open(Source(corpus=corpus, name="the given documents"))
    [ranking] = retriever.search([query], k=len(corpus))
    return replace(ranking, score_kind=retriever.score_kind)
