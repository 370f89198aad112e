"""The input of a batch: a JSON object on each line, with a query and its documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmrerank.errors import DataError
from llmrerank.jsonl import Readable, name_of, parse_lines, text_lines
from llmrerank.retrieve.corpus import document_of
from llmrerank.types import Document, Query

__all__ = ["Asked", "read_questions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One line of the input.

    Attributes:
        id: Its `id` (or the query's `id` or `qid`), else the number of the line.
        digest: Of the line's content: equal for equal lines.
        query: What is asked; None where the line cannot be read.
        documents: What is to be ranked; None where the line brings none, for a search.
        fault: Why the line cannot be read, or None.
    """

    id: str
    digest: str
    query: Query | None = None
    documents: tuple[Document, ...] | None = None
    fault: DataError | None = None


def read_questions(source: Readable, *, searching: bool = False) -> Iterator[Asked]:
    """Read a batch line by line; a line that cannot be read is handed out with its fault.

    A line is `{"id"?, "query": "text" or {"id", "text"}, "documents": [...]}`, documents as `rerank` takes
    them, or a line of candidates: `{"query": {"qid", "text"}, "candidates": [{"docid", "doc": {...}}]}`.

    Args:
        source: A JSONL file, `-` for the standard input, or an open stream.
        searching: The queries go to a corpus, so lines need no documents and bring none; those of a dataset's
            `queries.jsonl`, `{"_id", "text"}`, are read as well.

    Raises:
        DataError: There is no such file, or it is not text.
    """
    name = name_of(source)
    for line in text_lines(source):
        if not line.text.strip():
            continue
        identifier = str(line.number)
        digest = hashlib.sha256(line.text.strip().encode("utf-8", "surrogatepass")).hexdigest()
        try:
            [(_, fields)] = parse_lines([line], name)
            identifier = _id_of(fields) or identifier
            query, documents = _read(fields, f"{name}, line {line.number}", searching)
        except DataError as error:
            yield Asked(id=identifier, digest=digest, fault=error)
            continue
        yield Asked(id=identifier, digest=digest, query=query, documents=documents)


def _id_of(fields: Mapping[str, Any]) -> str:
    query = fields.get("query")
    inner = (query.get("id"), query.get("qid")) if isinstance(query, Mapping) else ()
    given = (fields.get("id"), fields.get("qid"), fields.get("_id"), *inner)
    return next((str(one) for one in given if isinstance(one, str | int) and str(one)), "")


def _read(
    fields: Mapping[str, Any], place: str, searching: bool
) -> tuple[Query, tuple[Document, ...] | None]:
    query = fields.get("query")
    if query is None and searching:
        query = fields
    text = query.get("text") if isinstance(query, Mapping) else query
    if not isinstance(text, str):
        raise DataError(f'{place}: a line needs "query", a text or an object with one; got {_short(query)}')
    try:
        asked = Query(text=text, id=_id_of(fields))
    except DataError as error:
        raise DataError(f"{place}: {error}") from None
    if searching:
        return asked, None
    given = fields.get("documents")
    if given is None and isinstance(fields.get("candidates"), list):
        given = [_candidate(one) for one in fields["candidates"]]
    if not isinstance(given, list):
        raise DataError(f'{place}: a line needs "documents", a list; or give a corpus to search')
    documents = [
        Document(id=str(position), text=one)
        if isinstance(one, str)
        else _document(one, position, f"{place}, document {position}")
        for position, one in enumerate(given)
    ]
    return asked, tuple(documents)


def _document(value: Any, position: int, place: str) -> Document:
    if not isinstance(value, Mapping):
        raise DataError(f"{place}: expected a text or an object, got {_short(value)}")
    return document_of(value, position=position, place=place)


def _candidate(value: Any) -> Any:
    """A line of candidates keeps the text in `doc` and the id beside it."""
    inner = value.get("doc") if isinstance(value, Mapping) else None
    return {"docid": value.get("docid"), **inner} if isinstance(inner, Mapping) else value


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
