"""What is to be judged: for each query all that some strategies found, in an order that tells nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

from llmrerank import portal
from llmrerank.counted import counted
from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate.contest import at_once
from llmrerank.evaluate.dataset import Dataset
from llmrerank.evaluate.first_stages import FirstStages
from llmrerank.evaluate.preparation import open_stages, pipelines_of, warm_models
from llmrerank.evaluate.strategy_run import StrategyRun
from llmrerank.purse import Purse
from llmrerank.ranking import Ranking
from llmrerank.retrieve.corpus import find_documents
from llmrerank.retrieve.stored import read_texts
from llmrerank.settings import Settings
from llmrerank.spec import Call
from llmrerank.trace import Trace
from llmrerank.types import Document, Query

from .judgement import Pair

__all__ = ["DEPTH", "Pooled", "apool", "in_order", "pairs_to_check", "pool", "stored_runs"]

DEPTH = 20
"""Documents of each strategy that are judged for a query."""

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """What is to be judged.

    Attributes:
        pairs: Query by query in the order of the dataset; the documents of a query in a seeded order that
            depends on nothing but their ids, so that neither system nor rank shows.
        strategies: What found them, as typed.
        depth: Documents of each strategy, at most, for a query.
        warnings: What was not found, in sentences.
        trace: What the strategies took.
    """

    pairs: tuple[Pair, ...]
    strategies: tuple[str, ...]
    depth: int
    warnings: tuple[str, ...]
    trace: Trace


def stored_runs(path: Path) -> list[str]:
    """The strategies that read a run file, or every `.trec[.gz]` of a folder such as `compare --out` writes.

    Raises:
        ConfigError: There is no such file, or no run in the folder.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.name.endswith((".trec", ".trec.gz")))
        if not files:
            raise ConfigError(f"the folder {path} holds no runs: no file in it ends in .trec or .trec.gz")
    elif path.is_file():
        files = [path]
    else:
        raise ConfigError(f"there is no run file and no folder of runs {path}")
    return [str(Call("run", (("path", str(file.resolve())),))) for file in files]


async def apool(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    settings: Settings | None = None,
    depth: int = DEPTH,
    limit: int | None = None,
    index: Path | None = None,
    purse: Purse | None = None,
    tell: Tell | None = None,
) -> Pooled:
    """Join what strategies find for each query into one pool.

    Args:
        dataset: Queries and documents; judgements are not needed.
        strategies: In the one notation, run as `compare` runs them; stored runs too.
        settings: For all of them.
        depth: How many of the documents that a strategy puts first are pooled, 1 or more.
        limit: Only the first so many queries.
        index: Folder in which indexes are kept between runs.
        purse: Spending shared with what comes after; None: a new one from the limits.
        tell: Told after every query.

    Raises:
        ConfigError: A strategy or file that cannot work.
        DataError: Nothing was found at all.
        CallError: A strategy failed for every query by the provider.

    Cost: that of every strategy, times the number of queries.
    Source: Spärck Jones and van Rijsbergen 1975, for pooling; as in TREC, to a fixed depth.
    """
    for name, value in (("depth", depth), ("limit", limit)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more, got {value}")
    settings = settings or Settings()
    purse = purse or Purse(settings.limits, settings.prices)
    queries = dataset.queries[:limit]
    pipelines = pipelines_of(dataset, strategies, settings=settings, index=index)
    warnings = list(dataset.warnings)

    def keep(query: Query, ranking: Ranking, seconds: float) -> tuple[tuple[Document, ...], Trace]:
        return tuple(hit.document for hit in ranking[:depth]), ranking.trace

    found: dict[str, dict[str, Document]] = {query.id: {} for query in queries}
    traces: list[Trace] = []
    async with AsyncExitStack() as stack:
        for pipeline in pipelines:
            await stack.enter_async_context(pipeline)
        first = await stack.enter_async_context(aclosing(FirstStages(pipelines)))
        warnings += await asyncio.to_thread(open_stages, pipelines, queries)
        warm = await warm_models(pipelines, settings)
        for typed, pipeline in zip(strategies, pipelines, strict=True):
            run = StrategyRun(
                pipeline=pipeline,
                purse=purse,
                at_once=at_once(pipeline),
                keep=keep,
                tell=_counting(f"pooling {typed}", len(queries), tell),
                find=first.ask,
            )
            await run.over(queries)
            if run.lost:
                raise run.lost
            for query, (documents, trace) in run.kept.items():
                traces.append(trace)
                for document in documents:
                    found[query].setdefault(str(document.id), document)
            warnings += _told(typed, run.failures())
        del warm  # held until here: models unload when nobody holds a client
    pairs = [
        Pair(query=query, document=document, given=dataset.qrels.get(query.id, {}).get(identifier))
        for query in queries
        for identifier, document in in_order(found[query.id], query.id, settings.seed)
    ]
    if not pairs:
        raise DataError(f"nothing to judge: {', '.join(strategies)} found no document for any query")
    return Pooled(
        pairs=tuple(pairs),
        strategies=tuple(strategies),
        depth=depth,
        warnings=tuple(warnings),
        trace=Trace.joined(traces),
    )


def _counting(doing: str, queries: int, tell: Tell | None) -> Callable[[Trace], None]:
    done = 0

    def told(_: Trace) -> None:
        nonlocal done
        done += 1
        if tell is not None:
            tell(doing, done, queries)

    return told


def _told(strategy: str, failures: Mapping[str, str]) -> list[str]:
    if not failures:
        return []
    query, sentence = next(iter(failures.items()))
    failed = counted(len(failures), "query")
    return [f"{strategy}: {failed} failed, such as '{query}', and found nothing to judge: {sentence}"]


def in_order(documents: Mapping[str, Document], query: str, seed: int) -> list[tuple[str, Document]]:
    """Documents in an order that their ids, the query's and a seed decide, and nothing else.

    So it does not matter who found them, and a pool that grows keeps the order of what it had.
    """
    return sorted(documents.items(), key=lambda pair: _place(seed, query, pair[0]))


pool = portal.door(apool, name="pool")


def pairs_to_check(dataset: Dataset, count: int, *, seed: int) -> tuple[Pair, ...]:
    """Judged pairs, drawn at random by a seed, for a judge to be checked against.

    Args:
        dataset: With judgements.
        count: How many, if there are so many whose document has a text.
        seed: Decides which; a larger count draws the same and more.

    Raises:
        DataError: There are no judgements, or none of their documents has a text.
    """
    judged = [(query, document) for query in dataset.queries for document in dataset.qrels.get(query.id, {})]
    judged.sort(key=lambda pair: _place(seed, pair[0].id, pair[1]))
    texts = _texts(dataset, {document for _, document in judged})
    drawn = [
        Pair(query=query, document=texts[document], given=dataset.qrels[query.id][document])
        for query, document in judged
        if document in texts
    ][:count]
    if not drawn:
        raise DataError(
            f"{dataset.name} has no judged document with a text, so there is nothing to check a judge "
            "against; give judgements that people made"
        )
    return tuple(drawn)


def _texts(dataset: Dataset, wanted: AbstractSet[str]) -> Mapping[str, Document]:
    if dataset.corpus is not None:
        return find_documents(dataset.corpus, wanted)
    found: dict[str, Document] = {}
    for file in dataset.candidate_files:
        found |= {identifier: one for identifier, one in read_texts(file).items() if identifier in wanted}
    return found


def _place(seed: int, query: str, document: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{query}\0{document}".encode("utf-8", "surrogatepass")).digest()
