"""Test collections: a folder with any of documents, queries, judgements and first-stage candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.registry import Kind, find
from llmrerank.retrieve.corpus import corpus_file
from llmrerank.retrieve.retriever import Source
from llmrerank.spec import Call, PipelineSpec, Stage
from llmrerank.types import Document, Example, Query

from .card import read_card
from .on_demand import Corpus, Pools
from .qrels import find_qrels, read_qrels
from .topics import candidate_files, candidate_ids, named_candidates, plain_or_packed, read_topics

__all__ = ["Dataset", "judged_id"]

FIRST_CUT = 100
"""Documents that the first stage hands on where a pipeline names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A test collection. Make one with `Dataset.open`.

    Attributes:
        folder: Where it lies.
        name: As tables call it.
        queries: The judged ones in file order; all of them where nothing is judged.
        qrels: Grades by query id and document id, of these queries in their order; empty without judgements.
        corpus: The documents, read when first used; or None.
        candidates: The file that a bare `run` reads, or None.
        candidate_files: Every candidates file of the folder, and the one named.
        instruction: What makes a document relevant here; may be empty.
        examples: Worked judgements shown to judges.
        relevance: The lowest grade that counts as relevant for measures without grades.
        warnings: What does not fit together and changes results, in sentences.
    """

    folder: Path
    name: str
    queries: tuple[Query, ...]
    qrels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    corpus: Sequence[Document] | None = None
    candidates: Path | None = None
    candidate_files: tuple[Path, ...] = ()
    instruction: str = ""
    examples: tuple[Example, ...] = ()
    relevance: int = 1
    warnings: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        split: str | None = None,
        candidates: str | Path | None = None,
        card: str | Path | None = None,
    ) -> Dataset:
        """Read a dataset folder. Documents are not read yet, nor are candidates where there is a query file.

        Args:
            folder: With any of `corpus.jsonl[.gz]`, `queries.jsonl[.gz]`, `qrels/<split>.tsv` or `qrels.txt`,
                `candidates*.jsonl[.gz]` and `dataset.toml`.
            split: Judgements `qrels/<split>.tsv`; None: `qrels/test.tsv`, else `qrels.txt`.
            candidates: File for a bare `run`, relative to the folder, else to the working folder; None:
                `candidates.jsonl[.gz]`.
            card: What is read in place of the folder's `dataset.toml`: all that one says is left out.

        Raises:
            ConfigError: The folder, the split, the candidates or the card are not there, or what the card
                says is wrong.
            DataError: A file cannot be read, or judgements and queries have nothing in common.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ConfigError(f"there is no dataset folder {folder}")
        said = read_card(folder / "dataset.toml" if card is None else Path(card), asked_for=card is not None)
        named = named_candidates(folder, candidates)
        files = candidate_files(folder, named)
        path = find_qrels(folder, split)
        qrels = read_qrels(path) if path else {}
        topics, place = read_topics(folder, files)
        chosen = [query for query in topics if query in qrels or not qrels]
        if not chosen:
            raise DataError(
                f"the judgements {path} match nothing: none of their {len(qrels)} queries "
                f"(such as '{next(iter(qrels))}') is in {place} (such as '{next(iter(topics))}')"
            )
        warnings = []
        if absent := len(qrels) - len(chosen) if qrels else 0:
            warnings.append(
                f"{absent} of {len(qrels)} judged queries have no text in {place} and are left out"
            )
        corpus = corpus_file(folder)
        return cls(
            folder=folder,
            name=said.name or folder.resolve().name,
            queries=tuple(topics[query].query(query) for query in chosen),
            qrels={query: qrels[query] for query in chosen} if qrels else {},
            corpus=Corpus(corpus) if corpus else None,
            candidates=named or plain_or_packed(folder / "candidates.jsonl"),
            candidate_files=files,
            instruction=said.instruction,
            examples=said.examples,
            relevance=said.relevance,
            warnings=tuple(warnings),
        )

    def source(self, *, index: Path | None = None) -> Source:
        """What first stages can draw on; `index` is a folder in which indexes are kept between runs."""
        return Source(
            corpus=self.corpus,
            folder=self.folder,
            candidates=self.candidates,
            pools=Pools(self.qrels, self.corpus),
            index=index,
            instruction=self.instruction,
            examples=self.examples,
            name=f"the dataset '{self.name}'",
        )

    def default_first_stage(self) -> Stage:
        """What stands in front of a pipeline that starts with a reranker: `run % 100`, or `bm25 % 100`.

        The candidates are taken where there are any: a bare `run`, or by its name the only candidates file of
        a folder that has no corpus.
        """
        if self.candidates is not None:
            return Stage(Call("run"), FIRST_CUT)
        if self.corpus is None and len(self.candidate_files) == 1:
            return Stage(Call("run", (("path", self.candidate_files[0].name),)), FIRST_CUT)
        return Stage(Call("bm25"), FIRST_CUT)

    def complete(self, spec: PipelineSpec) -> PipelineSpec:
        """Put the default first stage in front of a pipeline that has none.

        Raises:
            UnknownName: The pipeline starts with a name that nobody registered.
        """
        if find(spec.stages[0].call.name).kind is Kind.FIRST_STAGE:
            return spec
        return PipelineSpec((self.default_first_stage(), *spec.stages))

    def check(self, *, group_by: str | None = None) -> tuple[str, ...]:
        """Look whether judgements and documents belong together; reads the corpus, else the candidates.

        Args:
            group_by: As `judged_id`; chunks without a corpus are not looked at.

        Returns:
            The warnings, with the number of judged documents that are not there.

        Raises:
            DataError: There are no judgements, or no judged document is there.
        """
        if not self.qrels:
            raise DataError(
                f"the dataset {self.folder} has no judgements; expected qrels/test.tsv or qrels.txt"
            )
        if self.corpus is not None:
            there, place = {judged_id(document, group_by) for document in self.corpus}, "the corpus"
        elif group_by is not None:
            return self.warnings
        else:
            there, place = candidate_ids(self.candidate_files), "the candidates"
        judged = {document for grades in self.qrels.values() for document in grades}
        absent = len(judged - there)
        if absent == len(judged):
            raise DataError(
                f"the judgements of {self.folder} match nothing: none of their {len(judged)} documents "
                f"(such as '{min(judged)}') is in {place}"
                + (f" (such as '{min(there)}')" if there else ", which is empty")
            )
        if absent and self.corpus is not None:
            return (*self.warnings, f"{absent} of {len(judged)} judged documents are not in {place}")
        return self.warnings


def judged_id(document: Document, group_by: str | None) -> str:
    """The id that judgements know: the document's own, or that of the document it is a chunk of.

    Args:
        document: A document or a chunk.
        group_by: Key of the metadata that holds the judged id of a chunk, or None.
    """
    of = document.metadata.get(group_by) if group_by is not None else None
    return str(document.id if of is None else of)
