"""Documents from a file: JSONL with the field names in use, or one plain line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from llmrerank.errors import DataError
from llmrerank.jsonl import Readable, name_of, parse_lines, read_lines, text_lines
from llmrerank.types import Document

__all__ = ["CORPUS_NAMES", "corpus_file", "document_of", "read_documents", "refuse_duplicates"]

CORPUS_NAMES = ("corpus.jsonl", "corpus.jsonl.gz")

_ID_NAMES = ("_id", "docid")
_TEXT_NAMES = ("contents", "body")
_JSON_NAMES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".ndjson", ".ndjson.gz")


def read_documents(source: Readable) -> tuple[Document, ...]:
    """Read documents in file order.

    A name that ends in `.jsonl`, `.ndjson` or `.json` (with or without `.gz`) is JSONL. Otherwise the first
    line that is not empty decides: if it starts with `{` the file is JSONL, else every line that is not empty
    is one document. In JSONL the id is `id`, `_id` or `docid`, the text `text`, `contents` or `body`; `title`
    is kept apart and everything else becomes metadata. A document without an id gets its place, from 0.

    Args:
        source: A file, a dataset folder (its corpus is read, and ids must be unique), `-` for the standard
            input, or an open stream.

    Raises:
        DataError: A file or line cannot be read, a document has no text, or there is no document at all.
    """
    if isinstance(source, str | Path) and str(source) != "-" and Path(source).is_dir():
        file = corpus_file(Path(source))
        if file is None:
            raise DataError(f"the folder {source} has no {' or '.join(CORPUS_NAMES)}")
        documents = read_documents(file)
        refuse_duplicates(documents, str(file))
        return documents
    name = name_of(source)
    documents = tuple(_documents(source, name))
    if not documents:
        raise DataError(f"{name} holds no documents")
    if not any(document.text.strip() or document.title.strip() for document in documents):
        raise DataError(f"no document of {name} has any text")
    return documents


def corpus_file(folder: Path) -> Path | None:
    """The corpus of a dataset folder, or None where it has none."""
    return next((folder / name for name in CORPUS_NAMES if (folder / name).is_file()), None)


def refuse_duplicates(documents: Iterable[Document], name: str) -> None:
    """Raise DataError if two documents have the same id (a whole number counts as its digits)."""
    seen: set[str] = set()
    for document in documents:
        identifier = str(document.id)
        if identifier in seen:
            raise DataError(f"{name}: two documents have the id '{identifier}'; ids must be unique there")
        seen.add(identifier)


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
    _rename(known, "text", _TEXT_NAMES)
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
        if fields.get(name) is None and fields.get(other) is not None:
            fields[name] = fields.pop(other)


def _documents(source: Readable, name: str) -> Iterator[Document]:
    if isinstance(source, str | Path) and str(source).lower().endswith(_JSON_NAMES):
        objects = read_lines(source)
    else:
        lines = (line for line in text_lines(source) if line.text.strip())
        first = next(lines, None)
        if first is None:
            return
        if not first.text.lstrip().startswith("{"):
            for position, line in enumerate(chain([first], lines)):
                yield Document(id=str(position), text=line.text.strip())
            return
        objects = parse_lines(chain([first], lines), name)
    for position, (number, fields) in enumerate(objects):
        yield document_of(fields, position=position, place=f"{name}, line {number}")
