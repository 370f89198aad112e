"""Another algorithm on several shuffled copies of the pool at once, and one order from all of theirs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from llmrerank.errors import ConfigError
from llmrerank.moves import Move, moved, moves_of
from llmrerank.rounds import Algorithm, Cost, Done, Plan, Pool, Slate, Span, Verdict, advance

from .around import Around
from .lockstep import Part, lockstep, rounds
from .votes import Vote, borda, kemeny

__all__ = ["Consistent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistent(Around):
    """Run an algorithm on shuffled copies of the pool, side by side, and let their orders vote.

    The first copy is not shuffled. A copy whose judge failed somewhere has no vote as long as another has
    one. Where a copy was one call, documents that its answer ties, or did not name, share the mean of their
    places. Until all copies are done, the order so far is that of the first.

    Cost: `times` the calls of the algorithm within, in as many rounds.

    Source: Tang et al. 2023 (permutation self-consistency), arXiv 2310.07712.

    Attributes:
        inner: What orders each copy.
        times: Copies, 1 or more.
        seed: Of the shuffles.
        method: `borda` sorts by mean place; `kemeny` takes the order that contradicts the fewest pairs, for
            certain up to 12 documents.

    Raises:
        ConfigError: Values that cannot be meant.
    """

    inner: Algorithm
    times: int = 5
    seed: int = 0
    method: Literal["borda", "kemeny"] = "borda"

    def __post_init__(self) -> None:
        if self.times < 1:
            raise ConfigError(f"consistency: times must be 1 or more, got {self.times}")
        if self.method not in ("borda", "kemeny"):
            raise ConfigError(f"consistency: method must be 'borda' or 'kemeny', got {self.method!r}")

    def plan(self, pool: Pool) -> Plan:
        """Yield the rounds of all copies together."""
        shuffles = random.Random(self.seed)
        order = tuple(range(pool.size))
        shuffled = [tuple(shuffles.sample(order, pool.size)) for _ in range(self.times - 1)]
        copies = [_Copy(self.inner, pool, places) for places in (order, *shuffled)]
        yield from rounds(lockstep([copy.run() for copy in copies]), lambda: copies[0].order)
        voting = [copy for copy in copies if copy.told and not copy.failed]
        voting = voting or [copy for copy in copies if copy.told]
        if not voting:
            return order
        count = borda if self.method == "borda" else kemeny
        # Of a document that several copies moved, the last one's word stands for all.
        moves = {move.position: move for copy in reversed(voting) for move in copy.moves}
        return moved(count([copy.vote for copy in voting], pool.size), tuple(moves.values()))

    def cost(self, n: int, top: int) -> Cost:
        """That of the algorithm within, `times` over; rounds are shared."""
        once = self.inner.cost(n, top)
        calls, documents = (
            Span(span.least * self.times, span.most * self.times) for span in (once.calls, once.documents)
        )
        return Cost(calls=calls, documents=documents, rounds=once.rounds)

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Those of the algorithm within."""
        return self.inner.cautions(pool)


class _Copy:
    """One copy: `places[i]` is the position that stands at i in it."""

    def __init__(self, inner: Algorithm, pool: Pool, places: Slate) -> None:
        prior = pool.prior
        if not prior and places != tuple(range(pool.size)):
            # A shuffled place means nothing, so what the first stage thought goes along as scores.
            quantile = NormalDist().inv_cdf
            prior = tuple(quantile(1 - (i + 0.5) / pool.size) for i in range(pool.size))
        self.plan = inner.plan(replace(pool, prior=prior).part(places))
        self.places = places
        self.order: Sequence[int] = tuple(range(pool.size))
        self.told = False  # whether any verdict said anything
        self.failed = False  # whether any said nothing because the judge failed
        self.verdicts: list[Verdict] = []
        self.moves: list[Move] = []

    @property
    def vote(self) -> Vote:
        """The order that came out, or the only verdict where that is the same."""
        if len(self.verdicts) == 1:
            tiers = tuple(tuple(sorted(tier)) for tier in self.verdicts[0].tiers)
            if [position for tier in tiers for position in tier] == list(self.order):
                return tiers
        return tuple((position,) for position in self.order)

    def run(self) -> Part[None]:
        """Ask what the copy asks, in positions of the pool."""
        step = advance(self.plan)
        while not isinstance(step, Done):
            self.order = self._home(step.asked.order)
            asked = step.asked.slates
            verdicts = yield [self._home(slate) for slate in asked]
            self.verdicts += verdicts
            self.told |= any(verdict.tells for verdict in verdicts)
            self.failed |= any(verdict.degraded for verdict in verdicts)
            step = advance(self.plan, [self._away(s, v) for s, v in zip(asked, verdicts, strict=True)])
        self.order = self._home(step.result)
        self.moves = [replace(one, position=self.places[one.position]) for one in moves_of(step.result)]

    def _home(self, order: Sequence[int]) -> Slate:
        return tuple(self.places[place] for place in order)

    def _away(self, slate: Slate, verdict: Verdict) -> Verdict:
        """The verdict in places of the copy; within a tier the first stage still counts."""
        place = dict(zip(verdict.slate, slate, strict=True))
        return Verdict(
            slate=slate,
            tiers=tuple(tuple(place[position] for position in sorted(tier)) for tier in verdict.tiers),
            scores=verdict.scores,
            strengths=verdict.strengths,
            repaired=verdict.repaired,
            degraded=verdict.degraded,
        )
