"""Run strategies over the queries of a dataset and measure them all alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from llmrerank import portal
from llmrerank.clients.cosines import forget_vectors
from llmrerank.errors import CallError, ConfigError
from llmrerank.purse import Purse
from llmrerank.settings import Settings
from llmrerank.trace import Trace

from .comparison import Comparison, Row, Seconds
from .dataset import Dataset
from .measures import DEFAULT_MEASURES, Measures, Qrels
from .noise import difference
from .preparation import open_stages, pipelines_of, warm_models
from .runs import check_identifiers, run_file_name, write_run, write_whole
from .strategy_run import StrategyRun

__all__ = ["CHAT_QUERIES", "Progress", "acompare", "compare"]

CHAT_QUERIES = 4
"""Queries under way at once for a strategy that calls an LLM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told after every query: which row (from 1) is running, and how many of its queries have an end."""

    row: int
    strategy: str
    done: int
    queries: int


def compare(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    settings: Settings | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    limit: int | None = None,
    parallel_queries: int | None = None,
    out: Path | None = None,
    index: Path | None = None,
    group_by: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Run and measure strategies; see `acompare`. Works in scripts, notebooks and servers."""
    return portal.run(
        lambda: acompare(
            dataset,
            strategies,
            settings=settings,
            measures=measures,
            limit=limit,
            parallel_queries=parallel_queries,
            out=out,
            index=index,
            group_by=group_by,
            progress=progress,
        )
    )


async def acompare(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    settings: Settings | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    limit: int | None = None,
    parallel_queries: int | None = None,
    out: Path | None = None,
    index: Path | None = None,
    group_by: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Run strategies over the same queries, one strategy after another, and measure them all alike.

    Seconds are those of a query from its text to its ranking, retrieval included. Strategies without an LLM
    run one query at a time, so their seconds are what one user would wait. Those with an LLM run several at
    once; their seconds are what a query takes while others share the endpoint: ask for `parallel_queries=1`
    where they should stand alone. First stages are opened before any clock starts, and once for all rows;
    vectors that a local model remembers are forgotten between rows.

    Args:
        dataset: With judgements.
        strategies: Pipelines in the one notation; one that starts with a reranker gets the dataset's default
            first stage in front.
        settings: For all of them; its limits on calls, tokens and cost hold for the whole comparison, that on
            seconds for each query. The dataset's instruction and examples stand in where it has none.
        measures: Names as in `Measures`.
        limit: Only the first so many judged queries, in file order.
        parallel_queries: Queries under way at once; None: 1 without an LLM, else 4.
        out: Folder for `<row>-<slug>.trec` and `compare.json`, each written as soon as its row ends.
        index: Folder in which indexes are kept between runs.
        group_by: Where the documents are chunks, the key of their metadata that holds the id that judgements
            know: each such document stands where its best chunk does.
        progress: Called after every query; must be quick and must not raise.

    Raises:
        ConfigError: A strategy, measure or file that cannot work; before anything is sent, all strategies at
            once.
        CallError: Every query of every row failed by the provider. Where other rows have results, the
            comparison is returned with this error as its `failure`.

    Cost: that of every strategy, times the number of queries.
    """
    for name, value in (("limit", limit), ("parallel_queries", parallel_queries)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more, got {value}")
    table = Measures(measures, relevance=dataset.relevance)
    settings = settings or Settings()
    pipelines = pipelines_of(dataset, strategies, settings=settings, index=index)
    warnings = list(await asyncio.to_thread(dataset.check, group_by=group_by))
    queries = dataset.queries[:limit]
    qrels = {query.id: dataset.qrels[query.id] for query in queries}
    if out is not None:
        _prepare(out)
        check_identifiers(out, qrels)
    purse = Purse(settings.limits, settings.prices)
    rows: list[Row] = []
    failures: list[CallError] = []

    def compared() -> Comparison:
        return Comparison(
            dataset=dataset.name,
            queries=len(queries),
            measures=table.names,
            relevance=dataset.relevance,
            rows=tuple(rows),
            warnings=tuple(warnings),
            failure=failures[0] if failures else None,
        )

    async with AsyncExitStack() as stack:
        for pipeline in pipelines:
            await stack.enter_async_context(pipeline)
        warnings += await asyncio.to_thread(open_stages, pipelines, queries)
        warm = await warm_models(pipelines, settings)
        for number, (strategy, pipeline) in enumerate(zip(strategies, pipelines, strict=True), start=1):
            forget_vectors()
            run = StrategyRun(
                pipeline=pipeline,
                purse=purse,
                tell=_teller(progress, number, strategy, len(queries)),
                group_by=group_by,
                at_once=parallel_queries or (CHAT_QUERIES if pipeline.course.chats else 1),
            )
            await run.over(queries)
            if run.lost:
                failures.append(run.lost)
            row = _row(strategy, run, table, qrels, rows[0] if rows else None)
            if out is not None:
                row = replace(row, run=run_file_name(number, strategy))
                write_run(out / run_file_name(number, strategy), run.found(), tag=strategy)
            rows.append(row)
            if out is not None:
                write_whole(out / "compare.json", compared().to_json())
        del warm  # held until here: models unload when nobody holds a client
    if len(failures) == len(rows):
        raise failures[0]
    return compared()


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write into {out}: {error.strerror or error}") from error


def _teller(
    progress: Callable[[Progress], None] | None, row: int, strategy: str, queries: int
) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if progress is not None:
            progress(Progress(row=row, strategy=strategy, done=done, queries=queries))

    return tell


def _row(strategy: str, run: StrategyRun, measures: Measures, qrels: Qrels, first: Row | None) -> Row:
    evaluation = measures.evaluate(qrels, run.found())
    versus = {}
    if first is not None:
        versus = {
            name: difference(
                [scores[query] for query in qrels], [first.per_query[name][query] for query in qrels]
            )
            for name, scores in evaluation.per_query.items()
        }
    return Row(
        strategy=strategy,
        pipeline=str(run.pipeline.spec),
        measures=evaluation.means,
        per_query=evaluation.per_query,
        seconds=Seconds.of(list(run.seconds.values())) if run.seconds and not run.stored else None,
        trace=Trace.joined(ranking.trace for ranking in run.rankings.values()),
        queries=len(qrels),
        failures=run.failures(),
        versus_first=versus,
    )
