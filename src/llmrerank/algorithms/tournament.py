"""Tournaments: groups select, stage by stage, and every advance is a point."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Round, Slate, Verdict
from llmrerank.types import Detail

from .dealing import strided

__all__ = ["Tournament"]

_STAGES = ((20, 50), (10, 20), (20, 10), (10, 5), (5, 2))
"""Documents of a group at most, and how many should be left after it, stage by stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tournament:
    """Groups of the pool send their best to the next stage, and each advance is a point.

    Several tournaments, with other shuffles inside the groups, run at the same time; points are added up, and
    equal points keep the first-stage order. The set of the best is nearly exact with a perfect judge, their
    order only as fine as the points. A group without evidence sends its first in first-stage order.

    Cost: for 100 documents 13 calls of 185 documents a tournament, in 5 rounds; one call where n <= 20.

    Source: Chen et al. 2024 (TourRank), arXiv 2406.11678.

    Attributes:
        tournaments: How many, 1 or more.
        seed: Of the shuffles.

    Raises:
        ConfigError: Fewer than one.
    """

    tournaments: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.tournaments < 1:
            raise ConfigError(f"tournament: tournaments must be 1 or more, got {self.tournaments}")

    @property
    def needs(self) -> Detail:
        """The first of each group: an order."""
        return Detail.ORDER

    @property
    def window(self) -> int:
        """The largest group."""
        return max(size for size, _ in _STAGES)

    def plan(self, pool: Pool) -> Plan:
        """Yield one round a stage; the order so far is by points."""
        order: Sequence[int] = tuple(range(pool.size))
        if pool.size <= self.window:
            if pool.size > 1:
                [verdict] = yield Round(slates=(tuple(order),), order=order)
                order = verdict.order
            return order
        shuffles = random.Random(self.seed)
        points = [0] * pool.size
        playing = [order] * self.tournaments
        for groups, advancing in _stages(pool.size):
            slates = [
                tuple(shuffles.sample(group, len(group)))
                for players in playing
                for group in strided(players, groups)
            ]
            verdicts = yield Round(slates=tuple(slates), order=order)
            playing = [
                sorted(
                    position
                    for verdict in verdicts[start : start + groups]
                    for position in _first(verdict, advancing)
                )
                for start in range(0, len(verdicts), groups)
            ]
            for players in playing:
                for position in players:
                    points[position] += 1
            order = sorted(range(pool.size), key=lambda position: -points[position])
        return order

    def cost(self, n: int, top: int) -> Cost:
        """Exact: the stages depend on n alone."""
        if n <= self.window:
            calls = int(n > 1)
            return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)
        stages = list(_stages(n))
        players = [n, *(groups * advancing for groups, advancing in stages[:-1])]
        return Cost.exactly(
            calls=self.tournaments * sum(groups for groups, _ in stages),
            documents=self.tournaments * sum(players),
            rounds=len(stages),
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Say where more places are wanted than documents can have points."""
        if pool.size <= self.window:
            return ()
        groups, advancing = next(_stages(pool.size))
        if pool.top <= groups * advancing:
            return ()
        return (
            f"{groups * advancing} documents of {pool.size} get points in a tournament, and {pool.top} "
            "places are wanted: the others keep the first-stage order",
        )


def _stages(n: int) -> Iterator[tuple[int, int]]:
    """Groups of each stage, and how many of each advance; a stage that would select nobody is left out."""
    for size, target in _STAGES:
        if n > target:
            groups = -(-n // size)
            advancing = -(-target // groups)
            yield groups, advancing
            n = groups * advancing


def _first(verdict: Verdict, count: int) -> Slate:
    """The best of a group; it was shown shuffled, so ties go by first-stage place."""
    return tuple(position for tier in verdict.tiers for position in sorted(tier))[:count]
