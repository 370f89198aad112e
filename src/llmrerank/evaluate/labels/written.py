"""Files of judgements as they are written: BEIR's table or TREC's columns, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate.runs import check_identifiers, write_whole
from llmrerank.whole_file import refuse_unwritable

__all__ = ["check_label_ids", "journal_of", "refuse_foreign", "write_labels"]

_TREC = (".txt", ".qrels")
_HEADER = "query-id\tcorpus-id\tscore\n"


def journal_of(path: Path) -> Path:
    """The journal that belongs to a file of judgements: beside it, `<name>.journal.jsonl`."""
    return path.with_name(f"{path.name}.journal.jsonl")


def refuse_foreign(path: Path) -> None:
    """Say before the work why judgements cannot be written there.

    Raises:
        ConfigError: The name has no ending of a judgements file; or somebody else's judgements stand there:
            there is a file and no journal beside it.
        OSError: As `whole_file.refuse_unwritable`.
    """
    if path.suffix != ".tsv" and path.suffix not in _TREC:
        raise ConfigError(
            f"judgements go to a file that ends in .tsv (BEIR's table) or .txt or .qrels (TREC), got {path}"
        )
    refuse_unwritable(path)
    if path.exists() and not journal_of(path).exists():
        raise ConfigError(
            f"{path} is there already and {journal_of(path).name} is not, so its judgements were made "
            "elsewhere and would be lost; name another file"
        )


def check_label_ids(path: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse ids that the file could not hold, before there is a judgement to write.

    Args:
        path: The file.
        pairs: Query id and document id.

    Raises:
        DataError: An id is empty, or holds white space that separates columns.
    """
    if path.suffix in _TREC:
        by_query: dict[str, list[str]] = {}
        for query, document in pairs:
            by_query.setdefault(query, []).append(document)
        check_identifiers(path, by_query)
        return
    for pair in pairs:
        for identifier in pair:
            if identifier != identifier.strip() or not identifier or set(identifier) & set("\t\n\r"):
                raise DataError(
                    f"cannot write {path}: the id {identifier!r} is empty, or has white space at an end or a "
                    "tab or line break within, which separate columns and lines; give it another id"
                )


def write_labels(path: Path, qrels: Mapping[str, Mapping[str, int]]) -> None:
    """Write judgements, whole or not at all: `.tsv` with BEIR's header line, `.txt` and `.qrels` as TREC's.

    Args:
        path: The file; missing folders are made.
        qrels: Grades by query id and document id; ids as `check_label_ids` lets them through.

    Raises:
        OSError: The folder cannot be made or written.
    """
    trec = path.suffix in _TREC
    lines = [
        f"{query} 0 {document} {grade}\n" if trec else f"{query}\t{document}\t{grade}\n"
        for query, grades in qrels.items()
        for document, grade in grades.items()
    ]
    write_whole(path, ("" if trec else _HEADER) + "".join(lines))
