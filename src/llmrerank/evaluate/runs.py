"""TREC run files: what trec_eval and its relatives read, and what a comparison leaves behind.

trec_eval sorts by score and ignores the rank column, so every score written here is smaller than the one
before it: the number of documents left, which single precision holds exactly. What a judge thought of a
document is not in a run file; it may have thought nothing.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from llmrerank import whole_file
from llmrerank.errors import DataError
from llmrerank.retrieve.stored import read_run as stored_run

__all__ = ["Run", "check_identifiers", "read_run", "run_file_name", "write_run", "write_whole"]

Run = Mapping[str, Sequence[str]]
"""Document ids by query id, best first."""

_LONGEST_SLUG = 200


def run_file_name(row: int, strategy: str) -> str:
    """The file of one row of a comparison: `1-bm25-100.trec` for row 1, `bm25 % 100`.

    Every run of characters other than letters and digits becomes one `-`. What is longer than 200 characters
    is cut, since file systems stop at 255 bytes; the row keeps the names apart.

    Args:
        row: Counted from 1.
        strategy: As it was typed.
    """
    return f"{row}-{re.sub(r'[^0-9A-Za-z]+', '-', strategy)[:_LONGEST_SLUG]}.trec"


def write_run(path: Path, run: Run, *, tag: str) -> None:
    """Write a run file, whole or not at all; a query without documents has no line.

    Args:
        path: The file; a name that ends in `.gz` is compressed. Missing folders are made.
        run: Document ids by query id, best first.
        tag: Name of the system, the last column; white space in it becomes `-`.

    Raises:
        DataError: An id holds white space or is empty, or a document stands twice under one query: no reader
            of run files could tell.
    """
    tag = re.sub(r"\s+", "-", tag.strip()) or "llmrerank"
    lines = [line for query, documents in run.items() for line in _lines(path, query, documents, tag)]
    write_whole(path, "".join(lines))


def _lines(path: Path, query: str, documents: Sequence[str], tag: str) -> Iterator[str]:
    _check(path, "query", query)
    seen = set()
    for rank, document in enumerate(documents, start=1):
        _check(path, "document", document)
        if document in seen:
            raise DataError(f"cannot write {path}: document '{document}' stands twice under query '{query}'")
        seen.add(document)
        yield f"{query} Q0 {document} {rank} {len(documents) - rank + 1} {tag}\n"


def check_identifiers(path: Path, qrels: Mapping[str, Iterable[str]]) -> None:
    """Refuse ids that no run file can hold, before there is a run to write.

    Args:
        path: The file or folder that would be written, for the message.
        qrels: Document ids by query id.

    Raises:
        DataError: An id is empty or holds white space.
    """
    for query, documents in qrels.items():
        _check(path, "query", query)
        for document in documents:
            _check(path, "document", document)


def _check(path: Path, what: str, identifier: str) -> None:
    if not identifier or any(character.isspace() for character in identifier):
        raise DataError(
            f"cannot write {path}: the {what} id {identifier!r} is empty or holds white space, "
            "which separates the columns of a run file; give it another id"
        )


def write_whole(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all, for its owner alone: it tells what was asked.

    Raises:
        OSError: The folder cannot be made or written.
    """
    data = text.encode("utf-8")
    packed = gzip.compress(data, mtime=0) if path.suffix == ".gz" else data
    whole_file.write_whole(path, packed, private=True)


def read_run(path: Path) -> dict[str, list[str]]:
    """Read a run file (`.gz` too): document ids by query id, the highest score first.

    Raises:
        DataError: As `retrieve.stored.read_run`, which reads it.
    """
    return {stored.query_id: [row.docid for row in stored.rows] for stored in stored_run(path).lists}
