"""Queries and candidates of a dataset folder: which files there are, and what they ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError, DataError
from llmrerank.jsonl import read_lines
from llmrerank.types import Query

__all__ = ["Topic", "candidate_files", "candidate_ids", "named_candidates", "plain_or_packed", "read_topics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A query as a file has it; what nobody judged is not looked at more closely."""

    path: Path
    line: int
    text: Any

    def query(self, identifier: str) -> Query:
        """The query.

        Raises:
            DataError: It has no text; names file and line.
        """
        if not isinstance(self.text, str) or not self.text.strip():
            raise DataError(
                f"{self.path}, line {self.line}: the query '{identifier}' needs 'text', a string with words"
            )
        return Query(id=identifier, text=self.text)


def plain_or_packed(path: Path) -> Path | None:
    """The file, else its compressed form `<name>.gz`, else None."""
    packed = path.with_name(f"{path.name}.gz")
    return path if path.is_file() else packed if packed.is_file() else None


def named_candidates(folder: Path, candidates: str | Path | None) -> Path | None:
    """The file that the caller named, relative to the folder, else to the working folder.

    Raises:
        ConfigError: It is in neither.
    """
    if candidates is None:
        return None
    for path in (folder / candidates, Path(candidates)):
        if path.is_file():
            return path
    raise ConfigError(
        f"there is no candidates file {candidates}, neither in {folder} nor in the working folder"
    )


def candidate_files(folder: Path, named: Path | None) -> tuple[Path, ...]:
    """Every `candidates*.jsonl[.gz]`: the named one first, then the default; plain ones before packed."""
    there = {path.name: path for path in folder.glob("candidates*.jsonl*") if path.is_file()}
    files = [
        path
        for name, path in sorted(there.items())
        if name.endswith(".jsonl") or (name.endswith(".jsonl.gz") and name.removesuffix(".gz") not in there)
    ]
    files.sort(key=lambda path: not path.name.startswith("candidates.jsonl"))
    if named is None:
        return tuple(files)
    return (named, *(path for path in files if path.resolve() != named.resolve()))


def read_topics(folder: Path, candidates: Sequence[Path]) -> tuple[dict[str, Topic], str]:
    """Queries by id in file order: those of `queries.jsonl[.gz]`, else those that the candidates name.

    Returns:
        The queries, and what to call their place in messages.

    Raises:
        DataError: A line is no query, an id is there twice, or there are no queries.
    """
    path = plain_or_packed(folder / "queries.jsonl")
    topics: dict[str, Topic] = {}
    if path is not None:
        for number, value in read_lines(path):
            identifier = _identifier(path, number, value, "_id" if "_id" in value else "id")
            if identifier in topics:
                raise DataError(f"{path}, line {number}: the query '{identifier}' is there twice")
            topics[identifier] = Topic(path=path, line=number, text=value.get("text"))
        place = path.name
    else:
        for file in candidates:
            for number, value in read_lines(file):
                asked = value.get("query")
                if not isinstance(asked, Mapping):
                    raise DataError(f"{file}, line {number}: candidates need a 'query' with 'qid' and 'text'")
                identifier = _identifier(file, number, asked, "qid")
                topics.setdefault(identifier, Topic(path=file, line=number, text=asked.get("text")))
        place = "the candidates"
    if not topics:
        where = path or f"{folder}; expected queries.jsonl or candidates.jsonl, or either with .gz"
        raise DataError(f"there are no queries in {where}")
    return topics, place


def _identifier(path: Path, number: int, value: Mapping[str, Any], key: str) -> str:
    identifier = value.get(key)
    if isinstance(identifier, bool) or not isinstance(identifier, str | int) or identifier == "":
        wanted = "qid" if key == "qid" else "_id"
        raise DataError(f"{path}, line {number}: a query needs '{wanted}', a string that is not empty")
    return str(identifier)


def candidate_ids(files: Sequence[Path]) -> set[str]:
    """The ids of all documents that stand in candidates files.

    Raises:
        DataError: A line holds no list of candidates.
    """
    there = set()
    for path in files:
        for number, value in read_lines(path):
            found = value.get("candidates")
            if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
                raise DataError(f"{path}, line {number}: 'candidates' must be a list of candidates")
            there |= {str(entry.get("docid")) for entry in found}
    return there
