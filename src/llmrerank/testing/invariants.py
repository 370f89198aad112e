"""What must hold of every ranking, however its endpoint behaved: for tests of strategies of your own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from llmrerank.ranking import Ranking
from llmrerank.trace import Called, Degraded
from llmrerank.types import Document, Limits, documents_from

__all__ = ["violations"]


def violations(
    ranking: Ranking,
    documents: Iterable[str | Mapping[str, Any] | Document],
    *,
    limits: Limits | None = None,
) -> tuple[str, ...]:
    """What a ranking of all its documents breaks, one sentence each; nothing where all is as it must be.

    It must hold every document once, with its identifier, text, title and metadata as they were given; its
    ranks must count from 1, and `previous_rank` must say where each came from; scores are finite; what got no
    evidence is marked on the hit, in the trace and in the totals alike; the limit on calls is kept.

    Args:
        ranking: Made of one pipeline of rerankers, without `top`, thresholds or groups.
        documents: As they were given.
        limits: Under which it was made.
    """
    given = documents_from(documents)
    trace, hits = ranking.trace, ranking.hits
    found = []
    if sorted(hit.previous_rank for hit in hits) != list(range(1, len(given) + 1)):
        found.append(f"{len(hits)} hits are no permutation of {len(given)} documents")
    elif any(hit.document != given[hit.previous_rank - 1] for hit in hits):
        found.append("a document is not the one that was given at its place")
    if [hit.rank for hit in hits] != list(range(1, len(hits) + 1)):
        found.append("the ranks do not count from 1")
    if any(hit.score is not None and not math.isfinite(hit.score) for hit in hits):
        found.append("a score is no finite number")
    failed = [event for event in trace.of(Degraded)]
    if trace.degraded != len(failed) or trace.to_dict()["degraded"] != len(failed):
        found.append("the totals do not count what the trace says was degraded")
    if any(hit.degraded for hit in hits) and not failed:
        found.append("a hit is marked as degraded and the trace says nothing of it")
    if failed and not any(hit.degraded for hit in hits):
        found.append("the trace says that something was degraded and no hit is marked")
    if ranking.degraded != bool(failed or trace.exhausted):
        found.append("the ranking does not say that it is degraded")
    if limits is not None and limits.calls is not None and trace.calls > limits.calls:
        found.append(f"{trace.calls} calls were made under a limit of {limits.calls}")
    if any(call.attempts < 1 and not call.cached for call in trace.of(Called)):
        found.append("a call was answered without being sent")
    return tuple(found)
