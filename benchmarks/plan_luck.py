"""How much too good a plan's nDCG@10 is where few queries were scored, beside what it says of luck.

    llmrerank compare --dataset DIR --strategies "bm25 % 50" "bm25 % 50 >> bi-encoder" --out RUNS
    python benchmarks/plan_luck.py --dataset DIR --runs RUNS [--repeats 60]

Takes the scores that the comparison kept as those of one model, and the same scores with noise as those of a
second one. Plans are made from some of the queries, drawn by lot, and the pipeline that is chosen is then
looked at on all of them.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path
from statistics import mean

from llmrerank.evaluate import Dataset
from llmrerank.planner import outlook, plan
from llmrerank.planner.measurements import FirstStage, JudgedQuery, Measurements, Scorer
from llmrerank.planner.work import TimedList
from llmrerank.trace_file import StoredTraces

SIZES = (5, 10, 20, 40)
NOISE = 0.05
"""Standard deviation of the noise on cosines."""


def main() -> None:
    """Print, for each number of scored queries, the mean error and what the plan said of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=60)
    given = parser.parse_args()
    dataset = Dataset.open(given.dataset)
    [path] = given.runs.glob("*-bi-encoder.jsonl")
    whole = _stored(dataset, path)
    count = len(whole.queries)
    print(f"{dataset.name}, {count} queries, {given.repeats} draws for each size")
    for size in (one for one in SIZES if one < count):
        errors, lucks, held, weighed = [], [], 0, 0
        for seed in range(given.repeats):
            some = set(random.Random(seed).sample(range(count), size))
            made = plan(_scored(whole, some), docs=whole.documents, latency=60.0)
            true = outlook(whole, made.chosen.pipeline, docs=whole.documents).quality.value
            told = made.chosen.quality
            errors.append(told.value - true)
            lucks.append(made.luck)
            held += told.low <= true <= told.high
            weighed = made.weighed
        print(
            f"{size:>3} queries, {weighed} settings: too high by {mean(errors):.3f}, said {mean(lucks):.3f}; "
            f"the interval held {held} of {given.repeats}"
        )


def _stored(dataset: Dataset, path: Path) -> Measurements:
    numbers: dict[str, int] = {}
    queries, found, scores = [], [], []
    for line in StoredTraces(path):
        hits = sorted(line.traced.hits, key=lambda hit: hit.previous_rank or hit.rank)
        own = [numbers.setdefault(str(hit.id), len(numbers)) for hit in hits]
        grades = {name: grade for name, grade in dataset.qrels[line.traced.query.id].items() if grade > 0}
        queries.append(
            JudgedQuery(
                id=line.traced.query.id,
                grades={numbers[name]: grade for name, grade in grades.items() if name in numbers},
                ideal=tuple(sorted(grades.values(), reverse=True)[:10]),
                relevant=len(grades),
            )
        )
        found.append(tuple(own))
        scores.append({number: hit.score or 0.0 for number, hit in zip(own, hits, strict=True)})
    chance = random.Random(5)
    noisy = [{number: score + chance.gauss(0.0, NOISE) for number, score in one.items()} for one in scores]
    count = len(queries)
    return Measurements(
        dataset=dataset.name,
        stand_in=False,
        documents=len(dataset.corpus or ()),
        relevance=1,
        machine="none: nothing is timed here",
        lengths=(100,) * len(numbers),
        queries=tuple(queries),
        first=(
            FirstStage(
                stage="bm25",
                sizes={len(dataset.corpus or ()): (0.01,) * count},
                shallow=10,
                depths={10: (0.01,) * count, 1000: (0.02,) * count},
                size=len(dataset.corpus or ()),
                found=tuple(found),
            ),
        ),
        scorers=tuple(
            Scorer(
                strategy=name,
                remembers=False,
                room=500,
                lists=(
                    TimedList(documents=10, tokens=1000.0, seconds=0.1 * pace),
                    TimedList(documents=50, tokens=5000.0, seconds=0.5 * pace),
                ),
                scores=tuple(table),
            )
            for name, table, pace in (("bi-encoder", scores, 1), ("cross-encoder", noisy, 2))
        ),
    )


def _scored(whole: Measurements, some: set[int]) -> Measurements:
    return replace(
        whole,
        scorers=tuple(
            replace(
                one,
                scores=tuple(scores if place in some else {} for place, scores in enumerate(one.scores)),
            )
            for one in whole.scorers
        ),
    )


if __name__ == "__main__":
    main()
