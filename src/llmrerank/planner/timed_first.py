"""First stages timed: by documents asked for, in the dataset, and by size, in collections made from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from llmrerank.pipeline import Pipeline
from llmrerank.retrieve.retriever import Source
from llmrerank.spec import Call, parse
from llmrerank.types import Document

from .collected import Collected
from .measurements import FirstStage
from .shapes import DEEPEST
from .synthetic import resized

__all__ = ["timed_first"]

DEPTHS = (10, 100, 1000)
MOST_TOKENS = 60_000_000
"""Of a collection that is made, so that it fits into the memory of a small machine: some three gigabytes."""
_GROWTH = 4
_SMALLEST = 100
_PASSES, _PATIENCE = 3, 2.0
"""Passes over the queries in one collection, as long as they have not taken so many seconds."""


async def timed_first(collected: Collected, stage: str, *, docs: int, share: float) -> FirstStage:
    """Time a first stage, and keep what it finds.

    Args:
        collected: Documents and queries; what is found is added.
        stage: As written, without a cut-off.
        docs: Size that is planned for; no larger collection is made.
        share: Seconds for the collections that are made. What the dataset itself takes comes on top.

    Raises:
        ConfigError, DataError, MissingExtra: As the first stage, when it is opened.
    """
    whole = len(collected.documents)
    collected.tell(f"{stage}: {whole:,} documents")
    begun = time.monotonic()
    pipelines = {depth: collected.pipeline(f"{stage} % {depth}") for depth in DEPTHS}
    await asyncio.to_thread(pipelines[DEPTHS[0]].retriever)
    pace = (time.monotonic() - begun) / whole
    depths = {depth: await _timed(pipeline, collected) for depth, pipeline in pipelines.items()}
    deep = collected.pipeline(f"{stage} % {DEEPEST}")
    lists = [[hit.document for hit in await deep.afind(query)] for query in collected.queries]
    collected.found[stage] = lists
    sizes = {whole: await _least(pipelines[DEPTHS[0]], collected)}
    ends = time.monotonic() + min(share, collected.left)
    smaller = [docs] if docs < whole else [whole // 4] if docs > whole and whole >= 4 * _SMALLEST else []
    for size in smaller:
        if size * pace < ends - time.monotonic():
            sizes[size] = await _sized(collected, stage, size)
    # One larger collection there must be: without it a law would be drawn from small ones alone.
    if docs > whole:
        ends = max(ends, time.monotonic() + 1.5 * _GROWTH * whole * pace)
    size = whole
    mean = sum(collected.lengths) / max(1, len(collected.lengths)) or 100
    while size < docs:
        size = _next(size, docs, pace, ends - time.monotonic(), MOST_TOKENS / mean)
        if not size:
            break
        sizes[size] = await _sized(collected, stage, size)
    return FirstStage(
        stage=stage,
        sizes=dict(sorted(sizes.items())),
        shallow=DEPTHS[0],
        depths=depths,
        size=whole,
        found=tuple(tuple(map(collected.number, found)) for found in lists),
    )


def _next(size: int, docs: int, pace: float, left: float, most: float) -> int:
    """The next size to make: as much larger as the time allows, at least half as large again; 0: none."""
    wanted = int(min(docs, _GROWTH * size, most, 0.8 * left / max(pace, 1e-9)))
    return wanted if wanted >= min(docs, size * 3 // 2) else 0


async def _sized(collected: Collected, stage: str, size: int) -> tuple[float, ...]:
    """Seconds of every query in a collection of a size."""
    collected.tell(f"{stage}: {size:,} documents")
    dense = _dense(parse(stage).stages[0].call)
    if dense is not None:
        from .timed_vectors import timed_vectors

        return await asyncio.to_thread(timed_vectors, collected, dense, size, DEPTHS[0])
    corpus: Sequence[Document] = await asyncio.to_thread(resized, collected.documents, size)
    pipeline = Pipeline(f"{stage} % {DEPTHS[0]}", source=Source(corpus=corpus), settings=collected.settings)
    async with pipeline:
        await asyncio.to_thread(pipeline.retriever)
        return await _least(pipeline, collected)


def _dense(call: Call) -> Call | None:
    """The stage where it is one whose vectors need not be those of texts to be timed."""
    return call if call.name == "dense" else None


async def _timed(pipeline: Pipeline, collected: Collected) -> tuple[float, ...]:
    """Seconds of every query, end to end, one after another, after one that warms up."""
    await pipeline.asearch(collected.queries[0])
    seconds = []
    for query in collected.queries:
        begun = time.perf_counter()
        await pipeline.asearch(query)
        seconds.append(time.perf_counter() - begun)
    return tuple(seconds)


async def _least(pipeline: Pipeline, collected: Collected) -> tuple[float, ...]:
    """The least seconds of every query in a few passes: what a search takes, without what else runs here.

    A law of growth is about the work alone. What a machine adds to single searches is in the depths.
    """
    begun = time.monotonic()
    passes = [await _timed(pipeline, collected)]
    while len(passes) < _PASSES and time.monotonic() - begun < _PATIENCE:
        passes.append(await _timed(pipeline, collected))
    return tuple(map(min, zip(*passes, strict=True)))
