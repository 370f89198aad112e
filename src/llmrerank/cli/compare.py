"""`llmrerank compare`: several strategies over the same queries, quality beside what it cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from .dry_run import print_forecast
from .exits import Exit
from .notes import notes_on
from .options import Calling, default_cache
from .progress import line
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate import Comparison, Progress

__all__ = ["compare"]


def compare(
    *,
    dataset: Annotated[Path, Option("--dataset", metavar="DIR", help="Dataset folder")],
    strategies: Annotated[
        list[str] | None,
        Option("--strategies", metavar="SPEC...", help="One row each: bm25 'bm25 >> listwise'"),
    ] = None,
    calling: Calling,
    talk: Talk,
    candidates: Annotated[
        str | None, Option("--candidates", metavar="FILE", help="What a bare 'run' reads")
    ] = None,
    limit: Annotated[
        int | None, Option("--limit", metavar="N", min=1, help="Only the first N judged queries")
    ] = None,
    metrics: Annotated[
        list[str] | None,
        Option("--metrics", metavar="NAME...", show_default=False, help="[default: nDCG@10 RR@10 R@100]"),
    ] = None,
    split: Annotated[
        str | None, Option("--split", metavar="NAME", help="Judgements qrels/NAME.tsv  [default: test]")
    ] = None,
    card: Annotated[
        Path | None,
        Option("--card", metavar="FILE", help="What makes a document relevant  [default: DIR/dataset.toml]"),
    ] = None,
    group_by: Annotated[
        str | None, Option("--group-by", metavar="KEY", help="Metadata with the judged id of a chunk")
    ] = None,
    out: Annotated[
        Path | None, Option("--out", metavar="DIR", help="Write runs (TREC) and compare.json there")
    ] = None,
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes there between runs")
    ] = None,
) -> Exit:
    r"""Compare strategies over the same queries. Answers of LLMs are kept.

    \b
      llmrerank compare --dataset examples/stdlib --strategies bm25 "bm25 % 100 >> bi-encoder"
    """
    settings = calling.settings(cache=default_cache())
    strategies = strategies or [calling.strategy(None, "--strategies")]
    from llmrerank import evaluate

    opened = evaluate.Dataset.open(dataset, split=split, candidates=candidates, card=card)
    if calling.dry_run:
        rows = evaluate.forecast(opened, strategies, settings=settings, limit=limit)
        print_forecast(
            opened.name,
            rows[0].queries,
            [(row.strategy, row.pipeline, row.estimate) for row in rows],
            settings,
            talk,
        )
        return Exit.DONE
    with line(talk) as show:

        def watch(progress: Progress) -> None:
            if show is not None:
                show(
                    f"{progress.row} of {len(strategies)}: {progress.strategy}: "
                    f"{progress.done} of {progress.queries} queries"
                )

        comparison = evaluate.compare(
            opened,
            strategies,
            settings=settings,
            measures=metrics or evaluate.DEFAULT_MEASURES,
            limit=limit,
            out=out,
            index=index,
            group_by=group_by,
            progress=watch,
        )
    _talk_about(comparison, talk)
    if talk.json:
        talk.print_json(comparison.to_dict())
    else:
        from .grid import print_grid

        headings, rows_shown = comparison.table()
        print_grid(headings, rows_shown, best=_best(comparison, headings))
    return _exit_of(comparison)


def _talk_about(comparison: Comparison, talk: Talk) -> None:
    for warning in comparison.warnings:
        talk.warn(warning)
    for row in comparison.rows:
        for note in notes_on(row.trace):
            talk.warn(f"{row.strategy}: {note}")
        if row.failures:
            query, sentence = next(iter(row.failures.items()))
            talk.warn(f"{row.strategy}: {len(row.failures)} queries failed, such as '{query}': {sentence}")
    talk.say(
        f"{comparison.dataset}: {comparison.queries} queries; relevant from grade {comparison.relevance}; "
        "seconds for one query"
        + ("; * differs from the first row by more than noise" if _starred(comparison) else "")
    )


def _starred(comparison: Comparison) -> bool:
    return any("*" in cell for row in comparison.table()[1] for cell in row[1:])


def _best(comparison: Comparison, headings: tuple[str, ...]) -> set[tuple[int, int]]:
    """Cells (row, column) of the best value of each measure, where rows differ."""
    best = set()
    for column, name in enumerate(headings):
        if name in comparison.measures:
            values = [row.measures[name] for row in comparison.rows]
            if min(values) < max(values):
                best |= {(place, column) for place, value in enumerate(values) if value == max(values)}
    return best


def _exit_of(comparison: Comparison) -> Exit:
    if comparison.failure is not None:
        raise comparison.failure
    if comparison.exhausted:
        return Exit.BUDGET
    return Exit.DEGRADED if comparison.degraded else Exit.DONE
