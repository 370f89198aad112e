"""One order from several: mean places, or the order with the least disagreement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from llmrerank.rounds import Slate

__all__ = ["EXACT", "Vote", "borda", "kemeny"]

Vote = tuple[Slate, ...]
"""The positions 0..n-1 in tiers, best first; members of a tier are tied."""

EXACT = 12
"""Documents up to which the least disagreement is found for certain."""


def borda(votes: Sequence[Vote], size: int) -> tuple[int, ...]:
    """Sort by mean place; members of a tier share the mean of its places; ties keep the first-stage order."""
    doubled = [0] * size  # twice the sum of the places, so that it is whole
    for vote in votes:
        start = 0
        for tier in vote:
            for position in tier:
                doubled[position] += 2 * start + len(tier) - 1
            start += len(tier)
    return tuple(sorted(range(size), key=doubled.__getitem__))


def kemeny(votes: Sequence[Vote], size: int) -> tuple[int, ...]:
    """Find the order that contradicts the fewest pairs of the votes; of several the first in place order.

    Exact up to 12 documents; beyond, the order by mean place with neighbours swapped while that is better.
    Cost: `size ** 2 * 2 ** size` steps up to 12.
    """
    against = [[0] * size for _ in range(size)]  # against[i][j]: votes that i before j contradicts
    for vote in votes:
        better: list[int] = []
        for tier in vote:
            for position in tier:
                for other in better:
                    against[position][other] += 1
            better += tier
    if size > EXACT:
        return _swapped(list(borda(votes, size)), against)

    @cache
    def best(left: int) -> tuple[int, tuple[int, ...]]:
        """The least disagreement of an order of the documents whose bits are set, and that order."""
        members = [position for position in range(size) if left >> position & 1]
        found: tuple[int, tuple[int, ...]] = (0, ())
        for number, first in enumerate(members):
            rest, order = best(left & ~(1 << first))
            total = rest + sum(against[first][other] for other in members if other != first)
            if number == 0 or total < found[0]:
                found = (total, (first, *order))
        return found

    return best((1 << size) - 1)[1]


def _swapped(order: list[int], against: list[list[int]]) -> tuple[int, ...]:
    better = True
    while better:
        better = False
        for place in range(len(order) - 1):
            one, other = order[place], order[place + 1]
            if against[other][one] < against[one][other]:
                order[place], order[place + 1] = other, one
                better = True
    return tuple(order)
