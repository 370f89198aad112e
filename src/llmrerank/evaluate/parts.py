"""Where the parts of a dataset come from: a folder, a collection of ir_datasets, files given one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.retrieve.corpus import corpus_file, is_dataset_folder, left_out
from llmrerank.retrieve.irds import has, irds_name, require
from llmrerank.retrieve.tables import Columns
from llmrerank.retrieve.text_folder import find_text_files

from .candidates import candidate_files, holds_texts, named_candidates, plain_or_packed
from .on_demand import Corpus
from .qrels import find_qrels, read_qrels
from .topics import Topic, read_topics, topics_of_candidates

__all__ = ["Parts", "Wanted", "gather"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the caller named: a whole dataset, parts in place of its own, and what their columns are."""

    where: str | Path | None = None
    documents: str | Path | None = None
    queries: str | Path | None = None
    qrels: str | Path | None = None
    candidates: str | Path | None = None
    split: str | None = None
    document_columns: Columns = None
    query_columns: Columns = None
    qrels_columns: Columns = None

    @property
    def collection(self) -> str | None:
        """The collection of ir_datasets that is wanted as a whole."""
        return irds_name(self.where)

    @property
    def folder(self) -> Path | None:
        """The dataset folder, which is there.

        Raises:
            ConfigError: It is not, or it is no dataset folder.
        """
        if self.where is None or self.collection is not None:
            return None
        folder = Path(self.where)
        if folder.is_file():
            raise ConfigError(
                f"{folder} is a file and no dataset folder; name it as a part, with --docs or --queries"
            )
        if not folder.is_dir():
            raise ConfigError(f"there is no dataset folder {folder}")
        if not is_dataset_folder(folder) and (count := len(find_text_files(folder).paths)):
            raise ConfigError(
                f"{folder} is no dataset folder but {count} documents without queries; "
                f"give them as --docs {folder}, with --queries FILE"
            )
        return folder

    @property
    def name(self) -> str:
        """What tables call it where nobody says: the folder, the collection, else the file of the queries."""
        if self.where is not None:
            return self.collection or Path(self.where).resolve().name
        named = next(part for part in (self.queries, self.documents, self.candidates) if part is not None)
        return irds_name(named) or Path(str(named).removesuffix(".gz")).stem or str(named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What was found, and how messages call it.

    Attributes:
        folder: The dataset folder, or None.
        topics: The queries by id.
        asked_in: Where the queries stand.
        qrels: Grades by query id and document id; empty without judgements.
        judged_in: Where the judgements stand.
        corpus: The documents, not yet read; or None.
        candidates: What a bare `run` reads, or None.
        candidate_files: Every candidates file of the folder, and the one named.
        warnings: What was left out, in sentences.
    """

    folder: Path | None
    topics: Mapping[str, Topic]
    asked_in: str
    qrels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    judged_in: str = ""
    corpus: Corpus | None = None
    candidates: Path | None = None
    candidate_files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def gather(wanted: Wanted) -> Parts:
    """Find all parts; documents are not read yet, nor are candidates where there are queries.

    The candidates of a folder or collection belong to its own documents and queries: where either is
    replaced, only those that the caller names count.

    Raises:
        ConfigError: A part is not there, or there are columns named for a part that has none.
        DataError: A file cannot be read, or there are no queries.
        MissingExtra: Parquet or `irds:` without the package that reads it.
    """
    folder = wanted.folder
    named = named_candidates(folder, wanted.candidates)
    files = candidate_files(folder, named)
    documents = _documents(wanted, folder)
    topics, asked_in = _topics(wanted, folder, files)
    qrels, judged_in = _judgements(wanted, folder)
    replaced = wanted.documents is not None or wanted.queries is not None
    return Parts(
        folder=folder,
        topics=topics,
        asked_in=asked_in,
        qrels=qrels,
        judged_in=judged_in,
        corpus=None if documents is None else Corpus(documents, wanted.document_columns),
        candidates=named or (None if replaced else _own_candidates(wanted, folder)),
        candidate_files=(() if named is None else (named,)) if replaced else files,
        warnings=() if documents is None else left_out(documents),
    )


def _documents(wanted: Wanted, folder: Path | None) -> str | Path | None:
    given = wanted.documents
    if given is None:
        own = corpus_file(folder) if folder else None
        if wanted.collection is not None and has(wanted.collection, "docs"):
            return wanted.where
        if own is None and wanted.document_columns is not None:
            raise ConfigError("there are no documents whose columns could be named; give --docs PATH")
        return own
    collection = irds_name(given)
    if collection is not None:
        require(collection, "docs")
    elif str(given) != "-" and not Path(given).exists():
        raise ConfigError(f"there are no documents {given}")
    return given


def _topics(wanted: Wanted, folder: Path | None, files: Sequence[Path]) -> tuple[Mapping[str, Topic], str]:
    """The queries, and how messages call their place."""
    given = wanted.queries if wanted.queries is not None else wanted.where if wanted.collection else None
    if given is not None:
        return read_topics(given, wanted.query_columns), str(given)
    own = plain_or_packed(folder / "queries.jsonl") if folder else None
    if own is not None:
        return read_topics(own, wanted.query_columns, numbered=wanted.query_columns is not None), own.name
    topics = topics_of_candidates([file for file in files if holds_texts(file)])
    if topics and wanted.query_columns is None:
        return topics, "the candidates"
    if topics:
        raise ConfigError(
            "the queries are those of the candidates, whose keys are fixed; give --queries FILE"
        )
    if folder is None:
        raise ConfigError("there are no queries; give --queries FILE, or a whole dataset with --dataset DIR")
    raise DataError(
        f"there are no queries in {folder}; expected queries.jsonl or candidates.jsonl, or either with .gz; "
        "or give --queries FILE"
    )


def _judgements(wanted: Wanted, folder: Path | None) -> tuple[Mapping[str, Mapping[str, int]], str]:
    """The judgements, and how messages call their place."""
    source = wanted.qrels
    if wanted.split is not None and (source is not None or folder is None):
        raise ConfigError(
            f"--split {wanted.split} chooses among the judgements of a dataset folder, "
            + ("and --qrels names others" if source is not None else "and there is none")
        )
    if source is None and folder is not None:
        source = find_qrels(folder, wanted.split)
    elif source is None and wanted.collection is not None and has(wanted.collection, "qrels"):
        source = wanted.where
    if source is None:
        if wanted.qrels_columns is not None:
            raise ConfigError("there are no judgements whose columns could be named; give --qrels FILE")
        return {}, ""
    return read_qrels(source, wanted.qrels_columns), str(source)


def _own_candidates(wanted: Wanted, folder: Path | None) -> Path | None:
    if wanted.collection is not None:
        return Path(str(wanted.where)) if has(wanted.collection, "scoreddocs") else None
    return plain_or_packed(folder / "candidates.jsonl") if folder else None
