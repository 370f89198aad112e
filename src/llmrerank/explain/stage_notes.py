"""What happened in one reranking stage, and where that left a document. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmrerank.judges import Judge
from llmrerank.judges.observed import Observation
from llmrerank.ranking import Hit, Ranking
from llmrerank.suspicion import suspicions_of
from llmrerank.trace import Degraded, Event, Exhausted, Guarded, Seen
from llmrerank.types import Document

from .account import Identifier, Meeting, Rival, Stand
from .sight import sight_of

__all__ = ["StageNotes"]


@dataclass(slots=True, kw_only=True)
class StageNotes:
    """Notes of one stage.

    Attributes:
        stage: As it is written.
        judge: Who judged.
        cut: Documents that are passed on; None: all.
        before: What entered, best first.
        after: All of it in the order of the stage.
        events: The stage's.
    """

    stage: str
    judge: Judge
    cut: int | None
    before: tuple[Hit, ...]
    after: Ranking = field(default_factory=lambda: Ranking(query="", strategy="", hits=()))
    events: tuple[Event, ...] = ()
    _round: int = 1
    _told: list[tuple[int, Observation]] = field(default_factory=list)

    def saw(self, seen: Seen) -> None:
        """Note the round: rounds run one after another, so it is that of whatever is concluded next."""
        self._round = seen.round

    def tell(self, observation: Observation) -> None:
        """Note an inquiry that ended."""
        self._told.append((self._round, observation))

    def stand(self, number: int) -> Stand | None:
        """Where the stage put a document, known by its `previous_rank`; None where it did not come so far."""
        numbers = [hit.previous_rank for hit in self.before]
        if number not in numbers:
            return None
        position = numbers.index(number)
        ranked = {hit.previous_rank: _rival(hit) for hit in self.after.hits}
        hit = next(hit for hit in self.after.hits if hit.previous_rank == number)
        overtook = [ranked[one] for one in numbers[:position] if ranked[one].rank > hit.rank]
        overtaken = [ranked[one] for one in numbers[position + 1 :] if ranked[one].rank < hit.rank]
        passed = self.cut is None or hit.rank <= self.cut
        return Stand(
            stage=self.stage,
            role="judge",
            entered=len(self.before),
            before=position + 1,
            rank=hit.rank,
            score=hit.score,
            kind=self.after.score_kind,
            cut=self.cut,
            passed=passed,
            last=None if passed or not self.cut else _rival(self.after.hits[self.cut - 1]),
            overtook=tuple(sorted(overtook, key=lambda rival: rival.rank)),
            overtaken=tuple(sorted(overtaken, key=lambda rival: rival.rank)),
            meetings=tuple(self._meetings(hit.document)),
            trouble=tuple(
                event.reason
                for event in self.events
                if isinstance(event, Degraded) and position in event.slate
            ),
            limit=next((event.reason for event in self.events if isinstance(event, Exhausted)), None),
            suspicions=self._suspicions(hit),
            guarded=tuple(
                event.reason
                for event in self.events
                if isinstance(event, Guarded) and event.document == position
            ),
        )

    def _suspicions(self, hit: Hit) -> tuple[str, ...]:
        """Why a document was marked, each reason once."""
        if not hit.suspicious:
            return ()
        found = suspicions_of(hit.document, self.after.query)
        return tuple(dict.fromkeys(f"{one.kind} in its {one.field}: {one.why}" for one in found))

    def _meetings(self, document: Document) -> Sequence[Meeting]:
        return [
            _meeting(number, observation, place, self.judge)
            for number, observation in self._told
            for place, shown in enumerate(observation.documents)
            if shown is document
        ]


def _meeting(number: int, observation: Observation, place: int, judge: Judge) -> Meeting:
    opinion = observation.opinion
    shown = tuple(document.id for document in observation.documents)
    tiers: tuple[tuple[Identifier, ...], ...] = ()
    given = None
    if opinion.usable:
        tiers = tuple(tuple(shown[member] for member in tier) for tier in opinion.tiers)
        ahead = 0
        for tier in opinion.tiers:
            if place in tier:
                given = ahead + 1
            ahead += len(tier)
    unnamed = "missing" in opinion.flags and bool(opinion.tiers) and place in opinion.tiers[-1]
    return Meeting(
        round=number,
        attempt=observation.attempt + 1,
        shown=shown,
        place=place + 1,
        tiers=tiers,
        given=given,
        named=not unnamed,
        score=opinion.scores[place] if opinion.scores else None,
        sight=sight_of(observation, place, judge),
        raw=opinion.raw,
        flags=tuple(sorted(opinion.flags)),
        cached=bool(observation.replies) and all(reply.cached for reply in observation.replies),
    )


def _rival(hit: Hit) -> Rival:
    return Rival(id=hit.document.id, rank=hit.rank, score=hit.score)
