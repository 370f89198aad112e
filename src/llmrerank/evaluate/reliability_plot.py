"""The picture of a calibration: whether its probabilities are kept, and where the scores lie."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrerank.errors import ConfigError, MissingExtra
from llmrerank.whole_file import write_whole

from .reliability import Bin

if TYPE_CHECKING:
    from .calibrate import Calibrated

__all__ = ["FORMATS", "plot_reliability", "require_matplotlib"]

FORMATS = (".png", ".svg", ".pdf")

_COLUMNS = 40
_BEFORE, _AFTER, _RELEVANT, _OTHERS, _QUIET = "#c05a1c", "#1f5fa8", "#1f5fa8", "#b9bec6", "#6b7280"


def require_matplotlib(path: Path) -> None:
    """Say before the work what would stop the picture after it.

    Raises:
        ConfigError: The name ends in no format that can be drawn.
        MissingExtra: matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"a plot is a file that ends in {' or '.join(FORMATS)}, got {path.name!r}")
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingExtra("a reliability plot", "plot") from error


def plot_reliability(calibrated: Calibrated, path: Path) -> None:
    """Draw a calibration into a file, written whole or not at all.

    Left, what was observed against what was predicted, for queries held out of the fit, on the diagonal where
    probabilities are kept; right, the map from scores to probabilities over the histogram of the scores.

    Raises:
        ConfigError: The name ends in no format that can be drawn.
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    require_matplotlib(path)
    from matplotlib.figure import Figure

    # The object is used without pyplot, which would keep global state and look for a screen.
    figure: Any = Figure(figsize=(10.5, 5.4), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.05), height_ratios=(1.5, 1))
    _draw_reliability(figure.add_subplot(grid[:, 0]), calibrated)
    curve = figure.add_subplot(grid[0, 1])
    _draw_map(curve, calibrated)
    _draw_scores(figure.add_subplot(grid[1, 1], sharex=curve), calibrated)
    made = calibrated.calibration
    figure.suptitle(f"{made.strategy}   on {made.dataset}", fontsize=11, x=0.01, ha="left")
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix[1:].lower(), dpi=150)
    write_whole(path, drawn.getvalue())


def _draw_reliability(axes: Any, calibrated: Calibrated) -> None:
    quality, fitted = calibrated.fit.quality, calibrated.fit
    axes.plot((0, 1), (0, 1), color=_QUIET, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
    if fitted.baseline_bins:
        name = f"score as it is (ECE {quality.before.ece:.3f}, Brier {quality.before.brier:.3f})"
        _draw_bins(axes, fitted.baseline_bins, color=_BEFORE, label=name)
    else:
        share = sum(calibrated.judged.relevant) / len(calibrated.judged.relevant)
        name = f"base rate {share:.2f} (Brier {quality.before.brier:.3f})"
        axes.plot((share,), (share,), "D", color=_BEFORE, markersize=7, label=name)
    name = f"calibrated, held out (ECE {quality.after.ece:.3f}, Brier {quality.after.brier:.3f})"
    _draw_bins(axes, fitted.bins, color=_AFTER, label=name)
    bins = (*fitted.bins, *fitted.baseline_bins)
    # All of the unit square, unless everything lies in a corner of it.
    most = max((max(one.predicted, one.observed) for one in bins), default=1.0)
    end = 1.0 if most > 0.5 else max(0.05, 1.25 * most)
    axes.set(xlim=(-0.02 * end, 1.02 * end), ylim=(-0.02 * end, 1.02 * end), aspect="equal")
    axes.set_xlabel("predicted probability of relevance")
    axes.set_ylabel("share observed to be relevant")
    # Above the axes: inside, it would hide bins of a score that says little.
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), fontsize=8, frameon=False)
    _quieten(axes)


def _draw_bins(axes: Any, bins: Sequence[Bin], *, color: str, label: str) -> None:
    """A line through the bins; a bar is where 95 of 100 shares lie by chance for so many documents."""
    observed = [one.observed for one in bins]
    spans = [_interval(one.observed, one.count) for one in bins]
    below = [max(0.0, share - low) for share, (low, _) in zip(observed, spans, strict=True)]
    above = [max(0.0, high - share) for share, (_, high) in zip(observed, spans, strict=True)]
    axes.errorbar(
        [one.predicted for one in bins],
        observed,
        yerr=(below, above),
        color=color,
        marker="o",
        markersize=5,
        linewidth=1.5,
        elinewidth=0.8,
        capsize=2,
        label=label,
    )


def _interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's interval at 95 %."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return middle - half, middle + half


def _draw_map(axes: Any, calibrated: Calibrated) -> None:
    scores = calibrated.judged.scores
    x, y = calibrated.fit.x, calibrated.fit.y
    least, most = min(scores), max(scores)
    axes.plot((least, *x, most), (y[0], *y, y[-1]), color=_AFTER, linewidth=1.8)
    end = 1.0 if y[-1] > 0.5 else max(0.05, 1.25 * y[-1])
    axes.set_ylim(-0.02 * end, 1.04 * end)
    axes.set_ylabel("probability")
    axes.tick_params(labelbottom=False)
    _quieten(axes)


def _draw_scores(axes: Any, calibrated: Calibrated) -> None:
    judged = calibrated.judged
    kinds = {
        "relevant": [s for s, yes in zip(judged.scores, judged.relevant, strict=True) if yes],
        "others": [s for s, yes in zip(judged.scores, judged.relevant, strict=True) if not yes],
    }
    least, most = min(judged.scores), max(judged.scores)
    width = (most - least) / _COLUMNS or 1.0
    edges = [least + width * step for step in range(_COLUMNS + 1)]
    tallest = 0
    for name, colour in (("others", _OTHERS), ("relevant", _RELEVANT)):
        label = f"{name} ({len(kinds[name])})"
        counts, *_ = axes.hist(
            kinds[name], bins=edges, histtype="stepfilled", color=colour, alpha=0.75, label=label
        )
        tallest = max(tallest, *counts)
    if tallest > 200:  # a few relevant documents would not be seen beside thousands of others
        axes.set_yscale("symlog", linthresh=10)
        axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"score ({calibrated.calibration.score_kind})")
    axes.set_ylabel("documents")
    axes.legend(fontsize=8, frameon=False)
    _quieten(axes)


def _quieten(axes: Any) -> None:
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
