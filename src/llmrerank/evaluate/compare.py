"""Run strategies over the queries of a dataset and measure them all alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from llmrerank import portal
from llmrerank.clients.cosines import forget_vectors
from llmrerank.errors import ConfigError, UnknownName
from llmrerank.expansion import expand
from llmrerank.pipeline import Pipeline
from llmrerank.purse import Purse
from llmrerank.retrieve.retriever import Retriever
from llmrerank.settings import Settings
from llmrerank.spec import parse

from .agreement import agreements
from .comparison import Comparison, Row
from .contest import Contest
from .contrast import Contrast, contrasts, detectable_over
from .dataset import Dataset
from .labels.provenance import contestant_warning, labelled_by
from .measures import DEFAULT_MEASURES, Measures
from .outputs import Outputs
from .preparation import open_stages, pipelines_of, warm_models
from .progress import Progress

__all__ = ["acompare", "compare"]

UNJUDGED = "nothing is judged here; 'llmrerank label' or 'llmrerank judge' makes judgements"


async def acompare(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    settings: Settings | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    limit: int | None = None,
    baseline: str | None = None,
    repeat: int = 1,
    shuffle: bool = False,
    oracle: bool = False,
    parallel_queries: int | None = None,
    out: Path | None = None,
    index: Path | None = None,
    group_by: str | None = None,
    purse: Purse | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Run strategies over the same queries, one strategy after another, and measure them all alike.

    A first stage that several strategies share is asked once for each query. Seconds are those of a query
    from its text to its ranking, retrieval included, whichever row asked for it. Strategies without an LLM
    run one query at a time, so their seconds are what one user would wait. Those with an LLM run as many as
    calls may be under way (`settings.parallel`); their seconds are what a query takes while others share the
    endpoint: ask for `parallel_queries=1` where they should stand alone. First stages are opened before any
    clock starts; vectors that a local model remembers are forgotten between rows.

    Without judgements nothing is measured; the agreement between rows, what they took and the lists
    themselves remain.

    Stopped at any point, the same comparison pays only for what is missing, as long as `settings.cache` names
    the same file.

    Args:
        dataset: With judgements, or without.
        strategies: Pipelines in the one notation; one that starts with a reranker gets the dataset's default
            first stage in front.
        settings: For all of them; its limits on calls, tokens and cost hold for the whole comparison, that on
            seconds for each query. The dataset's instruction and examples stand in where it has none.
        measures: Names as in `Measures`; not looked at where nothing is judged.
        limit: Only the first so many judged queries, in file order.
        baseline: The strategy that the others are held against, one of `strategies`; None: the first.
        repeat: How often every query is asked of strategies that call an endpoint, each time with the next
            seed, 1 or more. Measures are then means over the repetitions, and their spread is told.
        shuffle: Ask each strategy twice more about the same candidates: in reversed and in shuffled order.
        oracle: Add the best possible order of the candidates as a last row, for each first stage that hands
            candidates to a reranker (else of what the baseline found).
        parallel_queries: Queries under way at once; None: 1 without an LLM, else `settings.parallel`.
        out: Folder for `<row>-<slug>.trec`, `<row>-<slug>.jsonl` (query by query) and `compare.json`, each
            written as soon as its row ends.
        index: Folder in which indexes are kept between runs.
        group_by: Where the documents are chunks, the key of their metadata that holds the id that judgements
            know: each such document stands where its best chunk does.
        purse: Spending shared with other comparisons; None: a new one from the limits.
        progress: Called when a row begins and after every query; must be quick and must not raise.

    Raises:
        ConfigError: A strategy, measure or file that cannot work; before anything is sent, all strategies at
            once.
        CallError: Every query of every row failed by the provider. Where other rows have results, the
            comparison is returned with this error as its `failure`.

    Cost: that of every strategy, times the number of queries, times `repeat`, and twice more with `shuffle`.
    """
    for name, value in (("limit", limit), ("parallel_queries", parallel_queries), ("repeat", repeat)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more, got {value}")
    settings = settings or Settings()
    held_against = baseline_of(strategies, baseline)
    table = Measures(measures, relevance=dataset.relevance) if dataset.judged else None
    asked = _pipelines(dataset, strategies, settings=settings, index=index, repeat=repeat)
    first_asked = [repetitions[0] for repetitions in asked]
    warnings = list(
        await asyncio.to_thread(dataset.check, group_by=group_by)
        if table is not None
        else (*dataset.warnings, UNJUDGED)
    )
    queries = dataset.measurable[:limit]
    qrels = {query.id: dataset.qrels[query.id] for query in queries} if table is not None else {}
    outputs = None if out is None else Outputs.into(out, dataset.name, queries, qrels)
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        contest = await stack.enter_async_context(
            Contest(
                queries=queries,
                qrels=qrels,
                evaluator=table.over(qrels) if table is not None else None,
                purse=purse or Purse(settings.limits, settings.prices),
                pipelines=first_asked,
                parallel_queries=parallel_queries,
                group_by=group_by,
                seed=settings.seed,
                progress=progress,
            )
        )
        for repetitions in asked:
            for pipeline in repetitions:
                await stack.enter_async_context(pipeline)
        warnings += await asyncio.to_thread(open_stages, first_asked, queries)
        if outputs is not None:
            await asyncio.to_thread(outputs.check, dataset.corpus, group_by=group_by)
        judge = labelled_by(Path(dataset.judged_in)) if dataset.judged_in else None
        warm = await warm_models(first_asked, settings)

        def compared(rows: Sequence[Row]) -> Comparison:
            return Comparison(
                dataset=dataset.name,
                queries=len(queries),
                measures=table.names if table is not None else (),
                relevance=dataset.relevance,
                rows=tuple(rows),
                baseline=held_against,
                warnings=tuple(dict.fromkeys(warnings)),
                topics={query.id: query.text for query in queries},
                qrels=qrels,
                documents=contest.documents,
                failure=contest.failures[0] if contest.failures else None,
            )

        for number, (strategy, repetitions) in enumerate(zip(strategies, asked, strict=True), start=1):
            forget_vectors()
            row = await contest.row(number, strategy, repetitions, shuffle=shuffle)
            if outputs is not None:
                row = outputs.write_row(number, row)
            rows.append(row)
            if outputs is not None:
                outputs.write_summary(compared(rows))
        del warm  # held until here: models unload when nobody holds a client
        if len(contest.failures) == len(rows):
            raise contest.failures[0]
        if oracle and table is not None:
            rows += contest.oracles(first_asked, rows[held_against])
        partial = contestant_warning(judge, first_asked, [row.trace for row in rows])
        warnings += [] if partial is None else [partial]
        done = await asyncio.to_thread(_told_apart, compared(rows), settings.seed)
    if outputs is not None:
        outputs.finish(done)
    return done


compare = portal.door(acompare, name="compare")


def baseline_of(strategies: Sequence[str], named: str | None) -> int:
    """The place of the strategy that the others are held against.

    Raises:
        UnknownName: It is none of them.
    """
    if named is None:
        return 0
    if named in strategies:
        return list(strategies).index(named)
    spelled = [str(expand(parse(strategy))) for strategy in strategies]
    asked = str(expand(parse(named)))
    if asked not in spelled:
        raise UnknownName("baseline", named, strategies)
    return spelled.index(asked)


def _pipelines(
    dataset: Dataset, strategies: Sequence[str], *, settings: Settings, index: Path | None, repeat: int
) -> list[tuple[Pipeline, ...]]:
    """For each strategy its pipelines, one for each repetition, over first stages that all share."""
    retrievers: dict[str, Retriever] = {}
    by_repetition = [
        pipelines_of(
            dataset,
            strategies,
            settings=replace(settings, seed=settings.seed + number),
            index=index,
            retrievers=retrievers,
        )
        for number in range(repeat)
    ]
    return [
        repetitions if repetitions[0].course.instructed else repetitions[:1]
        for repetitions in zip(*by_repetition, strict=True)
    ]


def _told_apart(comparison: Comparison, seed: int) -> Comparison:
    """The comparison with what statistics say of its rows."""
    systems = [row for row in comparison.rows if not row.is_oracle]
    versus: list[dict[str, Contrast]] = [{} for _ in comparison.rows]
    detectable = {}
    for name in comparison.measures:
        scores = [row.per_query[name] for row in systems]
        for place, contrast in enumerate(contrasts(scores, baseline=comparison.baseline, seed=seed)):
            if contrast is not None:
                versus[place][name] = contrast
        detectable[name] = detectable_over(scores, baseline=comparison.baseline)
    runs = [{query: kept.documents for query, kept in row.kept.items()} for row in systems]
    return replace(
        comparison,
        rows=tuple(replace(row, versus=own) for row, own in zip(comparison.rows, versus, strict=True)),
        detectable=detectable,
        agreement=agreements(runs),
        # By id, whichever query ended first, so that equal answers make equal reports.
        documents=dict(sorted(comparison.documents.items())),
    )
