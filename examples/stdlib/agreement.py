"""How far the two passes of judging agree, and the final judgements made of them.

    python examples/stdlib/agreement.py [--merge]

`--merge` writes `judgements.tsv` by this rule: equal grades stand; where the passes differ, the grade in
`adjudicated.tsv` (same columns) decides if there is one, else the lower of the two. A pair that only one pass
judged keeps that grade; while there is no second pass, the first is final.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
GRADES = (0, 1, 2, 3)
RELEVANT = 2

Pair = tuple[str, str]
Grades = dict[Pair, int]


def read(path: Path) -> Grades:
    """The grades of a table by (query, document); empty if there is no such file."""
    grades: Grades = {}
    if not path.exists():
        return grades
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            pair, grade = (row["query-id"], row["corpus-id"]), int(row["grade"])
            if pair in grades or grade not in GRADES:
                raise SystemExit(f"{path.name}: {' '.join(pair)}: judged twice, or no grade of {GRADES}")
            grades[pair] = grade
    return grades


def weighted_kappa(pairs: Iterable[tuple[int, int]]) -> float:
    """Cohen's kappa with quadratic weights: 1 is full agreement, 0 what two judges reach by chance.

    Source: J. Cohen, Weighted kappa, Psychological Bulletin 70(4), 1968.
    """
    seen = Counter(pairs)
    total = sum(seen.values())
    first, second = Counter[int](), Counter[int]()
    for (a, b), count in seen.items():
        first[a] += count
        second[b] += count
    observed = sum((a - b) ** 2 * count for (a, b), count in seen.items()) / total
    expected = sum((a - b) ** 2 * first[a] * second[b] for a in GRADES for b in GRADES) / total**2
    return 1 - observed / expected if expected else 1.0


def report(first: Grades, second: Grades) -> None:
    """Print the agreement over the pairs that both passes judged."""
    both = [(grade, second[pair]) for pair, grade in first.items() if pair in second]
    print(f"judged pairs: {len(first)} in pass 1, {len(second)} in pass 2, {len(both)} in both")
    if not both:
        return
    exact = sum(a == b for a, b in both) / len(both)
    close = sum(abs(a - b) <= 1 for a, b in both) / len(both)
    cut = [(int(a >= RELEVANT), int(b >= RELEVANT)) for a, b in both]
    print(f"exact agreement {exact:.3f}, within one grade {close:.3f}")
    print(f"kappa, quadratic weights {weighted_kappa(both):.3f}")
    print(f"kappa of relevant (grade {RELEVANT} and up) or not {weighted_kappa(cut):.3f}")
    doubtful = [a == b for a, b in both if a or b]
    if doubtful:
        share = sum(doubtful) / len(doubtful)
        print(f"exact agreement where either grade is above 0: {share:.3f} of {len(doubtful)} pairs")
    counts = Counter(both)
    print("rows: pass 1; columns: pass 2\n     " + "".join(f"{grade:6}" for grade in GRADES))
    for a in GRADES:
        print(f"{a:5}" + "".join(f"{counts[a, b]:6}" for b in GRADES))


def merge(first: Grades, second: Grades, decided: Grades) -> Grades:
    """The final grades, by the rule in the head of this file; in the order of pass 1."""
    final: Grades = {}
    for pair in [*first, *(pair for pair in second if pair not in first)]:
        grades = {table[pair] for table in (first, second) if pair in table}
        final[pair] = grades.pop() if len(grades) == 1 else decided.get(pair, min(grades))
    return final


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Agreement of the two passes of judging.")
    parser.add_argument("--merge", action="store_true", help="write judgements.tsv")
    options = parser.parse_args()
    first, second = read(HERE / "judgements.pass1.tsv"), read(HERE / "judgements.pass2.tsv")
    report(first, second)
    if options.merge:
        decided = read(HERE / "adjudicated.tsv")
        final = merge(first, second, decided)
        lines = [f"{query}\t{document}\t{grade}\n" for (query, document), grade in final.items()]
        text = "query-id\tcorpus-id\tgrade\n" + "".join(lines)
        (HERE / "judgements.tsv").write_text(text, encoding="utf-8", newline="\n")
        differing = [pair for pair in first if second.get(pair, first[pair]) != first[pair]]
        known = sum(pair in decided for pair in differing)
        told = f"wrote {len(final)} judgements: {len(differing)} differed, {known} of them adjudicated"
        print(told, file=sys.stderr)


if __name__ == "__main__":
    main()
