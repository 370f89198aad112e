"""Dense search timed by size, over random vectors: encoding a large collection would take hours."""

from __future__ import annotations

import time

from llmrerank.clients.encoder import encoder_for
from llmrerank.clients.models import find
from llmrerank.registry import bind
from llmrerank.retrieve.nearest import nearest
from llmrerank.spec import Call

from .collected import Collected

__all__ = ["timed_vectors"]


def timed_vectors(collected: Collected, call: Call, size: int, depth: int) -> tuple[float, ...]:
    """Seconds of every query: encoded, and its product taken with so many vectors.

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
    seconds = []
    for query in (collected.queries[0], *collected.queries):
        begun = time.perf_counter()
        nearest(vectors, encoder.encode([query.text], role="query"), depth)
        seconds.append(time.perf_counter() - begun)
    return tuple(seconds[1:])
