"""Dense search timed by size, over random vectors: encoding a large collection would take hours."""

from __future__ import annotations

import time

from llmrerank.clients.encoder import encoder_for
from llmrerank.clients.models import find
from llmrerank.registry import bind
from llmrerank.retrieve.nearest import nearest
from llmrerank.spec import Call

from .collected import Collected

__all__ = ["PASSES", "PATIENCE", "timed_vectors"]

PASSES, PATIENCE = 3, 2.0
"""Passes over the queries in one collection, as long as they have not taken so many seconds."""


def timed_vectors(collected: Collected, call: Call, size: int, depth: int) -> tuple[float, ...]:
    """The least seconds of every query in a few passes: encoded, and its product taken with so many vectors.

    An exact search does the same work whatever the vectors are.

    Args:
        collected: The queries.
        call: The stage, for its model.
        size: Vectors; each takes four bytes for each of its dimensions.
        depth: Documents asked for.
    """
    import numpy

    encoder = encoder_for(find("bi-encoder", bind(call).values.get("model")))
    chance = numpy.random.default_rng(0)
    vectors = chance.standard_normal((size, encoder.dimensions), dtype=numpy.float32)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    encoder.encode([collected.queries[0].text], role="query")
    begun = time.monotonic()
    passes: list[list[float]] = []
    while not passes or (len(passes) < PASSES and time.monotonic() - begun < PATIENCE):
        passes.append([])
        for query in collected.queries:
            started = time.perf_counter()
            nearest(vectors, encoder.encode([query.text], role="query"), depth)
            passes[-1].append(time.perf_counter() - started)
    return tuple(map(min, zip(*passes, strict=True)))
