"""What a large comparison holds in memory: 1,000 queries with 1,000 candidates each.

Seeded synthetic texts: 20,000 documents of some 60 words, and a stored run of 1,000 candidates for each
query. Rows: the stored run, `bm25`, another `bm25`, and a listwise window over the head by a local endpoint
with a fixed answer. The comparison runs in this process, with its report written; the peak of the whole
process is printed.

    python benchmarks/large_comparison.py [--queries 1000] [--candidates 1000]

Exits with 1 where the peak is 1 GB or more.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from llmrerank.evaluate import Dataset, compare
from llmrerank.evaluate.report import write_report
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer

DOCUMENTS, VOCABULARY, WORDS = 20_000, 5_000, 60
MOST = 1e9
STRATEGIES = ("run", "bm25", "bm25(k1=0.9, b=0.4)", "run % 20 >> listwise")


def collection(folder: Path, queries: int, candidates: int) -> Dataset:
    """Write a dataset whose words follow a Zipfian law."""
    draw = random.Random(3)
    words = [f"w{n}" for n in range(VOCABULARY)]
    weights = [1 / (n + 1) for n in range(VOCABULARY)]
    with (folder / "corpus.jsonl").open("w") as file:
        for n in range(DOCUMENTS):
            text = " ".join(draw.choices(words, weights, k=WORDS))
            file.write(json.dumps({"_id": f"d{n}", "text": text}) + "\n")
    with (folder / "queries.jsonl").open("w") as file:
        for n in range(queries):
            file.write(
                json.dumps({"_id": f"q{n}", "text": " ".join(draw.choices(words, weights, k=6))}) + "\n"
            )
    with (folder / "qrels.txt").open("w") as qrels, (folder / "first.trec").open("w") as run:
        for n in range(queries):
            found = draw.sample(range(DOCUMENTS), candidates)
            for rank, document in enumerate(found, start=1):
                run.write(f"q{n} Q0 d{document} {rank} {candidates - rank} synthetic\n")
            for document in draw.sample(found, 20):
                qrels.write(f"q{n} 0 d{document} {draw.choice((0, 1, 2))}\n")
    return Dataset.open(folder, candidates="first.trec")


def peak() -> float:
    """Most bytes that this process ever held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=1000)
    options = parser.parse_args()
    answer = " > ".join(f"[{label}]" for label in range(20, 0, -1))
    with tempfile.TemporaryDirectory() as name, StubServer(lambda _: answer) as server:
        folder = Path(name)
        dataset = collection(folder, options.queries, options.candidates)
        before = peak()
        begun = time.perf_counter()
        settings = Settings(model="stub", base_url=server.base_url, api_key="none")
        found = compare(dataset, STRATEGIES, settings=settings, oracle=True, out=folder / "out")
        compared = time.perf_counter() - begun
        write_report(folder / "report.html", [found])
        reported = time.perf_counter() - begun - compared
        size = (folder / "report.html").stat().st_size
        server.requests.clear()
    print(f"{options.queries} queries with {options.candidates} candidates, {len(STRATEGIES)} strategies")
    print(f"compared in {compared:.1f} s, report of {size / 1e6:.1f} MB in {reported:.1f} s")
    print(f"peak of the process: {peak() / 1e6:.0f} MB (before the comparison: {before / 1e6:.0f} MB)")
    return 1 if peak() >= MOST else 0


if __name__ == "__main__":
    sys.exit(main())
