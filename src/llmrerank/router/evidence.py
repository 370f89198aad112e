"""What is at hand when a route is decided: the query, and the rankings before and after the cheap arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmrerank.ranking import Place, Ranking
from llmrerank.trace import StageDone
from llmrerank.types import ScoreKind

__all__ = ["HEAD", "KEEP", "Evidence", "parts_of"]

KEEP = "keep"
"""The arm that leaves the order as it is."""
HEAD = 10
"""Leading documents that a reader looks at, and whose texts are held."""

_KINDS: dict[str, ScoreKind] = {
    "bm25": "bm25",
    "dense": "cosine",
    "hybrid": "rrf",
    "rank-bm25": "bm25",
    "tantivy": "bm25",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a decision may be taken from. Documents are known by keys of any kind, the same in all lists.

    Attributes:
        query: What is asked.
        cheap: The cheap arm, as written; `keep` where nothing was done to the order.
        first: Scores of the first stage, best first; empty where there are none.
        first_kind: What they mean.
        parts: The rankings that the first stage fused, keys best first, as far as they were passed on.
        before: The order that the cheap arm was given.
        after: Its own order.
        scores: `scores[i]` belongs to `after[i]`; empty where it gives none.
        score_kind: What they mean.
        texts: Texts of the first `HEAD` documents of `after`; None where they are not at hand.
        idf: Of the query's terms in the collection, None where no lexical index is at hand.
    """

    query: str
    cheap: str = KEEP
    first: Sequence[float] = ()
    first_kind: ScoreKind = "none"
    parts: Sequence[Sequence[str]] = ()
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    scores: Sequence[float] = ()
    score_kind: ScoreKind = "none"
    texts: Sequence[str] | None = None
    idf: Sequence[float] | None = None

    @classmethod
    def of(cls, before: Ranking, after: Ranking, *, cheap: str) -> Evidence:
        """What two rankings tell.

        Args:
            before: What the cheap arm was given.
            after: What it made of it; the same ranking where the cheap arm keeps the order.
            cheap: The cheap arm, as written. Where it keeps what a reranker before it made, the evidence is
                that reranker's: the order is as sure as whoever made it.
        """
        stages = len(before.trace.of(StageDone))
        # Before the stages' own places stand those of the parts that a first stage joins.
        histories = [hit.history for hit in before.hits]
        own = [history[-stages:][0] for history in histories if stages and len(history) >= stages]
        first = sorted(own, key=lambda place: place.rank)
        scores = [place.score for place in first]
        kind: ScoreKind = before.score_kind
        if stages != 1:
            kind = _KINDS.get(first[0].stage.partition("(")[0], "none") if first else "none"
        if not first:
            scores, kind = [hit.score for hit in before.hits], before.score_kind
        given = [hit.score for hit in after.hits]
        order = before.hits
        if cheap == KEEP and stages > 1 and len(own) == len(histories) > 0:
            cheap = histories[0][-1].stage
            order = tuple(sorted(before.hits, key=lambda hit: hit.history[-2].rank))
        return cls(
            query=before.query,
            cheap=cheap,
            first=_complete(scores),
            first_kind=kind,
            parts=parts_of(before, [history[:-stages] for history in histories] if stages else []),
            before=[str(hit.previous_rank) for hit in order],
            after=[str(hit.previous_rank) for hit in after.hits],
            scores=_complete(given),
            score_kind=after.score_kind,
            texts=[hit.document.full_text for hit in after.hits[:HEAD]],
            idf=before.idf,
        )


def _complete(scores: Sequence[float | None]) -> list[float]:
    """The scores, or none at all where one is missing."""
    there = [score for score in scores if score is not None]
    return there if len(there) == len(scores) else []


def parts_of(ranking: Ranking, joined: Sequence[Sequence[Place]]) -> list[list[str]]:
    """The first two rankings that a first stage fused, of the documents that were passed on.

    Args:
        ranking: What it passed on.
        joined: `joined[i]` are the places of `ranking.hits[i]` in the rankings that were fused.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for hit, places in zip(ranking.hits, joined, strict=False):
        for place in places:
            found.setdefault(place.stage, []).append((place.rank, str(hit.previous_rank)))
    if len(found) < 2:
        return []
    return [[key for _, key in sorted(places)] for places in found.values()][:2]
