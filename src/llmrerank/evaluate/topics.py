"""Queries as files have them: JSONL, tables, topics of TREC, plain lines, ir_datasets, candidates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, DataError
from llmrerank.jsonl import Line, Readable, name_of, parse_lines, read_lines, text_lines
from llmrerank.retrieve.corpus import JSON_NAMES
from llmrerank.retrieve.irds import irds_name, queries_of
from llmrerank.retrieve.tables import (
    QUERIES,
    Columns,
    Record,
    is_table,
    read_columns,
    read_table,
    record_of,
    records,
)
from llmrerank.types import Query

from .trec_topics import read_trec_topics

__all__ = ["Topic", "read_topics", "topics_of_candidates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A query as a file has it; what nobody judged is not looked at more closely."""

    place: str
    text: Any

    def query(self, identifier: str) -> Query:
        """The query.

        Raises:
            DataError: It has no text; names file and line.
        """
        if not isinstance(self.text, str) or not self.text.strip():
            raise DataError(f"{self.place}: the query '{identifier}' needs 'text', a string with words")
        return Query(id=identifier, text=self.text)


def read_topics(source: Readable, columns: Columns = None, *, numbered: bool = True) -> dict[str, Topic]:
    """Read queries by id, in their order.

    - `.jsonl`, `.ndjson`, `.json`, and any file that starts with `{`: an object a line, with `_id`, `id` or
      `qid`, and `text` or `query` (`tables.QUERIES` has all names).
    - `.csv`, `.tsv`, `.tab`, `.parquet`: a table with named columns; a TSV file without header is id, text.
    - A file that starts with `<top>`: topics of TREC; `text=desc` asks their descriptions instead of titles.
    - `irds:NAME`: a collection of ir_datasets.
    - Any other file: id and text where each line has exactly one tab, else a query a line.

    Args:
        source: A file, `irds:NAME`, `-` for the standard input, or a stream.
        columns: Which column, key or tag holds `id` and `text`, where the names do not tell.
        numbered: Queries of a table or of JSONL without ids are q1, q2, ... in their order; else that is an
            error.

    Raises:
        ConfigError: What is said about columns cannot be read, or there is no collection NAME.
        DataError: A row or line is no query, an id is there twice, or there are no queries.
        MissingExtra: Parquet or `irds:` without the package that reads it.
    """
    topics: dict[str, Topic] = {}
    for place, identifier, text in _queries(source, columns, numbered):
        before = topics.setdefault(identifier, Topic(place=place, text=text))
        if before.place != place:
            raise DataError(
                f"{place}: the query '{identifier}' is there twice, first at {before.place}; keep one of them"
            )
    if not topics:
        raise DataError(f"there are no queries in {name_of(source)}")
    return topics


def topics_of_candidates(files: Sequence[Path]) -> dict[str, Topic]:
    """The queries that candidates files name, by id; a run of TREC names no texts and is passed over.

    Raises:
        DataError: A line names no query.
    """
    topics: dict[str, Topic] = {}
    for file in files:
        for number, value in read_lines(file):
            place = f"{file}, line {number}"
            asked = value.get("query")
            if not isinstance(asked, Mapping):
                raise DataError(f"{place}: candidates need a 'query' with 'qid' and 'text'")
            identifier = _identifier(asked.get("qid"), place, "qid")
            topics.setdefault(identifier, Topic(place=place, text=asked.get("text")))
    return topics


def _queries(source: Readable, columns: Columns, numbered: bool) -> Iterator[tuple[str, str, Any]]:
    """Place, id and text of each query."""
    collection = irds_name(source)
    if collection is not None:
        yield from queries_of(collection, columns)
    elif isinstance(source, str | Path) and is_table(source):
        yield from _identified(read_table(Path(source), QUERIES, columns), numbered)
    elif isinstance(source, str | Path) and str(source).lower().endswith(JSON_NAMES):
        yield from _identified(_objects(read_lines(source), name_of(source), columns), numbered)
    else:
        yield from _of_lines(source, columns, numbered)


def _of_lines(source: Readable, columns: Columns, numbered: bool) -> Iterator[tuple[str, str, Any]]:
    name = name_of(source)
    lines = [line for line in text_lines(source) if line.text.strip()]
    start = lines[0].text.lstrip().lower() if lines else ""
    if start.startswith("{"):
        yield from _identified(_objects(parse_lines(lines, name), name, columns), numbered)
    elif start.startswith("<top>"):
        yield from _identified(records(read_trec_topics(lines, name), QUERIES, columns), numbered)
    elif start.startswith(("<?xml", "<topics", "<!doctype")):
        raise DataError(f"{name} is XML, which is not read; save the queries as CSV, TSV or JSONL")
    elif columns is not None:
        raise ConfigError(
            f"{name} is plain lines, which have no columns; call it .csv or .tsv if it is a table"
        )
    else:
        yield from _of_plain(lines, name)


def _of_plain(lines: Sequence[Line], name: str) -> Iterator[tuple[str, str, Any]]:
    pairs = all(line.text.count("\t") == 1 for line in lines)
    for number, line in enumerate(lines, start=1):
        place = f"{name}, line {line.number}"
        if pairs:
            identifier, _, text = line.text.partition("\t")
            yield place, _identifier(identifier.strip(), place, "_id"), text.strip()
        else:
            yield place, f"q{number}", line.text.strip()


def _objects(lines: Iterable[tuple[int, dict[str, Any]]], name: str, columns: Columns) -> Iterator[Record]:
    given = read_columns(columns, QUERIES)
    for number, value in lines:
        place = f"{name}, line {number}"
        if given:
            yield record_of(value, QUERIES, given, place)
            continue
        found = {
            field: next((value[key] for key in names if value.get(key) is not None), None)
            for field, names in QUERIES.names.items()
        }
        yield Record(place, found, {})


def _identified(found: Iterable[Record], numbered: bool) -> Iterator[tuple[str, str, Any]]:
    """The id of each query is its own; where they are numbered and the first has none, its number."""
    for number, record in enumerate(found, start=1):
        identifier = record.values.get("id")
        if number == 1:
            numbered = numbered and identifier is None
        given = f"q{number}" if numbered else _identifier(identifier, record.place, "_id")
        yield record.place, given, record.values["text"]


def _identifier(value: Any, place: str, key: str) -> str:
    if isinstance(value, str):
        value = value.strip()
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise DataError(f"{place}: a query needs '{key}', a string that is not empty")
    return str(value)
