"""What a comparison found, for people: tables on standard output, what to know about them beside."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmrerank.counted import counted
from llmrerank.harmless import harmless

from .grid import print_grid
from .notes import notes_on
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate import Comparison, Row

__all__ = ["print_comparisons", "tell_detectable", "warn_about"]

LISTED = 5
"""Failing queries of a row that are named; -v names all."""


def warn_about(comparison: Comparison, talk: Talk) -> None:
    """Say what the reader of the results should know before: warnings and failures."""
    from llmrerank.trace import Trace

    for warning in comparison.warnings:
        talk.warn(f"{comparison.dataset}: {harmless(warning)}")
    for row in comparison.rows:
        for note in notes_on(Trace.joined(row.traces)):
            talk.warn(harmless(f"{row.strategy}: {note}"))
        _tell_failures(row, talk)
        if row.seconds is not None and row.trace.cached:
            talk.say(
                f"{row.strategy}: {counted(row.trace.cached, 'answer')} came from the cache, and its seconds "
                "are the shorter for it; --no-cache measures them."
            )


def tell_detectable(comparison: Comparison, talk: Talk) -> None:
    """Say how small a difference these queries cannot tell from noise."""
    known = {name: least for name, least in comparison.detectable.items() if least is not None}
    if known:
        told = ", ".join(f"{least:.3f} in {name}" for name, least in known.items())
        talk.say(
            f"With {counted(comparison.queries, 'query')}, differences below {told} are too small to be told "
            "from noise four times out of five."
        )


def _tell_failures(row: Row, talk: Talk) -> None:
    if not row.failures:
        return
    what = "counts as an empty ranking" if len(row.failures) == 1 else "count as empty rankings"
    talk.warn(f"{row.strategy}: {counted(len(row.failures), 'query')} failed and {what}:")
    shown = list(row.failures.items())[: None if talk.verbose else LISTED]
    for query, sentence in shown:
        talk.say(f"  {harmless(query)}: {harmless(sentence)}")
    if len(shown) < len(row.failures):
        talk.say(f"  and {len(row.failures) - len(shown)} more; -v names all")


def print_comparisons(comparisons: Sequence[Comparison], talk: Talk) -> None:
    """Write the tables: the averages over several datasets first, then each dataset and how to read it."""
    from llmrerank.evaluate.tables import cells, legend, macro_cells

    several = len(comparisons) > 1
    averages = macro_cells(comparisons)
    if averages is not None:
        print(f"mean over {', '.join(harmless(comparison.dataset) for comparison in comparisons)}")
        print_grid(averages.headings, averages.rows, best=averages.best, left=averages.words)
    for comparison in comparisons:
        if several:
            print(f"\n{harmless(comparison.dataset)}")
        table = cells(comparison, verbose=talk.verbose > 0)
        print_grid(table.headings, table.rows, best=table.best, left=table.words)
        if talk.verbose:
            _print_stages(comparison)
        _print_repeats(comparison)
        _print_orders(comparison)
        if not comparison.judged:
            _print_agreement(comparison)
        sys.stdout.flush()  # what is said next stands below the table
        talk.say(legend(comparison, bold=sys.stdout.isatty()))
        tell_detectable(comparison, talk)


def _print_stages(comparison: Comparison) -> None:
    """What each stage of each pipeline took, over all queries; seconds for one of them."""
    print("\nby stage")
    print_grid(
        (
            *("pipeline", "stage", "in", "out", "p50 s", "p95 s", "p99 s", "calls", "cached", "pairs"),
            *("tokens in", "tokens out", "cost USD", "repaired", "degraded"),
        ),
        [
            (
                harmless(row.pipeline) if not place else "",
                harmless(stage.stage),
                f"{stage.documents_in:.1f}",
                f"{stage.documents_out:.1f}",
                *(f"{getattr(stage.seconds, name):.3f}" for name in ("p50", "p95", "p99")),
                *(str(getattr(stage.trace, name)) for name in ("calls", "cached", "pairs")),
                str(stage.trace.paid.input),
                str(stage.trace.paid.output),
                "unknown" if stage.trace.cost is None else f"{stage.trace.cost:.4f}",
                str(stage.trace.repaired),
                str(stage.trace.degraded),
            )
            for row in comparison.rows
            for place, stage in enumerate(row.stages)
        ],
        left=2,
    )


def _print_repeats(comparison: Comparison) -> None:
    rows = [row for row in comparison.rows if row.repeats > 1]
    if not rows:
        return
    print("\nover repetitions: mean, standard deviation, lowest and highest; queries whose first ten changed")
    print_grid(
        ("pipeline", "times", *comparison.measures, "changed"),
        [
            (
                harmless(row.pipeline),
                str(row.repeats),
                *(
                    f"{one.mean:.4f} ± {one.deviation:.4f} ({one.least:.4f} to {one.most:.4f})"
                    for one in (row.spread[name] for name in comparison.measures)
                ),
                "" if row.changed is None else f"{row.changed:.0%}",
            )
            for row in rows
        ],
    )


def _print_orders(comparison: Comparison) -> None:
    """A line for each order of the candidates that a row was given."""
    rows = [(row, row.sensitivity) for row in comparison.rows if row.sensitivity is not None]
    if not rows:
        return
    print("\nby the order in which the candidates were given; how alike the rankings are (1: the same)")
    lines = []
    for row, found in rows:
        orders = next(iter(found.measures.values()), {})
        for place, order in enumerate(orders or ("as found",)):
            alike = ("", "") if place else (_share(found.overlap), _share(found.rbo))
            values = (f"{found.measures[name][order]:.4f}" for name in found.measures)
            lines.append((harmless(row.pipeline) if not place else "", order, *values, *alike))
    print_grid(("pipeline", "order", *comparison.measures, "overlap@10", "RBO"), lines, left=2)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _print_agreement(comparison: Comparison) -> None:
    """How alike every two rows are, and how far documents rose to the top."""
    from llmrerank.evaluate.moves import moves

    names = [harmless(row.pipeline) for row in comparison.rows]
    if any(comparison.baseline not in (one.first, one.second) for one in comparison.agreement):
        # Those with the baseline stand in the first table.
        print(
            "\nhow alike the rankings are: documents in common among the first ten, and rank-biased overlap"
        )
        print_grid(
            ("pipeline", "and", "overlap@10", "RBO", "queries"),
            [
                (
                    names[one.first],
                    names[one.second],
                    f"{one.overlap:.3f}",
                    f"{one.rbo:.3f}",
                    str(one.queries),
                )
                for one in comparison.agreement
            ],
            left=2,
        )
    moved = [moves(kept.previous for kept in row.kept.values()) for row in comparison.rows]
    if any(found.mean for found in moved):
        print("\nmoves of the first ten: mean places from where the first stage had them, share new there")
        print_grid(
            ("pipeline", "places", "new"),
            [
                (name, f"{found.mean:.1f}", f"{found.new:.0%}")
                for name, found in zip(names, moved, strict=True)
            ],
        )
