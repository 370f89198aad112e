"""The picture of a comparison: quality against cost, and against latency."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, MissingExtra
from llmrerank.harmless import harmless
from llmrerank.whole_file import write_whole

from .comparison import Comparison
from .pareto import Plane, cost_plane, latency_plane
from .report.plane_layout import HEIGHT, WIDTH, PlaneLayout, layout_of

__all__ = ["require_png", "write_png"]

_ACCENT, _INK, _QUIET, _RULE, _BAND = "#1f5a94", "#1d2125", "#626a73", "#e2e3e1", "#f5f5f3"
_SCALE = 0.0105
"""Inches for a unit of the layout; those below are inches."""
_WIDE, _HIGH = WIDTH * _SCALE, HEIGHT * _SCALE
_BETWEEN, _EDGE, _HEAD, _LINE = 0.35, 0.3, 0.75, 0.19
_BOTH = 2 * (_WIDE + _EDGE) + _BETWEEN
_NAME_LETTERS = 150


def require_png(path: Path) -> None:
    """Say before the work what would stop the picture after it.

    Raises:
        ConfigError: The name does not end in `.png`.
        MissingExtra: matplotlib is not installed.
    """
    if path.suffix.lower() != ".png":
        raise ConfigError(f"the picture of a comparison is a file that ends in .png, got {path.name!r}")
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingExtra("a plot", "plot") from error


def write_png(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Draw quality against cost, and against latency, side by side into a PNG file, whole or not at all.

    The frontier is drawn as stairs, each oracle as a dashed line. A row is a point with its number, filled on
    the frontier, a diamond for the baseline; the numbers' names stand below. Rows of which it is not known
    what they take stand in a band at the right. Several datasets stand below one another.

    Args:
        path: The file; missing folders are made.
        comparisons: Those without judgements are left out: they know no quality.

    Raises:
        ConfigError: Nothing is judged, or the name does not end in `.png`.
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    require_png(path)
    judged = [comparison for comparison in comparisons if comparison.judged]
    if not judged:
        raise ConfigError(
            "nothing is judged, so there is no quality to draw against cost; write a report instead"
        )
    from matplotlib.figure import Figure

    heights = [_HEAD + _HIGH + _EDGE + _LINE * len(_systems(comparison)) for comparison in judged]
    # The object is used without pyplot, which would keep global state and look for a screen.
    figure: Any = Figure(figsize=(_BOTH, sum(heights)))
    top = sum(heights)
    for comparison, height in zip(judged, heights, strict=True):
        _draw_comparison(figure, comparison, top)
        top -= height
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=150)
    write_whole(path, drawn.getvalue())


def _systems(comparison: Comparison) -> list[str]:
    """The numbers and names of the rows behind which a system stands."""
    return [
        f"{number:>2}  {row.pipeline}"
        for number, row in enumerate(comparison.rows, start=1)
        if not row.is_oracle
    ]


def _draw_comparison(figure: Any, comparison: Comparison, top: float) -> None:
    """Both planes and the names below them; `top` is where they begin, in inches from the lower edge."""
    across, up = figure.get_size_inches()

    def text(y: float, said: str, **how: Any) -> None:
        figure.text(_EDGE / across, y / up, said, va="top", color=_INK, parse_math=False, **how)

    queries = f"{comparison.queries} {'query' if comparison.queries == 1 else 'queries'}"
    text(top - 0.2, f"{_written(comparison.dataset)}, {queries}", fontsize=12)
    floor = top - _HEAD - _HIGH
    for column, plane in enumerate((cost_plane(comparison), latency_plane(comparison))):
        left = _EDGE + column * (_WIDE + _BETWEEN)
        axes = figure.add_axes((left / across, floor / up, _WIDE / across, _HIGH / up))
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        _draw(axes, plane, layout_of(plane), comparison.baseline)
    for line, name in enumerate(_systems(comparison)):
        text(floor - 0.1 - _LINE * line, _written(name, "monospace"), fontsize=8, family="monospace")


def _written(text: str, family: str = "sans-serif") -> str:
    """A text in signs that the font has; matplotlib would warn of every other."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    text = harmless(text, newlines=True).replace("\n", " ")
    if len(text) > _NAME_LETTERS:
        text = f"{text[: _NAME_LETTERS - 1]}…"
    font: Any = get_font(findfont(FontProperties(family=[family])))
    return "".join(sign if font.get_char_index(ord(sign)) else "\ufffd" for sign in text)


def _draw(axes: Any, plane: Plane, layout: PlaneLayout, baseline: int) -> None:
    def text(x: float, y: float, said: str, **how: Any) -> None:
        axes.text(x, y, said, **{"fontsize": 8, "color": _QUIET, "va": "center", "parse_math": False, **how})

    left, right, floor, gap = layout.left, layout.right, layout.floor, layout.gap
    for y, said in layout.ticks_up:
        axes.plot((left, right), (y, y), color=_RULE, linewidth=0.7)
        text(left - 8, y, said, ha="right")
    for x, said in layout.ticks_across:
        axes.plot((x, x), (floor, floor + 5), color=_RULE, linewidth=0.8)
        text(x, floor + 15, said, ha="center")
    axes.plot((left, right), (floor, floor), color=_QUIET, linewidth=0.8)
    for at in () if gap is None else (gap - 2.5, gap + 2.5):
        axes.plot((at - 2, at + 2), (floor + 5, floor - 5), color=_QUIET, linewidth=0.8)
    text(0, 8, f"{plane.title}: {_written(plane.measure)}", fontsize=9, color=_INK)
    text((left + right) / 2, HEIGHT - 12, layout.across, fontsize=9, color=_INK, ha="center")
    if layout.band:
        begin, middle, end = layout.band
        axes.fill_between((begin, end), layout.top, floor, color=_BAND, linewidth=0)
        text(middle, floor + 15, "not known", ha="center")
    for y, said, _ in layout.ceilings:
        axes.plot((left, layout.edge), (y, y), color=_QUIET, linewidth=0.8, linestyle=(0, (5, 4)))
        text(left + 8, y + 10, _written(said))
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
