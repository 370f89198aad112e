"""What a first stage is: options that open a retriever over some documents, and the retriever itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from llmrerank.ranking import Ranking
from llmrerank.types import Document, Example, Query, ScoreKind

__all__ = ["FirstStage", "Retriever", "Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a first stage can draw on. A stage that lacks what it needs says so in a ConfigError.

    Attributes:
        corpus: The documents to search, or None where there is no corpus.
        folder: Dataset folder, against which relative paths are read first; or None.
        candidates: File that a bare `run` reads (`--candidates`); or None.
        pools: Document ids that the judgements list, by query id; what `pool` hands out.
        index: Folder in which indexes are kept between runs, or None to keep them in memory only.
        instruction: What makes a document of this source relevant; used where the caller gave none.
        examples: Worked judgements for this source; used where the caller gave none.
        name: How the source is called in messages.
    """

    corpus: Sequence[Document] | None = None
    folder: Path | None = None
    candidates: Path | None = None
    pools: Mapping[str, Sequence[str]] = field(default_factory=dict)
    index: Path | None = None
    instruction: str = ""
    examples: tuple[Example, ...] = ()
    name: str = "the corpus"


class Retriever(Protocol):
    """Finds candidates. Made once for a source, then asked many times; safe to call from several threads."""

    @property
    def score_kind(self) -> ScoreKind:
        """What its scores mean."""

    def search(self, queries: Sequence[Query], *, k: int) -> Sequence[Ranking]:
        """The best k documents of each query, in the order of the queries; ties by corpus order.

        Fewer than k where fewer match. `rank` and `previous_rank` of a hit are equal.
        """


class FirstStage(Protocol):
    """A registered first stage: a frozen dataclass of options.

    One whose result over given documents is decided by its options, the documents and the query may say so by
    a method `decided_by() -> str | None`: a text of whatever else decides it (a model's fingerprint), empty
    for nothing, None where that cannot be known. Then a repeated ranking is looked up before it is asked.
    """

    def open(self, source: Source) -> Retriever:
        """Make, or load, the retriever for a source.

        Raises:
            ConfigError: The source lacks what this stage needs.
            DataError: A file cannot be read, or an index belongs to another corpus.
            MissingExtra: A package is not installed.
        """
