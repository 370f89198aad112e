"""How long it takes to measure runs, beside ir-measures asked for one measure after another.

Runs are drawn at random, with a seed, from three documents for every one that is returned; a fifth of all
documents is judged. Ours measures every run, the plain way the first of them (`--plain`), in the same process
and in turn; all numbers of both are compared. The making of the runs is not timed.

    python benchmarks/evaluation.py [--runs 50] [--queries 200] [--documents 1000] [--plain 5]

Exits with 1 where a number differs by more than rounding, or where all runs take 20 s or more.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping, Sequence

import ir_measures

from llmrerank.evaluate import Measures

MEASURES = ("nDCG@10", "RR@10", "R@100", "AP", "P@10", "Judged@10")
MOST_SECONDS, MOST_APART = 20.0, 1e-9

Scores = dict[str, dict[str, float]]


def judgements(draw: random.Random, queries: int, documents: int) -> dict[str, dict[str, int]]:
    """A fifth of all documents with grades from 0 to 3, by query."""
    pool = range(3 * documents)
    return {
        f"q{query}": {
            f"d{number}": draw.choice((0, 0, 0, 1, 2, 3)) for number in draw.sample(pool, len(pool) // 5)
        }
        for query in range(queries)
    }


def run_of(draw: random.Random, names: Sequence[str], queries: Sequence[str]) -> dict[str, list[str]]:
    """A third of all documents in random order, by query."""
    return {query: draw.sample(names, len(names) // 3) for query in queries}


def plainly(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """The values of each measure by query, as the library gives them for one measure at a time."""
    scores: Scores = {
        query: {document: float(len(found) - place) for place, document in enumerate(found)}
        for query, found in run.items()
    }
    values = {}
    for name in MEASURES:
        measure = ir_measures.parse_measure(name)
        values[name] = {one.query_id: one.value for one in ir_measures.iter_calc([measure], qrels, scores)}
    return values


def main() -> int:
    """Measure and print; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--plain", type=int, default=5)
    given = parser.parse_args()
    draw = random.Random(0)
    qrels = judgements(draw, given.queries, given.documents)
    names = [f"d{number}" for number in range(3 * given.documents)]
    begun = time.perf_counter()
    evaluator = Measures(MEASURES).over(qrels)
    spent, plain, plain_runs, apart = time.perf_counter() - begun, 0.0, 0, 0.0
    for number in range(given.runs):
        run = run_of(draw, names, list(qrels))
        begun = time.perf_counter()
        evaluation = evaluator.evaluate(run)
        spent += time.perf_counter() - begun
        if number < given.plain:
            begun = time.perf_counter()
            values = plainly(qrels, run)
            plain += time.perf_counter() - begun
            plain_runs += 1
            apart = max(
                apart,
                *(abs(evaluation.per_query[m][q] - value) for m in values for q, value in values[m].items()),
            )
    print(f"{given.runs} runs x {given.queries} queries x {given.documents} documents, {', '.join(MEASURES)}")
    print(f"{'way':<22}{'seconds':>9}{'s/run':>9}{'ratio':>8}")
    own = spent / given.runs
    print(f"{'Measures.over':<22}{spent:>9.2f}{own:>9.3f}{1:>8.2f}")
    if plain_runs:
        other = plain / plain_runs
        print(f"{f'ir-measures, {plain_runs} runs':<22}{plain:>9.2f}{other:>9.3f}{other / own:>8.2f}")
        print(f"largest difference of a number: {apart:.1e}")
    return 0 if spent < MOST_SECONDS and apart <= MOST_APART else 1


if __name__ == "__main__":
    raise SystemExit(main())
