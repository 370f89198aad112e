"""What is kept of one answered query: ids, places and books, and no document twice in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmrerank.ranking import Hit, Ranking
from llmrerank.trace import Trace
from llmrerank.types import ScoreKind

from .dataset import judged_id

__all__ = ["LOOKED_AT", "Kept"]

LOOKED_AT = 100
"""Leading places whose earlier place and score are kept: what tables and reports look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One query's result.

    Attributes:
        documents: Judged ids, best first, each once, all of them.
        previous: `previous[i]` is the place, from 1, that `documents[i]` had in the first stage's result; of
            the first `LOOKED_AT`.
        scores: The same of scores; None where the judge gave none.
        score_kind: What the scores mean.
        trace: Everything that happened.
        seconds: Wall-clock seconds from the text of the query to its ranking, retrieval included.
    """

    documents: tuple[str, ...]
    previous: tuple[int, ...] = ()
    scores: tuple[float | None, ...] = ()
    score_kind: ScoreKind = "none"
    trace: Trace = field(default_factory=Trace)
    seconds: float = 0.0

    @classmethod
    def of(cls, ranking: Ranking, *, seconds: float, group_by: str | None = None) -> Kept:
        """Keep what is needed of a ranking.

        Args:
            ranking: As it came out of the pipeline.
            seconds: As the attribute.
            group_by: Key of the metadata that holds the judged id of a chunk; a document stands where its
                best chunk does.
        """
        best: dict[str, Hit] = {}
        for hit in ranking:
            best.setdefault(judged_id(hit.document, group_by), hit)
        shown: Sequence[Hit] = list(best.values())[:LOOKED_AT]
        return cls(
            documents=tuple(best),
            previous=tuple(hit.previous_rank for hit in shown),
            scores=tuple(hit.score for hit in shown),
            score_kind=ranking.score_kind,
            trace=ranking.trace,
            seconds=seconds,
        )
