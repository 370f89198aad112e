"""A plane of quality against what it takes, as SVG that style sheets colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from llmrerank.evaluate.pareto import Plane, Point
from llmrerank.harmless import harmless

from .numbers import quality, short
from .plane_layout import HEIGHT, WIDTH, PlaneLayout, Spot, layout_of

__all__ = ["draw_plane"]


def draw_plane(plane: Plane, names: Sequence[str], *, baseline: int, identifier: str) -> str:
    """Draw it: the frontier as stairs, each oracle as a dashed line, every row a point with its number.

    Args:
        plane: What is drawn.
        names: Of all rows of the table; `names[i]` belongs to row i.
        baseline: Index of the row whose point is a diamond.
        identifier: Begins the ids of title and description; letters, digits and hyphens.

    Returns:
        An `svg` element. Every text in it is escaped.
    """
    layout = layout_of(plane)
    parts = [
        f'<svg class="plane" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-labelledby="{identifier}-title {identifier}-desc">',
        f'<title id="{identifier}-title">{_text(plane.title)}</title>',
        f'<desc id="{identifier}-desc">{_text(_described(plane, names))}</desc>',
        *_grid(plane, layout),
        *_ceilings(layout),
    ]
    if layout.stairs:
        (x, y), *corners = layout.stairs
        path = "".join(f"L{a:.1f} {b:.1f}" for a, b in corners)
        parts.append(f'<path class="frontier" d="M{x:.1f} {y:.1f}{path}"/>')
    parts += [
        _drawn(spot, _hover(plane, spot.point, names[spot.point.row]), spot.point.row == baseline)
        for spot in layout.spots
    ]
    return "".join((*parts, "</svg>"))


def _described(plane: Plane, names: Sequence[str]) -> str:
    best = "; ".join(
        f"{point.row + 1} {names[point.row]}: {quality(point.worth)} for {short(float(f'{point.taken:.3g}'))}"
        for point in (plane.points[index] for index in plane.frontier)
        if point.taken is not None
    )
    return f"{plane.measure} against {plane.across}. On the frontier: {best or 'none'}."


def _grid(plane: Plane, layout: PlaneLayout) -> Iterator[str]:
    left, right, floor = layout.left, layout.right, layout.floor
    for y, text in layout.ticks_up:
        yield f'<line class="grid" x1="{left:g}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" text-anchor="end" x="{left - 8:g}" y="{y + 4:.1f}">{text}</text>'
    for x, text in layout.ticks_across:
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{floor:g}" y2="{floor + 5:g}"/>'
        yield f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{floor + 19:g}">{text}</text>'
    yield f'<line class="axis" x1="{left:g}" x2="{right:.1f}" y1="{floor:g}" y2="{floor:g}"/>'
    if layout.gap is not None:
        for at in (layout.gap - 2.5, layout.gap + 2.5):
            ends = f'x1="{at - 2:.1f}" x2="{at + 2:.1f}" y1="{floor + 5:g}" y2="{floor - 5:g}"'
            yield f'<line class="axis" {ends}/>'
    yield f'<text class="name" x="0" y="12">{_text(plane.measure)}</text>'
    yield (
        f'<text class="name" text-anchor="middle" x="{(left + right) / 2:.1f}" y="{HEIGHT - 8:g}">'
        f"{_text(layout.across)}</text>"
    )
    if layout.band:
        begin, middle, end = layout.band
        yield (
            f'<rect class="band" x="{begin:.1f}" y="{layout.top:g}" width="{end - begin:.1f}" '
            f'height="{floor - layout.top:g}" rx="3"/>'
            f'<text class="tick" text-anchor="middle" x="{middle:.1f}" y="{floor + 19:g}">not known</text>'
        )


def _ceilings(layout: PlaneLayout) -> Iterator[str]:
    for y, text, name in layout.ceilings:
        yield (
            f'<g class="ceiling"><title>{_text(name)}</title>'
            f'<line x1="{layout.left:g}" x2="{layout.edge:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{layout.left + 8:g}" y="{y + 15:.1f}">{_text(text)}</text></g>'
        )


def _drawn(spot: Spot, hover: str, baseline: bool) -> str:
    x, y = spot.x, spot.y
    line = ""
    if spot.far:
        line = (
            f'<line class="lead" x1="{x:.1f}" y1="{y:.1f}" x2="{spot.label_x:.1f}" y2="{spot.label_y:.1f}"/>'
        )
    mark = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    if baseline:
        mark = f'<path d="M{x:.1f} {y - 6.2:.1f}l6.2 6.2l-6.2 6.2l-6.2-6.2z"/>'
    return (
        f'<g class="point {spot.kind}"><title>{_text(hover)}</title>{line}{mark}'
        f'<text text-anchor="middle" x="{spot.label_x:.1f}" y="{spot.label_y + 4.4:.1f}">'
        f"{spot.point.row + 1}</text></g>"
    )


def _hover(plane: Plane, point: Point, name: str) -> str:
    taken = "not known" if point.taken is None else short(float(f"{point.taken:.4g}"))
    return f"{point.row + 1}  {name}\n{plane.measure} {quality(point.worth)}\n{plane.across}: {taken}"


def _text(text: str) -> str:
    return escape(harmless(text, newlines=True))
