"""What doctor --quality found, for people: figures side by side, the pull of places, verdicts."""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmrerank.evaluate.quality import Quality
    from llmrerank.evaluate.quality_figures import Places
    from llmrerank.evaluate.quality_measured import Measured

__all__ = ["lines"]

WIDTH = 100
COLUMNS = 10
"""Most columns of the table of places; more places are put together."""
_SCORES = {"probability": "log-probs", "grade": "in words", "none": "none"}


def lines(quality: Quality) -> Iterator[str]:
    """The report, line by line, 100 columns wide at most."""
    from llmrerank.evaluate.quality_asks import DEPTH, FIRST

    yield f"{quality.model or 'the model'} at {quality.endpoint}"
    yield from _wrapped(
        f"{quality.queries} queries of the {quality.dataset} collection "
        f"(Python {platform.python_version()}), the best {DEPTH} documents of {FIRST} each"
    )
    yield ""
    yield from _aligned([("", *(one.strategy for one in quality.measured)), *_rows(quality.measured)])
    for one in quality.measured:
        if one.places is not None:
            yield ""
            yield from _pull(one.strategy, one.places)
    yield ""
    for verdict in quality.verdicts:
        yield from _wrapped(f"{verdict.sentence}.", hang=2)
        for caution in verdict.cautions:
            yield from _wrapped(f"- {caution}", indent=2, hang=4)
    yield from _wrapped(f"Advice: {quality.advice}.", hang=2)


def _rows(measured: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """A row for each figure, a cell for each strategy."""

    def row(name: str, tell: Callable[[Measured], str]) -> tuple[str, ...]:
        return (name, *map(tell, measured))

    def finished(name: str, tell: Callable[[Measured], str]) -> tuple[str, ...]:
        return row(name, lambda one: tell(one) if one.queries else "-")

    yield finished("nDCG@10", lambda one: f"{one.ndcg:.4f}")
    yield finished("  first stage", lambda one: f"{one.first:.4f}")
    yield finished("  best order there is", lambda one: f"{one.best:.4f}")
    yield finished("  p of the difference", lambda one: f"{one.difference.p:.3f}" if one.difference else "-")
    yield row("queries finished", lambda one: str(one.queries))
    yield row("answers read as they came", lambda one: f"{one.answers.clean} of {one.answers.came}")
    yield row("  mended", lambda one: str(one.answers.repaired))
    yield row("  unusable", lambda one: str(one.answers.unusable))
    if any(one.answers.absent for one in measured):
        yield row("  never came", lambda one: str(one.answers.absent))
    yield row("agreement of two readings", lambda one: _figure(one.agreement))
    yield row("  with another query's", lambda one: _figure(one.other))
    yield finished("score", lambda one: _SCORES.get(one.kind, one.kind))
    yield finished("documents in one tie", lambda one: f"{one.tied:.0%}")
    yield finished("calls a query", lambda one: f"{one.calls:.0f}")
    yield finished("tokens a query", lambda one: f"{one.usage.input} + {one.usage.output}")
    yield finished(
        "seconds a query", lambda one: "from cache" if one.seconds is None else f"{one.seconds:.2f}"
    )


def _pull(strategy: str, places: Places) -> Iterator[str]:
    """Mean rank given by place shown; neighbours are put together where there are many."""
    size = len(places.means)
    each = -(-size // COLUMNS)
    groups = [places.means[start : start + each] for start in range(0, size, each)]
    names = [
        str(start + 1) if each == 1 else f"{start + 1}-{min(start + each, size)}"
        for start in range(0, size, each)
    ]
    yield f"{strategy}: does the place in the window decide? {places.readings} reshuffled readings"
    yield from _aligned(
        [
            ("place shown", *names),
            ("mean place given", *(f"{sum(group) / len(group):.1f}" for group in groups)),
        ]
    )
    yield from _wrapped(
        f"correlation {places.correlation:.2f}; places explain {places.share:.0%} of the variance "
        f"(a judge that reads: 0.00 and 0%, and {(size + 1) / 2:.1f} everywhere)"
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        numbers = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *numbers]).rstrip()


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _wrapped(text: str, *, indent: int = 0, hang: int = 0) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
