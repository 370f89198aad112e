"""What was measured of one strategy on one model, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmrerank.judges import Opinion
from llmrerank.types import ScoreKind, Usage

from .noise import Difference
from .quality_figures import Places

__all__ = ["Answers", "Measured"]

_HARMLESS = frozenset({"bounded"})
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How many answers were what they should be.

    Attributes:
        clean: Read as they came.
        repaired: Used after mending: something missing, twice, never offered, or cut off.
        unusable: Said nothing; asked once more, or given up.
        absent: Never came: the provider failed, or a limit cut them off.
    """

    clean: int = 0
    repaired: int = 0
    unusable: int = 0
    absent: int = 0

    @classmethod
    def of(cls, opinions: Iterable[Opinion], *, absent: int = 0) -> Answers:
        """Count them."""
        clean = repaired = unusable = 0
        for opinion in opinions:
            if not opinion.usable:
                unusable += 1
            elif opinion.flags - _HARMLESS:
                repaired += 1
            else:
                clean += 1
        return cls(clean=clean, repaired=repaired, unusable=unusable, absent=absent)

    @property
    def came(self) -> int:
        """Answers that there are."""
        return self.clean + self.repaired + self.unusable

    @property
    def usable(self) -> float:
        """Share of the answers that could be used, 0 to 1; 0 of none."""
        return (self.clean + self.repaired) / self.came if self.came else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One strategy on one model.

    Attributes:
        strategy: As it is written.
        queries: Queries whose ranking was finished; the four figures of nDCG@10 are their means.
        ndcg: Of the strategy.
        first: Of the first stage.
        best: Of the best order that these candidates have.
        difference: Strategy less first stage, and whether it is more than noise; None without queries.
        answers: How many answers were well formed.
        agreement: Kendall's tau of readings of the same documents, -1 to 1: reshuffled where many are shown
            at once, else under another seed and fence. None where there was nothing to compare.
        other: Tau of the reading for the query and one for a query that has nothing to do with it.
        tied: Mean share of a query's documents that its largest tie holds, 0 to 1.
        places: The pull of the place shown; None for a judge of single documents, or too few readings.
        kind: What the scores are.
        calls: LLM calls for one query, as a user would ask it.
        usage: Tokens for one query, cached answers too.
        seconds: Median wall-clock seconds of one query; None where every answer came from a cache.
    """

    strategy: str
    queries: int = 0
    ndcg: float = 0.0
    first: float = 0.0
    best: float = 0.0
    difference: Difference | None = None
    answers: Answers = field(default_factory=Answers)
    agreement: float | None = None
    other: float | None = None
    tied: float = 0.0
    places: Places | None = None
    kind: ScoreKind = "none"
    calls: float = 0.0
    usage: Usage = field(default_factory=Usage)
    seconds: float | None = None

    @property
    def taken(self) -> float | None:
        """Share of the way from the first stage to the best order that was gone; None where there is none."""
        room = self.best - self.first
        return (self.ndcg - self.first) / room if room > 1e-9 else None

    def to_dict(self) -> Mapping[str, Any]:
        """JSON values."""
        places = self.places
        return {
            "strategy": self.strategy,
            "queries": self.queries,
            "ndcg": {
                "strategy": _rounded(self.ndcg),
                "first_stage": _rounded(self.first),
                "best_possible": _rounded(self.best),
                "difference": _rounded(self.difference.mean if self.difference else None),
                "p": _rounded(self.difference.p if self.difference else None),
            },
            "answers": {
                "clean": self.answers.clean,
                "repaired": self.answers.repaired,
                "unusable": self.answers.unusable,
                "absent": self.answers.absent,
            },
            "agreement": _rounded(self.agreement),
            "agreement_with_other_query": _rounded(self.other),
            "tied": _rounded(self.tied),
            "places": None
            if places is None
            else {
                "mean_rank": [_rounded(mean) for mean in places.means],
                "correlation": _rounded(places.correlation),
                "share": _rounded(places.share),
                "readings": places.readings,
            },
            "score_kind": self.kind,
            "per_query": {
                "calls": _rounded(self.calls),
                "tokens_in": self.usage.input,
                "tokens_out": self.usage.output,
                "seconds": _rounded(self.seconds),
            },
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
