"""What measuring works on: the dataset's queries and documents, numbered, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.pipeline import Pipeline
from llmrerank.retrieve.retriever import Retriever
from llmrerank.settings import Settings
from llmrerank.tokens import estimate
from llmrerank.types import Document, Limits, Query

from .measurements import JudgedQuery
from .synthetic import spread

__all__ = ["MOST_QUERIES", "Collected"]

MOST_QUERIES = 300


@dataclass(slots=True, kw_only=True)
class Collected:
    """State of one measuring.

    Attributes:
        dataset: With judgements and documents.
        documents: All of them.
        queries: Asked, in the order of the dataset, spread over it where it has too many.
        settings: Without a cache, whose answers take no time, without limits, and without a model or
            endpoint, which are for the strategies that ask.
        asking: The same with model and endpoint.
        index: Folder in which indexes of the dataset are kept, or None.
        ends: When measuring should end, by `time.monotonic`.
        tell: Told what is being measured.
        notes: What was left out, and why.
        retrievers: First stages opened over the dataset.
        numbers: Of documents that were found, by id.
        lengths: Their estimated tokens.
        found: By first stage, the documents found for each query.
    """

    dataset: Dataset
    documents: Sequence[Document]
    queries: Sequence[Query]
    settings: Settings
    asking: Settings
    index: Path | None
    ends: float
    tell: Callable[[str], None]
    notes: list[str] = field(default_factory=list)
    retrievers: dict[str, Retriever] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    found: dict[str, list[list[Document]]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        *,
        settings: Settings,
        index: Path | None,
        within: float,
        tell: Callable[[str], None],
    ) -> Collected:
        """Read the documents and choose the queries.

        Raises:
            ConfigError: There are no documents.
            DataError: There are no judgements, or they match nothing.
        """
        ends = time.monotonic() + within
        if not dataset.judged:
            raise DataError(
                f"the dataset {dataset.folder or dataset.name} has no judgements, and a plan takes what "
                "candidates are worth from them; 'llmrerank label' or 'llmrerank judge' makes some"
            )
        if dataset.corpus is None:
            raise ConfigError(f"the dataset {dataset.name} has no documents to time searches in")
        dataset.check()
        alone = replace(settings, cache=None, redis=None, record=None, limits=Limits())
        places = sorted(spread(len(dataset.measurable))[:MOST_QUERIES])
        return cls(
            dataset=dataset,
            documents=list(dataset.corpus),
            queries=[dataset.measurable[place] for place in places],
            settings=replace(alone, model=None, base_url=None),
            asking=alone,
            index=index,
            ends=ends,
            tell=tell,
        )

    @property
    def left(self) -> float:
        """Seconds that are left, 0 or more."""
        return max(0.0, self.ends - time.monotonic())

    def pipeline(self, spec: str, *, settings: Settings | None = None) -> Pipeline:
        """A pipeline over the dataset, its first stage shared with others; settings: None for `settings`."""
        return Pipeline(
            spec,
            source=self.dataset.source(index=self.index),
            retrievers=self.retrievers,
            settings=settings or self.settings,
        )

    def number(self, document: Document) -> int:
        """The number of a document, the next one where it has none."""
        known = self.numbers.get(str(document.id))
        if known is None:
            known = self.numbers[str(document.id)] = len(self.lengths)
            self.lengths.append(estimate(document.full_text))
        return known

    def judged(self) -> tuple[JudgedQuery, ...]:
        """The queries with their grades, once everything that will be is found."""
        qrels, relevance = self.dataset.qrels, self.dataset.relevance
        return tuple(
            JudgedQuery(
                id=query.id,
                grades={
                    self.numbers[document]: grade
                    for document, grade in qrels[query.id].items()
                    if grade > 0 and document in self.numbers
                },
                ideal=tuple(sorted((g for g in qrels[query.id].values() if g > 0), reverse=True)[:10]),
                relevant=sum(grade >= max(1, relevance) for grade in qrels[query.id].values()),
            )
            for query in self.queries
        )
