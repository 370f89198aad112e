"""Who is known to have beaten whom, directly or through others: a transitive closure in bit sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from llmrerank.rounds import Verdict

__all__ = ["Closure"]


class Closure:
    """What verdicts over `size` positions imply. Bit p of a set stands for position p.

    Positions that have beaten each other (a cycle) form one tier: each is in `above` and in `below` of all
    others of it, and of itself.

    Attributes:
        above: `above[p]` holds all that are known to have beaten p.
        below: `below[p]` holds all that p is known to have beaten.
    """

    __slots__ = ("above", "below")

    def __init__(self, size: int) -> None:
        self.above = [0] * size
        self.below = [0] * size

    def learn(self, verdict: Verdict, *, ties: bool = False) -> bool:
        """Add what a verdict says, and say whether any of it is new; a degraded one says nothing.

        Args:
            verdict: Every tier has beaten those behind it.
            ties: Whether members of one tier have beaten each other. Of documents that an answer did not
                name, which share the last tier, nothing is taken for known.
        """
        if verdict.degraded:
            return False
        new = False
        for better, worse in pairwise(verdict.tiers):
            for winner in better:
                for loser in worse:
                    new |= self._add(winner, loser)
        if ties:
            known = verdict.tiers[:-1] if "missing" in verdict.repaired else verdict.tiers
            for tier in known:
                for one, other in pairwise((*tier, tier[0])):
                    new |= self._add(one, other)
        return new

    def beats(self, winner: int, loser: int) -> bool:
        """Whether one is known to be the better, and not also the worse."""
        return bool(self.below[winner] >> loser & 1) and not self.below[loser] >> winner & 1

    def unbeaten(self, positions: Sequence[int]) -> list[int]:
        """Those that no other of them is known to be better than; one at least, in the order given."""
        return [p for p in positions if not any(self.beats(other, p) for other in positions)]

    def tier(self, position: int) -> int:
        """The set of those that a position forms a tier with, itself included."""
        return self.above[position] & self.below[position] | 1 << position

    def losses(self, position: int) -> int:
        """How many outside of its tier are known to be better."""
        return (self.above[position] & ~self.tier(position)).bit_count()

    def wins(self, position: int) -> int:
        """How many outside of its tier are known to be worse."""
        return (self.below[position] & ~self.tier(position)).bit_count()

    def resolved(self, position: int) -> bool:
        """Whether it is known of every other position how it stands to this one."""
        known = self.above[position] | self.below[position] | 1 << position
        return known == (1 << len(self.above)) - 1

    def _add(self, winner: int, loser: int) -> bool:
        if winner == loser or self.below[winner] >> loser & 1:
            return False
        winners = self.above[winner] | 1 << winner
        losers = self.below[loser] | 1 << loser
        for position in _bits(winners):
            self.below[position] |= losers
        for position in _bits(losers):
            self.above[position] |= winners
        return True


def _bits(members: int) -> Iterator[int]:
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest
