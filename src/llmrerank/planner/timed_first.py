"""First stages timed: by documents asked for, in the dataset, and by size, in collections made from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from math import fsum

from llmrerank.pipeline import Pipeline
from llmrerank.registry import bind
from llmrerank.retrieve.retriever import Source
from llmrerank.spec import Call, parse
from llmrerank.types import Document

from .collected import Collected
from .measurements import FirstStage
from .shapes import DEEPEST
from .synthetic import resized
from .timed_vectors import PASSES, PATIENCE, timed_vectors

__all__ = ["timed_first"]

DEPTHS = (10, 100, 1000)
MOST_TOKENS = 60_000_000
"""Of a collection that is made, so that it fits into the memory of a small machine: some three gigabytes."""
_GROWTH = 4
_SMALLEST = 100
_OVER, _WHATEVER = 3.0, 10.0
"""Times its share, or seconds if these are more, that the one larger collection there should be may take."""
_FUSED_DEPTH = 1000
"""Documents that `hybrid` asks of each of its stages at least."""


async def timed_first(collected: Collected, stage: str, *, docs: int, share: float) -> FirstStage:
    """Time a first stage, and keep what it finds.

    Args:
        collected: Documents and queries; what is found is added.
        stage: As written, without a cut-off.
        docs: Size that is planned for; no larger collection is made.
        share: Seconds for the collections that are made; for the first larger one up to three times as many,
            or ten. What the dataset itself takes comes on top.

    Raises:
        ConfigError, DataError, MissingExtra: As the first stage, when it is opened.
    """
    whole = len(collected.documents)
    collected.tell(f"{stage}: {whole:,} documents")
    begun = time.monotonic()
    pipelines = {depth: collected.pipeline(f"{stage} % {depth}") for depth in DEPTHS}
    await asyncio.to_thread(pipelines[DEPTHS[0]].retriever)
    opening = time.monotonic() - begun
    depths = {depth: await _timed(pipeline, collected) for depth, pipeline in pipelines.items()}
    deep = collected.pipeline(f"{stage} % {DEEPEST}")
    lists = [[hit.document for hit in await deep.afind(query)] for query in collected.queries]
    collected.found[stage] = lists
    ends = time.monotonic() + min(share, collected.left)
    sizes: dict[int, tuple[float, ...]] = {}
    begun = time.monotonic()
    if _vectors(parse(stage).stages[0].call):
        # Of what is timed apart from texts every size is: what grows is told by differences between them.
        sizes[whole] = await _sized(collected, stage, whole)
        opening = 0.0
    else:
        sizes[whole] = await _least(pipelines[DEPTHS[0]], collected)
    pace = (opening + time.monotonic() - begun) / whole
    smaller = [docs] if docs < whole else [whole // 4] if docs > whole and whole >= 4 * _SMALLEST else []
    wanted = whole
    mean = sum(collected.lengths) / max(1, len(collected.lengths)) or 100
    for size in smaller:
        if size * pace < ends - time.monotonic():
            begun = time.monotonic()
            sizes[size] = await _sized(collected, stage, size)
            # An index that is kept says nothing of what making one takes.
            pace = (time.monotonic() - begun) / size
    # One larger collection there should be: without it a law would be drawn from small ones alone.
    if docs > whole:
        ends = max(ends, time.monotonic() + min(1.5 * _GROWTH * whole * pace, max(_OVER * share, _WHATEVER)))
    while wanted < docs:
        wanted = _next(wanted, docs, pace, ends - time.monotonic(), MOST_TOKENS / mean)
        if not wanted:
            break
        begun = time.monotonic()
        sizes[wanted] = await _sized(collected, stage, wanted)
        pace = (time.monotonic() - begun) / wanted
    if docs > max(sizes) and max(sizes) == whole:
        collected.notes.append(
            f"{stage}: there was no time (--within) for a collection larger than the dataset, so how it "
            "grows is told by smaller ones"
        )
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


async def _sized(collected: Collected, stage: str, size: int, depth: int = DEPTHS[0]) -> tuple[float, ...]:
    """Seconds of every query in a collection of a size.

    The stages of `hybrid` are timed one by one and added up. They search side by side, so that errs high.
    """
    collected.tell(f"{stage}: {size:,} documents")
    call = parse(stage).stages[0].call
    if call.name == "hybrid":
        parts = [await _sized(collected, str(part), size, _FUSED_DEPTH) for part in bind(call).build().stages]
        return tuple(fsum(row) for row in zip(*parts, strict=True))
    if call.name == "dense":
        return await asyncio.to_thread(timed_vectors, collected, call, size, depth)
    corpus: Sequence[Document] = await asyncio.to_thread(resized, collected.documents, size)
    pipeline = Pipeline(f"{stage} % {depth}", source=Source(corpus=corpus), settings=collected.settings)
    async with pipeline:
        await asyncio.to_thread(pipeline.retriever)
        return await _least(pipeline, collected)


def _vectors(call: Call) -> bool:
    """Whether vectors are searched, which need not be those of texts to be timed."""
    return call.name in ("dense", "hybrid")


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
    while len(passes) < PASSES and time.monotonic() - begun < PATIENCE:
        passes.append(await _timed(pipeline, collected))
    return tuple(map(min, zip(*passes, strict=True)))
