"""How long the HTML report of a large comparison takes to make, and how large it is.

10 strategies over 300 queries, 100 candidates each, of which the first ten are shown: seeded and made up,
with titles, texts of some 400 characters of which no two are alike, scores, repairs and per-stage books.

    python benchmarks/report.py [--strategies 10] [--queries 300] [--out report.html]

Exits with 1 where the report takes 5 s or more, or is 5 MB or more. Making up the comparison does not count.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from llmrerank.evaluate.agreement import agreements
from llmrerank.evaluate.comparison import Comparison, Row
from llmrerank.evaluate.contrast import contrasts
from llmrerank.evaluate.kept import Kept
from llmrerank.evaluate.report import render
from llmrerank.evaluate.seconds import Seconds
from llmrerank.evaluate.stage_figures import stage_figures
from llmrerank.trace import Called, Repaired, RoundDone, StageDone, Trace
from llmrerank.types import Document, Usage

MOST_SECONDS, MOST_MEGABYTES = 5.0, 5.0
CANDIDATES, CALLS = 100, 9
MEASURES = ("nDCG@10", "RR@10", "R@100")
WORDS = (
    "retrieval",
    "ranking",
    "passage",
    "model",
    "order",
    "judge",
    "query",
    "window",
    "stride",
    "answer",
    "token",
    "évaluation",
)


def texts(rng: random.Random, count: int) -> str:
    """So many words."""
    return " ".join(rng.choices(WORDS, k=count))


def trace_of(rng: random.Random, stage: str) -> Trace:
    """One query's books: nine calls, some of them mended."""
    events: list[Called | Repaired | RoundDone | StageDone] = []
    for number in range(1, CALLS + 1):
        usage = Usage(input=rng.randrange(2000, 3000), output=rng.randrange(60, 100))
        events.append(
            Called(
                stage=stage,
                round=number,
                slate=tuple(range(20)),
                model="m",
                usage=usage,
                counted=True,
                seconds=1.0,
                attempts=1,
                cached=False,
                cost=usage.input * 1e-6,
            )
        )
        if rng.random() < 0.05:
            raw = " > ".join(f"[{n}]" for n in range(rng.randrange(20)))
            events.append(Repaired(stage=stage, round=number, slate=(0, 1), flags=("missing",), raw=raw))
        events.append(RoundDone(stage=stage, round=number, slates=1, seconds=1.0))
    events.append(StageDone(stage=stage, documents_in=CANDIDATES, documents_out=CANDIDATES, seconds=9.0))
    return Trace(tuple(events))


def row_of(rng: random.Random, number: int, qrels: dict[str, dict[str, int]]) -> Row:
    """One strategy: the candidates in another order, better for higher numbers."""
    kept = {}
    for query, grades in qrels.items():
        candidates = list(grades)
        places = {document: place for place, document in enumerate(candidates, start=1)}
        worth = {
            d: 0.2 * number * grades[d] - 0.02 * places[d] + rng.gauss(0, 1) * bool(number)
            for d in candidates
        }
        order = tuple(sorted(candidates, key=lambda document: -worth[document]))
        kept[query] = Kept(
            documents=order,
            previous=tuple(places[document] for document in order),
            scores=tuple(round(worth[document], 6) for document in order),
            trace=trace_of(rng, f"listwise(window={number})") if number else Trace(),
            seconds=rng.lognormvariate(number / 4, 0.3),
        )
    per_query = {
        name: {query: min(1.0, max(0.0, rng.gauss(0.4 + number / 30, 0.2))) for query in qrels}
        for name in MEASURES
    }
    return Row(
        strategy=f"listwise(window={number})" if number else "bm25 % 100",
        pipeline=f"bm25 % 100 >> listwise(window={number})" if number else "bm25 % 100",
        measures={name: sum(values.values()) / len(values) for name, values in per_query.items()},
        per_query=per_query,
        seconds=Seconds.of([one.seconds for one in kept.values()]),
        trace=Trace.joined(one.trace for one in kept.values()),
        queries=len(qrels),
        kept=kept,
        stages=stage_figures(one.trace for one in kept.values()),
    )


def comparison_of(strategies: int, queries: int) -> Comparison:
    """The whole comparison, with what statistics say of it."""
    rng = random.Random(0)
    qrels = {
        f"q{q}": {f"document-{q}-{d}": max(0, int(rng.gauss(0.5, 1))) for d in range(CANDIDATES)}
        for q in range(queries)
    }
    rows = [row_of(rng, number, qrels) for number in range(strategies)]
    versus = {name: contrasts([row.per_query[name] for row in rows]) for name in MEASURES}
    shown = {d for row in rows for one in row.kept.values() for d in one.documents}
    return Comparison(
        dataset="made up",
        queries=queries,
        measures=MEASURES,
        relevance=1,
        rows=tuple(
            Row(
                **{field: getattr(row, field) for field in Row.__slots__}
                | {"versus": {name: found[n] for name, found in versus.items() if found[n] is not None}}
            )
            for n, row in enumerate(rows)
        ),
        detectable=dict.fromkeys(MEASURES, 0.03),
        agreement=agreements([{query: one.documents for query, one in row.kept.items()} for row in rows]),
        topics={query: f"{texts(rng, 8)}?" for query in qrels},
        qrels=qrels,
        documents={
            d: Document(id=d, title=texts(rng, 5), text=f"{d} {texts(rng, 55)}") for d in sorted(shown)
        },
        experiment="seed = 0\n",
    )


def main() -> int:
    """Make the report, say how long it took and how large it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strategies", type=int, default=10)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    comparison = comparison_of(asked.strategies, asked.queries)
    begun = time.perf_counter()
    page = render([comparison])
    seconds, megabytes = time.perf_counter() - begun, len(page.encode()) / 1e6
    print(f"{asked.strategies} strategies x {asked.queries} queries: {seconds:.2f} s, {megabytes:.2f} MB")
    if asked.out:
        asked.out.write_text(page, encoding="utf-8")
    return 1 if seconds >= MOST_SECONDS or megabytes >= MOST_MEGABYTES else 0


if __name__ == "__main__":
    sys.exit(main())
