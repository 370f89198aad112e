"""`llmrerank audit`: which documents look like attacks on whoever ranks them, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.counted import counted
from llmrerank.errors import ConfigError, DataError, did_you_mean

from .exits import Exit
from .progress import line
from .talk import Talk
from .wrapping import clipped

if TYPE_CHECKING:
    from llmrerank.suspicion import Suspicion
    from llmrerank.types import Document

__all__ = ["audit"]

SCHEMA = 1
_TOLD = 1000
_AROUND, _EXCERPT, _LONGEST_ID = 20, 80, 60
"""Characters before what is told, of an excerpt, and of an id on a line."""


def audit(
    *,
    docs: Annotated[
        str,
        Option(
            "--docs", metavar="PATH", help="JSONL, CSV, Parquet, lines, texts, dataset folder, irds:NAME, -"
        ),
    ],
    query: Annotated[
        str | None,
        Option("--query", metavar="TEXT", help="Also find texts stuffed with it", show_default=False),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        Option("--kinds", metavar="KIND...", help="Tell these alone  [default: all]", show_default=False),
    ] = None,
    exit_zero: Annotated[
        bool, Option("--exit-zero", help="End with 0 whatever is found, as for a survey")
    ] = False,
    doc_columns: Annotated[
        str | None, Option("--doc-columns", metavar="A=B,...", help="Such as id=No,text=Body,title=Name")
    ] = None,
    talk: Talk,
) -> Exit:
    r"""List documents that look like attacks on a reranker, and why: a line for each thing found.

    Text, title, id and metadata are read, one document after the other, so there may be any number.
    Kinds: answer bidi criteria encoded invisible label lookalike override praise role stuffing.
    Ends with 0 where nothing is found, with 1 where something is.

    \b
      llmrerank audit --docs corpus.jsonl
      llmrerank audit --docs corpus.jsonl --json > findings.json
    """
    from llmrerank.retrieve.corpus import is_dataset_folder, left_out
    from llmrerank.suspicion import KINDS
    from llmrerank.types import Query

    for kind in kinds or ():
        if kind not in KINDS:
            raise ConfigError(f"unknown kind of suspicion '{kind}'{did_you_mean(kind, list(KINDS))}")
    asked = Query(text=query).text if query is not None else None
    documents = _documents(docs, doc_columns)
    # What cannot be read at all writes nothing.
    if (first := next(documents, None)) is None:
        raise DataError(f"{docs} holds no documents")
    books = _Books()
    with line(talk) as show:

        def read() -> Iterator[Document]:
            yield first
            for count, document in enumerate(documents, start=2):
                if show is not None and count % _TOLD == 0:
                    show(f"{count:,} documents, {books.suspected:,} suspected")
                yield document

        found = _found(read(), asked, frozenset(kinds or KINDS), books)
        if talk.json:
            _print_json(found, docs, books)
        else:
            for document, findings in found:
                for name, text, one in findings:
                    print(_line(document, name, text, one))
    for note in () if is_dataset_folder(Path(docs)) else left_out(docs):
        talk.warn(note)
    talk.say(_summary(books))
    return Exit.FAILED if books.suspected and not exit_zero else Exit.DONE


Finding = tuple[str, str, "Suspicion"]
"""The field, its text, and what is suspicious about it."""


@dataclass(slots=True)
class _Books:
    """How much was read and found so far; `kinds` counts documents."""

    read: int = 0
    suspected: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


def _documents(docs: str, columns: str | None) -> Iterator[Document]:
    """The documents, one after the other; of a dataset without a corpus those of its candidates."""
    from llmrerank.retrieve.corpus import corpus_file, is_dataset_folder, stream_documents
    from llmrerank.retrieve.stored import candidate_files, read_texts

    folder = Path(docs)
    if is_dataset_folder(folder) and corpus_file(folder) is None and (files := candidate_files(folder)):
        seen: dict[str, Document] = {}
        for file in files:
            seen |= {name: document for name, document in read_texts(file).items() if name not in seen}
        return iter(seen.values())
    return stream_documents(docs, columns)


def _found(
    documents: Iterable[Document], query: str | None, kinds: frozenset[str], books: _Books
) -> Iterator[tuple[Document, list[Finding]]]:
    """Suspected documents with what is suspicious about them; the books are kept on the way."""
    from llmrerank.suspicion import fields_of, suspicions

    for document in documents:
        books.read += 1
        findings = [
            (name, text, one)
            for name, text in fields_of(document)
            for one in suspicions(text, query=query)
            if one.kind in kinds
        ]
        if findings:
            books.suspected += 1
            books.kinds.update(sorted({one.kind for _, _, one in findings}))
            yield document, findings


def _line(document: Document, name: str, text: str, one: Suspicion) -> str:
    known = clipped(str(document.id), _LONGEST_ID)
    return f"{known}: {clipped(name, _LONGEST_ID)}: {one.kind}: {one.why} | {_excerpt(text, one)}"


def _excerpt(text: str, one: Suspicion) -> str:
    """What is meant, with a little before it, harmless and on one line."""
    return clipped(text[max(0, one.start - _AROUND) : one.end + _EXCERPT], _EXCERPT)


def _print_json(found: Iterable[tuple[Document, list[Finding]]], docs: str, books: _Books) -> None:
    """One document, written as it grows: any number of findings fits."""
    print(f'{{\n  "schema": {SCHEMA},\n  "docs": {json.dumps(docs)},\n  "suspected": [', end="")
    separator = "\n"
    for document, findings in found:
        value: dict[str, Any] = {
            "id": document.id,
            "findings": [
                {
                    "field": name,
                    "kind": one.kind,
                    "start": one.start,
                    "end": one.end,
                    "why": one.why,
                    "excerpt": _excerpt(text, one),
                }
                for name, text, one in findings
            ],
        }
        # Lone surrogates cannot be written as they are.
        print(f"{separator}    {json.dumps(value)}", end="")
        separator = ",\n"
    kinds = json.dumps(dict(sorted(books.kinds.items())))
    end = "\n  ]" if books.suspected else "]"
    print(f'{end},\n  "documents": {books.read},\n  "kinds": {kinds}\n}}')


def _summary(books: _Books) -> str:
    share = 100 * books.suspected / books.read
    text = f"{books.suspected:,} of {counted(books.read, 'document')} suspected ({share:.2f} %)"
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in books.kinds.most_common())
    return f"{text}: {kinds}" if kinds else text
