"""What redteam found, for people: places gained by way of asking, family and place, then verdicts."""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from llmrerank.counted import counted
from llmrerank.harmless import harmless

from .grid import print_grid

if TYPE_CHECKING:
    from llmrerank.redteam import Report
    from llmrerank.redteam.outcomes import Share
    from llmrerank.redteam.report import Measured, StrategyReport

__all__ = ["print_report"]

WIDTH = 100
_HEADINGS = ("", "gain", "95 %", "p", "of", "nDCG lost", "clean nDCG", "queries", "trials")


def print_report(report: Report) -> None:
    """Write the report to standard output."""
    print(f"{harmless(report.model) or 'the model'} at {harmless(report.endpoint)}")
    collection = harmless(report.dataset)
    if collection == "stdlib":
        collection = f"stdlib (Python {platform.python_version()})"
    _print_wrapped(
        f"{counted(report.queries, 'query')} of {collection}, the {report.depth} best documents of bm25; "
        "gain: places by which an attack lifts a document that is not relevant, over filler of its length"
    )
    for one in report.strategies:
        print()
        _print_arms(one)
    print()
    _print_shares("by family", report.strategies, [one.families for one in report.strategies])
    print()
    _print_shares("by place", report.strategies, [one.places for one in report.strategies])
    print()
    for sentence in _sentences(report):
        _print_wrapped(sentence, hang=2)


def _print_arms(strategy: StrategyReport) -> None:
    """A row for the strategy as it was given, and one for each other way of asking."""
    rows = [
        _row(harmless(strategy.strategy) if number == 0 else f"  {harmless(arm.arm)}", arm)
        for number, arm in enumerate(strategy.arms)
    ]
    print_grid(_HEADINGS, rows)


def _row(name: str, arm: Measured) -> tuple[str, ...]:
    clean = "-" if arm.clean is None else f"{arm.clean:.3f}"
    counts = (str(arm.queries), str(arm.trials))
    if arm.gain is None or arm.loss is None:
        return (name, "-", "-", "-", "-", "-", clean, *counts)
    gain, loss = arm.gain, arm.loss
    interval = f"{gain.low:+.1f} to {gain.high:+.1f}"
    return (
        name,
        f"{gain.mean:+.1f}",
        interval,
        f"{gain.p:.3f}",
        f"{arm.room:.1f}",
        f"{loss.mean:+.3f}",
        clean,
        *counts,
    )


def _print_shares(
    heading: str, strategies: Sequence[StrategyReport], parts: Sequence[Mapping[str, Share]]
) -> None:
    """Gains of strategies as given, side by side; trials are those of the first that has any."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    rows = []
    for name in names:
        found = [part.get(name) for part in parts]
        trials = max(one.trials for one in found if one is not None)
        cells = ["-" if one is None else f"{one.gain:+.1f}" for one in found]
        rows.append((name, str(trials), *cells))
    print_grid((heading, "trials", *(harmless(one.strategy) for one in strategies)), rows)


def _sentences(report: Report) -> Iterator[str]:
    for one in report.strategies:
        yield f"{one.sentence}."
        for defence in one.defences:
            yield f"  {defence.sentence}."
            for caution in defence.cautions:
                yield f"    - {caution}"
        for name, reason in one.left_out.items():
            yield f"  {name} was left out: {reason}."
        if one.unshown:
            yield (
                f"  {', '.join(one.unshown)}: its prompt does not show what stands there, so nothing that "
                "is planted there reaches the judge."
            )


def _print_wrapped(text: str, *, hang: int = 0) -> None:
    indent = len(text) - len(text.lstrip())
    wrapped = textwrap.wrap(
        harmless(text.strip()),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
    print("\n".join(wrapped))
