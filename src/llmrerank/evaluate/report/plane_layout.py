"""Where everything in a plane of quality against what it takes stands, whoever draws it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from llmrerank.evaluate.pareto import Plane, Point
from llmrerank.harmless import harmless

from .axes import Axis, axis_of, linear_axis
from .label_places import Box, place_labels
from .numbers import quality, short

__all__ = ["HEIGHT", "WIDTH", "PlaneLayout", "Spot", "layout_of"]

WIDTH, HEIGHT = 520.0, 360.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 8.0, 30.0, 50.0
_BAND = 92.0
"""Room at the right for rows of which it is not known what they take."""
_INSIDE, _ABOVE = 16.0, 10.0
"""How far inside the axes they begin, so that no point sits on them."""
_LETTER, _LABEL_HEIGHT = 7.6, 13.0
_ASIDE, _APART = (0.0, -19.0, 19.0, -9.5, 9.5, -28.0, 28.0), 16.0
_NAME_LETTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One row in the drawing.

    Attributes:
        point: What it stands for.
        x: Of its middle.
        y: Of its middle; downwards.
        kind: `best` on the frontier, `other`, or `apart` where it is not known what it takes.
        label_x: Middle of its number.
        label_y: Middle of its number.
        far: The number stands so far away that a line should join them.
    """

    point: Point
    x: float
    y: float
    kind: Literal["best", "other", "apart"]
    label_x: float
    label_y: float
    far: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneLayout:
    """A drawing of `WIDTH` by `HEIGHT`; x to the right, y downwards.

    Attributes:
        left: Where the axis across begins.
        right: Where it ends.
        edge: Where the drawing ends, the band included.
        floor: y of that axis.
        top: y of the upper end.
        across: What the axis is named.
        ticks_across: (x, text) each.
        ticks_up: (y, text) each.
        gap: x of the strokes that say that 0 is not to scale, or None.
        band: (left end, middle, right end) of the band, or None.
        ceilings: (y, text, full name) of each oracle.
        stairs: Corners of the frontier, from its first point to the end of the axis.
        spots: The rows.
    """

    left: float
    right: float
    edge: float
    floor: float
    top: float
    across: str
    ticks_across: tuple[tuple[float, str], ...]
    ticks_up: tuple[tuple[float, str], ...]
    gap: float | None
    band: tuple[float, float, float] | None
    ceilings: tuple[tuple[float, str, str], ...]
    stairs: tuple[tuple[float, float], ...]
    spots: tuple[Spot, ...]


def layout_of(plane: Plane) -> PlaneLayout:
    """Put everything in its place."""
    worths = [point.worth for point in plane.points] + [worth for _, worth in plane.ceilings]
    across = axis_of([point.taken for point in plane.points if point.taken is not None])
    up = linear_axis(min(worths, default=0.0), max(worths, default=1.0), ticks=7)
    has_band = any(point.taken is None for point in plane.points)
    right, floor = WIDTH - _RIGHT - (_BAND if has_band else 0.0), HEIGHT - _BOTTOM
    band = (right + 10.0, right + 4.0 + _BAND / 2, WIDTH - _RIGHT) if has_band else None

    def x(value: float) -> float:
        return _LEFT + _INSIDE + (right - _LEFT - _INSIDE - 12.0) * across.place(value)

    def y(value: float) -> float:
        return floor - _ABOVE - (floor - _ABOVE - _TOP) * up.place(value)

    places = _moved_aside(
        [(band[1] if p.taken is None and band else x(p.taken or 0.0), y(p.worth)) for p in plane.points],
        [point.taken is None for point in plane.points],
    )
    return PlaneLayout(
        left=_LEFT,
        right=right,
        edge=WIDTH - _RIGHT,
        floor=floor,
        top=_TOP,
        across=f"{plane.across}, logarithmic" if across.logarithmic else plane.across,
        ticks_across=tuple((x(value), short(value)) for value in across.ticks),
        ticks_up=tuple((y(value), f"{value:.4g}") for value in up.ticks),
        gap=_gap(across, x(0.0), x(across.low)),
        band=band,
        ceilings=tuple(
            (y(worth), f"{_ceiling_name(name, plane)} {quality(worth)}", name)
            for name, worth in plane.ceilings
        ),
        stairs=tuple(_stairs([places[index] for index in plane.frontier], right)),
        spots=tuple(_spots(plane, places, floor)),
    )


def _gap(across: Axis, zero: float, least: float) -> float | None:
    return (zero + least) / 2 if across.zero else None


def _ceiling_name(name: str, plane: Plane) -> str:
    """The name of a first stage matters only where there are several."""
    if len(plane.ceilings) < 2:
        return "oracle"
    name = harmless(name)
    return name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}…"


def _moved_aside(places: list[tuple[float, float]], apart: list[bool]) -> list[tuple[float, float]]:
    """Points of the band move aside, so that none covers another."""
    moved = list(places)
    for index, (middle, y) in enumerate(places):
        if apart[index]:
            before = [moved[i] for i in range(index) if apart[i]]
            free = (
                middle + shift
                for shift in _ASIDE
                if all(abs(middle + shift - x) + abs(y - other) > _APART for x, other in before)
            )
            moved[index] = next(free, middle), y
    return moved


def _stairs(corners: list[tuple[float, float]], end: float) -> Iterator[tuple[float, float]]:
    """The best that can be had for so much or less: it rises only where the next point stands."""
    for number, (x, y) in enumerate(corners):
        if number:
            yield x, corners[number - 1][1]
        yield x, y
    if corners:
        yield end, corners[-1][1]


def _spots(plane: Plane, places: list[tuple[float, float]], floor: float) -> Iterator[Spot]:
    labels = place_labels(
        places,
        [_LETTER * len(str(point.row + 1)) for point in plane.points],
        height=_LABEL_HEIGHT,
        room=Box(_LEFT + 2, 0, WIDTH - 2, floor - 1),
    )
    for index, (point, (x, y), label) in enumerate(zip(plane.points, places, labels, strict=True)):
        yield Spot(
            point=point,
            x=x,
            y=y,
            kind="apart" if point.taken is None else "best" if index in plane.frontier else "other",
            label_x=label.x,
            label_y=label.y,
            far=label.far,
        )
