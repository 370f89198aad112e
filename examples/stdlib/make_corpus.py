"""Make the stdlib test collection from the standard library of the Python that runs this file.

    python examples/stdlib/make_corpus.py [--out DIR] [--force]

Writes `corpus.jsonl`, `corpus.meta.json` and `qrels/test.tsv`, the last from `judgements.tsv`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import platform
import shutil
import sys
from pathlib import Path

from docstrings import Document, make_documents

HERE = Path(__file__).resolve().parent


def to_line(document: Document) -> str:
    """A document as a line of JSON."""
    fields = {"_id": document.id, "title": document.title, "text": document.text}
    return json.dumps(fields, ensure_ascii=False) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def identity() -> dict[str, str]:
    """What decides the corpus: the Python, the platform and the reader."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": sys.platform,
        "reader": hashlib.sha256((HERE / "docstrings.py").read_bytes()).hexdigest(),
    }


def stored_ids(out: Path) -> list[str] | None:
    """The ids of the corpus in the folder; None if it is absent, broken or made by something else."""
    try:
        meta = json.loads((out / "corpus.meta.json").read_text(encoding="utf-8"))
        with (out / "corpus.jsonl").open(encoding="utf-8") as file:
            ids = [json.loads(line)["_id"] for line in file]
    except (OSError, ValueError, KeyError):
        return None
    return ids if meta == {**identity(), "documents": len(ids)} else None


def make_qrels(ids: frozenset[str]) -> tuple[str, dict[tuple[str, str], int]]:
    """The judgements as a BEIR table, and the grades of the judged pairs whose document this corpus lacks."""
    rows = ["query-id\tcorpus-id\tscore\n"]
    absent: dict[tuple[str, str], int] = {}
    with (HERE / "judgements.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            query, document, grade = row["query-id"], row["corpus-id"], int(row["grade"])
            if document in ids:
                rows.append(f"{query}\t{document}\t{grade}\n")
            else:
                absent[query, document] = grade
    return "".join(rows), absent


def make_collection(out: Path, *, force: bool = False) -> str:
    """Write the corpus and the qrels into a folder and say in one line what was done."""
    ids = None if force else stored_ids(out)
    done = "kept"
    if ids is None:
        done = "wrote"
        documents = make_documents()
        ids = [document.id for document in documents]
        meta = {**identity(), "documents": len(ids)}
        write_whole(out / "corpus.jsonl", "".join(map(to_line, documents)))
        write_whole(out / "corpus.meta.json", json.dumps(meta, indent=2) + "\n")
    qrels, absent = make_qrels(frozenset(ids))
    write_whole(out / "qrels" / "test.tsv", qrels)
    if out.resolve() != HERE:
        for name in ("queries.jsonl", "dataset.toml"):
            shutil.copyfile(HERE / name, out / name)
    judged = qrels.count("\n") - 1
    lost = sorted(f"{query} {document}" for (query, document), grade in absent.items() if grade)
    line = (
        f"{done} {len(ids)} documents of Python {platform.python_version()}, {judged} judgements; "
        f"{len(absent)} dropped because this Python lacks the document, {len(lost)} of grade 1 or more"
    )
    return f"{line}: {', '.join(lost)}" if lost else line


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make the stdlib test collection from docstrings.")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="folder (default: this one)")
    parser.add_argument("--force", action="store_true", help="make the corpus again even if it is there")
    options = parser.parse_args()
    print(make_collection(options.out, force=options.force), file=sys.stderr)


if __name__ == "__main__":
    main()
