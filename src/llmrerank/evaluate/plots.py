"""The picture of a comparison: quality against cost, and against latency."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, MissingExtra
from llmrerank.harmless import harmless
from llmrerank.whole_file import write_whole

from .comparison import Comparison
from .pareto import Plane, cost_plane, latency_plane
from .report.plane_layout import HEIGHT, WIDTH, PlaneLayout, layout_of

__all__ = ["write_png"]

_ACCENT, _INK, _QUIET, _RULE, _BAND = "#1f5a94", "#1d2125", "#626a73", "#e2e3e1", "#f5f5f3"
_SCALE = 0.0105
"""Inches for a unit of the layout."""
_BETWEEN, _EDGE, _HEAD, _LINE = 0.35, 0.3, 0.75, 0.19
_NAME_LETTERS = 150


def write_png(path: Path, comparison: Comparison) -> None:
    """Draw quality against cost, and against latency, side by side into a PNG file, whole or not at all.

    The frontier is drawn as stairs, each oracle as a dashed line. A row is a point with its number, filled on
    the frontier, a diamond for the baseline; the numbers' names stand below. Rows of which it is not known
    what they take stand in a band at the right.

    Args:
        path: The file; missing folders are made.
        comparison: With judgements: without them there is no quality.

    Raises:
        ConfigError: Nothing is judged, or the name does not end in `.png`.
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise ConfigError(f"the picture of a comparison is a file that ends in .png, got {path.name!r}")
    if not comparison.judged:
        raise ConfigError("nothing is judged, so there is no quality to draw against cost; write a report instead")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("a plot", "plot") from error
    names = [
        f"{number:>2}  {_cut(row.pipeline)}"
        for number, row in enumerate(comparison.rows, start=1)
        if not row.is_oracle
    ]
    wide, high = WIDTH * _SCALE, HEIGHT * _SCALE
    width = 2 * (wide + _EDGE) + _BETWEEN
    below = _LINE * len(names) + _EDGE
    height = _HEAD + high + below
    # The object is used without pyplot, which would keep global state and look for a screen.
    figure: Any = Figure(figsize=(width, height))
    for column, plane in enumerate((cost_plane(comparison), latency_plane(comparison))):
        left = _EDGE + column * (wide + _BETWEEN)
        axes = figure.add_axes((left / width, below / height, wide / width, high / height))
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        _draw(axes, plane, layout_of(plane), comparison.baseline)
    queries = f"{comparison.queries} {'query' if comparison.queries == 1 else 'queries'}"
    text: dict[str, Any] = {"va": "top", "color": _INK, "parse_math": False}
    figure.text(
        _EDGE / width, 1 - 0.2 / height, f"{_cut(comparison.dataset)}, {queries}", fontsize=12, **text
    )
    for line, name in enumerate(names):
        at = (below - 0.1 - _LINE * line) / height
        figure.text(_EDGE / width, at, name, fontsize=8, family="monospace", **text)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=150)
    write_whole(path, drawn.getvalue())


def _cut(name: str) -> str:
    name = harmless(name)
    return name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}…"


def _draw(axes: Any, plane: Plane, layout: PlaneLayout, baseline: int) -> None:
    def text(x: float, y: float, said: str, **how: Any) -> None:
        axes.text(x, y, said, **{"fontsize": 8, "color": _QUIET, "va": "center", "parse_math": False, **how})

    left, right, floor = layout.left, layout.right, layout.floor
    for y, said in layout.ticks_up:
        axes.plot((left, right), (y, y), color=_RULE, linewidth=0.7)
        text(left - 8, y, said, ha="right")
    for x, said in layout.ticks_across:
        axes.plot((x, x), (floor, floor + 5), color=_RULE, linewidth=0.8)
        text(x, floor + 15, said, ha="center")
    axes.plot((left, right), (floor, floor), color=_QUIET, linewidth=0.8)
    for shift in () if layout.gap is None else (-2.5, 2.5):
        at = layout.gap + shift
        axes.plot((at - 2, at + 2), (floor + 5, floor - 5), color=_QUIET, linewidth=0.8)
    text(0, 8, f"{plane.title}: {harmless(plane.measure)}", fontsize=9, color=_INK)
    text((left + right) / 2, HEIGHT - 12, layout.across, fontsize=9, color=_INK, ha="center")
    if layout.band:
        begin, middle, end = layout.band
        axes.fill_between((begin, end), layout.top, floor, color=_BAND, linewidth=0)
        text(middle, floor + 15, "not known", ha="center")
    for y, said, _ in layout.ceilings:
        axes.plot((left, layout.edge), (y, y), color=_QUIET, linewidth=0.8, linestyle=(0, (5, 4)))
        text(left + 8, y + 10, said)
    if layout.stairs:
        axes.plot(*zip(*layout.stairs, strict=True), color=_ACCENT, linewidth=1.5, alpha=0.8)
    for spot in layout.spots:
        best = spot.kind == "best"
        if spot.far:
            axes.plot((spot.x, spot.label_x), (spot.y, spot.label_y), color=_RULE, linewidth=0.8)
        axes.plot(
            (spot.x,),
            (spot.y,),
            marker="D" if spot.point.row == baseline else "o",
            markersize=6,
            color=_ACCENT if best else _QUIET,
            markerfacecolor=_ACCENT if best else "white",
        )
        weight = "bold" if best else "normal"
        text(spot.label_x, spot.label_y, str(spot.point.row + 1), color=_INK, ha="center", fontweight=weight)
