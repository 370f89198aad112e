"""Where labels go beside their points, so that they cover neither points nor one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

__all__ = ["Box", "LabelPlace", "place_labels"]

_TURNS = (-0.25, 0.0, 0.25, 0.5, -0.125, 0.125, 0.375, -0.375)
"""Directions tried, in turns clockwise from the right: above, right, below, left, then between."""
_REACHES = (13.0, 21.0, 30.0, 40.0)
_POINT = 6.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the units of the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Area in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0

    def outside(self, other: Box) -> float:
        """Area that sticks out of another."""
        return (self.right - self.left) * (self.bottom - self.top) - self.overlap(other)


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """The middle of a label; `far` where it stands so far from its point that a line should join them."""

    x: float
    y: float
    far: bool


def place_labels(
    points: Sequence[tuple[float, float]], widths: Sequence[float], *, height: float, room: Box
) -> list[LabelPlace]:
    """Put a label beside every point, one after another, each where it covers least.

    Args:
        points: (x, y) each.
        widths: `widths[i]` is that of the label of `points[i]`.
        height: Of all labels.
        room: No label should leave it.
    """
    taken = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    placed = []
    for (x, y), width in zip(points, widths, strict=True):
        best: tuple[float, Box, LabelPlace] | None = None
        for number, (reach, turn) in enumerate(product(_REACHES, _TURNS)):
            angle = 2 * math.pi * turn
            middle_x = x + (reach + width / 2 - 4) * math.cos(angle)
            middle_y = y + reach * math.sin(angle)
            box = Box(
                middle_x - width / 2, middle_y - height / 2, middle_x + width / 2, middle_y + height / 2
            )
            # What comes later among equal places is further away, or a worse direction.
            covered = sum(map(box.overlap, taken)) + 3 * box.outside(room) + 0.2 * number
            if best is None or covered < best[0]:
                best = covered, box, LabelPlace(middle_x, middle_y, reach > _REACHES[0])
        if best is not None:
            taken.append(best[1])
            placed.append(best[2])
    return placed
