"""Relevance judgements: BEIR's tables with a header line, and TREC's four columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from llmrerank.errors import ConfigError, DataError, did_you_mean

__all__ = ["find_qrels", "read_qrels"]


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


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Read judgements: grades by query id and document id, in file order.

    A name that ends in `.tsv` has a header line and the columns query id, document id and grade, between
    tabs; any other has TREC's columns query id, iteration, document id and grade, between white space.

    Raises:
        DataError: The file cannot be read or is empty, a line has other columns, a grade is no whole number,
            or a pair has two grades; names file and line.
    """
    qrels: dict[str, dict[str, int]] = {}
    for number, (query, document, text) in _rows(path):
        try:
            grade = int(text)
        except ValueError:
            raise DataError(
                f"{path}, line {number}: the grade must be a whole number, got {text!r}"
            ) from None
        grades = qrels.setdefault(query, {})
        if grades.setdefault(document, grade) != grade:
            raise DataError(
                f"{path}, line {number}: document '{document}' has the grades {grades[document]} and {grade} "
                f"for query '{query}'; keep one"
            )
    if not qrels:
        raise DataError(f"{path} holds no judgements")
    return qrels


def _rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the judgements {path}: {error}") from error
    table = path.suffix == ".tsv"
    # Not splitlines: an identifier may hold one of the rarer line separators.
    for number, line in enumerate(text.split("\n"), start=1):
        columns = [column.strip() for column in line.split("\t")] if table else line.split()
        if not any(columns):
            continue
        if len(columns) != (3 if table else 4):
            wanted = (
                "3 columns between tabs: query id, document id, grade"
                if table
                else "4 columns: query id, iteration, document id, grade"
            )
            raise DataError(
                f"{path}, line {number}: a line of judgements has {wanted}; this has {len(columns)}"
            )
        if table and number == 1 and not _is_whole(columns[2]):
            continue
        yield number, columns if table else (columns[0], columns[2], columns[3])


def _is_whole(text: str) -> bool:
    return text.lstrip("+-").isdecimal()
