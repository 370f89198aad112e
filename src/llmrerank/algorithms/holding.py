"""Orders in which documents stand no higher than they may."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping, Sequence

__all__ = ["inserted", "settled"]


def settled(order: Sequence[int], least: Mapping[int, int]) -> list[int]:
    """The order with everybody held to the place they may have; who is held moves no further than that.

    Where nobody left may have a place, the first that is held gets it.

    Args:
        order: Best first.
        least: The best place from 0 that a document may have; who is not named may have any.

    Cost: O(n log n).
    """
    coming = deque(enumerate(order))
    held: list[tuple[int, int, int]] = []  # by the place that they may have
    free: list[tuple[int, int]] = []  # of those, who may have the place at hand: as they stood
    result: list[int] = []
    for place in range(len(order)):
        while held and held[0][0] <= place:
            _, stood, document = heapq.heappop(held)
            heapq.heappush(free, (stood, document))
        while not free and coming:
            stood, document = coming.popleft()
            may = least.get(document, 0)
            if may <= place:
                free.append((stood, document))
            else:
                heapq.heappush(held, (may, stood, document))
        result.append(heapq.heappop(free)[1] if free else heapq.heappop(held)[2])
    return result


def inserted(order: Sequence[int], places: Mapping[int, int]) -> list[int]:
    """The order with more documents put in at their places from 0; the last place where there are fewer."""
    waiting = deque(sorted(places, key=lambda document: (places[document], document)))
    others = deque(order)
    result: list[int] = []
    while waiting or others:
        its_turn = waiting and (not others or places[waiting[0]] <= len(result))
        result.append(waiting.popleft() if its_turn else others.popleft())
    return result
