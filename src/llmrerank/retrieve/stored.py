"""Stored runs read from files: TREC lines, or candidates with their texts; the content says which."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from llmrerank.errors import DataError
from llmrerank.jsonl import Line, parse_lines, text_lines
from llmrerank.types import Document

from .corpus import document_of
from .irds import irds_name, table_of
from .run_order import Scored, in_order, order_warnings

__all__ = ["Row", "StoredList", "StoredRun", "candidate_files", "read_run", "read_texts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One document of a stored list: its id, and the score it was stored with, if any."""

    docid: str
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredList:
    """The documents stored for one query, best first, without repetition.

    Attributes:
        query_id: As in the file.
        query_text: Empty in a TREC run, which has no texts.
        rows: Best first.
    """

    query_id: str
    query_text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A whole file.

    Attributes:
        name: The file, for messages.
        lists: In file order, one for each query.
        texts: The documents of a candidates file that come with their text, by id; of several with one id the
            first. Empty for a TREC run.
        warnings: What is odd about the order of a TREC run, in sentences: see `run_order`.
    """

    name: str
    lists: tuple[StoredList, ...]
    texts: Mapping[str, Document]
    warnings: tuple[str, ...] = ()

    @property
    def scored(self) -> bool:
        """Whether every row has a score."""
        return all(row.score is not None for stored in self.lists for row in stored.rows)


@dataclass(slots=True, kw_only=True)
class _Read:
    """One candidate on its way: what sorts it and where it stood."""

    docid: str
    score: float | None
    rank: float | None
    line: int


def read_run(path: Path) -> StoredRun:
    """Read a stored run, `.gz` or not, or that of a collection of ir_datasets, `irds:NAME`.

    TREC lines (`query Q0 document rank score tag`) are ordered by score, the highest first; equal scores by
    rank, then by place in the file. Candidates are ordered by their `rank` where each has one, else as they
    stand.

    Raises:
        ConfigError: There is no collection NAME, or it has no stored run.
        DataError: A line cannot be read, a document stands twice in one list, a query has two lists, or the
            file is empty.
        MissingExtra: ir_datasets is not installed.
    """
    collection = irds_name(path)
    if collection is not None:
        return _collection(collection)
    name = str(path)
    lines = (line for line in text_lines(path) if line.text.strip())
    first = next(lines, None)
    if first is None:
        raise DataError(f"the run {name} is empty")
    everything = chain([first], lines)
    if first.text.lstrip().startswith("{"):
        return _candidates(parse_lines(everything, name), name)
    return _trec(everything, name)


def candidate_files(folder: Path) -> list[Path]:
    """The files of a dataset folder that hold candidates with texts, by name."""
    return sorted(
        path
        for path in folder.glob("candidates*")
        if path.name.endswith((".jsonl", ".jsonl.gz")) and path.is_file()
    )


def read_texts(path: Path) -> Mapping[str, Document]:
    """The texts of a candidates file alone; its lists are not looked at.

    Raises:
        DataError: As `read_run`.
    """
    return read_run(path).texts


def _trec(lines: Iterable[Line], name: str) -> StoredRun:
    found: dict[str, list[Scored]] = {}
    for number, text, _ in lines:
        place = f"{name}, line {number}"
        columns = text.split()
        if len(columns) < 5:
            raise DataError(
                f"{place}: expected 'query Q0 document rank score tag', got {text.strip()[:80]!r}"
            )
        query, _, docid, rank, score = columns[:5]
        found.setdefault(query, []).append(
            Scored(
                docid=docid,
                score=_number(score, f"{place}: the score"),
                rank=_number(rank, f"{place}: the rank"),
                line=number,
            )
        )
    return _ordered(found, name)


def _collection(collection: str) -> StoredRun:
    found: dict[str, list[Scored]] = {}
    table = table_of(collection, "scoreddocs")
    for number, (place, values) in enumerate(table.rows, start=1):
        score = _number(values["score"], f"{place}: the score")
        scored = Scored(docid=str(values["doc_id"]), score=score, rank=0.0, line=number)
        found.setdefault(str(values["query_id"]), []).append(scored)
    if not found:
        raise DataError(f"the run {table.name} is empty")
    return _ordered(found, table.name)


def _ordered(found: Mapping[str, Sequence[Scored]], name: str) -> StoredRun:
    ordered = {query: in_order(rows) for query, rows in found.items()}
    lists = tuple(_listed(query, "", rows, name) for query, rows in ordered.items())
    return StoredRun(name=name, lists=lists, texts={}, warnings=order_warnings(ordered, name))


def _candidates(objects: Iterator[tuple[int, dict[str, Any]]], name: str) -> StoredRun:
    lists: dict[str, StoredList] = {}
    texts: dict[str, Document] = {}
    for number, fields in objects:
        place = f"{name}, line {number}"
        query, candidates = fields.get("query"), fields.get("candidates")
        if isinstance(query, str):
            query = {"qid": "", "text": query}
        if not isinstance(query, dict) or not isinstance(candidates, list):
            raise DataError(f"{place}: expected an object with 'query' and a list of 'candidates'")
        text = query.get("text")
        if text is not None and not isinstance(text, str):
            raise DataError(f"{place}: the text of the query must be a string")
        qid = _identifier(query.get("qid", ""), f"{place}: the 'qid' of the query")
        key = qid or text or ""
        if not key:
            raise DataError(f"{place}: the query has neither 'qid' nor 'text'")
        if key in lists:
            raise DataError(f"{place}: the query '{key}' has a list already; join the two")
        rows = [_candidate(item, place, number, texts) for item in candidates]
        if all(row.rank is not None for row in rows):
            rows.sort(key=lambda row: row.rank or 0.0)
        lists[key] = _listed(qid, text or "", rows, name)
    return StoredRun(name=name, lists=tuple(lists.values()), texts=texts)


def _candidate(item: Any, place: str, number: int, texts: dict[str, Document]) -> _Read:
    if not isinstance(item, dict):
        raise DataError(f"{place}: a candidate must be an object with a 'docid'")
    docid = _identifier(item.get("docid", item.get("id")), f"{place}: the 'docid' of a candidate")
    if not docid:
        raise DataError(f"{place}: a candidate has no 'docid'")
    inner = item.get("doc")
    body: dict[str, Any] = {"text": inner} if isinstance(inner, str) else inner or item
    if not isinstance(body, dict):
        raise DataError(f"{place}: the 'doc' of candidate '{docid}' must be an object or a string")
    if docid not in texts and any(body.get(key) is not None for key in ("text", "contents", "body", "title")):
        known = {key: value for key, value in body.items() if key not in _NOT_DOCUMENT}
        texts[docid] = document_of({**known, "id": docid}, position=0, place=f"{place}, candidate '{docid}'")
    score, rank = item.get("score"), item.get("rank")
    return _Read(
        docid=docid,
        score=None if score is None else _number(score, f"{place}: the score of '{docid}'"),
        rank=None if rank is None else _number(rank, f"{place}: the rank of '{docid}'"),
        line=number,
    )


_NOT_DOCUMENT = frozenset({"docid", "_id", "score", "rank", "doc"})


def _listed(query_id: str, query_text: str, rows: Sequence[_Read | Scored], name: str) -> StoredList:
    seen: dict[str, int] = {}
    for row in rows:
        if row.docid in seen:
            raise DataError(
                f"{name}, line {row.line}: the document '{row.docid}' stands twice in the list of query "
                f"'{query_id or query_text}'; keep one of them"
            )
        seen[row.docid] = row.line
    kept = tuple(Row(docid=row.docid, score=row.score) for row in rows)
    return StoredList(query_id=query_id, query_text=query_text, rows=kept)


def _number(value: Any, what: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{what} must be a finite number, got {value!r}")
    return number


def _identifier(value: Any, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(f"{what} must be a string or a whole number, got {value!r}")
    return str(value)
