"""Relevance judgements: BEIR's and other tables, TREC's four columns, collections of ir_datasets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, DataError, did_you_mean
from llmrerank.jsonl import text_lines
from llmrerank.retrieve.irds import irds_name, table_of
from llmrerank.retrieve.tables import (
    JUDGEMENTS,
    Columns,
    Record,
    is_table,
    open_delimited,
    read_table,
    records,
)
from llmrerank.retrieve.tables.reading import is_parquet

__all__ = ["find_qrels", "read_qrels"]

# What the columns of a table are that has no header, or one whose names say nothing else.
_PLACES = {3: ("query", "document", "grade"), 4: ("query", "iteration", "document", "grade")}


def find_qrels(folder: Path, split: str | None) -> Path | None:
    """The judgements of a folder: `qrels/test.tsv` before `qrels.txt`; a split names `qrels/<split>.tsv`.

    Returns:
        The file, or None where the folder has no judgements and none were asked for.

    Raises:
        ConfigError: The split is not there, or only other splits are and none was named.
    """
    there = sorted(path.stem for path in folder.glob("qrels/*.tsv"))
    if split is not None:
        chosen = folder / "qrels" / f"{split}.tsv"
        if split in there:
            return chosen
        single = folder / "qrels.txt"
        hint = did_you_mean(split, there) or (
            f"; its only judgements are {single.name}, which need no split" if single.is_file() else ""
        )
        raise ConfigError(f"the dataset {folder} has no split '{split}' ({chosen} is absent){hint}")
    for path in (folder / "qrels" / "test.tsv", folder / "qrels.txt"):
        if path.is_file():
            return path
    if there:
        raise ConfigError(
            f"the dataset {folder} has neither qrels/test.tsv nor qrels.txt; "
            f"name a split (--split): {', '.join(there)}"
        )
    return None


def read_qrels(source: str | Path, columns: Columns = None) -> dict[str, dict[str, int]]:
    """Read judgements: grades by query id and document id, in file order.

    - `.tsv`, `.tab`, `.csv`, `.parquet`: a table whose columns are told by their names (`tables.JUDGEMENTS`).
      Without a header, or where its names do not say otherwise, they are query, document and grade, or TREC's
      four.
    - `irds:NAME`: a collection of ir_datasets.
    - Any other file: TREC's columns query id, iteration, document id and grade, between white space.

    Args:
        source: A file, or `irds:NAME`.
        columns: Which column of a table holds `query`, `document` and `grade`, where the names do not tell.

    Raises:
        ConfigError: What is said about columns cannot be read, or there is no collection NAME.
        DataError: The file cannot be read or is empty, a line has other columns, an id is empty, a grade is
            no whole number, or a pair has two grades; names file and line.
        MissingExtra: Parquet or `irds:` without the package that reads it.
    """
    qrels: dict[str, dict[str, int]] = {}
    for place, values, _ in _judgements(source, columns):
        query, document = (str(values[field]).strip() for field in ("query", "document"))
        if not query or not document or values["query"] is None or values["document"] is None:
            raise DataError(f"{place}: a judgement needs the ids of a query and of a document")
        grade = _grade(values["grade"], place)
        grades = qrels.setdefault(query, {})
        if grades.setdefault(document, grade) != grade:
            raise DataError(
                f"{place}: document '{document}' has the grades {grades[document]} and {grade} "
                f"for query '{query}'; keep one"
            )
    if not qrels:
        raise DataError(f"{source} holds no judgements")
    return qrels


def _judgements(source: str | Path, columns: Columns) -> Iterator[Record]:
    collection = irds_name(source)
    if collection is not None:
        return records(table_of(collection, "qrels"), JUDGEMENTS, columns)
    path = Path(source)
    if is_parquet(path):
        return read_table(path, JUDGEMENTS, columns)
    if is_table(path):
        return _of_delimited(path, columns)
    if columns is not None:
        raise ConfigError(
            f"{path} has TREC's four columns, without names; call it .csv or .tsv if it has a header"
        )
    return _of_trec(path)


def _of_delimited(path: Path, columns: Columns) -> Iterator[Record]:
    file = open_delimited(path)
    places = _PLACES.get(len(file.first))
    if columns is None and places is not None:
        header = not _is_whole(file.first[-1].strip())
        fields = [JUDGEMENTS.field_of(cell) for cell in file.first]
        if not header or all(field in (None, place) for field, place in zip(fields, places, strict=True)):
            return records(file.table(places, header=header), JUDGEMENTS)
    return records(file.table(), JUDGEMENTS, columns) if file.first else iter(())


def _of_trec(path: Path) -> Iterator[Record]:
    for line in text_lines(path):
        columns = line.text.split()
        if not columns:
            continue
        place = f"{path}, line {line.number}"
        if len(columns) != 4:
            raise DataError(
                f"{place}: a line of judgements has 4 columns: query id, iteration, document id, grade; "
                f"this has {len(columns)}"
            )
        yield Record(place, {"query": columns[0], "document": columns[2], "grade": columns[3]}, {})


def _grade(value: Any, place: str) -> int:
    if isinstance(value, str) and _is_whole(value.strip()):
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    raise DataError(f"{place}: the grade must be a whole number, got {value!r}")


def _is_whole(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdigit()
