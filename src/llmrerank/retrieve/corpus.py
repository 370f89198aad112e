"""Documents: of a file of JSONL, of plain lines or of a table, of a folder of texts, of ir_datasets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from llmrerank.errors import ConfigError, DataError
from llmrerank.jsonl import Readable, name_of, parse_lines, read_lines, text_lines
from llmrerank.types import Document

from .irds import documents_of, irds_name
from .tables import DOCUMENTS, Columns, Record, is_table, read_columns, read_table, record_of
from .text_folder import TextFiles, find_text_files

__all__ = [
    "CORPUS_NAMES",
    "JSON_NAMES",
    "Lookup",
    "corpus_file",
    "document_of",
    "find_documents",
    "is_dataset_folder",
    "left_out",
    "read_documents",
    "refuse_duplicates",
    "stream_documents",
]

CORPUS_NAMES = ("corpus.jsonl", "corpus.jsonl.gz")
JSON_NAMES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".ndjson", ".ndjson.gz")

# What an object calls a number is rarely what it is known by.
_ID_NAMES = tuple(name for name in DOCUMENTS.names["id"] if name != "number")
_DATASET_NAMES = (
    "corpus.jsonl*",
    "queries.jsonl*",
    "candidates*.jsonl*",
    "qrels",
    "qrels.txt",
    "dataset.toml",
)


@runtime_checkable
class Lookup(Protocol):
    """A corpus that finds documents by id better than by reading all of them."""

    def find(self, wanted: AbstractSet[str]) -> Mapping[str, Document]:
        """The documents of these ids that are there, by id."""


def read_documents(source: Readable, columns: Columns = None) -> tuple[Document, ...]:
    """Read documents in their order; without an id a document gets its place, from 0.

    - `.jsonl`, `.ndjson`, `.json`: an object a line. The id is `id`, `_id`, `docid`, ...; the text `text`,
      `contents`, `body`, ... (`tables.DOCUMENTS` has the names); `title` is kept apart, everything else
      becomes metadata.
    - `.csv`, `.tsv`, `.tab`, `.parquet`: a table with named columns, which are told by the same names.
    - A folder with `corpus.jsonl[.gz]`: its corpus. Any other folder that is no dataset: the text and
      Markdown files in it and below, see `text_folder`.
    - `irds:NAME`: a collection of ir_datasets.
    - Any other file: JSONL if its first line that is not empty starts with `{`, else a document a line.

    All but Parquet may be gzip.

    Args:
        source: A file, a folder (ids must be unique), `irds:NAME`, `-` for the standard input, or a stream.
        columns: Which column or key holds `id`, `text` and `title`, where the names do not tell.

    Raises:
        ConfigError: What is said about columns cannot be read, or there is no collection NAME.
        DataError: A file, row or line cannot be read, a document has no text, or there is no document at all.
        MissingExtra: Parquet or `irds:` without the package that reads it.
    """
    in_folder, source = isinstance(source, str | Path) and _is_folder(source), _opened(source)
    name = name_of(source)
    documents = tuple(_documents(source, name, columns))
    if not documents:
        raise DataError(f"{name} holds no documents")
    if not any(document.text.strip() or document.title.strip() for document in documents):
        raise DataError(f"no document of {name} has any text")
    if in_folder:
        refuse_duplicates(documents, name)
    return documents


def stream_documents(source: Readable, columns: Columns = None) -> Iterator[Document]:
    """Documents as `read_documents` reads them, one after the other: none is held, nothing is said of all.

    Raises:
        ConfigError, DataError, MissingExtra: As `read_documents`, when it comes to that.
    """
    source = _opened(source)
    yield from _documents(source, name_of(source), columns)


def left_out(source: Readable) -> tuple[str, ...]:
    """What reading documents passes over, in sentences: the files of a folder of texts that are none.

    Raises:
        DataError: It is a folder without documents.
    """
    if not isinstance(source, str | Path) or not _is_folder(source) or corpus_file(Path(source)):
        return ()
    return _text_files(Path(source)).left_out


def corpus_file(folder: Path) -> Path | None:
    """The corpus of a dataset folder, or None where it has none."""
    return next((folder / name for name in CORPUS_NAMES if (folder / name).is_file()), None)


def is_dataset_folder(folder: Path) -> bool:
    """Whether a folder has any part of a dataset, by name; else it may be a folder of texts."""
    return folder.is_dir() and any(any(folder.glob(name)) for name in _DATASET_NAMES)


def find_documents(corpus: Sequence[Document], wanted: AbstractSet[str]) -> Mapping[str, Document]:
    """The documents of these ids that a corpus has, by id (a whole number counts as its digits)."""
    if isinstance(corpus, Lookup):
        return corpus.find(wanted)
    return {str(document.id): document for document in corpus if str(document.id) in wanted}


def refuse_duplicates(documents: Iterable[Document], name: str) -> None:
    """Raise DataError if two documents have the same id (a whole number counts as its digits)."""
    seen: dict[str, int] = {}
    first, others = "", 0
    for place, document in enumerate(documents, start=1):
        identifier = str(document.id)
        before = seen.setdefault(identifier, place)
        if before == place:
            continue
        if first:
            others += 1
        else:
            first = f"two documents have the id '{identifier}', number {before} and number {place}"
    if first:
        more = f", and {others} more have an id that was there before" if others else ""
        raise DataError(f"{name}: {first}{more}; ids must be unique there")


def document_of(fields: Mapping[str, Any], *, position: int, place: str) -> Document:
    """Read one document from a JSON object.

    Args:
        fields: The object, which is not changed.
        position: Becomes the id where there is none.
        place: File and line, for messages.

    Raises:
        DataError: It has neither text nor title, or a field has the wrong type.
    """
    known = dict(fields)
    _rename(known, "id", _ID_NAMES)
    _rename(known, "text", DOCUMENTS.names["text"])
    if known.get("text") is None and known.get("title"):
        known["text"] = ""
    if known.get("text") is None:
        found = ", ".join(f"'{name}'" for name in fields) or "nothing"
        raise DataError(f"{place}: a document needs 'text' (or 'contents', or 'body'); found {found}")
    try:
        return Document.of(known, position=position)
    except DataError as error:
        raise DataError(f"{place}: {str(error).removeprefix(f'document {position}: ')}") from None


def _rename(fields: dict[str, Any], name: str, others: Iterable[str]) -> None:
    for other in others:
        if fields.get(name) is not None:
            return
        if fields.get(other) is not None:
            fields[name] = fields.pop(other)


def _opened(source: Readable) -> Readable:
    """The corpus file of a dataset folder; anything else as it is."""
    if isinstance(source, str | Path) and _is_folder(source):
        return corpus_file(Path(source)) or source
    return source


def _is_folder(source: str | Path) -> bool:
    return str(source) != "-" and irds_name(source) is None and Path(source).is_dir()


def _documents(source: Readable, name: str, columns: Columns) -> Iterator[Document]:
    collection = irds_name(source)
    if collection is not None:
        yield from documents_of(collection, columns)
    elif isinstance(source, str | Path) and _is_folder(source):
        if columns is not None:
            raise ConfigError(f"{name} is a folder of texts, which have no columns")
        yield from _text_files(Path(source)).documents()
    elif isinstance(source, str | Path) and is_table(source):
        for position, record in enumerate(read_table(Path(source), DOCUMENTS, columns)):
            yield _of_record(record, position)
    else:
        yield from _of_lines(source, name, columns)


def _text_files(folder: Path) -> TextFiles:
    found = find_text_files(folder)
    if is_dataset_folder(folder) or not found.paths:
        there = f"; {found.left_out[0]}" if found.others else ""
        raise DataError(
            f"the folder {folder} has no {' or '.join(CORPUS_NAMES)}, and no text or Markdown files{there}"
        )
    return found


def _of_record(record: Record, position: int) -> Document:
    values = {"title": None, **record.values, "text": record.values["text"] or ""}
    identifier = values.get("id", str(position))
    if isinstance(identifier, str):
        identifier = identifier.strip()
    if identifier is None or identifier == "":
        raise DataError(f"{record.place}: the id of the document is empty")
    try:
        read = Document.of({**values, "id": identifier}, position=position)
    except DataError as error:
        raise DataError(f"{record.place}: {str(error).removeprefix(f'document {position}: ')}") from None
    return Document(
        id=read.id, text=read.text, title=read.title, metadata=MappingProxyType(dict(record.rest))
    )


def _of_lines(source: Readable, name: str, columns: Columns) -> Iterator[Document]:
    if isinstance(source, str | Path) and str(source).lower().endswith(JSON_NAMES):
        objects = read_lines(source)
    else:
        lines = (line for line in text_lines(source) if line.text.strip())
        first = next(lines, None)
        if first is None:
            return
        if not first.text.lstrip().startswith("{"):
            if columns is not None:
                raise ConfigError(f"{name} is plain lines, which have no columns")
            for position, line in enumerate(chain([first], lines)):
                yield Document(id=str(position), text=line.text.strip())
            return
        objects = parse_lines(chain([first], lines), name)
    given = read_columns(columns, DOCUMENTS)
    for position, (number, fields) in enumerate(objects):
        place = f"{name}, line {number}"
        if given:
            yield _of_record(record_of(fields, DOCUMENTS, given, place), position)
        else:
            yield document_of(fields, position=position, place=place)
