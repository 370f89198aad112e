"""How a list is dealt into groups."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from llmrerank.rounds import Slate

__all__ = ["consecutive", "strided"]


def strided(positions: Sequence[int], groups: int) -> list[Slate]:
    """Group i gets places i, i + groups, ...: every group has its share of the best."""
    return [tuple(positions[start::groups]) for start in range(groups)]


def consecutive(positions: Sequence[int], groups: int) -> list[Slate]:
    """Neighbours stay together; the sizes differ by one at most, the larger groups first."""
    size, larger = divmod(len(positions), groups)
    starts = [number * size + min(number, larger) for number in range(groups + 1)]
    return [tuple(positions[start:end]) for start, end in pairwise(starts)]
