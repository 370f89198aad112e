"""First-stage results beside a dataset: which files there are, and which documents they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.jsonl import read_lines, text_lines
from llmrerank.retrieve.irds import irds_name
from llmrerank.retrieve.stored import read_run

__all__ = ["candidate_files", "candidate_ids", "holds_texts", "named_candidates", "plain_or_packed"]


def plain_or_packed(path: Path) -> Path | None:
    """The file, else its compressed form `<name>.gz`, else None."""
    packed = path.with_name(f"{path.name}.gz")
    return path if path.is_file() else packed if packed.is_file() else None


def named_candidates(folder: Path | None, candidates: str | Path | None) -> Path | None:
    """The file that the caller named, relative to the folder, else to the working folder; `irds:NAME` as is.

    Raises:
        ConfigError: It is in neither.
    """
    if candidates is None:
        return None
    if irds_name(candidates) is not None:
        return Path(candidates)
    for path in (*([folder / candidates] if folder else []), Path(candidates)):
        if path.is_file():
            return path
    where = f", neither in {folder} nor in the working folder" if folder else ""
    raise ConfigError(f"there is no candidates file {candidates}{where}")


def candidate_files(folder: Path | None, named: Path | None) -> tuple[Path, ...]:
    """Every `candidates*.jsonl[.gz]`: the named one first, then the default; plain ones before packed."""
    found = folder.glob("candidates*.jsonl*") if folder else ()
    there = {path.name: path for path in found if path.is_file()}
    files = [
        path
        for name, path in sorted(there.items())
        if name.endswith(".jsonl") or (name.endswith(".jsonl.gz") and name.removesuffix(".gz") not in there)
    ]
    files.sort(key=lambda path: not path.name.startswith("candidates.jsonl"))
    if named is None:
        return tuple(files)
    return (named, *(path for path in files if path.resolve() != named.resolve()))


def holds_texts(path: Path) -> bool:
    """Whether a candidates file has the texts of queries and documents, which a run of TREC has not."""
    if irds_name(path) is not None:
        return False
    first = next((line.text.lstrip() for line in text_lines(path) if line.text.strip()), "{")
    return first.startswith("{")


def candidate_ids(files: Sequence[Path]) -> set[str]:
    """The ids of all documents that stand in candidates files or runs.

    Raises:
        DataError: A line holds no list of candidates, or is no line of a run.
    """
    there = set()
    for path in files:
        if not holds_texts(path):
            there |= {row.docid for stored in read_run(path).lists for row in stored.rows}
            continue
        for number, value in read_lines(path):
            found = value.get("candidates")
            if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
                raise DataError(f"{path}, line {number}: 'candidates' must be a list of candidates")
            there |= {str(entry.get("docid")) for entry in found}
    return there
