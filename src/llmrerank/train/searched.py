"""What a first stage finds for queries."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path

from llmrerank.errors import DataError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.evaluate.preparation import open_stages, pipelines_of
from llmrerank.retrieve.retriever import Retriever
from llmrerank.settings import Settings
from llmrerank.types import Document, Query

from .progress import TrainingProgress

__all__ = ["found_by"]


def found_by(
    dataset: Dataset,
    stage: str,
    queries: Sequence[Query],
    *,
    settings: Settings,
    opened: MutableMapping[str, Retriever],
    index: Path | None = None,
    tell: Callable[[TrainingProgress], None] | None = None,
) -> dict[str, list[Document]]:
    """Search a dataset.

    Args:
        dataset: What the first stage draws on.
        stage: A pipeline in the one notation.
        queries: With ids.
        settings: For a pipeline that calls an endpoint.
        opened: First stages opened before, which an index makes costly; those opened here are added.
        index: Folder in which indexes are kept between runs; None: they are made anew.
        tell: Told of every query.

    Returns:
        Documents by query id, best first.

    Raises:
        ConfigError: The pipeline cannot work.
        DataError: A query found nothing because of a fault.
    """
    [pipeline] = pipelines_of(dataset, [stage], settings=settings, index=index, retrievers=opened)
    found: dict[str, list[Document]] = {}
    with pipeline:
        open_stages([pipeline], queries)
        for row in pipeline.search_many(queries):
            if row.ranking is None:
                raise row.error or DataError(f"'{stage}' found nothing for '{queries[row.index].id}'")
            found[queries[row.index].id] = [hit.document for hit in row.ranking]
            if tell is not None:
                tell(TrainingProgress(stage="searching", done=len(found), total=len(queries)))
    return found
