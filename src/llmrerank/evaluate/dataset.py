"""Test collections: documents, queries, judgements and first-stage candidates, as many as there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmrerank.errors import DataError
from llmrerank.registry import Kind, find
from llmrerank.retrieve.corpus import find_documents
from llmrerank.retrieve.retriever import Source
from llmrerank.retrieve.tables import Columns
from llmrerank.spec import Call, PipelineSpec, Stage
from llmrerank.types import Document, Example, Query

from .candidates import candidate_ids
from .card import Card, read_card
from .on_demand import Pools
from .parts import Parts, Wanted, gather

__all__ = ["Dataset", "judged_id"]

FIRST_CUT = 100
"""Documents that the first stage hands on where a pipeline names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A test collection. Make one with `Dataset.open`.

    Attributes:
        folder: Where it lies; None where it is a collection of ir_datasets or parts.
        name: As tables call it.
        queries: In file order: the judged ones, and the others too where they were asked for or nothing is
            judged.
        qrels: Grades by query id and document id, of judged queries in their order; empty without any.
        judged_in: Where the judgements stand; empty without any.
        corpus: The documents, read when first used; or None.
        candidates: The file that a bare `run` reads, or None.
        candidate_files: Every candidates file of the folder, and the one named.
        instruction: What makes a document relevant here; may be empty.
        examples: Worked judgements shown to judges.
        relevance: The lowest grade that counts as relevant for measures without grades.
        warnings: What does not fit together and changes results, in sentences.
    """

    folder: Path | None
    name: str
    queries: tuple[Query, ...]
    qrels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    judged_in: str = ""
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
        where: str | Path | None = None,
        *,
        documents: str | Path | None = None,
        queries: str | Path | None = None,
        qrels: str | Path | None = None,
        candidates: str | Path | None = None,
        split: str | None = None,
        card: str | Path | None = None,
        name: str | None = None,
        document_columns: Columns = None,
        query_columns: Columns = None,
        qrels_columns: Columns = None,
        all_queries: bool = False,
    ) -> Dataset:
        """Open a dataset: a folder, a collection of ir_datasets, or parts; a part given replaces its own.

        Documents are not read yet, nor are candidates where there are queries. Candidates of a folder belong
        to its own documents and queries: where either is replaced, only those that are named here count.

        Args:
            where: A folder with any of `corpus.jsonl[.gz]`, `queries.jsonl[.gz]`, `qrels/<split>.tsv` or
                `qrels.txt`, `candidates*.jsonl[.gz]` and `dataset.toml`; or `irds:NAME`; None: only parts.
            documents: JSONL, plain lines, CSV, TSV, Parquet, a folder of texts or `irds:NAME`; see
                `read_documents`.
            queries: JSONL, CSV, TSV, Parquet, topics of TREC, plain lines or `irds:NAME`; see `read_topics`.
            qrels: TREC, BEIR, CSV, TSV, Parquet or `irds:NAME`; see `read_qrels`.
            candidates: What a bare `run` reads: a TREC run or candidates with texts, relative to the folder,
                else to the working folder, or `irds:NAME`; None: `candidates.jsonl[.gz]`.
            split: Judgements `qrels/<split>.tsv`; None: `qrels/test.tsv`, else `qrels.txt`.
            card: What is read in place of the folder's `dataset.toml`: all that one says is left out.
            name: What tables call it; None: what the card says, else the folder's name.
            document_columns: Which column holds which field, as `{"text": "Question"}` or `'text=Question'`.
            query_columns: The same for the queries.
            qrels_columns: The same for the judgements.
            all_queries: Keep queries that nobody has judged beside those that somebody has, so that they can
                be judged; nothing that measures looks at them.

        Raises:
            ConfigError: Something that is named is not there, or what the card says is wrong.
            DataError: A file cannot be read, or judgements and queries have nothing in common.
            MissingExtra: Parquet or `irds:` without the package that reads it.
        """
        wanted = Wanted(
            where=where,
            documents=documents,
            queries=queries,
            qrels=qrels,
            candidates=candidates,
            split=split,
            document_columns=document_columns,
            query_columns=query_columns,
            qrels_columns=qrels_columns,
        )
        folder = wanted.folder
        given = Path(card) if card is not None else folder / "dataset.toml" if folder else None
        said = read_card(given, asked_for=card is not None) if given else Card()
        parts = gather(wanted)
        judged = [query for query in parts.topics if query in parts.qrels]
        chosen = judged if parts.qrels and not all_queries else list(parts.topics)
        return cls(
            folder=folder,
            name=name or said.name or wanted.name,
            queries=tuple(parts.topics[query].query(query) for query in chosen),
            qrels={query: parts.qrels[query] for query in judged},
            judged_in=parts.judged_in,
            corpus=parts.corpus,
            candidates=parts.candidates,
            candidate_files=parts.candidate_files,
            instruction=said.instruction,
            examples=said.examples,
            relevance=said.relevance,
            warnings=(*parts.warnings, *_mismatches(parts, len(judged), all_queries=all_queries)),
        )

    @property
    def judged(self) -> bool:
        """Whether there are judgements, so that quality can be measured."""
        return bool(self.qrels)

    @property
    def measurable(self) -> tuple[Query, ...]:
        """The judged queries; all of them where nothing is judged."""
        return tuple(query for query in self.queries if query.id in self.qrels or not self.qrels)

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

        Where there is neither, documents come from an index of a first stage's own, which is not looked at.

        Args:
            group_by: As `judged_id`; chunks without a corpus are not looked at.

        Returns:
            The warnings, with the number of judged documents that are not there.

        Raises:
            DataError: There are no judgements, or no judged document is there.
        """
        if not self.judged:
            expected = "expected qrels/test.tsv or qrels.txt" if self.folder else "give --qrels FILE"
            raise DataError(f"the dataset {self.folder or self.name} has no judgements; {expected}")
        if self.corpus is None and (group_by is not None or not self.candidate_files):
            return self.warnings
        judged = {document for grades in self.qrels.values() for document in grades}
        if self.corpus is None:
            there, place = candidate_ids(self.candidate_files), "the candidates"
            example = min(there, default=None)
        else:
            there, place = _judged_there(self.corpus, judged, group_by), "the corpus"
            example = next((judged_id(document, group_by) for document in self.corpus[:1]), None)
        absent = len(judged - there)
        if absent == len(judged):
            raise DataError(
                f"the judgements of {self.folder or self.name} match nothing: no document of theirs (such as "
                f"'{min(judged)}') is in {place}"
                + (f" (such as '{example}')" if example is not None else ", which is empty")
            )
        if absent and self.corpus is not None:
            return (*self.warnings, f"{absent} of {len(judged)} judged documents are not in {place}")
        return self.warnings


def _mismatches(parts: Parts, judged: int, *, all_queries: bool) -> list[str]:
    """What of queries and judgements does not match, in sentences.

    Raises:
        DataError: Nothing does.
    """
    if not parts.qrels:
        return []
    if not judged:
        theirs, ours = next(iter(parts.qrels)), next(iter(parts.topics))
        raise DataError(
            f"the judgements {parts.judged_in} match nothing: no query of theirs (such as '{theirs}') is in "
            f"{parts.asked_in} (such as '{ours}')"
        )
    warnings = []
    if absent := len(parts.qrels) - judged:
        warnings.append(
            f"{absent} of {len(parts.qrels)} judged queries have no text in {parts.asked_in} and are left out"
        )
    if not all_queries and (unjudged := len(parts.topics) - judged):
        warnings.append(
            f"{unjudged} of {len(parts.topics)} queries in {parts.asked_in} have no judgements "
            "and are left out"
        )
    return warnings


def _judged_there(corpus: Sequence[Document], judged: set[str], group_by: str | None) -> set[str]:
    if group_by is None:
        return set(find_documents(corpus, judged))
    return {judged_id(document, group_by) for document in corpus}


def judged_id(document: Document, group_by: str | None) -> str:
    """The id that judgements know: the document's own, or that of the document it is a chunk of.

    Args:
        document: A document or a chunk.
        group_by: Key of the metadata that holds the judged id of a chunk, or None.
    """
    of = document.metadata.get(group_by) if group_by is not None else None
    return str(document.id if of is None else of)
