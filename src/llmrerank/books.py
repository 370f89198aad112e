"""The books of one pool while it is judged: events, scores, what got no evidence, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import logs
from .asking import Asked
from .clients.client import Client
from .moves import MovedOrder, moves_of
from .rounds import ScoredOrder, Verdict
from .trace import Event, Guarded, RoundDone, Scored, Warned
from .types import Document, ScoreKind

__all__ = ["Books", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a pool.

    Attributes:
        order: A permutation of the pool, best first.
        scores: By position: the utilities of an algorithm that sorts by its own, else what the judge gave
            last; None for a document without one.
        deviations: By position, the standard deviation of the score, where the algorithm states one.
        kind: What the scores mean.
        degraded: Positions that stood in a slate without evidence.
        spans: By position, the best character ranges of the document, where the judge found any.
        events: The books.
    """

    order: tuple[int, ...]
    scores: tuple[float | None, ...]
    deviations: tuple[float | None, ...]
    kind: ScoreKind
    degraded: frozenset[int]
    spans: Mapping[int, tuple[tuple[int, int], ...]]
    events: tuple[Event, ...]


_FACTS = {
    "bounded": "bounds: one side was not among the alternatives",
    "in_words": "whole grades, read from words: the first token said no grade, so no mean could be made",
}
"""What the reader of scores must know, in words."""


@dataclass(slots=True)
class Books:
    """What has been learnt so far.

    Attributes:
        stage: How the strategy is called in the books.
        client: Who carries its calls.
        documents: `documents[i]` stands at position i of the pool.
        events: The books.
        rounds: Rounds so far.
    """

    stage: str
    client: Client
    documents: Sequence[Document]
    events: list[Event] = field(default_factory=list)
    scores: dict[int, float | None] = field(default_factory=dict)
    kinds: Counter[ScoreKind] = field(default_factory=Counter)
    degraded: set[int] = field(default_factory=set)
    spans: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    rounds: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    answered: bool = False
    logged: int = 0

    def enter(self, asked: Sequence[Asked], *, again: bool, seconds: float) -> list[Verdict]:
        """Book one finished round; the scores of one that asked `again` are not shown where others are.

        Raises:
            CallError: Nothing was ever answered: an unjudged list is not a ranking.
        """
        for one in asked:
            self.events.extend(one.events)
            self.facts.update(one.facts)
            verdict = one.verdict
            if verdict.degraded:
                self.degraded.update(verdict.slate)
                continue
            self.answered = True
            self.degraded.update(one.unread)
            self.spans.update(one.spans)
            if verdict.scores is not None:
                self.kinds[one.kind] += 1
                known = self.scores if again else {}
                pairs = zip(verdict.slate, verdict.scores, strict=True)
                self.scores.update((position, score) for position, score in pairs if position not in known)
        failures = [one.error for one in asked if one.error is not None]
        if failures and not self.answered:
            raise failures[0]
        scored = sum(one.pairs[0] for one in asked)
        if scored:
            self.events.append(
                Scored(
                    stage=self.stage,
                    round=self.rounds,
                    model=self.client.identity.model,
                    pairs=scored,
                    cached=sum(one.pairs[1] for one in asked),
                    seconds=seconds,
                )
            )
        self.events.append(RoundDone(stage=self.stage, round=self.rounds, slates=len(asked), seconds=seconds))
        return [one.verdict for one in asked]

    def log(self) -> None:
        """Log what was booked since the last time."""
        logs.log_events(self.events[self.logged :])
        self.logged = len(self.events)

    def warn(self, message: str) -> None:
        """Book what the caller should know."""
        self.events.append(Warned(stage=self.stage, message=message))

    def close(self, order: Sequence[int]) -> Outcome:
        """End the books: warn of what the reader of the scores must know."""
        outcome = self.so_far(order)
        scores, kind = outcome.scores, outcome.kind
        self.events.extend(
            Guarded(
                stage=self.stage,
                document=move.position,
                id=str(self.documents[move.position].id),
                before=move.before,
                would=move.would,
                rank=move.rank,
                reason=move.reason,
            )
            for move in moves_of(order)
        )
        if len(self.kinds) > 1 and not isinstance(_unmoved(order), ScoredOrder):
            mixed = ", ".join(f"{count} {name}" for name, count in sorted(self.kinds.items()))
            self.warn(f"scores of different kinds are mixed ({mixed}) and cannot be compared")
        for fact, count in sorted(self.facts.items()):
            self.warn(f"{count} of {len(self.documents)} scores are {_FACTS[fact]}")
        read = [score for score in scores if score is not None]
        tied = sum(count for count in Counter(read).values() if count > 1)
        if kind in ("grade", "probability") and tied * 2 > len(read):
            self.warn(
                f"{tied} of {len(read)} documents share their score; ties keep the earlier order",
            )
        self.log()
        return replace(outcome, events=tuple(self.events))

    def so_far(self, order: Sequence[int]) -> Outcome:
        """What is known now, for this order."""
        order = _unmoved(order)
        scores = tuple(self.scores.get(position) for position in range(len(self.documents)))
        deviations: tuple[float | None, ...] = (None,) * len(self.documents)
        kind: ScoreKind = self.kinds.most_common(1)[0][0] if self.kinds else "none"
        if isinstance(order, ScoredOrder):
            scores, deviations, kind = order.scores, order.deviations, "utility"
        return Outcome(
            order=tuple(order),
            scores=scores,
            deviations=deviations,
            kind=kind,
            degraded=frozenset(self.degraded),
            spans=dict(self.spans),
            events=tuple(self.events),
        )


def _unmoved(order: Sequence[int]) -> Sequence[int]:
    """The order without its moves, which may be a scored one."""
    return order.order if isinstance(order, MovedOrder) else order
