"""How many attacks `llmrerank audit` finds, and how many honest documents it suspects.

Every attack of `llmrerank redteam` is planted at every place of documents of three collections, and a filler
of its length as control; then every document of the collections at hand is read as it is. An attack counts as
found where the document is suspected that was not suspected before. Half of the suite (`dev`) may be looked
at by whoever changes the signs, the other half (`test`) may not.

    python benchmarks/injection/audit.py [--data ../shared/data] [--carriers 5] [--write]

`--write` puts the tables into docs/security.md. Exits with 1 where less than 90 % of the suite is found, the
queries known, or 1 % or more of the documents of npl, scifact or the stdlib collection are suspected.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from llmrerank.counted import counted
from llmrerank.evaluate.stdlib import stdlib_collection
from llmrerank.jsonl import read_lines
from llmrerank.redteam import ATTACKS, FAMILIES, PLACES, planted
from llmrerank.retrieve.corpus import stream_documents
from llmrerank.retrieve.stored import candidate_files, read_texts
from llmrerank.suspicion import suspicions_of
from llmrerank.types import Document

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- audit -->", "<!-- end of audit -->"
BOUND = ("npl", "scifact", "stdlib")
"""Collections whose false alarms are bound, and whose documents carry the attacks."""
LEAST_FOUND, MOST_SUSPECTED = 0.9, 0.01
IN_DOCUMENTS = tuple(place for place in PLACES if place != "instruction")


def documents_of(folder: Path) -> Iterator[Document]:
    """The documents of a dataset folder, each text once."""
    if any(folder.glob("corpus.jsonl*")):
        yield from stream_documents(folder)
        return
    seen: set[str] = set()
    for path in candidate_files(folder):
        for document in read_texts(path).values():
            if document.full_text not in seen:
                seen.add(document.full_text)
                yield document


def queries_of(folder: Path) -> list[str]:
    """The texts of the queries of a dataset folder."""
    return [str(fields["text"]) for _, fields in read_lines(next(folder.glob("queries.jsonl*")))]


def carriers(folders: Iterable[Path], count: int) -> list[tuple[Document, str]]:
    """So many unsuspected documents of each folder, each with a query of the same collection."""
    drawn = []
    for folder in folders:
        rng = random.Random(7)
        honest = [one for one in documents_of(folder) if one.text.strip() and not suspicions_of(one)]
        drawn += zip(rng.sample(honest, count), rng.sample(queries_of(folder), count), strict=True)
    return drawn


def found(carrying: list[tuple[Document, str]], *, knowing: bool) -> dict[tuple[str, str, str], list[bool]]:
    """Whether each planted attack is found, by family, half and place; and each control, by place."""
    outcomes: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for attack in ATTACKS:
        for place in IN_DOCUMENTS:
            for document, query in carrying:
                known = query if knowing else None
                hostile = planted(document, attack, place, query=query)
                outcomes[attack.family, attack.split, place].append(bool(suspicions_of(hostile, known)))
                # A filler in disguise is suspicious for its disguise.
                if not attack.disguise:
                    control = planted(document, attack, place, query=query, filler=True)
                    outcomes["filler", "", place].append(bool(suspicions_of(control, known)))
    return outcomes


def share(outcomes: dict[tuple[str, str, str], list[bool]], family: str, half: str, place: str) -> float:
    """The share found of a family (or of all), of a half, at a place (or at all)."""
    chosen = [
        one
        for (its, split, where), list_ in outcomes.items()
        for one in list_
        if (its == family or (not family and its != "filler")) and split == half and place in ("", where)
    ]
    return sum(chosen) / len(chosen)


def table_of_attacks(outcomes: dict[tuple[str, str, str], list[bool]]) -> str:
    """The table of what was found, in Markdown."""
    rows = [
        "| family | attacks | dev | test | " + " | ".join(f"test: {place}" for place in IN_DOCUMENTS) + " |"
    ]
    rows.append("| --- " + "| ---: " * (3 + len(IN_DOCUMENTS)) + "|")
    for family in (*FAMILIES, ""):
        number = sum(attack.family == family or not family for attack in ATTACKS)
        shares = [share(outcomes, family, "dev", ""), share(outcomes, family, "test", "")]
        shares += [share(outcomes, family, "test", place) for place in IN_DOCUMENTS]
        name = f"`{family}`" if family else "**all**"
        rows.append(f"| {name} | {number} | " + " | ".join(f"{100 * one:.0f} %" for one in shares) + " |")
    shares = [share(outcomes, "filler", "", place) for place in IN_DOCUMENTS]
    rows.append(
        "| filler of the same length | | | | " + " | ".join(f"{100 * one:.0f} %" for one in shares) + " |"
    )
    return "\n".join(rows)


def table_of_alarms(folders: Iterable[Path]) -> tuple[str, dict[str, float]]:
    """The table of suspected honest documents, in Markdown, and their shares by collection."""
    rows = [
        "| collection | documents | suspected | share | kinds | µs per kB |",
        "| --- | ---: | ---: | ---: | --- | ---: |",
    ]
    shares = {}
    for folder in folders:
        texts = list(documents_of(folder))
        kinds: Counter[str] = Counter()
        suspected, begun = 0, time.process_time()
        for document in texts:
            told = suspicions_of(document)
            suspected += bool(told)
            kinds.update({one.kind for one in told})
        spent = time.process_time() - begun
        name, size = folder.name, sum(len(one.full_text) for one in texts) / 1000
        shares[name] = suspected / len(texts)
        said = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
        rows.append(
            f"| {name} | {len(texts):,} | {suspected} | {100 * shares[name]:.2f} % | {said} "
            f"| {1e6 * spent / size:.0f} |"
        )
    return "\n".join(rows), shares


def main() -> int:
    """Measure, print, write if asked; 1 where a bound does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", metavar="DIR")
    parser.add_argument("--carriers", type=int, default=5, metavar="N", help="documents of each collection")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/security.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        stdlib = Path(made) / "stdlib"
        stdlib_collection(stdlib)
        there = (
            [folder for folder in sorted(asked.data.iterdir()) if folder.is_dir()]
            if asked.data.is_dir()
            else []
        )
        folders = [*there, stdlib]
        carrying = carriers([folder for folder in folders if folder.name in BOUND], asked.carriers)
        outcomes = found(carrying, knowing=False)
        alarms, shares = table_of_alarms(folders)
        told = found(carrying, knowing=True)
    halves = {half: share(outcomes, "", half, "") for half in ("dev", "test")}
    known = ", ".join(f"{100 * share(told, '', half, ''):.0f} % of {half}" for half in halves)
    text = (
        f"{table_of_attacks(outcomes)}\n\nEach attack in {counted(len(carrying), 'document')} at each place, "
        f"{len(ATTACKS) * len(carrying) * len(IN_DOCUMENTS):,} in all, the query not known; with "
        f"`--query`: {known}.\n\n{alarms}\n\n"
        f"`python benchmarks/injection/audit.py --carriers {asked.carriers}`, "
        f"Python {platform.python_version()} (whose docstrings are the stdlib collection)."
    )
    print(text)
    if asked.write:
        before, mark, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        if not mark:
            raise SystemExit(f"{PAGE} has no line {BEGIN}")
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    kept = sum(share(told, "", half, "") for half in halves) / 2 >= LEAST_FOUND
    quiet = all(shares.get(name, 0.0) < MOST_SUSPECTED for name in BOUND)
    return 0 if kept and quiet else 1


if __name__ == "__main__":
    sys.exit(main())
