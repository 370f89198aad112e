"""A plan against what happens: predicted p95 beside that of `compare`, and growth beside a larger collection.

    python benchmarks/plan.py [--data DIR] [--only NAME ...] [--pipelines SPEC ...] [--queries 60]
        [--within 40] [--rounds 1] [--largest 400000] [--clock wall|cpu]

1. For every dataset and pipeline: measured as `llmrerank plan` does, predicted, and run by `compare` over the
   same queries (in brackets), in one process. Predicted p95 / measured p95 lies between 0.75 and 1.25. With
   more rounds the ratio is that of medians: other work on the machine moves single ones.
2. BM25 seen in collections of up to a tenth of `--largest` documents, projected to that size and measured
   there: the ratio of p95s lies between 0.5 and 2. `benchmarks/ten_million.py` goes on to ten million.
3. What stored LLM runs of TREC DL19 closed of the gap between the order of BM25 and the best order of its
   hundred candidates: what `planner.gains.SHARE` rests on. Those models are of 2023.

`--clock cpu` takes processor seconds of one thread for wall clock on both sides: where other work keeps the
machine busy, wall clock says how busy. Exits with 1 where one of the first two is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from llmrerank import portal
from llmrerank.evaluate import Dataset, Measures, Seconds, compare
from llmrerank.evaluate.ideal import ideal_run
from llmrerank.planner import measure, outlook, projected
from llmrerank.planner.collected import Collected
from llmrerank.planner.gains import SHARE
from llmrerank.planner.measurements import Measurements
from llmrerank.planner.timed_first import timed_first
from llmrerank.retrieve.stored import read_run
from llmrerank.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PIPELINES = ("bm25", "bm25 % 30", "bm25 % 30 >> bi-encoder")
WITHIN_P95, WITHIN_GROWTH = 0.25, 2.0
LOGGED = (
    "bm25+gpt-3.5-turbo_4096_100.2023-08-04T232651.trec.gz",
    "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T183614.trec.gz",
)


def part_of(folder: Path, queries: int) -> Dataset:
    """The first so many judged queries of a dataset."""
    dataset = Dataset.open(folder)
    chosen = dataset.measurable[:queries]
    return replace(dataset, queries=chosen, qrels={one.id: dataset.qrels[one.id] for one in chosen})


def predictions(dataset: Dataset, pipelines: Sequence[str], *, rounds: int, within: float) -> bool:
    """Part 1 for one dataset; whether all ratios are near enough to 1."""
    size = len(list(dataset.corpus or ()))
    predicted: dict[str, list[float]] = {one: [] for one in pipelines}
    found: dict[str, list[float]] = {one: [] for one in pipelines}
    for _ in range(rounds):
        measured: Measurements = measure(dataset, docs=size, pipelines=pipelines, within=within)
        # One row at a time: rows that share a first stage are asked for as much as the deepest wants.
        rows = [compare(dataset, [one], measures=("nDCG@10",)).rows[0] for one in pipelines]
        for pipeline, row in zip(pipelines, rows, strict=True):
            told = outlook(measured, pipeline, docs=size)
            if row.seconds is None:
                raise SystemExit(f"{pipeline}: nobody waited for it")
            predicted[pipeline].append(told.p95.value)
            found[pipeline].append(row.seconds.p95)
            print(
                f"{dataset.name:<10}{pipeline:<26}p50 {told.p50.value:.4f} ({row.seconds.p50:.4f})  "
                f"p95 {told.p95.value:.4f} [{told.p95.low:.4f}, {told.p95.high:.4f}] "
                f"({row.seconds.p95:.4f})  "
                f"nDCG@10 {told.quality.value:.4f} ({row.measures['nDCG@10']:.4f})",
                flush=True,
            )
    kept = True
    for pipeline in pipelines:
        ratio = statistics.median(predicted[pipeline]) / statistics.median(found[pipeline])
        near = abs(ratio - 1) <= WITHIN_P95
        kept &= near
        missed = "" if near else "  MISSED"
        print(f"{dataset.name:<10}{pipeline:<26}p95 predicted / measured {ratio:.2f}{missed}", flush=True)
    return kept


def growth(dataset: Dataset, largest: int) -> bool:
    """Part 2; whether the projection is within a factor of two."""
    collected = Collected.of(dataset, settings=Settings(), index=None, within=600.0, tell=lambda _: None)
    seen = portal.run(lambda: timed_first(collected, "bm25", docs=largest // 10, share=300.0))
    whole = portal.run(lambda: timed_first(collected, "bm25", docs=largest, share=300.0))
    told = projected(seen.sizes, largest)
    there = max(whole.sizes)
    if there != largest:
        raise SystemExit(f"only {there:,} documents could be made in time; give a smaller --largest")
    ours, true = Seconds.of(told.seconds), Seconds.of(whole.sizes[largest])
    ratio = ours.p95 / true.p95
    near = 1 / WITHIN_GROWTH <= ratio <= WITHIN_GROWTH
    print(
        f"bm25, sizes {' / '.join(f'{size:,}' for size in seen.sizes)} seen, {largest:,} projected "
        f"(x{told.factor:.3g}, exponent {told.exponent}): p95 {ours.p95:.5f} "
        f"[{Seconds.of(told.low).p95:.5f}, {Seconds.of(told.high).p95:.5f}], measured {true.p95:.5f}: "
        f"{ratio:.2f}{'' if near else '  MISSED'}"
    )
    return near


def closed(folder: Path) -> None:
    """Part 3."""
    dataset = Dataset.open(folder)
    evaluator = Measures(["nDCG@10"]).over(dataset.qrels)

    def run(path: Path) -> dict[str, Sequence[str]]:
        return {one.query_id: [row.docid for row in one.rows[:100]] for one in read_run(path).lists}

    candidates = run(folder / "candidates.jsonl.gz")
    before = evaluator.evaluate(candidates).means["nDCG@10"]
    best = evaluator.evaluate(ideal_run(dataset.qrels, candidates)).means["nDCG@10"]
    for name in LOGGED:
        if (folder / "runs" / name).is_file():
            after = evaluator.evaluate(run(folder / "runs" / name)).means["nDCG@10"]
            share = (after - before) / (best - before)
            print(
                f"dl19: nDCG@10 {before:.3f} before, {best:.3f} at best, {after:.3f} by {name}: "
                f"{share:.2f} of the gap"
            )
    print(f"assumed of an LLM: {SHARE:g}")


def main() -> int:
    """Measure and print; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", nargs="+", default=["npl", "scifact"])
    parser.add_argument("--pipelines", nargs="+", default=PIPELINES)
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--within", type=float, default=40.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--largest", type=int, default=400_000)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    given = parser.parse_args()
    if given.clock == "cpu":
        import torch

        torch.set_num_threads(1)
        time.perf_counter = time.process_time  # what every clock of the library reads
    kept = True
    if (given.data / "dl19").is_dir():
        closed(given.data / "dl19")
    for name in given.only:
        kept &= predictions(
            part_of(given.data / name, given.queries),
            given.pipelines,
            rounds=given.rounds,
            within=given.within,
        )
    if given.only:
        kept &= growth(part_of(given.data / given.only[0], given.queries), given.largest)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
