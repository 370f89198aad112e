"""Before a comparison: pipelines made, first stages opened, models loaded, so that faults show early."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path

from llmrerank.calls import PairCall
from llmrerank.clients import Client
from llmrerank.errors import ConfigError
from llmrerank.expansion import expand
from llmrerank.pipeline import Pipeline
from llmrerank.retrieve.retriever import Retriever
from llmrerank.retrieve.run import RunRetriever
from llmrerank.settings import Settings
from llmrerank.spec import parse
from llmrerank.stages import Course
from llmrerank.types import Query

from .dataset import Dataset

__all__ = ["open_stages", "pipelines_of", "warm_models"]


def pipelines_of(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    settings: Settings,
    index: Path | None = None,
    retrievers: MutableMapping[str, Retriever] | None = None,
) -> list[Pipeline]:
    """Make one pipeline for each strategy, over one source and with shared first stages. Nothing is opened.

    Args:
        dataset: What the first stages draw on.
        strategies: In the one notation.
        settings: For all of them.
        index: Folder in which indexes are kept between runs.
        retrievers: First stages opened before, by `Pipeline.first_key`; opened ones are added.

    Raises:
        ConfigError: No strategy, or some that cannot work; all of them are reported at once.
    """
    if not strategies:
        raise ConfigError("no strategies; name some, e.g. bm25 'bm25 % 100 >> cross-encoder'")
    source = dataset.source(index=index)
    retrievers = {} if retrievers is None else retrievers
    pipelines: list[Pipeline] = []
    specs: list[str] = []
    faults = []
    for strategy in strategies:
        try:
            specs.append(str(dataset.complete(expand(parse(strategy)))))
        except ConfigError as error:
            faults.append(error)
    chatting = any(map(_chats, specs))
    for spec in specs:
        try:
            # A chat model's name is for the rows that chat, not for the local model of another row.
            own = settings if _chats(spec) or not chatting else replace(settings, model=None)
            pipelines.append(Pipeline(spec, settings=own, source=source, retrievers=retrievers))
        except ConfigError as error:
            faults.append(error)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise ConfigError("; ".join(str(fault) for fault in faults))
    return pipelines


def _chats(spec: str) -> bool:
    """Whether a pipeline calls an LLM; one that cannot work does not."""
    try:
        return Course.of(spec).chats
    except ConfigError:
        return False


def open_stages(pipelines: Sequence[Pipeline], queries: Sequence[Query]) -> list[str]:
    """Open first stages and render the first prompts: what cannot work shows before money flows.

    Returns:
        What is missing from stored runs, in sentences.

    Raises:
        ConfigError: Whatever cannot work, e.g. a stored run that has none of the queries.
    """
    warnings: list[str] = []
    for pipeline in pipelines:
        pipeline.course.find_models()
    for pipeline in pipelines:
        retriever = pipeline.retriever()
        if isinstance(retriever, RunRetriever):
            absent = [query for query in queries if not retriever.knows(query)]
            if len(absent) == len(queries):
                raise retriever.foreign(absent[0])
            warnings += retriever.warnings
            if absent:
                warnings.append(
                    f"{pipeline.spec.stages[0].call}: {len(absent)} of {len(queries)} queries are not in "
                    f"this run, such as '{absent[0].id}'; they find nothing"
                )
    for pipeline in pipelines:
        if pipeline.course.chats:
            pipeline.estimate(queries[0])
    return list(dict.fromkeys(warnings))


async def warm_models(pipelines: Sequence[Pipeline], settings: Settings) -> list[Client]:
    """Load every local model that a pipeline will use, so that no query's seconds hold the loading.

    Returns:
        Clients that keep the models loaded as long as they are held.

    Raises:
        ConfigError: A model is not to be found or cannot be loaded.
        MissingExtra: A package is not installed.
    """
    clients: dict[tuple[str, str | None], Client] = {}
    for pipeline in pipelines:
        for strategy in pipeline.course.strategies:
            carrier, model = strategy.carrier, strategy.model
            if carrier not in ("cross-encoder", "bi-encoder") or (carrier, model) in clients:
                continue
            from llmrerank.clients.local import pair_client

            client = clients[carrier, model] = pair_client(carrier, model=model, settings=settings)
            await client.send(PairCall(query="warm", document="up"))
    return list(clients.values())
