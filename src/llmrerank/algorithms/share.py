"""Another algorithm on some of the candidates, told in positions of the whole pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llmrerank.moves import Move, MovedOrder, moves_of
from llmrerank.rounds import Algorithm, Done, Pool, ScoredOrder, Slate, Verdict, advance

from .lockstep import Part

__all__ = ["Share"]


class Share:
    """The state of one part of a pool while an algorithm orders it.

    Attributes:
        order: Its positions, best first, as far as is known.
        scores, deviations: By position, where the algorithm fits numbers.
        moves: What a guard within did.
        strengths: By position, what its judge gave last.
        most: Documents of the largest slate of the first round; 0 before it is asked.
        told: Whether any verdict said anything.
    """

    def __init__(self, inner: Algorithm, pool: Pool, positions: Sequence[int]) -> None:
        self.plan = inner.plan(pool if len(positions) == pool.size else pool.part(positions))
        self.positions = positions
        self.order: Slate = tuple(positions)
        self.scores: dict[int, float | None] | None = None
        self.deviations: dict[int, float | None] = {}
        self.moves: tuple[Move, ...] = ()
        self.strengths: dict[int, float] = {}
        self.most = 0
        self.told = False

    def run(self) -> Part[None]:
        """Ask what the algorithm asks."""
        step = advance(self.plan)
        while not isinstance(step, Done):
            asked = step.asked.slates
            self._take(step.asked.order)
            self.most = self.most or max(map(len, asked))
            verdicts = yield [self._home(slate) for slate in asked]
            for verdict in verdicts:
                self._hear(verdict)
            step = advance(self.plan, [self._away(s, v) for s, v in zip(asked, verdicts, strict=True)])
        self._take(step.result)

    def _take(self, order: Sequence[int]) -> None:
        places = order.order if isinstance(order, MovedOrder) else order
        self.order = self._home(places)
        if isinstance(places, ScoredOrder):
            self.scores = dict(zip(self.positions, places.scores, strict=True))
            self.deviations = dict(zip(self.positions, places.deviations, strict=True))
        self.moves = tuple(replace(one, position=self.positions[one.position]) for one in moves_of(order))

    def _hear(self, verdict: Verdict) -> None:
        self.told |= verdict.tells
        if not verdict.degraded:
            strengths = zip(verdict.slate, verdict.strengths or (), strict=False)
            self.strengths.update((position, value) for position, value in strengths if value is not None)

    def _home(self, order: Sequence[int]) -> Slate:
        return tuple(self.positions[place] for place in order)

    def _away(self, slate: Slate, verdict: Verdict) -> Verdict:
        """The verdict in places of the part, whose order is that of the pool."""
        if slate == verdict.slate:
            return verdict
        place = dict(zip(verdict.slate, slate, strict=True))
        return Verdict(
            slate=slate,
            tiers=tuple(tuple(place[position] for position in tier) for tier in verdict.tiers),
            scores=verdict.scores,
            strengths=verdict.strengths,
            repaired=verdict.repaired,
            degraded=verdict.degraded,
        )
