"""The picture of routers: quality against cost, beside fixed arms, their mixtures and the oracle."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from llmrerank.evaluate.reliability_plot import require_matplotlib
from llmrerank.harmless import harmless
from llmrerank.whole_file import write_whole

from .curves import Curve
from .judged import RouterFigures, Standing

__all__ = ["plot_curves", "require_matplotlib"]

_COLOURS = {"fitted": "#1f5a94", "rules": "#c05a1c", "oracle": "#626a73"}
_INK, _QUIET = "#1d2125", "#626a73"


def plot_curves(judged: RouterFigures, path: Path) -> None:
    """Draw into a file, written whole or not at all.

    Raises:
        ConfigError: The name ends in no format that can be drawn.
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    require_matplotlib(path)
    from matplotlib.figure import Figure

    outcomes = judged.outcomes
    low, high = outcomes.costs[0], outcomes.costs[-1]
    # The object is used without pyplot, which would keep global state and look for a screen.
    figure: Any = Figure(figsize=(7.5, 5.0), layout="constrained")
    axes = figure.add_subplot()

    def line(curve: Curve, **how: Any) -> None:
        costs = [low + share * (high - low) for share, _ in curve.points]
        axes.plot(costs, [score for _, score in curve.points], **how)

    line(judged.line, color=_QUIET, linestyle=(0, (5, 4)), linewidth=1.0, label="fixed arms by lot")
    for standing in judged.standings:
        if standing.curve is None:
            _mark(axes, standing, "D", _INK, "above")
            continue
        colour = _COLOURS.get(standing.name, _INK)
        thin = standing.name == "oracle"
        line(standing.curve, color=colour, linewidth=0.8 if thin else 1.6, label=standing.name)
        _mark(axes, standing, "o", colour, "")
    axes.set_xlabel(f"{outcomes.unit} a query")
    axes.set_ylabel(harmless(outcomes.measure))
    title = f"{harmless(outcomes.dataset)[:60]}, {len(outcomes.queries)} queries; fitted: cross-validated"
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.legend(frameon=False, fontsize=8)
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix.lower().removeprefix("."), dpi=150)
    write_whole(path, drawn.getvalue())


def _mark(axes: Any, standing: Standing, marker: str, colour: str, where: str) -> None:
    axes.plot((standing.cost,), (standing.score,), marker=marker, color=colour, markersize=6)
    if where:
        axes.annotate(
            harmless(standing.name)[:60],
            (standing.cost, standing.score),
            textcoords="offset points",
            xytext=(0, 7),
            ha="center",
            fontsize=7,
            color=colour,
            parse_math=False,
        )
