"""What `rank_many` adds to a bare AsyncOpenAI client, and whether its memory grows with the queries.

200 queries with three documents each (`--documents`), one `listwise` call a query, 32 at once, against a
local endpoint in a process of its own that answers after 20 ms. The bare client sends the same bodies behind
a semaphore, in the same process, in turn; medians are shown. Both sides keep one core busy, so the more text
a query brings, the more the making of its prompt shows. Then the peak of Python's memory is taken for as many
queries and for ten times as many, read from a generator.

    python benchmarks/many.py [--queries 200] [--documents 3] [--parallel 32] [--delay 0.02] [--repeats 9]

Exits with 1 where the ratio is above 1.2 or memory grows by more than a tenth.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from typing import Any

from overhead import MODEL, PASSAGE, Way, bare, measure

from llmrerank import Reranker
from llmrerank.portal import run
from llmrerank.testing.stub_server import StubServer

MOST_RATIO, MOST_GROWTH = 1.2, 1.1


def rows(queries: int, documents: int) -> Iterator[tuple[str, list[str]]]:
    """Queries that differ, with so many passages each."""
    for number in range(queries):
        texts = [f"Passage {n} of {number}: {PASSAGE}" for n in range(documents)]
        yield f"how do I start process {number}?", texts


def order_of(documents: int) -> str:
    """An answer that turns the window around."""
    return " > ".join(f"[{label}]" for label in range(documents, 0, -1))


def bodies_of(queries: int, documents: int) -> list[dict[str, Any]]:
    """The request bodies, as an endpoint received them."""
    with StubServer(lambda _: order_of(documents), models=(MODEL,)) as server:
        with Reranker("listwise", model=MODEL, base_url=server.base_url) as reranker:
            for row in reranker.rank_many(rows(queries, documents)):
                assert row.ranking is not None, row.error
        return [dict(body) for body in server.requests]


def peak(reranker: Reranker, queries: int, documents: int) -> int:
    """Most bytes that Python held at once while so many queries were ranked and let go."""
    tracemalloc.start()
    for row in reranker.rank_many(rows(queries, documents)):
        if row.ranking is None or row.ranking.degraded:
            raise SystemExit(f"row {row.index} failed: {row.error}")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main() -> int:
    """Measure and print; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--documents", type=int, default=3)
    parser.add_argument("--parallel", type=int, default=32)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    bodies = bodies_of(given.queries, given.documents)
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "llmrerank.testing.stub_server",
            "--delay",
            str(given.delay),
            "--answer",
            order_of(given.documents),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        base_url = server.stdout.readline().strip() if server.stdout else ""
        reranker = Reranker("listwise", model=MODEL, base_url=base_url, parallel=given.parallel)

        async def interleaved() -> None:
            async for _ in reranker.arank_many(rows(given.queries, given.documents)):
                pass

        def drained() -> None:
            for _ in reranker.rank_many(rows(given.queries, given.documents)):
                pass

        ways = [
            Way("AsyncOpenAI", bare(bodies, base_url, given.parallel)),
            Way("arank_many", lambda: run(interleaved)),
            Way("rank_many", drained),
        ]
        medians = measure(ways, given.repeats)
        few = peak(reranker, given.queries, given.documents)
        many = peak(reranker, 10 * given.queries, given.documents)
        reranker.close()
    finally:
        server.terminate()
        server.wait()
    alone = medians["AsyncOpenAI"][0]
    print(f"{'way':<14}{'seconds':>9}{'ratio':>8}{'CPU ms/query':>14}")
    for name, (wall, cpu) in medians.items():
        print(f"{name:<14}{wall:>9.4f}{wall / alone:>8.3f}{cpu / given.queries * 1000:>14.3f}")
    print(
        f"peak memory: {few / 1e6:.2f} MB for {given.queries} queries, "
        f"{many / 1e6:.2f} MB for ten times as many"
    )
    kept = all(wall / alone <= MOST_RATIO for wall, _ in medians.values()) and many / few <= MOST_GROWTH
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
